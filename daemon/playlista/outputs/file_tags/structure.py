"""Files whose structure the tag library would damage, found before anything is written.

Input: an open file. Output: nothing, or the reason why it must not be rewritten. mutagen moves what stands behind a tag
and corrects the offsets that it knows of; it knows nothing of movie fragments, of sizes that stand for "unknown", of
chunks that reach beyond the end of the file, or of several streams in a row. Only headers are read, never the sound.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator

from playlista.decode.byte_search import peek
from playlista.decode.containers import Container, identify
from playlista.decode.wave_header import riff_chunks
from playlista.errors import TagRefusal
from playlista.outputs.file_tags.refusal import RefusedError

#: Boxes of fragmented MP4 (ISO/IEC 14496-12, section 8.8 and 8.16): offsets lie in every fragment and in indexes.
_FRAGMENT_BOXES = frozenset({b"moof", b"mvex", b"sidx", b"styp", b"mfra", b"ssix"})
_MAX_BOXES = 10_000
_BOX_HEAD_BYTES = 16
#: Bytes reserved for the tags that are added to a file whose sizes are 32 bits.
_LARGEST_RIFF = 2**32 - 2**24
_OGG_HEAD_BYTES = 27
_OGG_FIRST_PAGE = 0x02


def require_rewritable(descriptor: int) -> None:
    """Return where the file can be rewritten.

    Raises
    ------
    RefusedError : it cannot, with the reason.
    OSError : it cannot be read.
    """
    file = identify(descriptor)
    checks: dict[Container, Callable[[int, int, int], str | None]] = {
        Container.WAV: _trouble_of_riff,
        Container.AIFF: _trouble_of_aiff,
        Container.OGG: _trouble_of_ogg,
        Container.OTHER: _trouble_of_mp4,
        Container.RF64: lambda *_: "is an RF64 file, which the tag library does not know",
        Container.W64: lambda *_: "is a Wave64 file, which the tag library does not know",
    }
    trouble = checks[file.container](descriptor, file.start, file.size) if file.container in checks else None
    if trouble:
        raise RefusedError(trouble, TagRefusal.FORMAT)


def _trouble_of_riff(descriptor: int, start: int, size: int) -> str | None:
    if peek(descriptor, 4, start) != b"RIFF":
        return "is a big-endian WAV, which the tag library does not know"
    return _trouble_of_chunks(descriptor, start, size, "<")


def _trouble_of_aiff(descriptor: int, start: int, size: int) -> str | None:
    return _trouble_of_chunks(descriptor, start, size, ">")


def _trouble_of_chunks(descriptor: int, start: int, size: int, order: str) -> str | None:
    if start:
        return "has something in front of its first chunk"
    if size > _LARGEST_RIFF:
        return "would exceed 4 GiB with tags"
    end = 8 + struct.unpack(order + "I", peek(descriptor, 4, 4))[0]
    if end > size + 1:
        return "its header states a size that it does not have: cut short, or written into a pipe"
    if end + 1 < size:
        return "has something behind its last chunk"
    for _name, body, length in riff_chunks(descriptor, 0, order):
        if body > end:
            break
        if body + length > size:
            return "its last chunk reaches beyond the end of the file"
    return None


def _trouble_of_mp4(descriptor: int, start: int, size: int) -> str | None:
    if peek(descriptor, 4, start + 4) != b"ftyp":
        return None  # another format of its own kind
    if start:
        return "has something in front of its first box"
    names = set()
    for name, body, end in _boxes(descriptor, 0, size):
        names.add(name)
        if end > size:
            return "its last box reaches beyond the end of the file"
        if name == b"moov":
            names |= {inner for inner, _, _ in _boxes(descriptor, body, end)}
    if len(names) >= _MAX_BOXES or names & _FRAGMENT_BOXES:
        return "is a fragmented MP4, which the tag library would break"
    return None if {b"moov", b"mdat"} <= names else "lacks the boxes of an MP4"


def _boxes(descriptor: int, position: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(name, start of the body, end) of the boxes of an MP4 between two positions; the last may end too late."""
    for _ in range(_MAX_BOXES):
        head = peek(descriptor, _BOX_HEAD_BYTES, position)
        if position + 8 > end or len(head) < 8:
            return
        length, body = int.from_bytes(head[:4], "big"), position + 8
        if length == 1:
            length, body = int.from_bytes(head[8:16], "big"), position + 16
        elif length == 0:
            length = end - position
        if length < body - position:
            yield head[4:8], body, 2**63  # no box is that short: as good as one that never ends
            return
        yield head[4:8], body, position + length
        position += length


def _trouble_of_ogg(descriptor: int, start: int, size: int) -> str | None:
    position, has_data = start, False
    while position < size:
        head = peek(descriptor, _OGG_HEAD_BYTES, position)
        if len(head) < _OGG_HEAD_BYTES or head[:4] != b"OggS":
            return "has something between or behind its Ogg pages"
        is_first = bool(head[5] & _OGG_FIRST_PAGE)
        if is_first and has_data:
            return "holds several streams in a row (chained Ogg), of which only the first would be tagged"
        has_data = has_data or not is_first
        lengths = peek(descriptor, head[26], position + _OGG_HEAD_BYTES)
        position += _OGG_HEAD_BYTES + len(lengths) + sum(lengths)
    return None if position == size and os.fstat(descriptor).st_size == size else "its last Ogg page is cut short"
