"""CRC-16/ARC over much data: the checksum that LAME writes over the frames of an MP3.

Input: bytes, in pieces of any length. Output: a number of 16 bits. Polynomial x^16 + x^15 + x^2 + 1, bits reversed,
initial value 0. A CRC is linear: numpy computes it for many short rows at once, then for groups of rows from theirs,
and a loop puts the groups together. It takes some 2 CPU ms a MB, where a loop over bytes in Python takes 200.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL = 0xA001
_ROW_WORDS, _GROUP_ROWS = 32, 64
_GROUP_WORDS = _ROW_WORDS * _GROUP_ROWS
Words = NDArray[np.uint16]


class Crc16:
    """The checksum of all bytes taken in so far, in `value`."""

    def __init__(self) -> None:
        self.value = 0

    def update(self, piece: memoryview) -> None:
        """Take in the next bytes."""
        count = len(piece) // 2
        if count:
            # Zeros in front of everything change nothing, and what came before is added to the first word of this.
            words = np.zeros(-(-count // _GROUP_WORDS) * _GROUP_WORDS, np.uint16)
            words[-count:] = np.frombuffer(piece[: 2 * count], "<u2")
            words[-count] ^= self.value
            self.value = _checksum(words)
        for byte in piece[2 * count :]:
            self.value = self.value >> 8 ^ int(_word_table()[(self.value ^ byte) << 8 & 0xFFFF])


def _checksum(words: Words) -> int:
    """The checksum of whole groups, from 0."""
    behind_word, behind_row = _word_table(), _zeros_table(_ROW_WORDS)
    rows = np.zeros(len(words) // _ROW_WORDS, np.uint16)
    for column in np.ascontiguousarray(words.reshape(-1, _ROW_WORDS).T):
        rows = behind_word.take(rows ^ column, mode="wrap")  # none wraps: it is faster than to look whether one does
    groups = np.zeros(len(rows) // _GROUP_ROWS, np.uint16)
    for column in np.ascontiguousarray(rows.reshape(-1, _GROUP_ROWS).T):
        groups = behind_row[groups] ^ column
    low, high = _group_tables()
    value = 0
    for checksum in groups.tolist():
        value = low[value & 0xFF] ^ high[value >> 8] ^ checksum
    return value


@cache
def _word_table() -> Words:
    """What becomes of each value after 16 bits of zeros; a word of data is added to the value in front of that."""
    values = np.arange(1 << 16, dtype=np.uint16)
    for _ in range(16):
        values = (values >> np.uint16(1)) ^ np.where(values & 1, np.uint16(_POLYNOMIAL), np.uint16(0))
    return values


@cache
def _zeros_table(words: int) -> Words:
    """What becomes of each value after so many words of zeros, a power of two."""
    half = _zeros_table.__wrapped__(words // 2) if words > 1 else None
    return _word_table() if half is None else half[half]


@cache
def _group_tables() -> tuple[list[int], list[int]]:
    """What becomes of a value's low and of its high byte after a group of zeros."""
    table = _zeros_table.__wrapped__(_GROUP_WORDS)
    return table[:256].tolist(), table[::256].tolist()
