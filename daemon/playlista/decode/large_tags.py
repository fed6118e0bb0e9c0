"""The texts of tags that are too large to be read whole, which are those with pictures of many megabytes.

Input: an open file that ``tag_reading`` gave up. Output: a tag of mutagen's that holds the short values alone, and
whether there was a picture. What is long is passed over by its length, and never read. Known are ID3v2 at the start
of a file, FLAC and MP4; elsewhere pictures of that size are not found in practice.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import Any

from mutagen.flac import VCFLACDict
from mutagen.id3 import ID3
from mutagen.mp4 import MP4Tags
from mutagen.mp4._atom import Atoms

#: A longer value is no name, and all that is kept of one file is bounded.
_VALUE_BYTES = 256 * 1024
_KEPT_BYTES = 2 * 1024 * 1024
_MOST_PARTS = 10_000

_ID3_HEADER_BYTES = 10
_ID3_UNSYNCHRONISED = 0x80
_ID3_EXTENDED = 0x40
#: In the second byte of a frame's flags.
_COMPRESSED_2_3, _COMPRESSED_2_4 = 0x80, 0x08
_FLAC_COMMENTS, _FLAC_PICTURE = 4, 6


def read_without_pictures(descriptor: int) -> tuple[Any | None, bool]:
    """mutagen's tag with the short values of the open file, None where there is none; whether there is a picture."""
    head = os.pread(descriptor, 12, 0)
    if head.startswith(b"ID3"):
        return _id3(descriptor, head)
    if head.startswith(b"fLaC"):
        return _flac(descriptor)
    return _mp4(descriptor) if head[4:8] == b"ftyp" else (None, False)


def _id3(descriptor: int, head: bytes) -> tuple[Any | None, bool]:
    """A tag of version 2.3 or 2.4 in which the lengths of frames are those in the file."""
    version, flags = head[3], head[5]
    if version not in (3, 4) or flags & _ID3_EXTENDED or (version == 3 and flags & _ID3_UNSYNCHRONISED):
        return None, False
    end = _ID3_HEADER_BYTES + _synchsafe(head[6:10])
    frames, has_picture, kept = [], False, 0
    for name, start, length in _id3_frames(descriptor, end, version):
        has_picture |= name == b"APIC"
        if name not in (b"APIC", b"GEOB") and length <= _VALUE_BYTES and kept + length <= _KEPT_BYTES:
            frames.append(os.pread(descriptor, length, start))
            kept += length
    body = b"".join(frames)
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return ID3(io.BytesIO(b"ID3" + bytes((version, 0, flags)) + size + body)), has_picture


def _id3_frames(descriptor: int, end: int, version: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, position and length of each frame that is not compressed, its header included."""
    at = _ID3_HEADER_BYTES
    for _ in range(_MOST_PARTS):
        header = os.pread(descriptor, 10, at)
        if len(header) < 10 or at + 10 > end or not header[:4].isalnum():
            return
        size = _synchsafe(header[4:8]) if version == 4 else int.from_bytes(header[4:8], "big")
        if not header[9] & (_COMPRESSED_2_4 if version == 4 else _COMPRESSED_2_3):
            yield header[:4], at, 10 + size
        at += 10 + size


def _synchsafe(digits: bytes) -> int:
    """A number of seven bits a byte (ID3v2.4, 6.2)."""
    return sum((digit & 0x7F) << shift for digit, shift in zip(digits, (21, 14, 7, 0), strict=True))


def _flac(descriptor: int) -> tuple[Any | None, bool]:
    """The comments among the metadata blocks (RFC 9639, 8.1)."""
    at, tags, has_picture = 4, None, False
    for _ in range(_MOST_PARTS):
        header = os.pread(descriptor, 4, at)
        if len(header) < 4:
            break
        kind, length = header[0] & 0x7F, int.from_bytes(header[1:4], "big")
        has_picture |= kind == _FLAC_PICTURE
        if kind == _FLAC_COMMENTS and length <= _KEPT_BYTES:
            tags = VCFLACDict(io.BytesIO(os.pread(descriptor, length, at + 4)), framing=False)
        at += 4 + length
        if header[0] & 0x80:
            break
    return tags, has_picture


def _mp4(descriptor: int) -> tuple[Any | None, bool]:
    """The short items of moov.udta.meta.ilst, put into an MP4 file of nothing else."""
    start, end = 0, os.fstat(descriptor).st_size
    for name in (b"moov", b"udta", b"meta", b"ilst"):
        found = next((atom for atom in _atoms(descriptor, start, end) if atom[0] == name), None)
        if found is None:
            return None, False
        _, start, end = found
        start += 8 + 4 * (name == b"meta")  # which has four bytes of version and flags
    items, has_picture, kept = [], False, 0
    for name, at, after in _atoms(descriptor, start, end):
        has_picture |= name == b"covr"
        if name != b"covr" and after - at <= _VALUE_BYTES and kept + after - at <= _KEPT_BYTES:
            items.append(os.pread(descriptor, after - at, at))
            kept += after - at
    meta = _atom(b"meta", bytes(4) + _atom(b"ilst", b"".join(items)))
    file = io.BytesIO(_atom(b"moov", _atom(b"udta", meta)))
    return MP4Tags(Atoms(file), file), has_picture


def _atoms(descriptor: int, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each atom between two places (ISO/IEC 14496-12, 4.2)."""
    at = start
    for _ in range(_MOST_PARTS):
        header = os.pread(descriptor, 16, at)
        length = int.from_bytes(header[:4], "big")
        length = int.from_bytes(header[8:16], "big") if length == 1 else length or end - at
        if len(header) < 8 or length < 8 or at + length > end:
            return
        yield header[4:8], at, at + length
        at += length


def _atom(name: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + name + content
