"""Peaks between samples, against arithmetic and against a search that skips nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from playlista.features.loudness.true_peak import ROW_FRAMES, TAPS, TruePeakMeter, interpolator, oversampling
from tests.exhaustive import examples
from tests.signals import noise, sine

FRAMES = 4 * ROW_FRAMES


def true_peak(planar: NDArray[np.float32], rate_hz: int = 44_100, frames: int = FRAMES) -> float:
    """Feed a whole signal and the block of zeros that closes it."""
    meter = TruePeakMeter(rate_hz, len(planar), frames)
    padded = np.pad(planar, ((0, 0), (0, -planar.shape[1] % frames + frames)))
    for start in range(0, padded.shape[1], frames):
        meter.update(padded[:, start : start + frames])
    return meter.peak


def exhaustive_peak(planar: NDArray[np.float32], factor: int) -> float:
    """Largest magnitude at all points of all samples."""
    points = [
        np.convolve(channel.astype(np.float64), phase[::-1]) for channel in planar for phase in interpolator(factor)
    ]
    return max(float(np.abs(planar).max()), *(float(np.abs(point).max()) for point in points))


@pytest.mark.parametrize(
    ("rate_hz", "factor"),
    [(8_000, 4), (44_100, 4), (88_200, 4), (96_000, 2), (176_400, 2), (192_000, 1), (768_000, 1)],
)
def test_the_search_is_as_fine_as_the_standard_asks(rate_hz: int, factor: int) -> None:
    assert oversampling(rate_hz) == factor


@pytest.mark.parametrize("factor", [2, 4])
@pytest.mark.parametrize("frequency", [0.01, 0.1, 0.25, 0.4, 0.43])
def test_a_sine_is_interpolated_at_its_own_amplitude(factor: int, frequency: float) -> None:
    # Weights times a complex exponential, against that exponential at the point itself.
    taps = np.arange(TAPS) - TAPS // 2 + 1
    points = np.arange(1, factor) / factor
    gains = interpolator(factor) @ np.exp(2j * np.pi * frequency * taps) / np.exp(2j * np.pi * frequency * points)
    np.testing.assert_allclose(20 * np.log10(np.abs(gains)), 0.0, atol=0.02)


@pytest.mark.parametrize(("rate_hz", "expected"), [(48_000, 1.0), (96_000, 1.0), (192_000, np.sqrt(0.5))])
def test_a_sine_that_is_sampled_beside_its_crests_has_its_true_height(rate_hz: int, expected: float) -> None:
    # A quarter of the rate with the samples at 45 degrees: the crests lie half-way, 3 dB above every sample.
    n = np.arange(4_000)
    fade = np.minimum(1.0, np.minimum(n, n[::-1]) / 400)
    samples = (fade * np.sin(np.pi / 2 * n + np.pi / 4)).astype(np.float32)
    assert true_peak(samples[np.newaxis], rate_hz) == pytest.approx(expected, rel=0.002)


@settings(max_examples=examples(60))
@given(seed=st.integers(0, 2**32 - 1), factor=st.sampled_from([2, 4]), length=st.integers(1, 5 * FRAMES))
def test_rows_are_skipped_without_losing_the_peak(seed: int, factor: int, length: int) -> None:
    random = np.random.default_rng(seed)
    envelope = np.repeat(random.uniform(0, 1, length // 50 + 1) ** 4, 50)[:length]
    planar = (envelope * random.standard_normal((2, length))).astype(np.float32)
    found = true_peak(planar, 96_000 if factor == 2 else 48_000)
    assert found == pytest.approx(exhaustive_peak(planar, factor), rel=2e-6)


def test_the_worst_signal_there_is_is_not_skipped() -> None:
    # Samples with the signs of the weights add up to the bound itself: 0.45 between samples becomes more than the 1.0
    # of a sample found before.
    weights = interpolator(4)[1]
    planar = np.zeros((1, 6 * ROW_FRAMES), np.float32)
    planar[0, 10] = 1.0
    planar[0, 4 * ROW_FRAMES : 4 * ROW_FRAMES + TAPS] = 0.45 * np.sign(weights)
    expected = 0.45 * np.abs(weights).sum()
    assert expected > 1.1
    assert true_peak(planar) == pytest.approx(expected, rel=1e-6)


def test_band_limited_noise_peaks_where_its_spectrum_says() -> None:
    # The truth is the same spectrum evaluated 64 times as densely; a grid of quarters misses a crest of 0.4 of the
    # rate by cos(0.4 pi / 4) at worst, which is 0.44 dB.
    random = np.random.default_rng(3)
    spectrum = np.zeros(4_097, dtype=complex)
    spectrum[1:3_200] = random.standard_normal(3_199) + 1j * random.standard_normal(3_199)
    periodic = np.fft.irfft(spectrum)
    truth = np.abs(np.fft.irfft(spectrum, 64 * len(periodic)) * 64).max()
    found = true_peak(np.tile(periodic, 3)[np.newaxis].astype(np.float32))
    assert -0.44 < 20 * np.log10(found / truth) < 0.02


def test_a_signal_and_its_reverse_have_one_peak() -> None:
    # What ends abruptly at full height rings beyond it; the end must be searched as the start is.
    samples = sine(9_000, 0.05, 44_100, 1.0)[np.newaxis]
    assert true_peak(samples) == pytest.approx(true_peak(samples[:, ::-1]), rel=1e-6)
    assert true_peak(samples) > 1.0


def test_the_loudest_channel_counts() -> None:
    planar = np.stack([sine(100, 0.1, peak=0.2), sine(100, 0.1, peak=0.7), sine(100, 0.1, peak=0.3)])
    assert true_peak(planar) == pytest.approx(0.7, rel=1e-3)


def test_silence_has_no_peak() -> None:
    assert true_peak(np.zeros((2, 1_000), np.float32)) == 0.0


def test_samples_at_the_end_of_float32_give_a_finite_peak() -> None:
    alternating = np.resize([3.4e38, 3.4e38, -3.4e38, -3.4e38], (1, 1_000)).astype(np.float32)
    assert 3.4e38 < true_peak(alternating) < 3.4e38 * 3


def test_after_a_reset_the_past_is_forgotten() -> None:
    meter = TruePeakMeter(44_100, 1, FRAMES)
    meter.update(noise(1, FRAMES)[np.newaxis])
    meter.reset()
    meter.update(np.zeros((1, FRAMES), np.float32))
    assert meter.peak == 0.0


def test_a_block_that_is_not_made_of_whole_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 64"):
        TruePeakMeter(44_100, 1, 100)
