"""Boxes of MP4, M4A and QuickTime files: a name, and where the body lies (ISO/IEC 14496-12, section 4.2).

Input: an open file and a span of it. Output: boxes, or numbers out of their tables, a few kilobytes at a time.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from playlista.decode.byte_search import peek
from playlista.decode.encoded.spans import UnknownStructureError

#: Ten hours in fragments of half a second, of two boxes each, and as much again.
_MAX_BOXES = 300_000
#: Numbers read at a time; whole rows of up to four columns.
_TABLE_STEP = 12 * 683


@dataclass(frozen=True, slots=True)
class Box:
    """A box by its name of four letters and the span of its body; `head` is where it begins."""

    name: bytes
    head: int
    start: int
    end: int


def boxes(descriptor: int, start: int, end: int) -> Iterator[Box]:
    """The boxes in a span, one after the other.

    Raises
    ------
    UnknownStructureError : one leads out of the span, or there are too many.
    """
    position = start
    for _ in range(_MAX_BOXES):
        if end - position < 8:
            return  # QuickTime ends some lists with four zeros
        head = peek(descriptor, 16, position)
        length, body = int.from_bytes(head[:4], "big"), position + 8
        if length == 1:
            length, body = int.from_bytes(head[8:16], "big"), position + 16
        elif length == 0:
            length = end - position
        if not body <= position + length <= end:
            raise UnknownStructureError
        yield Box(head[4:8], position, body, position + length)
        position += length
    raise UnknownStructureError


def find_box(descriptor: int, box: Box, *names: bytes) -> Box | None:
    """The box behind a path of names below `box`; None where one is missing. Of several with one name the first."""
    found: Box | None = box
    for name in names:
        if found is None:
            return None
        found = next((one for one in boxes(descriptor, found.start, found.end) if one.name == name), None)
    return found


def require_box(descriptor: int, box: Box, *names: bytes) -> Box:
    """The box behind a path of names.

    Raises
    ------
    UnknownStructureError : there is none.
    """
    found = find_box(descriptor, box, *names)
    if found is None:
        raise UnknownStructureError
    return found


def number(descriptor: int, position: int, width: int = 4) -> int:
    """The big-endian number at `position`."""
    return int.from_bytes(peek(descriptor, width, position), "big")


class Numbers:
    """A table of `count` big-endian numbers of 4 or 8 bytes at `start`, read as it is used: in one of three ways.

    Each raises ``UnknownStructureError`` where the file ends before the table does.
    """

    def __init__(self, descriptor: int, start: int, count: int, width: int = 4) -> None:
        self._descriptor = descriptor
        self._position = start
        self._left = count
        self._width = width
        self._read = array("I" if width == 4 else "Q")
        self._used = 0

    def __iter__(self) -> Iterator[int]:
        while self._left:
            yield from self._next()

    def sum(self, count: int) -> int:
        """The sum of the next `count` numbers."""
        total = 0
        while count:
            taken = self._read[self._used : self._used + count] or self._next()[:count]
            total += sum(taken)
            self._used += len(taken)
            count -= len(taken)
        return total

    def column_sum(self, column: int, columns: int) -> int:
        """The sum of one column of the whole table, of which each row has `columns` numbers."""
        total = 0
        while self._left:
            total += sum(self._next()[column::columns])
        return total

    def _next(self) -> array[int]:
        wanted = min(_TABLE_STEP, self._left)
        data = peek(self._descriptor, wanted * self._width, self._position)
        if not data or len(data) < wanted * self._width:
            raise UnknownStructureError
        self._read = array(self._read.typecode, data)
        if sys.byteorder == "little":
            self._read.byteswap()
        self._left, self._used, self._position = self._left - wanted, 0, self._position + len(data)
        return self._read
