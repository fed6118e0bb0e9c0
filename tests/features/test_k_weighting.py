"""The K filter against the standard's own table and against the recursion that it unrolls."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from playlista.features.loudness.k_weighting import (
    ROW_FRAMES,
    STANDARD_HIGH_PASS,
    STANDARD_SHELF,
    KWeighting,
    sections_at,
)
from tests.signals import noise, sine


def gain_db(
    sections: tuple[NDArray[np.float64], ...], frequencies_hz: list[float], rate_hz: int
) -> NDArray[np.float64]:
    """Response of sections in series."""
    from scipy import signal  # here: collecting the tests is no reason to import it, which takes a second

    responses = [signal.freqz(*section, worN=frequencies_hz, fs=rate_hz)[1] for section in sections]
    return 20 * np.log10(np.abs(np.prod(responses, axis=0)))


def recursion(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float64]:
    """The same two sections, one sample a step."""
    from scipy import signal

    shelf, high_pass = sections_at(rate_hz)
    return signal.lfilter(*high_pass, signal.lfilter(*shelf, samples.astype(np.float64)))


def test_at_48_khz_the_coefficients_are_those_printed_in_the_standard() -> None:
    shelf, high_pass = sections_at(48_000)
    np.testing.assert_allclose(shelf, STANDARD_SHELF, rtol=1e-12)
    np.testing.assert_allclose(high_pass, STANDARD_HIGH_PASS, rtol=1e-12)


@pytest.mark.parametrize(
    ("rate_hz", "tolerance_db"),
    # The bilinear transform squeezes the shelf against the Nyquist rate: what is left is its doing, at 2-3 kHz.
    [(8_000, 0.45), (16_000, 0.12), (22_050, 0.06), (44_100, 0.005), (96_000, 0.015), (192_000, 0.02)],
)
def test_every_rate_has_the_frequency_response_of_48_khz(rate_hz: int, tolerance_db: float) -> None:
    frequencies_hz = [
        hz for hz in (20, 38, 60, 100, 300, 997, 1500, 2000, 3000, 6000, 12000, 19000) if hz < rate_hz / 2.2
    ]
    expected = gain_db((STANDARD_SHELF, STANDARD_HIGH_PASS), frequencies_hz, 48_000)
    np.testing.assert_allclose(gain_db(sections_at(rate_hz), frequencies_hz, rate_hz), expected, atol=tolerance_db)


@pytest.mark.parametrize("rate_hz", [4_000, 8_000, 11_025, 44_100, 192_000, 768_000])
def test_the_calibration_tone_has_the_same_gain_at_every_rate(rate_hz: int) -> None:
    # -0.691 LU in the loudness formula undoes exactly this gain, so that the tone reads its own power.
    assert gain_db(sections_at(rate_hz), [997.0], rate_hz) == pytest.approx(0.691, abs=5e-4)


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 192_000])
def test_rows_at_once_give_what_the_recursion_gives_sample_by_sample(rate_hz: int) -> None:
    # 300 rows a block is no power of two; three blocks show that the state is carried.
    frames = 300 * ROW_FRAMES
    left, right = noise(3 * frames / rate_hz, rate_hz, 0.5, seed=1), noise(3 * frames / rate_hz, rate_hz, 0.1, seed=2)
    planar = np.stack([left, right])
    k_filter = KWeighting(rate_hz, 2, frames)
    blocks = [k_filter.filter(planar[:, start : start + frames]).copy() for start in range(0, 3 * frames, frames)]
    np.testing.assert_allclose(np.hstack(blocks), recursion(planar, rate_hz), atol=1e-8)


def test_quiet_detail_survives_under_rumble() -> None:
    # A filter in float32 adds noise of its own here: its high-pass is the small difference of large numbers.
    rate_hz, frames = 192_000, 6_000 * ROW_FRAMES
    samples = sine(5, 1, rate_hz, 0.9) + noise(1, rate_hz, 1e-4)
    filtered = KWeighting(rate_hz, 1, frames).filter(samples[np.newaxis])[0]
    expected = recursion(samples, rate_hz)
    assert np.sum((filtered - expected) ** 2) < 1e-9 * np.sum(expected**2)


def test_after_a_reset_the_past_is_forgotten() -> None:
    block = noise(1, ROW_FRAMES * 8)[np.newaxis]
    k_filter = KWeighting(44_100, 1, block.size)
    first = k_filter.filter(block).copy()
    assert not np.array_equal(k_filter.filter(block), first)
    k_filter.reset()
    assert np.array_equal(k_filter.filter(block), first)


def test_a_block_that_is_not_made_of_whole_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 32"):
        KWeighting(44_100, 1, 100)
