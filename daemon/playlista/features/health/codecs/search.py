"""Search for the frame grids of lossy encoders in a track.

All offsets of many coefficients cost too much. So the first looks at the track compute some coefficients of one frame
at every offset (``grid``), and other looks put only a few offsets to the proof, those that stand out and those
that are usual: MP3 and AAC by the steps of their quantizer (``lattice``); Vorbis and Opus, which have no such
steps, by all coefficients of all frames, against the offsets next to them. What is found by the other looks owes
nothing to having been the best of a thousand.

The looks take turns with the left channel, and the sum and the difference of both front ones, since encoders round
those, where the channels have much in common.

Input: planar samples of each look. Output: for the codec whose grid stands out most by how many standard deviations it
does, in both ways. Sound that was never encoded seldom gives more than 7 in the first and 4 in the second; see
``docs/appendix/health.md``.

Not seen by it: files that were resampled, mixed or changed in level after decoding to other than whole steps (so Opus
only at its own 48 kHz); sound without anything above 1.5 kHz.

The idea: D. Luo, R. Yang, R. Huang, "Identification of AMR / MP3 / AAC decompressed audio", and O. Derrien, "Detection
of genuine lossless audio files", J. Audio Eng. Soc. 67 (2019).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.features.health.codecs.grid import CodecGrid, grids_at, standing_out
from playlista.features.health.codecs.lattice import Transform
from playlista.features.health.codecs.proofs import CONTROLS, LEAST_FRAMES, LEAST_STEP_LOOKS, SmallnessProof, StepProof
from playlista.native.kernels import Kernels

#: Looks of one track that search, and all of them; more add little.
SEARCH_LOOKS, MOST_LOOKS = 9, 22
#: A grid that stands out by so many standard deviations is certain; no more looks are needed.
CERTAIN = 15.0
#: Offsets that the search found and that are put to the proof.
CANDIDATES = 2
#: Offsets whose smallness stands out by less than so many standard deviations after so many looks are given up: of
#: those that would end at 4, where they are named, one in a hundred does; of those that are nothing five in six.
GIVEN_UP = {3: 0.0, 6: 0.5}
#: What stands out less in the search is not put to the proof of the steps: the highest of a thousand does by 3.2.
LEAST_FOUND = 3.2
#: After so many looks at the steps the offsets are given up if none stands out by so many standard deviations: usual
#: ones, which are those of nearly all files, and those that the search found.
USUAL_GIVEN_UP, FOUND_GIVEN_UP = {4: 0.3, 6: 1.4, 9: 2.5}, {3: 1.0, 5: 2.0}
#: A difference of the channels that stays below is that of a mono recording, -70 dBFS.
NO_DIFFERENCE = 3e-4


@dataclass(frozen=True, slots=True)
class GridTrace:
    """The codec whose grid stands out most, by how many standard deviations in the search and in the proof.

    ``confirmed`` is None where the track was over before there was enough of the second.
    """

    codec: str = ""
    found: float = 0.0
    confirmed: float | None = None


class GridSearch:
    """Looks for the grids in one track at `sample_rate_hz`; what is found in each look adds up.

    Parameters
    ----------
    kernels : compiled kernels to compute with; None for NumPy.
    """

    def __init__(self, sample_rate_hz: int, kernels: Kernels | None = None) -> None:
        self._searches: list[_Search] = [
            _Smallness(grid) if grid.steps is None else _Steps(grid, grid.steps, kernels)
            for grid in grids_at(sample_rate_hz)
        ]
        self.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of the sums; constant."""
        return sum(search.retained_bytes for search in self._searches)

    def reset(self) -> None:
        """Forget the track."""
        self._looks = 0
        self._is_certain = False
        for search in self._searches:
            search.reset()

    def update(self, segment: NDArray[np.float32], start: int) -> None:
        """Take one look [shape=(channels, SEGMENT_FRAMES or more)], not silent, from frame `start` of the track on."""
        if self._looks >= MOST_LOOKS or self._is_certain:
            return
        signal = _signal(segment, self._looks % 3)
        for search in self._searches:
            search.update(signal, start, self._looks)
        self._looks += 1
        self._is_certain = any((search.confirmed() or 0.0) >= CERTAIN for search in self._searches)

    def best(self) -> GridTrace:
        """What stands out most; nothing where there was no look."""
        if not self._looks:
            return GridTrace()
        return max((search.trace() for search in self._searches), key=_strength, default=GridTrace())


def _strength(trace: GridTrace) -> float:
    """Comparable numbers: what stands out by 7 in the search is as strange as what does by 4 in the proof."""
    return trace.found if trace.confirmed is None else 1.75 * trace.confirmed


def _signal(segment: NDArray[np.float32], turn: int) -> NDArray[np.float32]:
    """The left channel, the mean, half the difference; the mean also where there is no difference."""
    if turn == 0 or len(segment) == 1:
        return np.asarray(segment[0])
    if turn == 2:
        difference: NDArray[np.float32] = np.float32(0.5) * (segment[0] - segment[1])
        if float(np.abs(difference).max()) >= NO_DIFFERENCE:
            return difference
    return np.asarray(segment.mean(axis=0))


