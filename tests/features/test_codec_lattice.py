"""The steps of a quantizer: found where coefficients lie on them, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from playlista.features.health.codecs.bases import kaiser_bessel_window, subband_filter, subband_weights
from playlista.features.health.codecs.lattice import AAC_BANDS, Hybrid, Mdct, compared, fits

HOP = 1024


def bases() -> NDArray[np.float64]:
    """The MDCT of AAC by its definition (ISO/IEC 14496-3, 4.6.11.3), as waveforms of energy 1."""
    places, lines = np.arange(2 * HOP), np.arange(AAC_BANDS[0], AAC_BANDS[-1])[:, np.newaxis]
    waves = np.cos(np.pi / HOP * (places + 0.5 + HOP / 2) * (lines + 0.5))
    return np.asarray(kaiser_bessel_window(HOP) * waves * np.sqrt(2.0 / HOP))


def test_the_transform_of_aac_is_the_one_of_the_standard() -> None:
    noise = np.random.default_rng(1).standard_normal((3, 2 * HOP)).astype(np.float32)
    found = Mdct(kaiser_bessel_window(HOP)).coefficients(noise)
    np.testing.assert_allclose(found, noise @ bases().T, atol=1e-4)


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
def test_the_transform_of_mp3_finds_each_of_its_waveforms_where_it_is(rate_hz: int) -> None:
    """Lines in the middle of a subband, which the reduction of the alias leaves nearly alone."""
    hybrid = Hybrid(rate_hz)
    first = (44 if rate_hz == 44_100 else 42) // 18
    lines = [(subband, 8) for subband in range(first, first + 6)]
    waves = []
    for subband, line in lines:
        wave = np.zeros(hybrid.frames)
        for step, weight in enumerate(subband_weights(subband, line)):
            wave[32 * step : 32 * step + 512] += weight * subband_filter(subband)
        waves.append(wave)
    found = hybrid.coefficients(np.array(waves, np.float32))
    assert found.argmax(axis=1).tolist() == [18 * (subband - first) + line for subband, line in lines]
    np.testing.assert_allclose(found.max(axis=1), 1.0, atol=0.02)


@pytest.mark.parametrize("step_quarters", [-48, -41, -30])
def test_coefficients_on_a_lattice_stand_out_from_those_that_are_not(step_quarters: int) -> None:
    """In one of six frames the coefficients are whole numbers to the power of 4/3, times one step, as AAC decodes."""
    random = np.random.default_rng(2)
    coefficients = random.laplace(size=(6, AAC_BANDS[-1] - AAC_BANDS[0])) * 6.0
    whole = np.round(coefficients[2])
    coefficients[2] = np.sign(whole) * np.abs(whole) ** (4 / 3)
    samples = (2.0 ** (step_quarters / 4) * coefficients @ np.linalg.pinv(bases()).T).astype(np.float32)
    sums, variances = compared(fits(Mdct(kaiser_bessel_window(HOP)), samples))
    deviations = sums / np.sqrt(variances)
    assert deviations.argmax() == 2
    assert deviations[2] > 8.0
    assert np.delete(deviations, 2).max() < 4.0


def test_silence_tells_nothing() -> None:
    found = fits(Mdct(kaiser_bessel_window(HOP)), np.zeros((6, 2 * HOP), np.float32))
    assert found.shape == (6, 0)
    assert not compared(found).any()
