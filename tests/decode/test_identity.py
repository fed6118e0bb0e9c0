"""The identity of music survives everything but a change of the sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from mutagen.flac import FLAC

from playlista.decode.identity import MusicHash
from playlista.decode.resample import downmix
from tests.decode.files import chord, opened


def identity(path: Path, **how: object) -> str:
    with opened(path, **how) as source:
        music = MusicHash(source.info.sample_rate_hz)
        for block in source.blocks():
            music.update(downmix(block))
        return music.hexdigest()


def test_the_identity_does_not_depend_on_the_length_of_the_blocks(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "track.wav", chord(4, 44100, 2), 44100)

    assert len({identity(tmp_path / "track.wav", block_seconds=seconds) for seconds in (0.1, 1, 3, 30)}) == 1


def test_the_identity_is_the_same_mapped_or_read(tmp_path: Path) -> None:
    for name in ("track.wav", "track.flac"):
        soundfile.write(tmp_path / name, chord(4, 44100, 2), 44100)
        assert identity(tmp_path / name, mapping_min_bytes=1) == identity(tmp_path / name)


def test_a_lossless_copy_in_another_container_is_the_same_music(tmp_path: Path) -> None:
    # Integers: libsndfile's encoders do not all round a float to the same step.
    signal = (chord(1, 44100, 2) * 2**15).astype(np.int16)
    for name in ("track.wav", "track.flac", "track.aiff", "track.w64"):
        soundfile.write(tmp_path / name, signal, 44100, "PCM_16")

    assert len({identity(path) for path in tmp_path.iterdir()}) == 1


def test_new_tags_leave_the_identity(tmp_path: Path) -> None:
    path = tmp_path / "track.flac"
    soundfile.write(path, chord(1, 44100, 2), 44100)
    before = identity(path)
    tags = FLAC(path)
    tags["title"] = "another name" * 1000
    tags.save()

    assert identity(path) == before


def test_another_sample_or_another_rate_is_other_music() -> None:
    silence, tick = np.zeros(1000, np.float32), np.zeros(1000, np.float32)
    tick[500] = 1e-7
    hashes = set()
    for rate_hz, samples in ((44100, silence), (48000, silence), (44100, tick), (44100, silence[:-1])):
        music = MusicHash(rate_hz)
        music.update(samples)
        hashes.add(music.hexdigest())

    assert len(hashes) == 4
    assert all(len(digest) == 32 for digest in hashes)


def test_a_column_of_a_wider_array_hashes_as_its_samples() -> None:
    wide = chord(0.1, 44100, 2)
    one, other = MusicHash(44100), MusicHash(44100)
    one.update(wide[:, 0])
    other.update(wide[:, 0].copy())

    assert one.hexdigest() == other.hexdigest()


def heard(native: np.ndarray, rate_hz: int = 8000, piece: int = 1000) -> MusicHash:
    music = MusicHash(rate_hz)
    for start in range(0, len(native), piece):
        block = native[start : start + piece]
        music.update(downmix(block), block)
    return music


def test_the_sound_tells_channels_apart_that_the_mono_mix_does_not() -> None:
    mono = chord(1, 8000, 1)
    side = chord(1, 8000, 1)[::-1].copy()
    twice, wide = np.hstack([mono, mono]), np.hstack([mono + side, mono - side]).astype(np.float32)
    assert heard(mono).hexdigest() == heard(twice).hexdigest()
    assert len({heard(signal).sound for signal in (mono, twice, wide)}) == 3


def test_the_sound_does_not_depend_on_the_length_of_the_blocks() -> None:
    signal = chord(2, 8000, 2)
    assert len({heard(signal, piece=piece).sound for piece in (1, 511, 512, 513, 16000)} | {heard(signal).sound}) == 1


def test_the_opening_begins_with_the_first_sound_and_needs_five_seconds_of_it() -> None:
    signal = chord(6, 8000, 2)
    late = np.vstack([np.zeros((12_345, 2), np.float32), signal])
    other_end = signal.copy()
    other_end[-1] += 0.25
    first = int(np.flatnonzero(downmix(signal))[0])
    assert heard(signal).opening == heard(late).opening == heard(other_end).opening is not None
    assert heard(signal[: first + 5 * 8000 - 1]).opening is None
    assert heard(np.zeros((80_000, 2), np.float32)).opening is None
