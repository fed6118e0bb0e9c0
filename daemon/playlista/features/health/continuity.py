"""Holes in the music and steps between two samples: dropouts, and clicks at joins.

Input: planar blocks. Output: `Breaks`. Each channel is looked at by itself; what is found within `SAME_SECONDS` on
several channels is one break.

Thresholds
----------
dropout
    At least `HELD_SAMPLES` samples (0.7 ms at 44.1 kHz), at most `HELD_SECONDS`, that are all 0, with music on both
    sides: the RMS of the `EDGE_SAMPLES` before and behind is above `EDGE_LEVEL` (-46 dBFS), they are within
    `EDGE_RATIO` of each other, and the waveform jumps by `EDGE_JUMP` of it into the hole or out of it. A tail that
    fades to digital silence, and a note that starts from it, do neither. Edges of a slow wave may differ by more than
    `EDGE_RATIO`, if it jumps on both sides, by `OWN_JUMP` of the level there.
    Or as many samples, at most `LONGEST_REPEAT`, that are all the same other value, with music on both sides, which
    jumps or moves by as much within `EDGE_SAMPLES`: where the music goes on may lie next to where it stood still. A
    held value near the highest, or near the lowest, of those around it is the top of a clipped or square wave, and no
    dropout.
    Or a piece of `REPEAT_SAMPLES` or more that is played twice, to the bit, as by a CD drive or sound card that ran out
    of data.
click
    A step or a spike of a single sample: a bend of the waveform (its second difference) `CLICK_RATIO` times as sharp as
    any other within `CLICK_SAMPLES` on both sides but for the ones next to it, and of `CLICK_LEVEL` (-34 dBFS) at
    least. Sound that went through a converter or a filter rises over several samples, however hard a drum is; a drum
    of arithmetic alone is as sharp behind its first sample as in it. So a click is not told from noise as sharp, nor
    where the track was resampled or lossy since.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.features.health.blocks import Block
from playlista.features.health.passes import Passes
from playlista.features.health.positions import FirstPositions, first_of_all
from playlista.features.health.repeats import RepeatedPieces
from playlista.native.results import STRETCH_FRAMES, Runs, SharpBends, Sharpness

HELD_SAMPLES = 32
HELD_SECONDS = 1.0
EDGE_SAMPLES = 32
EDGE_LEVEL = 0.005
EDGE_RATIO = 8.0
EDGE_JUMP = 0.15
OWN_JUMP = 0.5
#: A held value of so much of the peak of so many samples on both sides is a top.
TOP, AROUND_SAMPLES = 0.95, 512
#: More held values than these a minute are the steps of a synthesizer or of few bits.
HELD_PER_MINUTE = 20.0
REPEAT_SAMPLES = 64
LONGEST_REPEAT = 4_096
CLICK_RATIO = 5.0
CLICK_SAMPLES = 128
CLICK_LEVEL = 0.02
#: At a seam of what is played twice the bend need not be as sharp.
SEAM_RATIO = 2.0
#: More than these a minute are no faults but the waveform of a synthesizer: a sawtooth clicks with every period.
CLICKS_PER_MINUTE = 300.0
#: A click next to so many equal samples is the edge of a hole, or a sound that starts from digital silence.
HOLD_SAMPLES = 16
#: Bends on both sides of the sharpest one that belong to it: a step has two, a spike of one sample three.
CLICK_WIDTH = 1
#: Samples on both sides of a click that are not asked whether they stand still.
HOLD_DISTANCE = 3
#: A stretch is looked at closely where its sharpest bend is so much sharper than those of the stretches beside it.
SHARPER = 1.5
SAME_SECONDS = 0.01
SHARPNESS = Sharpness(CLICK_LEVEL, SHARPER, SEAM_RATIO, CLICK_SAMPLES, CLICK_WIDTH)


@dataclass(frozen=True, slots=True)
class Breaks:
    """How many there are, and the seconds at which the first ones start."""

    dropouts: int
    clicks: int
    dropout_positions: tuple[float, ...]
    click_positions: tuple[float, ...]


class ContinuityMeter:
    """Looks for breaks in one track."""

    def __init__(self, sample_rate_hz: int, channels: int, passes: Passes) -> None:
        self._rate = sample_rate_hz
        self._channels = channels
        self._passes = passes
        self.reset()

    def reset(self) -> None:
        """Forget the track."""
        self._frames = 0
        self._repeats = RepeatedPieces(self._channels, self._passes)
        self._long_holes = [_LongHoles(self._rate) for _ in range(self._channels)]
        self._dropouts = _Events(self._rate)
        self._steps = _Events(self._rate)
        self._clicks = _Events(self._rate)

    def update(self, block: Block) -> None:
        """Take the next block."""
        samples, fresh = block.with_tail, block.tail_frames
        start = block.start - fresh
        # The last stretch of the tail has not been looked at: what is behind it was not known. One more is before it.
        first = max(fresh // STRETCH_FRAMES - 2, 0) * STRETCH_FRAMES
        found: dict[str, list[int]] = {"hole": [], "held": [], "click": []}
        for channel, runs in zip(samples, self._passes.equal_runs(samples, HELD_SAMPLES), strict=True):
            for place, is_zero in _holes(channel, fresh, runs):
                found["hole" if is_zero else "held"].append(start + place)
        for channel, bends in zip(samples, self._passes.sharp_bends(samples[:, first:], SHARPNESS), strict=True):
            for place, is_repeat in _sharp_bends(channel, first, bends):
                found["hole" if is_repeat else "click"].append(start + place)
        for long_holes, peaks in zip(self._long_holes, block.peaks, strict=True):
            found["hole"] += long_holes.update(peaks, block.start)
        found["hole"] += [start + place for place in self._repeats.update(samples, block)]
        self._dropouts.add(found["hole"])
        self._steps.add(found["held"])
        self._clicks.add(found["click"])
        self._frames += block.frames

    def breaks(self) -> Breaks:
        """What is known at the end of the track."""
        minutes = self._frames / self._rate / 60.0
        is_synthetic = self._steps.count > max(HELD_PER_MINUTE * minutes, HELD_PER_MINUTE)
        dropouts = self._dropouts if is_synthetic else self._dropouts.with_those_of(self._steps)
        clicks = self._clicks if self._clicks.count <= max(CLICKS_PER_MINUTE * minutes, 10) else _Events(self._rate)
        return Breaks(dropouts.count, clicks.count, dropouts.seconds(), clicks.seconds())


class _Events:
    """Counts what lies apart in time, with the first places."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate = sample_rate_hz
        self._last = -(10**9)
        self._first = FirstPositions(sample_rate_hz)
        self.count = 0

    def add(self, places: list[int]) -> None:
        """Take places, all of them behind those of former calls, but for what several channels share."""
        for place in sorted(places):
            if place - self._last > SAME_SECONDS * self._rate:
                self.count += 1
                self._first.add(np.array([place]))
            self._last = max(self._last, place)

    def with_those_of(self, other: _Events) -> _Events:
        """Both kinds together."""
        together = _Events(self._rate)
        together.count = self.count + other.count
        together._first = first_of_all([self._first, other._first], self._rate)
        return together

    def seconds(self) -> tuple[float, ...]:
        return self._first.seconds()


