"""How many bits of each sample are in use: 16 in a file of 24, 8 in one of 16.

Input: planar blocks. Output: 1..24, or None where the samples are not integers of up to 24 bits (decoded lossy audio,
processed floats, 32-bit files whose low bits float32 cannot hold). A track at half volume in its file's own bits uses
all of them: what is counted are bits that are 0 in every sample.
"""

from __future__ import annotations

import numpy as np

from playlista.features.health.blocks import Block

FULL_SCALE = np.float32(2**23)
MAX_BITS = 24
#: All of the first blocks are looked at, then one in so many: a file that is padded is so from end to end.
FIRST_BLOCKS, LATER_BLOCKS = 16, 4


class BitDepth:
    """Collects the bits that are set in any sample."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the track."""
        self._blocks = 0
        self._bits = 0
        self._is_integer = True

    def update(self, block: Block) -> None:
        """Take the next block."""
        self._blocks += 1
        is_due = self._blocks <= FIRST_BLOCKS or self._blocks % LATER_BLOCKS == 0
        if not (is_due and self._is_integer) or self._bits & 1:
            return
        if float(block.peaks.max()) > 1.0:
            self._is_integer = False
            return
        scaled = block.padded * FULL_SCALE
        integers = scaled.astype(np.int32)
        # Up to 2^24 float32 is exact; compared with each other, integers and floats would both become float64.
        self._is_integer = bool((integers.astype(np.float32) == scaled).all())
        self._bits |= int(np.bitwise_or.reduce(integers, axis=None))

    def effective_bits(self) -> int | None:
        """Bits from the highest to the lowest that is used; None where there are none to count."""
        if not self._is_integer or self._bits == 0:
            return None
        return MAX_BITS - (self._bits & -self._bits).bit_length() + 1
