"""Danceability, against the fluctuation exponents that are known for noises, and by its own definition."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from playlista.features.rhythm.danceability import HIGHEST, DanceabilityAccumulator, scale_frames
from tests import signals
from tests.features.rhythm_signals import RATE_HZ, drums

FRAME_SAMPLES = RATE_HZ // 50


def danceability(samples: NDArray[np.floating], rate_hz: int = RATE_HZ) -> float | None:
    accumulator = DanceabilityAccumulator(rate_hz)
    accumulator.update(samples)
    return accumulator.result()


def sound_of(loudness: NDArray[np.float64]) -> NDArray[np.float32]:
    """A square wave whose standard deviation in each 20 ms is the given one."""
    square = np.resize([1.0, -1.0], FRAME_SAMPLES + 1)[:FRAME_SAMPLES]
    square -= square.mean()
    return (loudness[:, np.newaxis] * square / square.std()).astype(np.float32).ravel()


def test_uncorrelated_loudness_has_the_exponent_one_half() -> None:
    # Peng et al., "Mosaic organization of DNA nucleotides", Phys. Rev. E 49 (1994): alpha is 0.5 for white noise. The
    # scales are offset by 30 ms, which makes alpha a little more, and danceability a little less than 2.
    loudness = np.random.default_rng(0).uniform(0.1, 0.9, 50 * 1200)
    assert danceability(sound_of(loudness)) == pytest.approx(2, abs=0.15)


def test_loudness_that_is_itself_a_walk_has_the_exponent_three_halves() -> None:
    walk = np.cumsum(np.random.default_rng(1).standard_normal(50 * 1200))
    loudness = 0.1 + 0.8 * (walk - walk.min()) / np.ptp(walk)
    assert danceability(sound_of(loudness)) == pytest.approx(2 / 3, abs=0.08)


def test_a_steady_pulse_is_more_danceable_than_the_same_strokes_at_random() -> None:
    steady, loose = drums(120, 60), drums(120, 60, jitter_seconds=0.3, seed=3)
    assert danceability(steady.samples) > 1.5 * danceability(loose.samples)


def test_it_is_the_same_at_half_and_full_rate() -> None:
    full = signals.song(30, 44100)[:, 0]
    half = signals.song(30, 22050)[:, 0]
    assert danceability(full, 44100) == pytest.approx(danceability(half), rel=0.03)


def test_a_loop_that_repeats_itself_to_the_sample_stays_within_the_range() -> None:
    # A kick of 100 ms on every beat: sixteen beats are no less even than two.
    loop = np.concatenate([0.5 * signals.noise(0.1, RATE_HZ), np.zeros(round(0.4 * RATE_HZ), np.float32)])
    assert 4 < danceability(np.tile(loop, 120)) <= HIGHEST


@pytest.mark.parametrize(
    "samples",
    [np.zeros(0), np.zeros(10 * RATE_HZ), signals.sine(440, 10, RATE_HZ), signals.noise(2.9, RATE_HZ)],
    ids=["nothing", "silence", "a held tone", "under three seconds"],
)
def test_without_a_pulse_or_time_there_is_none(samples: NDArray[np.floating]) -> None:
    assert danceability(samples.astype(np.float32)) is None


def test_memory_does_not_grow() -> None:
    accumulator = DanceabilityAccumulator(RATE_HZ)
    before = accumulator.retained_bytes
    for _ in range(5):
        accumulator.update(drums(120, 30).samples)
    assert accumulator.retained_bytes == before < 200_000


def test_scales_grow_by_a_tenth_from_310_ms_to_under_8800_ms() -> None:
    seconds = scale_frames(50.0) / 50
    assert seconds[0] == pytest.approx(0.31, abs=0.02)
    assert 8.0 < seconds[-1] <= 8.8
    assert np.all(seconds[1:] / seconds[:-1] < 1.15)
