"""Made files read whole: the same samples in any blocks, as another library reads them, and failures in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from playlista.errors import DecodeError
from tests import signals
from tests.decode.files import chord, decoded, encoded

RATE_HZ = 44100


@pytest.mark.parametrize("name", ["song.flac", "song.wav", "song.ogg"])
def test_the_same_song_mapped_and_in_blocks_of_any_length_is_the_same(name: str, tmp_path: Path) -> None:
    path = signals.write(tmp_path / name, signals.song(8))
    read = decoded(path)

    for seconds in (0.5, 30.0):
        np.testing.assert_array_equal(decoded(path, block_seconds=seconds, mapping_min_bytes=1).samples, read.samples)


def test_a_wav_by_its_samples_equals_what_another_library_reads(tmp_path: Path) -> None:
    scipy_wav = pytest.importorskip("scipy.io.wavfile")
    path = signals.write(tmp_path / "song.wav", signals.song(2), subtype="PCM_16")
    _rate_hz, integers = scipy_wav.read(path)

    for mapping_min_bytes in (None, 1):
        samples = decoded(path, mapping_min_bytes=mapping_min_bytes).samples
        np.testing.assert_array_equal(samples, integers.astype(np.float32) / 2**15)


def test_a_failure_names_the_file_in_one_line(tmp_path: Path) -> None:
    path = encoded(chord(5, RATE_HZ, 2), RATE_HZ, tmp_path / "cut.m4a")  # its index is at its end
    path.write_bytes(path.read_bytes()[:20_000])

    with pytest.raises(DecodeError) as caught:
        decoded(path)

    assert str(caught.value).startswith(f"{path}: ffmpeg: ")
    assert "\n" not in str(caught.value)
