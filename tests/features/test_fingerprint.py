"""The acoustic fingerprint against Chromaprint's own, as the bundled ffmpeg computes it, and by arithmetic."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import soxr
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from playlista.decode.readers.ffmpeg_child import ffmpeg_path
from playlista.features.fingerprint.accumulator import SECONDS, FingerprintAccumulator
from playlista.features.fingerprint.classifiers import PITCH_CLASSES, sub_fingerprints
from playlista.tracks import Fingerprint
from playlista.tracks.chromaprint import decode_chromaprint, encode_chromaprint
from playlista.tracks.fingerprint import FRAME_SECONDS, numbers_of, powers_of
from tests import signals
from tests.conformance.made import piece

RATE_HZ = 44100
ANALYSIS_RATE_HZ = 22050
#: The one number of silence: every classifier compares nothing with nothing.
SILENCE = 627964279


def fingerprint(samples: NDArray[np.float32], rate_hz: int = ANALYSIS_RATE_HZ) -> Fingerprint | None:
    accumulator = FingerprintAccumulator(rate_hz)
    accumulator.update(samples)
    return accumulator.result()


def numbers(samples: NDArray[np.float32], rate_hz: int = ANALYSIS_RATE_HZ) -> NDArray[np.uint32]:
    found = fingerprint(samples, rate_hz)
    assert found is not None
    return numbers_of(found)


def chromaprint(samples: NDArray[np.float32], form: str) -> bytes:
    """What libchromaprint makes of `samples` [shape=(n,), 44.1 kHz]; skips where no ffmpeg has it."""
    program = ffmpeg_path()
    muxers = subprocess.run([program, "-hide_banner", "-muxers"], capture_output=True, check=True, timeout=60).stdout
    if b"chromaprint" not in muxers:
        pytest.skip(f"{program} was built without chromaprint")
    sound = ["-f", "f32le", "-ar", str(RATE_HZ), "-ac", "1", "-i", "-"]
    command = [program, "-v", "error", *sound, "-f", "chromaprint", "-fp_format", form, "-"]
    done = subprocess.run(command, input=samples.astype("<f4").tobytes(), capture_output=True, check=True, timeout=120)
    return done.stdout


def share_of_other_bits(mine: NDArray[np.uint32], theirs: NDArray[np.uint32]) -> float:
    return float(np.bitwise_count(mine ^ theirs).sum()) / (32 * len(theirs))


#: Made when they are asked for: every worker imports this file.
PIECES: dict[str, Callable[[], NDArray[np.float32]]] = {
    "a song": lambda: piece(112, 2, "major"),
    "another": lambda: piece(136, 1, "minor"),
    "a quiet one": lambda: piece(96, 7, "major") * np.float32(0.01),
    "notes and clicks": lambda: signals.song(20)[:, 0],
    "noise": lambda: signals.noise(20),
}


@cache
def made(name: str) -> NDArray[np.float32]:
    """One of `PIECES` at 44.1 kHz."""
    return PIECES[name]()


@pytest.mark.parametrize("name", PIECES)
@pytest.mark.parametrize("rate_hz", [ANALYSIS_RATE_HZ, RATE_HZ])
def test_it_is_chromaprints_but_for_single_bits(name: str, rate_hz: int) -> None:
    """Another resampler and 16 bits before the transform: a value at a threshold may fall to either side."""
    theirs = np.frombuffer(chromaprint(made(name), "raw"), "<u4")
    mine = numbers(soxr.resample(made(name), RATE_HZ, rate_hz), rate_hz)
    assert len(mine) == len(theirs)
    assert share_of_other_bits(mine, theirs) < 0.01


@pytest.mark.parametrize("name", PIECES)
def test_the_text_is_the_one_that_acoustid_takes(name: str) -> None:
    theirs = np.frombuffer(chromaprint(made(name), "raw"), "<u4")
    assert encode_chromaprint(theirs) == chromaprint(made(name), "base64").decode()


@given(st.lists(st.integers(0, 2**32 - 1), max_size=40))
def test_the_text_holds_any_numbers(values: list[int]) -> None:
    text = encode_chromaprint(np.array(values, np.uint32))
    assert decode_chromaprint(text).tolist() == values


@pytest.mark.parametrize("text", ["", "A", "AQ", "AQAAAQ", "AgAAAA", "AQABAAkJ", "nothing of this kind", "ä", "AQD___"])
def test_what_is_no_fingerprint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a fingerprint"):
        decode_chromaprint(text)


@given(st.binary(max_size=64))
def test_any_bytes_are_a_fingerprint_or_refused(data: bytes) -> None:
    text = base64.urlsafe_b64encode(b"\x01" + data).rstrip(b"=").decode()
    try:
        found = decode_chromaprint(text)
    except ValueError:
        return
    assert found.dtype == np.uint32


def test_two_minutes_count_and_no_more() -> None:
    long = np.tile(made("a song"), 8)
    theirs = np.frombuffer(chromaprint(long[: round(SECONDS * RATE_HZ)], "raw"), "<u4")
    mine = numbers(long, RATE_HZ)
    assert len(mine) == len(theirs) == 948
    assert share_of_other_bits(mine, theirs) < 0.01


def test_level_and_sign_change_nothing() -> None:
    song = soxr.resample(made("a song"), RATE_HZ, ANALYSIS_RATE_HZ)
    assert share_of_other_bits(numbers(song * np.float32(-0.1)), numbers(song)) < 0.001


def test_silence_is_one_number() -> None:
    assert set(numbers(np.zeros(10 * ANALYSIS_RATE_HZ, np.float32)).tolist()) == {SILENCE}


def test_a_track_of_less_than_twenty_frames_has_none() -> None:
    """A frame, three hops and 1 for the smoothing of five, 15 rows for the window."""
    least = 4096 + 19 * 1365
    sound = signals.noise(10, 11025)
    assert fingerprint(sound[: least - 1], 11025) is None
    assert len(numbers(sound[:least], 11025)) == 1
    assert fingerprint(sound[:0], 11025) is None


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 3e38])
def test_what_is_no_number_does_no_harm(value: float) -> None:
    song = soxr.resample(made("a song"), RATE_HZ, ANALYSIS_RATE_HZ)
    song[100_000] = value
    spoiled, whole = numbers(song), numbers(soxr.resample(made("a song"), RATE_HZ, ANALYSIS_RATE_HZ))
    assert (spoiled[60:] == whole[60:]).all()


def test_the_levels_are_those_of_the_sound() -> None:
    """A sinusoid of amplitude 0.1 has -20 dB in its band, in each two seconds."""
    found = fingerprint(0.1 / 0.5 * signals.sine(1000, 20, ANALYSIS_RATE_HZ, peak=0.5))
    assert found is not None
    powers = powers_of(found)
    assert powers.shape == (int((20 / FRAME_SECONDS - 2) / 16), 8)
    # A window's power spreads over 1.36 bins (its equivalent noise bandwidth), all of them in this band.
    assert 10 * np.log10(powers[:, 4]) == pytest.approx(-20 + 10 * np.log10(1.36), abs=0.5)
    assert (powers[:, [0, 1, 2, 6, 7]] < 1e-6).all()


def test_memory_is_bounded_and_counted() -> None:
    accumulator = FingerprintAccumulator(ANALYSIS_RATE_HZ)
    most = 0
    for _ in range(20):
        accumulator.update(signals.noise(60, ANALYSIS_RATE_HZ))
        most = max(most, accumulator.retained_bytes)
    assert most < 2**18
    accumulator.reset()
    assert accumulator.retained_bytes < most
    assert accumulator.result() is None


def test_each_classifier_gives_two_bits_of_gray_code() -> None:
    """Over an image of zeros each compares ln 1 with ln 1; the thresholds around 0 tell the range."""
    assert sub_fingerprints(np.zeros((16, PITCH_CLASSES))).tolist() == [SILENCE]
    assert sub_fingerprints(np.zeros((15, PITCH_CLASSES))).tolist() == []
