"""The pieces of a track that are listened to: all of it up to a bound, then evenly spread ones.

Input: frames in their order. Output: frames of at most ``MOST_PIECES`` pieces of ten seconds. Which ones does not
depend on how the frames came in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: 10.24 s at 50 frames a second.
PIECE_FRAMES = 512
#: 113 s: what the network's signals between its parts may take decides it, see ADR 19.
MOST_PIECES = 11

#: Multiples of it, without their whole part, are spread evenly over 0..1 however many there are (H. Weyl, 1916).
_GOLDEN_RATIO = 0.6180339887498949


@dataclass(slots=True)
class _Piece:
    """The frames of one piece [shape=(n, bands), float16], and which in the track it is."""

    number: int
    frames: list[NDArray[np.float16]]
    count: int = 0


class SpreadPieces:
    """Keeps at most ``MOST_PIECES`` pieces of what it is given."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []

    @property
    def is_empty(self) -> bool:
        """Whether it was given nothing."""
        return not self._pieces

    @property
    def retained_bytes(self) -> int:
        """Bytes of all frames that are kept."""
        return sum(frames.nbytes for piece in self._pieces for frames in piece.frames)

    def put(self, frames: NDArray[np.float32]) -> None:
        """Take the next frames [shape=(n, bands)], which do not cross the end of a piece."""
        if not self._pieces or self._pieces[-1].count >= PIECE_FRAMES:
            number = self._pieces[-1].number + 1 if self._pieces else 0
            self._pieces.append(_Piece(number, []))
            if len(self._pieces) > MOST_PIECES:
                del self._pieces[self._least_missed()]
        self._pieces[-1].frames.append(frames.astype(np.float16))
        self._pieces[-1].count += len(frames)

    def frames(self) -> NDArray[np.float32]:
        """All that is kept, in its order [shape=(n, bands), float32]."""
        return np.concatenate([frames for piece in self._pieces for frames in piece.frames]).astype(np.float32)

    def _least_missed(self) -> int:
        """The piece between the nearest neighbours; of several such one anywhere, to leave no part bare."""

        def gap(index: int) -> tuple[int, float]:
            between = self._pieces[index + 1].number - self._pieces[index - 1].number
            return between, self._pieces[index].number * _GOLDEN_RATIO % 1

        return min(range(1, len(self._pieces) - 1), key=gap)
