"""Spectra into bands: of each band the weighted sum of the squared magnitudes of its bins.

Input: spectra as ``frames.Spectra`` makes them. Output: the powers of the bands. Weights are triangles, so that a bin
is in two bands at most; a matrix product multiplies all the others by 0, the compiled kernel leaves them out. Both
agree to a millionth of the band.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playlista.native.kernels import Kernels
from playlista.native.results import BandWeights


class BandPowers:
    """Sums of one filter bank.

    Parameters
    ----------
    weights : np.ndarray [shape=(bins, bands), float32].
    kernels : compiled kernels to compute with; None for NumPy.
    """

    def __init__(self, weights: NDArray[np.float32], kernels: Kernels | None = None) -> None:
        self.weights = weights
        self._kernels = kernels
        self._sparse = BandWeights.of(weights) if kernels else None

    def of(self, spectra: NDArray[np.complex64]) -> NDArray[np.float32]:
        """The powers [shape=(frames, bands)] of `spectra` [shape=(frames, bins or more), complex64], overwritten."""
        if self._kernels and self._sparse:
            return self._kernels.band_powers(spectra, self._sparse)
        parts = spectra[:, : len(self.weights)].view(np.float32)
        squares = np.square(parts, out=parts)
        powers: NDArray[np.float32] = (squares[:, ::2] + squares[:, 1::2]) @ self.weights
        return powers
