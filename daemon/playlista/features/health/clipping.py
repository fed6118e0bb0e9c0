"""Waveforms that are cut flat at a ceiling.

Input: planar blocks. Output: `Clipping`.

The ceiling is the highest value of a channel, and its lowest one, each by itself: a track that was clipped and then
turned down is clipped still. A clipped run is

- at least `RUN_SAMPLES` consecutive samples within `TOLERANCE` of the ceiling, more than dither and rounding move it;
- with an edge: the sample before or the one behind is `EDGE_TOLERANCES` times as far away. The crest of a low note
  stays near its peak as long, but leaves it slowly; so there is no clipped run in a pure tone at full scale;
- that neither comes nor goes in one step from or to the other ceiling, as the square waves of a sound chip do.

Samples on `LOWEST_CEILING` (-20 dBFS) and below are not looked at: quiet sound has no ceiling. Where the ceiling rises,
what came before it did not reach it, and the count begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.features.health.blocks import Block
from playlista.features.health.passes import runs_at
from playlista.features.health.positions import FirstPositions, first_of_all

RUN_SAMPLES = 3
TOLERANCE = 1.5e-4
EDGE_TOLERANCES = 8.0
LOWEST_CEILING = 0.1
#: A step in one sample by so much of the ceiling is the edge of a square wave.
SQUARE_STEP = 1.5


@dataclass(frozen=True, slots=True)
class Clipping:
    """Runs over all channels, the longest in samples, and the seconds at which the first ones start."""

    runs: int
    longest_samples: int
    positions: tuple[float, ...]


class ClippingMeter:
    """Counts the clipped runs of each channel, above and below."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._ceilings = [
            (_Ceiling(sample_rate_hz, channel, 1.0), _Ceiling(sample_rate_hz, channel, -1.0))
            for channel in range(channels)
        ]

    def reset(self) -> None:
        """Forget the track."""
        for pair in self._ceilings:
            for ceiling in pair:
                ceiling.reset()

    def update(self, block: Block) -> None:
        """Take the next block."""
        for (above, below), of_channel in zip(self._ceilings, block.extremes, strict=True):
            above.update(block, of_channel.highest)
            below.update(block, -of_channel.lowest)

    def clipping(self) -> Clipping:
        """What is known at the end of the track."""
        found = [ceiling for pair in self._ceilings for ceiling in pair]
        for ceiling in found:
            ceiling.finish()
        return Clipping(
            runs=sum(one.runs for one in found),
            longest_samples=max(one.longest for one in found),
            positions=first_of_all([one.positions for one in found], self._sample_rate_hz).seconds(),
        )


class _Ceiling:
    """One side of one channel; a run may go on from block to block."""

    def __init__(self, sample_rate_hz: int, channel: int, sign: float) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._channel = channel
        self._sign = np.float32(sign)
        self._is_below = sign < 0.0
        self.reset()

    def reset(self) -> None:
        self._level = LOWEST_CEILING
        self._before = 0.0  # the last sample of the block before
        self._open: _Run | None = None
        self._forget()

    def _forget(self) -> None:
        self.runs = self.longest = 0
        self.positions = FirstPositions(self._sample_rate_hz)

    def update(self, block: Block, highest: float) -> None:
        """Take the next block, of which `highest` is the sample that is farthest out on this side."""
        of_channel = block.extremes[self._channel]
        if highest >= self._level * (1.0 - TOLERANCE):
            self._raise_to(highest)
            self._search(block.start, block.samples[self._channel])
        elif self._open:
            self._close(-of_channel.first if self._is_below else of_channel.first)
        self._before = -of_channel.last if self._is_below else of_channel.last

    def _search(self, start: int, samples: NDArray[np.float32]) -> None:
        firsts, lasts = runs_at(samples, float(self._sign), self._level * (1.0 - TOLERANCE))
        if self._open and (len(firsts) == 0 or firsts[0] > 0):
            self._close(float(samples[0] * self._sign))
        if len(firsts) == 0:
            return
        before = np.where(firsts > 0, samples[firsts - 1] * self._sign, np.float32(self._before))
        if self._open:  # it goes on from the block before
            opened, self._open = self._open, None
            lengths = lasts - firsts + 1
            lengths[0] += opened.length
            before[0] = opened.before
            starts = firsts + start
            starts[0] = opened.start
        else:
            lengths, starts = lasts - firsts + 1, firsts + start
        count = len(lasts)
        if lasts[-1] == len(samples) - 1:
            count -= 1
            self._open = _Run(int(starts[-1]), int(lengths[-1]), float(before[-1]))
        self._count(starts[:count], lengths[:count], before[:count], samples[lasts[:count] + 1] * self._sign)

    def _raise_to(self, highest: float) -> None:
        if highest > self._level * (1.0 + TOLERANCE):
            self._level = highest
            self._open = None
            self._forget()

    def _count(
        self,
        starts: NDArray[np.intp],
        lengths: NDArray[np.intp],
        before: NDArray[np.float32],
        behind: NDArray[np.float32],
    ) -> None:
        edge = self._level * (1.0 - EDGE_TOLERANCES * TOLERANCE)
        other = self._level * (1.0 - SQUARE_STEP)
        is_clipped = (lengths >= RUN_SAMPLES) & (np.minimum(before, behind) < edge)
        is_clipped &= np.minimum(before, behind) > other
        clipped = np.flatnonzero(is_clipped)
        if len(clipped):
            self.runs += len(clipped)
            self.longest = max(self.longest, int(lengths[clipped].max()))
            self.positions.add(starts[clipped])

    def _close(self, behind: float) -> None:
        opened, self._open = self._open, None
        if opened:
            self._count(
                np.array([opened.start]),
                np.array([opened.length]),
                np.array([opened.before], np.float32),
                np.array([behind], np.float32),
            )

    def finish(self) -> None:
        """The track has ended, perhaps within a run."""
        self._close(self._before)


@dataclass(frozen=True, slots=True)
class _Run:
    """A run that has not ended yet: its first frame, its samples so far, the sample before it."""

    start: int
    length: int
    before: float
