"""Mel-frequency cepstral coefficients of power spectra.

Bands, scaling and transform are those of essentia's ``MFCC`` with its defaults, but that the bands end where the
given bins do: 40 triangular bands, equally wide in mel by the formula of HTK, each of unit sum, of the power
spectrum; 20 log10 of the band energies; orthonormal DCT of type II.
(S. Davis, P. Mermelstein, "Comparison of parametric representations for monosyllabic word recognition", IEEE Trans.
ASSP 28(4), 1980; S. Young et al., "The HTK Book".)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playlista.features.triangles import triangles

COEFFICIENTS = 13
BANDS = 40
#: Band energies under this, -100 dB of a full-scale sinusoid, count as this: the rounding of float16 lies below it.
LEAST_BAND_ENERGY = np.float32(1e-10)


class MelCepstrum:
    """Computes MFCCs from the bins of a power spectrum.

    Parameters
    ----------
    bin_hz : np.ndarray [shape=(bins,), floating]
        Frequencies of the bins, rising.
    """

    def __init__(self, bin_hz: NDArray[np.floating]) -> None:
        self.filters = mel_filters(bin_hz)
        self._cosines = _cosines()

    def coefficients(self, power: NDArray[np.float32]) -> NDArray[np.float64]:
        """MFCCs [shape=(frames, 13)] of power spectra [shape=(frames, bins)]."""
        return self.coefficients_of(power @ self.filters)

    def coefficients_of(self, energies: NDArray[np.float32]) -> NDArray[np.float64]:
        """MFCCs [shape=(frames, 13)] of the energies of the bands [shape=(frames, 40)]."""
        level_db = 20 * np.log10(np.maximum(energies, LEAST_BAND_ENERGY))
        cepstrum: NDArray[np.float64] = level_db.astype(np.float64) @ self._cosines
        return cepstrum


def mel_filters(bin_hz: NDArray[np.floating]) -> NDArray[np.float32]:
    """Weight of every bin in every band [shape=(bins, 40)]: triangles in mel from 0 Hz to the last bin, of unit sum."""
    bin_mel = 1127.01048 * np.log1p(bin_hz.astype(np.float64) / 700)
    weights = triangles(bin_mel, np.linspace(0, bin_mel[-1], BANDS + 2))
    sums = weights.sum(axis=0)
    return np.ascontiguousarray(weights / np.where(sums > 0, sums, 1), dtype=np.float32)


def _cosines() -> NDArray[np.float64]:
    """Orthonormal DCT-II of 40 values, its first 13 coefficients [shape=(40, 13)]."""
    band, coefficient = np.arange(BANDS)[:, np.newaxis], np.arange(COEFFICIENTS)
    basis: NDArray[np.float64] = np.cos(np.pi / BANDS * (band + 0.5) * coefficient) * np.sqrt(2 / BANDS)
    basis[:, 0] /= np.sqrt(2)
    return basis
