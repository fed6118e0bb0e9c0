"""The proof that some offsets are those of an encoder's frame grid: their coefficients against those of other offsets.

Input: what looks at a track give at the offsets, or the samples of these looks. Output: by how many standard deviations
an offset stands out; what an encoder left is at the grid alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from playlista.features.health.codecs.grid import SEGMENT_FRAMES
from playlista.features.health.codecs.lattice import Transform, compared, fits
from playlista.native.kernels import Kernels

#: Offsets before and behind an offset that its smallness is compared with, side by side. A sample beside its grid an
#: encoder has left nothing; a drum that keeps time with a grid ends on one side.
CONTROLS = (-2, -1, 1, 2)
#: Fewer frames tell nothing.
LEAST_FRAMES = 12
#: What one frame can add, in nepers: a drum that starts with a frame is as small at one offset, but only in that frame.
MOST_DIFFERENCE = 0.2
#: Of these differences, at least.
LEAST_VARIANCE = 1e-3
#: Offsets that are compared with each other by the steps of the quantizer; how far behind each candidate another one
#: is; and how many looks tell something.
STEP_OFFSETS, STEP_CONTROL, LEAST_STEP_LOOKS = 6, 3, 3


class SmallnessProof:
    """An offset under proof: how much smaller it is than those beside it, frame by frame."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.frames = 0
        self.is_given_up = False
        self._sums = np.zeros((2, 2))  # of differences and their squares, on both sides

    def add(self, logs: NDArray[np.float64]) -> None:
        """Take its smallness and those of `CONTROLS` [shape=(offsets, frames)]."""
        beside = logs[1:].reshape(2, len(CONTROLS) // 2, -1).mean(axis=1)
        differences = np.clip(beside - logs[:1], -MOST_DIFFERENCE, MOST_DIFFERENCE)
        self.frames += differences.shape[1]
        self._sums += (differences.sum(axis=1), np.square(differences).sum(axis=1))

    def deviations(self) -> float:
        """By how many standard deviations it stands out on the side where it does less."""
        means, squares = self._sums / self.frames
        return float((means / np.sqrt(np.maximum(squares - means**2, LEAST_VARIANCE) / self.frames)).min())


class StepProof:
    """Some offsets of one grid under proof: compared with each other, with the ones behind them, and with others."""

    def __init__(
        self,
        transform: Transform,
        period_frames: int,
        candidates: list[int],
        given_up: Mapping[int, float],
        kernels: Kernels | None = None,
    ) -> None:
        self._transform = transform
        self._kernels = kernels
        self._given_up = given_up
        self._period = period_frames
        self._candidates = len(candidates)
        controls = [offset + STEP_CONTROL for offset in candidates]
        others = [candidates[0] + nth * period_frames // 5 for nth in range(1, 1 + STEP_OFFSETS - 2 * len(candidates))]
        self._offsets = np.array([*candidates, *controls, *others])
        self._sums = np.zeros((2, len(self._offsets)))  # of differences and of their variances
        self._is_given_up = False
        self._deviations = 0.0
        self.looks = 0

    def update(self, signal: NDArray[np.float32], start: int) -> None:
        """Take a look; behind the samples that the search takes, as far as it is long enough."""
        if self._is_given_up:
            return
        first = max(min(SEGMENT_FRAMES, len(signal) - self._period - self._transform.frames), 0)
        begins = first + (self._offsets - start - first) % self._period
        frames = np.stack([signal[begin : begin + self._transform.frames] for begin in begins])
        self._sums += compared(fits(self._transform, frames, self._kernels))
        self.looks += 1
        self._deviations = self._best_deviations()
        self._is_given_up = self._deviations < self._given_up.get(self.looks, -np.inf)

    def deviations(self) -> float:
        """By how many standard deviations the best one fits better than all and than the one behind it.

        What stands out there, too, is not the grid: slow tones that keep time with the frames do.
        """
        return self._deviations

    def _best_deviations(self) -> float:
        deviations = self._sums[0] / np.sqrt(np.maximum(self._sums[1], 1.0))
        controls = deviations[self._candidates : 2 * self._candidates]
        return float(np.max(deviations[: self._candidates] - np.maximum(controls, 0.0), initial=0.0))
