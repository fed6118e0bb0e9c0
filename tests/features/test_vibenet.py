"""What VibeNet is given to listen to: librosa's bands, all of a track or evenly spread pieces, however it is cut."""

from __future__ import annotations

from collections.abc import Callable

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from playlista.features.vibenet.accumulator import VibenetAccumulator
from playlista.features.vibenet.pieces import MOST_PIECES, PIECE_FRAMES, SpreadPieces
from playlista.system.callbacks import noop
from playlista.tracks import Vibenet

RATE_HZ = 16_000
_VALUES = dict.fromkeys(
    ("acousticness", "danceability", "energy", "instrumentalness", "liveness", "speechiness", "valence"), 0.5
)


class Listener:
    """A network that remembers what it was given."""

    def __init__(self) -> None:
        self.heard: NDArray[np.float32] | None = None

    def values(self, bands: NDArray[np.float32], _checkpoint: Callable[[], None]) -> dict[str, float]:
        self.heard = bands
        return _VALUES


def heard(samples: NDArray[np.float32], *, chunk: int = 48_000) -> NDArray[np.float32]:
    """The bands of `samples` that the network gets."""
    listener = Listener()
    accumulator = VibenetAccumulator(listener, noop)
    for start in range(0, len(samples), chunk):
        accumulator.update(samples[start : start + chunk])
    assert accumulator.result() == Vibenet(**_VALUES)
    assert listener.heard is not None
    return listener.heard


def published_bands(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """As the network's authors compute them: frames of 640 every 320, 1024 points, librosa's mel, 80 dB."""
    frames = librosa.util.frame(samples, frame_length=640, hop_length=320, axis=0)
    window = np.hanning(641)[:-1]
    power = np.abs(np.fft.rfft(frames * window, 1024)) ** 2
    mel = librosa.filters.mel(sr=RATE_HZ, n_fft=1024, n_mels=128, fmin=0, fmax=8000) @ power.T
    level = 10 * np.log10(np.maximum(mel, 1e-10))
    return np.maximum(level, level.max() - 80)


def noise(seconds: float) -> NDArray[np.float32]:
    """Noise that swells."""
    samples = np.random.default_rng(5).normal(0, 0.1, round(seconds * RATE_HZ))
    return (samples * np.linspace(0.01, 1, len(samples))).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.04, 0.05, 2.56, 2.6, 10.24, 11.0])
def test_bands_are_those_that_the_network_was_trained_on(seconds: float) -> None:
    samples = noise(seconds)
    expected = published_bands(samples)
    found = heard(samples)
    assert found.shape == expected.shape
    # float16 keeps levels of up to 128 dB to 0.03 dB
    np.testing.assert_allclose(found, expected, atol=0.07)


def test_the_answer_does_not_depend_on_the_chunks() -> None:
    samples = noise(7.3)
    whole = heard(samples, chunk=len(samples))
    for chunk in (1_111, 41_280, 64_000):
        np.testing.assert_array_equal(heard(samples, chunk=chunk), whole)


def test_a_track_shorter_than_a_frame_is_one_frame() -> None:
    assert heard(noise(0.01)).shape == (128, 1)


def test_silence_and_nothing_have_no_values() -> None:
    for samples in (np.zeros(RATE_HZ, np.float32), np.zeros(0, np.float32)):
        accumulator = VibenetAccumulator(Listener(), noop)
        accumulator.update(samples)
        assert accumulator.result() is None


def kept_of(pieces: int) -> list[int]:
    """The numbers of the pieces that are kept of a track of so many."""
    spread = SpreadPieces()
    for number in range(pieces):
        spread.put(np.full((PIECE_FRAMES, 1), number, np.float32))
    return spread.frames()[::PIECE_FRAMES, 0].astype(int).tolist()


def test_all_of_a_short_track_is_heard() -> None:
    assert kept_of(MOST_PIECES) == list(range(MOST_PIECES))


@pytest.mark.parametrize("pieces", [12, 13, 17, 24, 25, 100, 1000])
def test_of_a_long_track_as_many_pieces_are_heard_from_all_over_it(pieces: int) -> None:
    kept = kept_of(pieces)
    assert len(kept) == MOST_PIECES
    assert (kept[0], kept[-1]) == (0, pieces - 1)
    even = (pieces - 1) / (MOST_PIECES - 1)
    assert max(np.diff(kept)) <= 2 * np.ceil(even)  # no gap wider than twice the even one


def test_memory_is_bounded_for_any_length() -> None:
    accumulator = VibenetAccumulator(Listener(), noop)
    for _ in range(40):
        accumulator.update(np.full(10 * RATE_HZ, 0.1, np.float32))
    # samples of a block, and 128 float16 a frame
    assert accumulator.retained_bytes <= 4 * 41_280 + MOST_PIECES * PIECE_FRAMES * 128 * 2