class _Offsets:
    """All offsets of one grid in the search."""

    def __init__(self, grid: CodecGrid) -> None:
        self._grid = grid
        self.totals = np.zeros(grid.period_frames)

    def reset(self) -> None:
        self.totals[:] = 0.0
        self._standing: NDArray[np.float64] | None = None

    def update(self, signal: NDArray[np.float32], start: int) -> None:
        """Take a look; not behind a call of `standing`."""
        found, first = self._grid.smallness(signal), start % self._grid.period_frames
        self.totals[first:] += found[: len(found) - first]
        self.totals[:first] += found[len(found) - first :]

    def standing(self) -> NDArray[np.float64]:
        """By how many standard deviations each stands out."""
        if self._standing is None:
            self._standing = standing_out(self.totals)
        return self._standing

    def best(self, count: int) -> list[int]:
        """Those that stand out most."""
        found: list[int] = np.argsort(self.standing())[: -count - 1 : -1].tolist()
        return found


class _Search(ABC):
    """The looks for one grid: the first ones search all offsets, the others prove those that were chosen."""

    def __init__(self, grid: CodecGrid) -> None:
        self._grid = grid
        self._all = _Offsets(grid)

    @property
    def retained_bytes(self) -> int:
        return self._all.totals.nbytes

    def reset(self) -> None:
        self._all.reset()

    def update(self, signal: NDArray[np.float32], start: int, look: int) -> None:
        """Take look number `look`."""
        if look < SEARCH_LOOKS:
            self._all.update(signal, start)
            return
        if look == SEARCH_LOOKS:
            self._choose()
        self._prove(signal, start)

    def trace(self) -> GridTrace:
        return GridTrace(self._grid.name, float(self._all.standing().max()), self.confirmed())

    @abstractmethod
    def confirmed(self) -> float | None:
        """Of the offset that stands out most in the proof; None where too little was seen."""

    @abstractmethod
    def _choose(self) -> None:
        """Take the offsets that are put to the proof."""

    @abstractmethod
    def _prove(self, signal: NDArray[np.float32], start: int) -> None:
        """Take a look at them."""


class _Smallness(_Search):
    """Proof by the smallness of all coefficients."""

    def reset(self) -> None:
        super().reset()
        self._candidates: list[SmallnessProof] = []
        self._looks = 0

    def confirmed(self) -> float | None:
        confirmed = [one.deviations() for one in self._candidates if one.frames >= LEAST_FRAMES]
        return max(*confirmed, 0.0) if confirmed else None

    def _choose(self) -> None:
        count = len(self._grid.usual) + CANDIDATES
        offsets = dict.fromkeys([*self._grid.usual, *self._all.best(count)])
        self._candidates = [SmallnessProof(offset) for offset in list(offsets)[:count]]

    def _prove(self, signal: NDArray[np.float32], start: int) -> None:
        going_on = [candidate for candidate in self._candidates if not candidate.is_given_up]
        if not going_on:
            return
        offsets = [candidate.offset + beside for candidate in going_on for beside in (0, *CONTROLS)]
        logs = self._grid.smallness_at(signal, [(offset - start) % self._grid.period_frames for offset in offsets])
        self._looks += 1
        for candidate, of_it in zip(going_on, logs.reshape(len(going_on), 1 + len(CONTROLS), -1), strict=True):
            candidate.add(of_it.astype(np.float64))
            least = GIVEN_UP.get(self._looks, -np.inf)
            candidate.is_given_up = candidate.frames >= LEAST_FRAMES and candidate.deviations() < least


class _Steps(_Search):
    """Proof by the steps of the quantizer; usual offsets are put to it while the search goes on."""

    def __init__(self, grid: CodecGrid, transform: Transform, kernels: Kernels | None) -> None:
        super().__init__(grid)
        self._transform = transform
        self._kernels = kernels

    def reset(self) -> None:
        super().reset()
        self._usual = self._proof(list(self._grid.usual), USUAL_GIVEN_UP)
        self._best: StepProof | None = None

    def update(self, signal: NDArray[np.float32], start: int, look: int) -> None:
        self._usual.update(signal, start)
        super().update(signal, start, look)

    def confirmed(self) -> float | None:
        told = [proof.deviations() for proof in (self._usual, self._best) if proof and proof.looks >= LEAST_STEP_LOOKS]
        return max(told) if told else None

    def _choose(self) -> None:
        best = [nth for nth in self._all.best(CANDIDATES) if self._all.standing()[nth] >= LEAST_FOUND]
        self._best = self._proof(best, FOUND_GIVEN_UP) if best else None

    def _prove(self, signal: NDArray[np.float32], start: int) -> None:
        if self._best is not None:
            self._best.update(signal, start)

    def _proof(self, candidates: list[int], given_up: Mapping[int, float]) -> StepProof:
        return StepProof(self._transform, self._grid.period_frames, candidates, given_up, self._kernels)
