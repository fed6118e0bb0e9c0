"""Mean and variance of a stream of vectors, without keeping them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class RunningMoments:
    """Mean and variance of every column of rows that come in batches, in float64.

    Batches are merged by their own means and sums of squared deviations (T. Chan, G. Golub, R. LeVeque, "Updating
    formulae and a pairwise algorithm for computing sample variances", COMPSTAT 1982), which loses no digits where
    the mean is large against the spread.

    Parameters
    ----------
    columns : int
        Length of a row.
    """

    def __init__(self, columns: int) -> None:
        self._mean = np.zeros(columns)
        self._squares = np.zeros(columns)
        self.count = 0

    @property
    def retained_bytes(self) -> int:
        """Bytes of the state; constant."""
        return self._mean.nbytes + self._squares.nbytes

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean of every column [shape=(columns,)]; zeros before the first row."""
        return self._mean.copy()

    @property
    def variance(self) -> NDArray[np.float64]:
        """Population variance of every column [shape=(columns,)]; zeros before the second row."""
        return self._squares / max(1, self.count)

    def add(self, rows: NDArray[np.floating]) -> None:
        """Take more rows [shape=(n, columns)]; n may be 0."""
        if not len(rows):
            return
        wide = rows.astype(np.float64)
        batch_mean = wide.mean(axis=0)
        step = batch_mean - self._mean
        total = self.count + len(wide)
        self._squares += np.square(wide - batch_mean).sum(axis=0) + step**2 * self.count * len(wide) / total
        self._mean += step * (len(wide) / total)
        self.count = total

    def reset(self) -> None:
        """Forget all rows."""
        self._mean[:] = 0.0
        self._squares[:] = 0.0
        self.count = 0
