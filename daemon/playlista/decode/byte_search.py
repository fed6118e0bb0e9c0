"""Looks for sound in the bytes of an open file: where a row of MPEG frames, a FLAC or an Ogg stream begins.

Input: a descriptor and a span of bytes. Output: positions. Files are read in windows of 64 KiB, and a search has an
end, so that neither a hostile nor a huge file costs more than a moment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from playlista.decode.mpeg_header import MpegHeader, parse_mpeg_header

#: A search stops here: nobody puts more than this between two pieces of music.
SEARCH_BYTES = 16 * 1024 * 1024
_NO_FILE_IS_LARGER = 2**62
_WINDOW_BYTES = 64 * 1024
#: Longer than what any pattern below may need to match.
_OVERLAP_BYTES = 64
#: MPEG-1 layer 2 at 384 kbit/s and 32 kHz.
_LARGEST_MPEG_FRAME_BYTES = 1729
_MPEG_SYNC = re.compile(rb"\xff(?=[\xe2-\xff])")
_FLAC_MARKER = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")
#: A page that begins a logical stream has no samples before its end and is number 0 (RFC 3533, section 6).
_OGG_FIRST_PAGE = re.compile(rb"OggS\x00[\x02\x03\x06\x07]\x00{8}.{4}\x00{4}", re.DOTALL)
_OGG_LATER_PAGE = re.compile(rb"OggS\x00[\x00\x01\x04\x05]")


def peek(descriptor: int, count: int, position: int) -> bytes:
    """Up to `count` bytes from `position`, none where a header's sum of sizes leads outside of what files can be.

    Raises
    ------
    OSError : the file cannot be read.
    """
    return os.pread(descriptor, count, position) if 0 <= position < _NO_FILE_IS_LARGER else b""


def behind_zeros(descriptor: int, start: int, end: int) -> int:
    """The first byte from `start` on that is not zero; `start` itself where only zeros follow."""
    position = start
    while position < min(end, start + SEARCH_BYTES):
        window = peek(descriptor, _WINDOW_BYTES, position)
        kept = window.lstrip(b"\0")
        if kept:
            return position + len(window) - len(kept)
        if not window:
            break
        position += len(window)
    return start


def find_mpeg_frames(descriptor: int, start: int, end: int, count: int) -> int | None:
    """Where the first row of `count` whole MPEG audio frames of one kind begins between `start` and `end`.

    One header may be chance; a row of them, each where the one before says, is not.
    """
    for position in _matches(_MPEG_SYNC, descriptor, start, end):
        if _is_row(descriptor, position, end, count):
            return position
    return None


def starts_with_mpeg_frame(descriptor: int, start: int, end: int) -> bool:
    """Whether a whole MPEG frame begins exactly at `start`."""
    return _frame_within(descriptor, start, end) is not None


def ends_with_mpeg_frames(descriptor: int, start: int, end: int) -> bool:
    """Whether a row of whole MPEG frames ends exactly at `end`."""
    for position in _matches(_MPEG_SYNC, descriptor, max(start, end - 4 * _LARGEST_MPEG_FRAME_BYTES), end):
        count, last = 0, position
        while header := _frame_within(descriptor, last, end):
            count, last = count + 1, last + (header.frame_bytes or 0)
        if last == end and count > 1:
            return True
    return False


def find_flac_stream(descriptor: int, start: int, end: int) -> int | None:
    """Where the first FLAC stream (marker and STREAMINFO, RFC 9639, section 6) begins from `start` on."""
    return next(_matches(_FLAC_MARKER, descriptor, start, end), None)


def find_ogg_link(descriptor: int, start: int, end: int, *, limit: int | None = SEARCH_BYTES) -> int | None:
    """Where the next link of a chained Ogg file begins: a first page behind a later page, from `start` on.

    The streams of one link begin together (RFC 3533, section 4), so first pages in a row are one link's.
    """
    stop = end if limit is None else min(end, start + limit)
    later = next(_matches(_OGG_LATER_PAGE, descriptor, start, stop), None)
    if later is None:
        return None
    return next(_matches(_OGG_FIRST_PAGE, descriptor, later, stop), None)


def find_sound(descriptor: int, start: int, end: int) -> int | None:
    """Where anything that can be recognized as music without a container in front begins from `start` on."""
    stop = min(end, start + SEARCH_BYTES)
    found = (
        find_mpeg_frames(descriptor, start, stop, 4),
        find_flac_stream(descriptor, start, stop),
        next(_matches(_OGG_FIRST_PAGE, descriptor, start, stop), None),
    )
    return min((position for position in found if position is not None), default=None)


def _matches(pattern: re.Pattern[bytes], descriptor: int, start: int, end: int) -> Iterator[int]:
    """Positions at which `pattern` matches, in order; those in the overlap of two windows come once."""
    position = start
    while position < end:
        window = peek(descriptor, min(_WINDOW_BYTES + _OVERLAP_BYTES, end - position), position)
        for match in pattern.finditer(window):
            if match.start() < _WINDOW_BYTES:
                yield position + match.start()
        if len(window) < _WINDOW_BYTES:
            return
        position += _WINDOW_BYTES


def _is_row(descriptor: int, position: int, end: int, count: int) -> bool:
    first: MpegHeader | None = None
    for _ in range(count):
        header = _frame_within(descriptor, position, end)
        if header is None or (first and not header.continues(first)):
            return False
        first, position = header, position + (header.frame_bytes or 0)
    return True


def _frame_within(descriptor: int, position: int, end: int) -> MpegHeader | None:
    """The header of a frame that is whole between `position` and `end`; None where there is none, or no telling."""
    header = parse_mpeg_header(peek(descriptor, 4, position))
    if header is None or header.frame_bytes is None or position + header.frame_bytes > end:
        return None
    return header
