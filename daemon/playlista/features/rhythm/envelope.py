"""A long, non-negative envelope kept in one byte a value.

Input: batches of float32. Output: any stretch of them again, as float32, within the error of the scale.
The scale is a square root: its steps are fine near 0, where quiet music lives, and coarse where an error is small
against the value. It is kept in blocks of one size, so that what it takes grows by what comes in and by nothing else.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BLOCK_VALUES = 4096
_STEPS = 255.0


class CompactEnvelope:
    """Values of 0..`ceiling`, one byte each, at `frame_rate_hz`; what is higher is kept as `ceiling`.

    A value v comes back within ``sqrt(v * ceiling) / 255`` (plus a 65 025th of the ceiling, near 0).
    """

    def __init__(self, frame_rate_hz: float, ceiling: float) -> None:
        self.frame_rate_hz = frame_rate_hz
        self._ceiling = ceiling
        self._decoded = (ceiling * (np.arange(_STEPS + 1) / _STEPS) ** 2).astype(np.float32)
        self.reset()

    def __len__(self) -> int:
        return self._length

    @property
    def retained_bytes(self) -> int:
        """Bytes of the blocks and of the scale."""
        return self._decoded.nbytes + sum(block.nbytes for block in self._blocks)

    def append(self, values: NDArray[np.float32]) -> None:
        """Keep `values` [shape=(n,)]."""
        codes = np.rint(np.sqrt(np.clip(values / self._ceiling, 0.0, 1.0)) * _STEPS).astype(np.uint8)
        taken = 0
        while taken < codes.size:
            offset = self._length % _BLOCK_VALUES
            if offset == 0:
                self._blocks.append(np.empty(_BLOCK_VALUES, np.uint8))
            count = min(_BLOCK_VALUES - offset, codes.size - taken)
            self._blocks[-1][offset : offset + count] = codes[taken : taken + count]
            self._length += count
            taken += count

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Values of the frames from `start` to before `stop`, cut to those that there are [shape=(n,), float32]."""
        start, stop = max(start, 0), min(stop, self._length)
        if stop <= start:
            return np.zeros(0, np.float32)
        first = start // _BLOCK_VALUES
        codes = np.concatenate(self._blocks[first : (stop - 1) // _BLOCK_VALUES + 1])
        return self._decoded[codes[start - first * _BLOCK_VALUES : stop - first * _BLOCK_VALUES]]

    def reset(self) -> None:
        """Forget all values."""
        self._blocks: list[NDArray[np.uint8]] = []
        self._length = 0
