"""Pieces of music that are played twice in a row, to the bit: what a drive or sound card does that ran out of data.

Input: planar samples with a tail of what came before them. Output: the places at which the second time begins. The
peaks of stretches of 256 frames are compared: the same piece has the same peaks. Where two are equal, the samples
around them are, and the equal piece is just as long as the two are apart, a piece of that length was played twice. The
waves of a synthesizer are equal for many of their periods, and so are loops; neither is that.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from playlista.features.health.blocks import Block
from playlista.features.health.passes import Passes
from playlista.native.results import STRETCH_FRAMES, Runs

#: Stretches of the block before with which those of a block are compared: pieces of up to 4,096 frames are found.
KEPT_STRETCHES = 16
#: A peak below says nothing, -34 dBFS.
LEAST_PEAK = 0.02
#: The equal piece is at least as long as the two are apart, less what may be lost at its ends, and at most so much
#: more.
LEAST_LENGTH, MOST_LENGTH = 0.98, 1.25
#: Pairs of equal peaks in one block and channel that are looked at; more are a synthesizer's.
MOST_PAIRS = 24


class RepeatedPieces:
    """Looks for repeated pieces in one track of `channels` channels."""

    def __init__(self, channels: int, passes: Passes) -> None:
        self._passes = passes
        self._kept = np.zeros((channels, 0), np.float32)

    def update(self, samples: NDArray[np.float32], block: Block) -> list[int]:
        """Where in `samples` [shape=(channels, tail and block)] a piece begins for the second time."""
        whole = block.frames // STRETCH_FRAMES
        peaks = np.concatenate([self._kept, block.peaks[:, :whole]], axis=1)
        first = samples.shape[1] - block.frames - self._kept.shape[1] * STRETCH_FRAMES
        found = [
            place
            for channel, pairs in zip(samples, self._passes.equal_pairs(peaks, LEAST_PEAK), strict=True)
            for place in _repeats(channel[first:], pairs, self._kept.shape[1])
        ]
        self._kept = peaks[:, -KEPT_STRETCHES:]
        return [first + place for place in found]


def _repeats(samples: NDArray[np.float32], pairs: Runs, kept: int) -> Iterator[int]:
    """Places behind pairs of equal peaks, of which the second is not among those `kept`."""
    if not 0 < len(pairs.firsts) <= MOST_PAIRS:
        return
    for one, other in zip(pairs.firsts.tolist(), pairs.lasts.tolist(), strict=True):
        if other >= kept and other - one <= KEPT_STRETCHES:
            place = _second_time(samples, _peak_of(samples, one), _peak_of(samples, other))
            if place is not None:
                yield place


def _peak_of(samples: NDArray[np.float32], stretch: int) -> int:
    start = stretch * STRETCH_FRAMES
    return start + int(np.abs(samples[start : start + STRETCH_FRAMES]).argmax())


def _second_time(samples: NDArray[np.float32], one: int, other: int) -> int | None:
    """Where the second time begins if the samples around `one` and `other` are a piece and its repetition."""
    apart = other - one
    if apart < STRETCH_FRAMES:
        return None
    low, high = max(one - 2 * apart, 0), min(one + 2 * apart, len(samples) - apart)
    is_equal = samples[low:high] == samples[low + apart : high + apart]
    before, behind = is_equal[: one - low][::-1], is_equal[one - low :]
    if before.all() or behind.all():  # an end is not in sight
        return None
    length_before, length_behind = int(before.argmin()), int(behind.argmin())
    length = length_before + length_behind
    if not LEAST_LENGTH * apart <= length <= MOST_LENGTH * apart:
        return None
    return other - length_before
