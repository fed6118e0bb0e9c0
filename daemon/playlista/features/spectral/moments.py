"""Mean and variance of a stream of vectors, without keeping them, and of its loud part alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Levels that are told apart; what is lower or higher counts with the last.
LOWEST_LEVEL_DB, HIGHEST_LEVEL_DB, LEVEL_STEP_DB = -93.0, 60.0, 3.0


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
        if len(rows):
            wide = rows.astype(np.float64)
            mean = wide.mean(axis=0)
            self.merge(len(wide), mean, np.square(wide - mean).sum(axis=0))

    def merge(self, count: int, mean: NDArray[np.float64], squares: NDArray[np.float64]) -> None:
        """Take `count` rows, at least one, of which mean and squared deviations [shape=(columns,)] are known."""
        step = mean - self._mean
        total = self.count + count
        self._squares += squares + step**2 * self.count * count / total
        self._mean += step * (count / total)
        self.count = total

    def reset(self) -> None:
        """Forget all rows."""
        self._mean[:] = 0.0
        self._squares[:] = 0.0
        self.count = 0


class GatedMoments:
    """Mean and variance of rows that have a level each, without those far below the loudest of them all.

    The loudest is not known before the end; so rows are counted apart by level, in steps of 3 dB, until then.

    Parameters
    ----------
    columns : int
        Length of a row.
    gate_db : float
        Rows this far below the loudest, or up to a step less, count for nothing.
    """

    def __init__(self, columns: int, gate_db: float) -> None:
        steps = int((HIGHEST_LEVEL_DB - LOWEST_LEVEL_DB) / LEVEL_STEP_DB)
        self._counts = np.zeros(steps)
        self._means = np.zeros((steps, columns))
        self._squares = np.zeros((steps, columns))
        self._gate_steps = round(gate_db / LEVEL_STEP_DB)

    @property
    def retained_bytes(self) -> int:
        """Bytes of the state; constant."""
        return self._counts.nbytes + self._means.nbytes + self._squares.nbytes

    def add(self, rows: NDArray[np.floating], level_db: NDArray[np.floating]) -> None:
        """Take more rows [shape=(n, columns)] and their levels [shape=(n,)]; n may be 0."""
        if not len(rows):
            return
        highest = len(self._counts) - 1
        step_of_row = np.clip((level_db - LOWEST_LEVEL_DB) // LEVEL_STEP_DB, 0, highest).astype(np.intp)
        lowest = int(step_of_row.min())
        places = step_of_row - lowest
        is_of = (places[:, np.newaxis] == np.arange(int(places.max()) + 1)).astype(np.float64)
        counts = is_of.sum(axis=0)
        means = is_of.T @ rows / np.maximum(counts, 1.0)[:, np.newaxis]
        squares = is_of.T @ np.square(rows - means[places])
        self._merge(slice(lowest, lowest + len(counts)), counts, means, squares)

    def _merge(
        self, steps: slice, counts: NDArray[np.float64], means: NDArray[np.float64], squares: NDArray[np.float64]
    ) -> None:
        """As in `RunningMoments`, for several levels at once; those without a row stay as they are."""
        before = self._counts[steps]
        share = (counts / np.maximum(before + counts, 1.0))[:, np.newaxis]
        apart = means - self._means[steps]
        self._squares[steps] += squares + apart**2 * share * before[:, np.newaxis]
        self._means[steps] += apart * share
        self._counts[steps] = before + counts

    def result(self) -> RunningMoments:
        """Moments of the rows that are not gated; of none where there was no row."""
        used = np.flatnonzero(self._counts).tolist()
        merged = RunningMoments(self._means.shape[1])
        for number in used:
            if number >= used[-1] - self._gate_steps:
                merged.merge(int(self._counts[number]), self._means[number], self._squares[number])
        return merged

    def reset(self) -> None:
        """Forget all rows."""
        for state in (self._counts, self._means, self._squares):
            state[:] = 0.0
