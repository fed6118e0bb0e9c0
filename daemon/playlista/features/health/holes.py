"""Holes in the music: samples that are all 0, or that all stand still at another value.

Input: the samples of one channel with those before them. Output: the places at which holes start.

Thresholds
----------
hole
    At least `HELD_SAMPLES` samples (0.7 ms at 44.1 kHz), at most `HELD_SECONDS`, that are all 0, with music on both
    sides: the RMS of the `EDGE_SAMPLES` before and behind is above `EDGE_LEVEL` (-46 dBFS), they are within
    `EDGE_RATIO` of each other, and the waveform jumps by `EDGE_JUMP` of it into the hole or out of it. A tail that
    fades to digital silence, and a note that starts from it, do neither. The edges may differ by more than
    `EDGE_RATIO`, if it jumps on both sides, by `OWN_JUMP` of the level there: so do those of a slow wave. At a long
    hole, in which the music may have changed, the softer edge may be as soft as `SOFT_LEVEL` (-54 dBFS), and jump by
    `SOFT_JUMP`; at a short one sound of 8 bits does so.
    Or as many samples, at most `LONGEST_HELD`, that are all the same other value, with music on both sides, which
    jumps or moves by as much within `EDGE_SAMPLES`: where the music goes on may lie next to where it stood still. A
    held value near the highest, or near the lowest, of those around it is the top of a clipped or square wave, and no
    dropout.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.native.results import STRETCH_FRAMES, Runs

HELD_SAMPLES = 32
HELD_SECONDS = 1.0
EDGE_SAMPLES = 32
EDGE_LEVEL = 0.005
EDGE_RATIO = 8.0
EDGE_JUMP = 0.15
OWN_JUMP = 0.5
#: At holes longer than `LONGEST_HELD`.
SOFT_LEVEL, SOFT_JUMP = 0.002, 0.4
#: A held value of so much of the peak of so many samples on both sides is a top.
TOP, AROUND_SAMPLES = 0.95, 512
#: Holes of zeros that are longer are looked for by the peaks of stretches; other values are not held so long.
LONGEST_HELD = 4_096


def holes(samples: NDArray[np.float32], fresh: int, runs: Runs) -> Iterator[tuple[int, bool]]:
    """Starts of the holes among `runs` that end behind `fresh`, and whether they are of zeros."""
    firsts, lasts = runs
    if not len(firsts):
        return
    is_short = lasts - firsts < LONGEST_HELD
    is_inside = (firsts >= EDGE_SAMPLES) & (lasts + EDGE_SAMPLES < len(samples)) & (lasts + EDGE_SAMPLES >= fresh)
    for index in np.flatnonzero(is_short & is_inside):
        first, last = int(firsts[index]), int(lasts[index])
        before, behind = samples[first - EDGE_SAMPLES : first], samples[last + 1 : last + 1 + EDGE_SAMPLES]
        value = float(samples[first])
        around = samples[max(first - AROUND_SAMPLES, 0) : last + AROUND_SAMPLES]
        if _is_cut(before, behind, is_long=False) if value == 0.0 else _is_stuck(before, behind, value, around):
            yield first, value == 0.0


def _is_cut(before: NDArray[np.float32], behind: NDArray[np.float32], *, is_long: bool) -> bool:
    """Whether music stops and goes on around zeros."""
    levels = [float(np.sqrt(np.mean(np.square(edge, dtype=np.float64)))) for edge in (before, behind)]
    least, own_jump = (SOFT_LEVEL, SOFT_JUMP) if is_long else (EDGE_LEVEL, OWN_JUMP)
    if min(levels) < least or max(levels) < EDGE_LEVEL:
        return False
    jumps = [abs(float(before[-1])), abs(float(behind[0]))]
    if all(jump >= own_jump * level for jump, level in zip(jumps, levels, strict=True)):
        return True
    is_even = min(levels) >= EDGE_LEVEL and max(levels) <= EDGE_RATIO * min(levels)
    return is_even and max(jumps) >= EDGE_JUMP * max(levels)


def _is_stuck(
    before: NDArray[np.float32], behind: NDArray[np.float32], value: float, around: NDArray[np.float32]
) -> bool:
    """Whether moving music stands still at a value that is no top of it."""
    levels = [float(np.sqrt(np.mean(np.square(edge, dtype=np.float64)))) for edge in (before, behind)]
    is_top = value >= TOP * float(around.max()) or value <= TOP * float(around.min())
    if min(levels) < EDGE_LEVEL or is_top:
        return False
    jump = max(abs(float(before[-1]) - value), abs(float(behind[0]) - value))
    moves = min(float(np.ptp(before)), float(np.ptp(behind)))
    return max(jump, moves) >= EDGE_JUMP * max(levels)


@dataclass(frozen=True, slots=True)
class _Edge:
    """Where zeros begin, and the samples before them; fewer than `EDGE_SAMPLES` at the start of the track."""

    frame: int
    samples: NDArray[np.float32]


class LongHoles:
    """Zeros for longer than `LONGEST_HELD`, which may reach over blocks: by the peaks of stretches of one channel."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._most = int(HELD_SECONDS * sample_rate_hz)
        self._open: _Edge | None = None

    def update(
        self, samples: NDArray[np.float32], peaks: NDArray[np.float32], softest: float, start: int, fresh: int
    ) -> list[int]:
        """The frames at which holes start that end in this block.

        Parameters
        ----------
        samples : of the tail, `fresh` of them, and the block; the first one is frame `start` of the track.
        peaks, softest : of the stretches of the block, and the lowest of them.
        """
        if self._open is None and softest > 0.0:
            return []
        found = []
        edge, self._open = self._open, None
        for begin, end in _true_runs(peaks == 0.0):
            place = fresh + begin * STRETCH_FRAMES
            if begin or edge is None:
                edge = _edge_before(samples, place, start)
            if end == len(peaks):
                self._open = edge
                break
            place = fresh + end * STRETCH_FRAMES
            place += int((samples[place : place + STRETCH_FRAMES] != 0.0).argmax())
            if self._is_hole(edge, start + place, samples[place : place + EDGE_SAMPLES]):
                found.append(edge.frame)
        return found

    def _is_hole(self, edge: _Edge, end: int, behind: NDArray[np.float32]) -> bool:
        is_long = LONGEST_HELD < end - edge.frame <= self._most
        return is_long and len(edge.samples) == EDGE_SAMPLES and _is_cut(edge.samples, behind, is_long=True)


def _true_runs(values: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The first of each run of true `values` and the first behind it."""
    turns = np.flatnonzero(np.diff(values, prepend=False, append=False))
    return list(zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True))


def _edge_before(samples: NDArray[np.float32], place: int, start: int) -> _Edge:
    """The edge of zeros that fill the stretch at `place`, which begin in the stretch before."""
    sounding = np.flatnonzero(samples[max(place - STRETCH_FRAMES, 0) : place])
    first = max(place - STRETCH_FRAMES, 0) + int(sounding[-1]) + 1 if len(sounding) else 0
    return _Edge(start + first, samples[max(first - EDGE_SAMPLES, 0) : first].copy())