def _holes(samples: NDArray[np.float32], fresh: int, runs: Runs) -> Iterator[tuple[int, bool]]:
    """Starts of the dropouts among `runs` that end behind `fresh`, and whether they are of zeros."""
    firsts, lasts = runs
    if not len(firsts):
        return
    is_short = lasts - firsts < LONGEST_REPEAT
    is_inside = (firsts >= EDGE_SAMPLES) & (lasts + EDGE_SAMPLES < len(samples)) & (lasts + EDGE_SAMPLES >= fresh)
    for index in np.flatnonzero(is_short & is_inside):
        first, last = int(firsts[index]), int(lasts[index])
        before, behind = samples[first - EDGE_SAMPLES : first], samples[last + 1 : last + 1 + EDGE_SAMPLES]
        value = float(samples[first])
        around = samples[max(first - AROUND_SAMPLES, 0) : last + AROUND_SAMPLES]
        if _is_cut(before, behind, value) if value == 0.0 else _is_stuck(before, behind, value, around):
            yield first, value == 0.0


def _is_cut(before: NDArray[np.float32], behind: NDArray[np.float32], value: float) -> bool:
    """Whether music stops and goes on around a value that stands still."""
    levels = [float(np.sqrt(np.mean(np.square(edge, dtype=np.float64)))) for edge in (before, behind)]
    if min(levels) < EDGE_LEVEL:
        return False
    jumps = [abs(float(edge) - value) for edge in (before[-1], behind[0])]
    if all(jump >= OWN_JUMP * level for jump, level in zip(jumps, levels, strict=True)):
        return True
    return max(levels) <= EDGE_RATIO * min(levels) and max(jumps) >= EDGE_JUMP * max(levels)


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


