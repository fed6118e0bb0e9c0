"""Loudness distributions and their gates: ITU-R BS.1770-5 annex 1 and EBU Tech 3342.

Input: mean-square energies of overlapping windows. Output: the gated mean and percentiles, in LUFS. The
windows are made in ``loudness``.

Both gates depend on the whole programme, so every window must be remembered. Ours are remembered in bins of 0.01 LU
that hold a count and the exact sum of energies: constant memory however long the track. The mean is that of the
energies themselves; only the windows of the one bin that a relative gate falls into are kept or dropped together,
by their mean, and a percentile is the mean of its bin. Against the full list that is an error below 0.01 LU.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

#: BS.1770-5: makes a 997 Hz sine at 0 dBFS in one front channel read -3.01 LUFS.
OFFSET_LU = -0.691
#: BS.1770-5 and Tech 3342: quieter windows never count.
ABSOLUTE_GATE_LUFS = -70.0
#: Width of a bin.
RESOLUTION_LU = 0.01
#: Where the bins end; louder windows share the last, their energies still exact.
CEILING_LUFS = 10.0


def loudness_lufs(energy: float) -> float:
    """Loudness of a K-weighted mean square: BS.1770-5 annex 1, equation 2."""
    return OFFSET_LU + 10.0 * math.log10(energy)


class LoudnessDistribution:
    """How loud the windows of a programme were."""

    def __init__(self) -> None:
        bins = round((CEILING_LUFS - ABSOLUTE_GATE_LUFS) / RESOLUTION_LU)
        self._counts = np.zeros(bins, dtype=np.int64)
        self._energies = np.zeros(bins)

    @property
    def retained_bytes(self) -> int:
        """Bytes of the bins; constant."""
        return self._counts.nbytes + self._energies.nbytes

    def add(self, energies: NDArray[np.float64]) -> None:
        """Count windows.

        Parameters
        ----------
        energies : np.ndarray [shape=(n,), float64], K-weighted mean squares, channel weights applied.
        """
        audible = energies[energies > 0.0]
        heights = (OFFSET_LU - ABSOLUTE_GATE_LUFS + 10.0 * np.log10(audible)) / RESOLUTION_LU
        passed = heights > 0.0
        bins = np.minimum(heights[passed].astype(np.int64), len(self._counts) - 1)
        np.add.at(self._counts, bins, 1)
        np.add.at(self._energies, bins, audible[passed])

    def gated_mean_lufs(self, relative_gate_lu: float) -> float | None:
        """Loudness of the mean energy of the windows above both gates; None where none is.

        Parameters
        ----------
        relative_gate_lu : where the second gate lies from the mean of what passed the first; -10 in BS.1770-5.
        """
        counts, energies = self._gated(relative_gate_lu)
        return loudness_lufs(float(energies.sum() / counts.sum())) if len(counts) else None

    def spread_lu(self, relative_gate_lu: float, lower: float, upper: float) -> float | None:
        """Distance between two percentiles of the windows above both gates; None where none is.

        Percentiles are by nearest rank, as in the reference code of Tech 3342.

        Parameters
        ----------
        relative_gate_lu : as in ``gated_mean_lufs``; -20 in Tech 3342.
        lower, upper : 0..1; 0.10 and 0.95 in Tech 3342.
        """
        counts, energies = self._gated(relative_gate_lu)
        if not len(counts):
            return None
        last_ranks = np.cumsum(counts) - 1
        low, high = np.searchsorted(last_ranks, [round(last_ranks[-1] * share) for share in (lower, upper)])
        return loudness_lufs(energies[high] / counts[high]) - loudness_lufs(energies[low] / counts[low])

    def _gated(self, relative_gate_lu: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Count and energy of each bin above both gates, from quiet to loud; the absolute gate was at the door."""
        filled = np.flatnonzero(self._counts)
        counts, energies = self._counts[filled], self._energies[filled]
        if not len(filled):
            return counts, energies
        gate = energies.sum() / counts.sum() * 10.0 ** (relative_gate_lu / 10.0)
        passed = energies / counts > gate
        return counts[passed], energies[passed]
