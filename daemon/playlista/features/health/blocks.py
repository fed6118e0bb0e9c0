"""The native stream cut into planar blocks of one fixed length, which all measures of health share.

Input: chunks of interleaved frames of any length. Output: `Block`s on a grid that is fixed from the first sample, so
that every split of one signal takes the same arithmetic. The memory is one block with the tail of those before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.features.health.passes import Passes
from playlista.native.results import Extremes, Survey

#: Samples over all channels in one block: 0.25 MB, which stays in a processor's cache.
BLOCK_SAMPLES = 65_536
#: The length of a block is a multiple of this; with more than 64 channels it is this.
STEP_FRAMES = 1_024
#: Frames before a block that are seen with it: a piece of 4,096 that is played twice, in whole steps.
TAIL_FRAMES = 8_192


def block_frames(channels: int) -> int:
    """How long the blocks of so many channels are."""
    return max(BLOCK_SAMPLES // channels // STEP_FRAMES, 1) * STEP_FRAMES


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive frames of a track; only valid until the next block is made.

    start : number of its first frame in the track.
    frames : how many there are.
    tail_frames : how many are known before them.
    with_tail : np.ndarray [shape=(channels, tail_frames + frames), float32].
    padded : np.ndarray [shape=(channels, multiple of STEP_FRAMES), float32], with zeros behind the frames.
    survey : of ``padded``.
    """

    start: int
    frames: int
    tail_frames: int
    with_tail: NDArray[np.float32]
    padded: NDArray[np.float32]
    survey: Survey

    @property
    def samples(self) -> NDArray[np.float32]:
        """The frames alone [shape=(channels, frames)]."""
        return self.padded[:, : self.frames]

    @property
    def peaks(self) -> NDArray[np.float32]:
        """The largest magnitude in each stretch of ``padded`` [shape=(channels, stretches), float32]."""
        return self.survey.peaks

    @property
    def extremes(self) -> list[Extremes]:
        """Of each channel."""
        return self.survey.extremes


class PlanarBlocks:
    """Cuts a stream of `channels` channels into blocks."""

    def __init__(self, channels: int, passes: Passes) -> None:
        self._samples = np.zeros((channels, TAIL_FRAMES + block_frames(channels)), dtype=np.float32)
        self._passes = passes
        self.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of the block and of the tail; constant."""
        return self._samples.nbytes

    def reset(self) -> None:
        """Forget the stream."""
        self._filled = TAIL_FRAMES
        self._start = 0

    def cut(self, chunk: NDArray[np.floating]) -> Iterator[Block]:
        """The blocks that `chunk` [shape=(n, channels)] completes."""
        taken = 0
        while taken < len(chunk):
            count = min(len(chunk) - taken, self._samples.shape[1] - self._filled)
            self._passes.planar(chunk[taken : taken + count], self._samples, self._filled)
            self._filled += count
            taken += count
            if self._filled == self._samples.shape[1]:
                yield self._block()
                self._keep_tail()

    def rest(self) -> Iterator[Block]:
        """The last block, shorter than the others; none where nothing is left."""
        if self._filled > TAIL_FRAMES:
            self._samples[:, self._filled :] = 0.0
            yield self._block()
            self._keep_tail()

    def _block(self) -> Block:
        start, frames, tail = self._start, self._filled - TAIL_FRAMES, min(self._start, TAIL_FRAMES)
        padded = self._samples[:, TAIL_FRAMES : TAIL_FRAMES - (-frames // STEP_FRAMES) * STEP_FRAMES]
        with_tail = self._samples[:, TAIL_FRAMES - tail : self._filled]
        return Block(start, frames, tail, with_tail, padded, self._passes.survey(padded, frames))

    def _keep_tail(self) -> None:
        self._start += self._filled - TAIL_FRAMES
        self._samples[:, :TAIL_FRAMES] = self._samples[:, self._filled - TAIL_FRAMES : self._filled]
        self._filled = TAIL_FRAMES
