"""The native stream cut into planar blocks of one fixed length, which all measures of health share.

Input: chunks of interleaved frames of any length. Output: `Block`s on a grid that is fixed from the first sample, so
that every split of one signal takes the same arithmetic. The memory is one block and what `Block` keeps of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.features.health.passes import Passes

#: Samples over all channels in one block: 0.25 MB, which stays in a processor's cache.
BLOCK_SAMPLES = 65_536
#: The length of a block is a multiple of this; with more than 64 channels it is this.
STEP_FRAMES = 1_024


def block_frames(channels: int) -> int:
    """How long the blocks of so many channels are."""
    return max(BLOCK_SAMPLES // channels // STEP_FRAMES, 1) * STEP_FRAMES


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive frames of a track; only valid until the next block is made.

    start : number of its first frame in the track.
    frames : how many there are; ``padded`` has zeros behind them.
    padded : np.ndarray [shape=(channels, multiple of STEP_FRAMES), float32].
    peaks : np.ndarray [shape=(channels, stretches), float32]: the largest magnitude in each STRETCH_FRAMES.
    """

    start: int
    frames: int
    padded: NDArray[np.float32]
    peaks: NDArray[np.float32]

    @property
    def samples(self) -> NDArray[np.float32]:
        """The frames alone [shape=(channels, frames)]."""
        return self.padded[:, : self.frames]


class PlanarBlocks:
    """Cuts a stream of `channels` channels into blocks."""

    def __init__(self, channels: int, passes: Passes) -> None:
        self._samples = np.zeros((channels, block_frames(channels)), dtype=np.float32)
        self._passes = passes
        self.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of the block; constant."""
        return self._samples.nbytes

    def reset(self) -> None:
        """Forget the stream."""
        self._filled = 0
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

    def rest(self) -> Iterator[Block]:
        """The last block, shorter than the others; none where nothing is left."""
        if self._filled:
            self._samples[:, self._filled :] = 0.0
            yield self._block()

    def _block(self) -> Block:
        start, frames = self._start, self._filled
        padded = -(-frames // STEP_FRAMES) * STEP_FRAMES
        self._start, self._filled = start + frames, 0
        samples = self._samples[:, :padded]
        return Block(start, frames, samples, self._passes.peaks(samples))
