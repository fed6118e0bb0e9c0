"""Which fingerprints fit: copies in another encoding, level or length do, other playings and masters do not."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from benchmarks.duplicates_music import OTHER_PLAYINGS, Playing, other_playing, piece
from playlista.decode.readers.ffmpeg_child import ffmpeg_path
from playlista.features.fingerprint.accumulator import FingerprintAccumulator
from playlista.library.fingerprint_keys import KEYS, keys_of
from playlista.library.same_recording import LEAST_FRAMES, MOST_CUT_SECONDS, Fit, Heard, fit
from playlista.tracks import Fingerprint
from playlista.tracks.fingerprint import fingerprint_of
from tests.exhaustive import but_few

RATE_HZ = 44100
NUMBER = 3


def fingerprint(samples: NDArray[np.float32], rate_hz: int = RATE_HZ) -> Fingerprint:
    """Of samples [shape=(n, channels)], as the analysis hears them."""
    accumulator = FingerprintAccumulator(22050)
    accumulator.update(soxr.resample(samples.mean(axis=1), rate_hz, 22050))
    found = accumulator.result()
    assert found is not None
    return found


def heard(samples: NDArray[np.float32], rate_hz: int = RATE_HZ) -> Heard:
    return Heard.of(fingerprint(samples, rate_hz), len(samples) / rate_hz)


@cache
def original() -> NDArray[np.float32]:
    return piece(NUMBER, Playing())


@cache
def heard_original() -> Heard:
    return heard(original())


def through_ffmpeg(samples: NDArray[np.float32], *options: str, form: str | None = None) -> NDArray[np.float32]:
    """`samples` filtered, or encoded as `form` and decoded again."""
    raw = ["-f", "f32le", "-ar", str(RATE_HZ), "-ac", "2"]
    made = _run([*raw, "-i", "-", *options, *(["-f", form] if form else raw), "-"], samples.astype("<f4").tobytes())
    if form:
        made = _run(["-i", "-", *raw, "-"], made)
    return np.frombuffer(made, "<f4").reshape(-1, 2)


def _run(options: Sequence[str], sound: bytes) -> bytes:
    command = [ffmpeg_path(), "-v", "error", *options]
    return subprocess.run(command, input=sound, capture_output=True, check=True, timeout=120).stdout


def fits(one: Heard, other: Heard) -> Fit:
    found = fit(one, other)
    assert found is not None
    return found


ENCODINGS = {
    "MP3 at 64 kbit/s": (["-c:a", "libmp3lame", "-b:a", "64k"], "mp3"),
    "Opus at 48 kbit/s": (["-c:a", "libopus", "-b:a", "48k"], "ogg"),
    "AAC at 96 kbit/s": (["-c:a", "aac", "-b:a", "96k"], "adts"),
}


@pytest.mark.parametrize("name", but_few(ENCODINGS, "MP3 at 64 kbit/s"))
def test_another_encoding_is_a_copy(name: str) -> None:
    options, form = ENCODINGS[name]
    assert fits(heard_original(), heard(through_ffmpeg(original(), *options, form=form))).is_copy


def test_another_level_and_mono_and_another_rate_are_copies() -> None:
    mono = np.repeat(0.2 * original().mean(axis=1, keepdims=True), 1, axis=1)
    assert fits(heard_original(), heard(mono)).is_copy
    assert fits(heard_original(), heard(soxr.resample(original(), RATE_HZ, 32000), 32000)).is_copy


@pytest.mark.parametrize("seconds", [0.062, 3.37, 11.0])
def test_a_cut_at_either_end_is_a_copy_and_measured(seconds: float) -> None:
    cut = round(seconds * RATE_HZ)
    found = fits(heard_original(), heard(original()[cut:]))
    assert found.is_copy
    assert found.shift_seconds == pytest.approx(seconds, abs=0.07)
    assert fits(heard(original()[cut:]), heard_original()).shift_seconds == pytest.approx(-seconds, abs=0.07)
    assert fits(heard_original(), heard(original()[:-cut])).is_copy


def test_what_is_much_shorter_is_no_copy() -> None:
    cut = round((MOST_CUT_SECONDS + 2) * RATE_HZ)
    found = fit(heard_original(), heard(original()[:-cut]))
    assert found is None or not found.is_copy


@pytest.mark.parametrize("name", OTHER_PLAYINGS)
def test_another_playing_of_the_same_notes_is_no_copy(name: str) -> None:
    found = fit(heard_original(), heard(other_playing(NUMBER, name)))
    assert found is None or not found.is_copy, name


@pytest.mark.parametrize(
    "filters",
    [
        "bass=g=4:f=120,treble=g=4:f=3000",
        "bass=g=2:f=120,equalizer=f=2500:t=q:w=1:g=3,acompressor=threshold=0.05:ratio=4:attack=5:release=100",
    ],
)
def test_another_master_is_the_same_recording_and_no_copy(filters: str) -> None:
    found = fits(heard_original(), heard(through_ffmpeg(original(), "-af", filters)))
    assert found.errors < 0.15
    assert not found.is_copy


def test_other_pieces_differ_in_nearly_half_of_the_bits() -> None:
    pieces = [heard(piece(number, Playing())) for number in (1, 2, 5)]
    for one, other in itertools.combinations(pieces, 2):
        found = fit(one, other)
        assert found is None or found.errors > 0.25


@pytest.mark.parametrize("samples", [np.zeros((30 * RATE_HZ, 2), np.float32), 0.1 * np.sin(
    2 * np.pi * 440 * np.arange(30 * RATE_HZ) / RATE_HZ)[:, np.newaxis].astype(np.float32)])  # fmt: skip
def test_silence_and_tones_tell_nothing(samples: NDArray[np.float32]) -> None:
    assert fit(heard(samples), heard(0.5 * samples)) is None


def test_too_little_in_common_tells_nothing() -> None:
    numbers = np.random.default_rng(1).integers(0, 2**32, LEAST_FRAMES - 1, dtype=np.uint32)
    short = Heard(numbers, np.ones((3, 8)), 6.0)
    assert fit(short, short) is None
    nothing = Heard(numbers[:0], np.ones((0, 8)), 0.0)
    assert fit(nothing, short) is None


def test_a_cut_copy_shares_keys_and_other_music_does_not() -> None:
    own = set(keys_of(fingerprint(original())).tolist())
    cut = set(keys_of(fingerprint(original()[round(4.1 * RATE_HZ) :])).tolist())
    other = set(keys_of(fingerprint(piece(7, Playing()))).tolist())
    assert len(own) == KEYS
    assert len(own & cut) >= 4
    assert len(own & other) <= 1


def test_silence_has_no_key() -> None:
    assert keys_of(fingerprint(np.zeros((20 * RATE_HZ, 1), np.float32))).tolist() == []
    assert keys_of(fingerprint_of(np.zeros(0, np.uint32), np.zeros((0, 8)))).tolist() == []