def _sharp_bends(samples: NDArray[np.float32], first: int, bends: SharpBends) -> Iterator[tuple[int, bool]]:
    """Places of clicks among `bends`, which are counted from `first`, and whether what follows was there before."""
    for place, ratio in zip((bends.places + first).tolist(), bends.ratios.tolist(), strict=True):
        if not _is_beside_hold(samples, place):
            is_repeat = _repeats(samples, place)
            if is_repeat or ratio >= CLICK_RATIO:
                yield place, is_repeat


def _is_beside_hold(samples: NDArray[np.float32], place: int) -> bool:
    before = samples[place - HOLD_DISTANCE - HOLD_SAMPLES : place - HOLD_DISTANCE]
    behind = samples[place + HOLD_DISTANCE : place + HOLD_DISTANCE + HOLD_SAMPLES]
    return bool((before == before[:1]).all() or (behind == behind[:1]).all())


def _repeats(samples: NDArray[np.float32], place: int) -> bool:
    """Whether what begins at or next to `place` was played just before it, to the bit."""
    for start in (place, place + 1, place - 1):
        piece = samples[start : start + REPEAT_SAMPLES]
        earlier = samples[max(start - LONGEST_REPEAT, 0) : start]
        if len(piece) < REPEAT_SAMPLES or not piece.any():
            continue
        for first in np.flatnonzero(earlier[: len(earlier) - REPEAT_SAMPLES + 1] == piece[0]):
            is_same = np.array_equal(earlier[first : first + REPEAT_SAMPLES], piece)
            came_from = earlier[max(int(first) - HOLD_SAMPLES, 0) : first]
            # What was equal before already is a wave with a period.
            if is_same and not np.array_equal(came_from, samples[start - len(came_from) : start]):
                return True
    return False


class _LongHoles:
    """Zeros for longer than the tail that is kept: by the peaks of whole stretches of one channel."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._most = int(HELD_SECONDS * sample_rate_hz) // STRETCH_FRAMES
        self._zeros = 0
        self._before = 0.0

    def update(self, peaks: NDArray[np.float32], start: int) -> list[int]:
        """The frames at which holes start that end among these stretches, of which the first starts at `start`."""
        if not self._zeros and peaks.all():
            self._before = float(peaks[-2:].max())
            return []
        found: list[int] = []
        sounding = np.flatnonzero(peaks)
        gaps = np.diff(sounding, prepend=-1 - self._zeros) - 1
        for nth in np.flatnonzero((gaps >= LONGEST_REPEAT // STRETCH_FRAMES) & (gaps <= self._most)):
            # Of the stretches in which the hole begins and ends there may be little left: the next ones count, too.
            end, first = int(sounding[nth]), int(sounding[nth] - gaps[nth])
            before = float(peaks[max(first - 2, 0) : first].max()) if nth else self._before
            levels = (before, float(peaks[end : end + 2].max()))
            if min(levels) >= 2 * EDGE_LEVEL and max(levels) <= EDGE_RATIO * min(levels):
                found.append(start + int(sounding[nth] - gaps[nth]) * STRETCH_FRAMES)
        if len(sounding):
            self._zeros = len(peaks) - 1 - int(sounding[-1])
            self._before = float(peaks[max(int(sounding[-1]) - 1, 0) : int(sounding[-1]) + 1].max())
        else:
            self._zeros += len(peaks)
        return found
