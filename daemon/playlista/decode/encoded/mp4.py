"""MP4, M4A and QuickTime: the samples of the one track of sound, in a file as a whole or in fragments.

Input: an open file. Output: its codec's configuration, and spans by the sample tables (ISO/IEC 14496-12, section 8).
Tags and covers lie in other boxes; where those grow, the samples move and stay in order. A table of ten hours is read a
few kilobytes at a time.
"""

from __future__ import annotations

from collections.abc import Iterator

from playlista.decode.byte_search import peek
from playlista.decode.containers import Identified
from playlista.decode.encoded.mp4_boxes import Box, Numbers, boxes, find_box, number, require_box
from playlista.decode.encoded.mp4_fragments import fragment_spans
from playlista.decode.encoded.mp4_setup import edits, setup_of
from playlista.decode.encoded.spans import EncodedAudio, Span, UnknownStructureError


def mp4_audio(descriptor: int, file: Identified) -> EncodedAudio:
    """The samples of a file with one track of sound.

    Raises
    ------
    UnknownStructureError : it has none, or several, or is cut.
    OSError : the file cannot be read.
    """
    movie = require_box(descriptor, Box(b"", file.start, file.start, file.size), b"moov")
    track = _sound_track(descriptor, movie)
    table = require_box(descriptor, track, b"mdia", b"minf", b"stbl")
    setup = setup_of(descriptor, require_box(descriptor, table, b"stsd")) + edits(descriptor, movie, track)
    return EncodedAudio("mp4/1", setup, _spans(descriptor, file, movie, track, table))


def _sound_track(descriptor: int, movie: Box) -> Box:
    """The only track whose handler is that of sound."""
    found: list[Box] = []
    for box in boxes(descriptor, movie.start, movie.end):
        if box.name == b"trak":
            handler = require_box(descriptor, box, b"mdia", b"hdlr")
            found += [box] if peek(descriptor, 4, handler.start + 8) == b"soun" else []
        if len(found) > 1:
            break
    if len(found) != 1:
        raise UnknownStructureError
    return found[0]


def _spans(descriptor: int, file: Identified, movie: Box, track: Box, table: Box) -> Iterator[Span]:
    yield from _chunks(descriptor, table)
    if find_box(descriptor, movie, b"mvex") is not None:
        yield from fragment_spans(descriptor, file, movie, track)


def _chunks(descriptor: int, table: Box) -> Iterator[Span]:
    """A span for each chunk of the sample table: "stco" says where, "stsc" how many samples, "stsz" how long they are.

    Raises
    ------
    UnknownStructureError : the tables do not fit each other.
    """
    offsets = _offsets(descriptor, table)
    sizes = _Sizes(descriptor, require_box(descriptor, table, b"stsz"))
    runs = _runs(descriptor, require_box(descriptor, table, b"stsc"))
    (_, samples), coming = next(runs, (1, 0)), next(runs, None)
    for index, offset in enumerate(offsets, start=1):
        while coming is not None and coming[0] <= index:
            samples, coming = coming[1], next(runs, None)
        yield offset, offset + sizes.sum(samples)
    if sizes.left:
        raise UnknownStructureError


def _offsets(descriptor: int, table: Box) -> Numbers:
    short = find_box(descriptor, table, b"stco")
    box = short or require_box(descriptor, table, b"co64")
    return _numbers(descriptor, box, box.start + 4, 1, 4 if short else 8)


def _runs(descriptor: int, box: Box) -> Iterator[tuple[int, int]]:
    """(number of the first chunk, samples in each from there on), in rising order."""
    entries = iter(_numbers(descriptor, box, box.start + 4, 3))
    last = 0
    for first, samples, description in zip(entries, entries, entries, strict=False):
        if first <= last or description != 1:
            raise UnknownStructureError
        last = first
        yield first, samples


class _Sizes:
    """The lengths of the samples in bytes: one for all, or a table."""

    def __init__(self, descriptor: int, box: Box) -> None:
        self._each = number(descriptor, box.start + 4)
        self.left = number(descriptor, box.start + 8)
        # QuickTime says 1 of samples that are not compressed, whatever they take.
        if self._each == 1:
            raise UnknownStructureError
        self._table = None if self._each else _numbers(descriptor, box, box.start + 8, 1)

    def sum(self, count: int) -> int:
        """The length of the next `count` samples."""
        if count > self.left:
            raise UnknownStructureError
        self.left -= count
        return count * self._each if self._table is None else self._table.sum(count)


def _numbers(descriptor: int, box: Box, position: int, columns: int, width: int = 4) -> Numbers:
    """The table behind the number of its rows, which stands at `position`; it must lie in its box."""
    count = number(descriptor, position) * columns
    if position + 4 + count * width > box.end:
        raise UnknownStructureError
    return Numbers(descriptor, position + 4, count, width)
