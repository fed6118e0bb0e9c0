"""How many bits of each sample are in use: 16 in a file of 24, 8 in one of 16.

Input: planar blocks. Output: 1..24, or None where the samples are not integers of up to 24 bits (decoded lossy audio,
processed floats, 32-bit files whose low bits float32 cannot hold). A track at half volume in its file's own bits uses
all of them: what is counted are bits that are 0 in every sample.
"""

from __future__ import annotations

from playlista.features.health.blocks import Block
from playlista.features.health.passes import Passes

MAX_BITS = 24
#: All of the first blocks are looked at, then one in so many: a file that is padded is so from end to end.
FIRST_BLOCKS, LATER_BLOCKS = 16, 4


class BitDepth:
    """Collects the bits that are set in any sample."""

    def __init__(self, passes: Passes) -> None:
        self._passes = passes
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
        used = self._passes.used_bits(block.padded)
        self._is_integer = used is not None
        self._bits |= used or 0

    def effective_bits(self) -> int | None:
        """Bits from the highest to the lowest that is used; None where there are none to count."""
        if not self._is_integer or self._bits == 0:
            return None
        return MAX_BITS - (self._bits & -self._bits).bit_length() + 1
