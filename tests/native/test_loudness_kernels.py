"""Loudness by the compiled kernels against the same by NumPy, whatever the signal, its channels and its chunks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from playlista.features.loudness.accumulator import LoudnessAccumulator
from playlista.native.kernels import Kernels
from playlista.tracks import Loudness
from tests.exhaustive import examples

KINDS = ("noise", "sine", "silence", "denormal", "huge", "step", "bursts")


def sound(kind: str, frames: int, channels: int, seed: int) -> NDArray[np.float32]:
    """Frames of a kind [shape=(frames, channels)]."""
    random = np.random.default_rng(seed)
    noise = random.uniform(-1, 1, (frames, channels))
    made = {
        "noise": lambda: noise,
        "sine": lambda: np.sin(np.arange(frames)[:, np.newaxis] * random.uniform(0.001, 3, channels)),
        "silence": lambda: np.zeros((frames, channels)),
        "denormal": lambda: noise * 1e-40,
        "huge": lambda: noise * 3e38,
        "step": lambda: np.where(np.arange(frames)[:, np.newaxis] < frames // 2, 0.9, -0.9) * np.ones(channels),
        "bursts": lambda: noise * (random.uniform(0, 1, (frames, 1)) > 0.999),
    }
    return made[kind]().astype(np.float32)


def loudness(pieces: list[NDArray[np.float32]], rate_hz: int, kernels: Kernels | None) -> Loudness:
    accumulator = LoudnessAccumulator(rate_hz, pieces[0].shape[1], kernels=kernels)
    for piece in pieces:
        accumulator.update(piece)
    return accumulator.result()


def assert_equal(native: float | None, numpy: float | None, tolerance: float) -> None:
    assert (native is None) == (numpy is None)
    if numpy is not None:
        assert native == pytest.approx(numpy, abs=tolerance)


TRACKS = st.builds(
    sound, st.sampled_from(KINDS), st.integers(0, 60_000), st.sampled_from([1, 2, 3, 6]), st.integers(0, 1_000)
)
RATES_HZ = st.sampled_from([2_000, 8_000, 44_100, 48_000, 96_000, 192_000])
CUTS = st.lists(st.floats(0, 1), max_size=8)


def split(track: NDArray[np.float32], cuts: list[float]) -> list[NDArray[np.float32]]:
    return np.split(track, sorted(round(cut * len(track)) for cut in cuts))


@settings(max_examples=examples(60))
@given(track=TRACKS, rate_hz=RATES_HZ, cuts=CUTS)
def test_the_kernels_read_what_numpy_reads(
    kernels: Kernels, track: NDArray[np.float32], rate_hz: int, cuts: list[float]
) -> None:
    pieces = split(track, cuts)
    native, numpy = loudness(pieces, rate_hz, kernels), loudness([track], rate_hz, None)
    assert_equal(native.integrated_lufs, numpy.integrated_lufs, 1e-9)
    assert_equal(native.range_lu, numpy.range_lu, 1e-9)
    assert_equal(native.true_peak_dbtp, numpy.true_peak_dbtp, 1e-6)


@example(track=sound("step", 6_052, 6, seed=0), cuts=[0.5, 0.625])
@settings(max_examples=examples(30))
@given(track=TRACKS, cuts=CUTS)
def test_the_kernels_give_the_same_bits_for_every_split(
    kernels: Kernels, track: NDArray[np.float32], cuts: list[float]
) -> None:
    assert loudness(split(track, cuts), 8_000, kernels) == loudness([track], 8_000, kernels)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_end_no_process(kernels: Kernels, value: float) -> None:
    """Decoders hand out finite samples; should one slip through, nothing worse happens than a wrong number."""
    track = sound("noise", 10_000, 2, seed=1)
    track[5_000, 1] = value
    with np.errstate(invalid="ignore"):
        loudness([track], 8_000, kernels)


def frames_of(*shape: int, dtype: Any = np.float32) -> NDArray[Any]:
    return np.zeros(shape, dtype)


@pytest.mark.parametrize(
    ("states", "frames", "ends"),
    [
        (frames_of(2, 4, dtype=np.float64), frames_of(10, 2), [11]),
        (frames_of(2, 4, dtype=np.float64), frames_of(10, 2), [-1]),
        (frames_of(2, 4, dtype=np.float64), frames_of(10, 2), [5, 3]),
        (frames_of(1, 4, dtype=np.float64), frames_of(10, 2), [5]),
        (frames_of(2, 4), frames_of(10, 2), [5]),
        (frames_of(2, 4, dtype=np.float64), frames_of(10, 2, dtype=np.float64), [5]),
        (frames_of(2, 4, dtype=np.float64), frames_of(10, 4)[:, ::2], [5]),
    ],
)
def test_arrays_that_do_not_fit_are_refused_before_c_sees_them(
    kernels: Kernels, states: NDArray[Any], frames: NDArray[Any], ends: list[int]
) -> None:
    with pytest.raises((ValueError, TypeError, Exception), match=r"number|steps|argument"):
        kernels.k_energies(frames_of(10, dtype=np.float64), states, np.zeros(2), frames, np.array(ends))


def test_a_long_silence_costs_no_more_than_sound(kernels: Kernels) -> None:
    """The state of the filter would decay into denormal numbers, for which processors take a hundred times longer."""
    states, sums = np.zeros((1, 4)), np.zeros(1)
    high_pass = (1.0, -0.00995254516602, 0.00992774963379, 1.99004745483398, -0.99007225036621)  # at 48 kHz
    sections = np.array([1.5, -0.3, 0.2, 1.69, -0.73, *high_pass])
    ends = np.arange(1, 101) * 480
    kernels.k_energies(sections, states, sums, sound("noise", 48_000, 1, 1), ends)
    for _ in range(6):
        kernels.k_energies(sections, states, sums, np.zeros((48_000, 1), np.float32), ends)
    assert not states.any()
