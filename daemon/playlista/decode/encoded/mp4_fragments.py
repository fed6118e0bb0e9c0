"""Movie fragments: the samples of one track in "moof" boxes (ISO/IEC 14496-12, section 8.8).

Input: an open file and its track. Output: a span for each run of samples, in the order of the fragments.
"""

from __future__ import annotations

from collections.abc import Iterator

from playlista.decode.containers import Identified
from playlista.decode.encoded.mp4_boxes import Box, Numbers, boxes, number, require_box
from playlista.decode.encoded.spans import Span, UnknownStructureError

_HAS_BASE, _HAS_DESCRIPTION, _HAS_DURATION, _HAS_SIZE = 0x1, 0x2, 0x8, 0x10
_BASE_IS_MOOF = 0x20000
_RUN_HAS_OFFSET, _RUN_HAS_FIRST_FLAGS, _RUN_HAS_SIZES = 0x1, 0x4, 0x200
#: Columns of a run's table, in their order: duration, size, flags, composition offset.
_RUN_COLUMNS = (0x100, 0x200, 0x400, 0x800)


def fragment_spans(descriptor: int, file: Identified, movie: Box, track: Box) -> Iterator[Span]:
    """The runs of samples of `track`.

    Raises
    ------
    UnknownStructureError : they lead out of the file, or lie where this module does not look for them.
    """
    track_id = _track_id(descriptor, track)
    size = _default_size(descriptor, movie, track_id)
    for box in boxes(descriptor, file.start, file.size):
        if box.name == b"moof":
            yield from _runs(descriptor, box, track_id, size)


def _track_id(descriptor: int, track: Box) -> int:
    header = require_box(descriptor, track, b"tkhd")
    return number(descriptor, header.start + (20 if number(descriptor, header.start, 1) == 1 else 12))


def _default_size(descriptor: int, movie: Box, track_id: int) -> int:
    """Bytes of the samples of a track that do not say their own (box "trex")."""
    extends = require_box(descriptor, movie, b"mvex")
    for box in boxes(descriptor, extends.start, extends.end):
        if box.name == b"trex" and number(descriptor, box.start + 4) == track_id:
            return number(descriptor, box.start + 16)
    raise UnknownStructureError


def _runs(descriptor: int, fragment: Box, track_id: int, size: int) -> Iterator[Span]:
    """The runs of one fragment. Its first part counts from the fragment's start; later ones must say so."""
    for order, part in enumerate(box for box in boxes(descriptor, fragment.start, fragment.end) if box.name == b"traf"):
        header = require_box(descriptor, part, b"tfhd")
        if number(descriptor, header.start + 4) != track_id:
            continue
        flags = number(descriptor, header.start) & 0xFFFFFF
        if order and not flags & (_BASE_IS_MOOF | _HAS_BASE):
            raise UnknownStructureError
        base, each = _header(descriptor, header, flags, fragment.head, size)
        position = base
        for run in boxes(descriptor, part.start, part.end):
            if run.name == b"trun":
                span = _run(descriptor, run, base, position, each)
                position = span[1]
                yield span


def _header(descriptor: int, header: Box, flags: int, base: int, size: int) -> tuple[int, int]:
    """(where offsets count from, bytes of a sample) by a track fragment header."""
    position = header.start + 8
    if flags & _HAS_BASE:
        base, position = number(descriptor, position, 8), position + 8
    position += 4 * bool(flags & _HAS_DESCRIPTION) + 4 * bool(flags & _HAS_DURATION)
    return base, number(descriptor, position) if flags & _HAS_SIZE else size


def _run(descriptor: int, run: Box, base: int, position: int, size: int) -> Span:
    """One run, whose samples lie in a row from its offset on, or behind the run before."""
    flags, count = number(descriptor, run.start) & 0xFFFFFF, number(descriptor, run.start + 4)
    table = run.start + 8
    if flags & _RUN_HAS_OFFSET:
        offset = number(descriptor, table)
        position, table = base + offset - (offset >> 31 << 32), table + 4
    table += 4 * bool(flags & _RUN_HAS_FIRST_FLAGS)
    columns = [flag for flag in _RUN_COLUMNS if flags & flag]
    if table + 4 * len(columns) * count > run.end:
        raise UnknownStructureError
    if not flags & _RUN_HAS_SIZES:
        return position, position + count * size
    sizes = Numbers(descriptor, table, len(columns) * count)
    return position, position + sizes.column_sum(columns.index(_RUN_HAS_SIZES), len(columns))
