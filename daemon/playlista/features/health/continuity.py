"""Holes in the music and steps between two samples: dropouts, and clicks at joins.

Input: planar blocks. Output: `Breaks`. Each channel is looked at by itself; what is found within `SAME_SECONDS` on
several channels is one break.

Thresholds
----------
dropout
    Zeros, or another value that stands still, between music: see ``holes``.
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
from playlista.features.health.holes import HELD_SAMPLES, LongHoles, holes
from playlista.features.health.passes import Passes
from playlista.features.health.positions import FirstPositions, first_of_all
from playlista.features.health.repeats import RepeatedPieces
from playlista.native.results import STRETCH_FRAMES, SharpBends, Sharpness

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
        self._long_holes = [LongHoles(self._rate) for _ in range(self._channels)]
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
            for place, is_zero in holes(channel, fresh, runs):
                found["hole" if is_zero else "held"].append(start + place)
        for channel, bends in zip(samples, self._passes.sharp_bends(samples[:, first:], SHARPNESS), strict=True):
            for place, is_repeat in _sharp_bends(channel, first, bends):
                found["hole" if is_repeat else "click"].append(start + place)
        for long_holes, channel, peaks, extremes in zip(
            self._long_holes, samples, block.peaks, block.extremes, strict=True
        ):
            found["hole"] += long_holes.update(channel, peaks, extremes.softest_peak, start, fresh)
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


def _sharp_bends(samples: NDArray[np.float32], first: int, bends: SharpBends) -> Iterator[tuple[int, bool]]:
    """Places of clicks among `bends`, which are counted from `first`, and whether what follows was there before."""
    if not len(bends.places):
        return
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
