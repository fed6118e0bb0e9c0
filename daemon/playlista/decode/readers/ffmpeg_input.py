"""What an ffmpeg child gets to read: the open file, without the pictures in it that it would hold in memory.

Input is a descriptor. Output is a URL for ffmpeg, with the protocols that it needs. A cover of 100 MB in an MP4 or AIFF
costs ffmpeg 100 MB and more although nobody asked for it, and no option keeps it from reading it. So the name of the
box or chunk is shown as that of padding; every other byte is the file's, at the same place.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

#: Smaller boxes are no load.
LEAST_HIDDEN_BYTES = 1024 * 1024
_MAX_HIDDEN = 32
_MAX_BOXES = 10_000
_MAX_DEPTH = 6
_NAME_BYTES = 4
#: MP4 boxes that hold boxes on the way to a cover. In "meta" a version of 4 bytes comes first.
_PARENTS = frozenset({b"moov", b"udta", b"meta", b"ilst"})
_PADDING = b"free"
#: AIFF chunks that ffmpeg reads into memory as text or tags.
_AIFF_TEXTS = frozenset({b"ID3 ", b"NAME", b"AUTH", b"ANNO", b"(c) ", b"COMT"})


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of one file: its URL, the protocols in it, and the descriptors that the child must inherit."""

    url: str
    protocols: str
    descriptors: tuple[int, ...]


def shown(descriptor: int, padding_descriptor: int | None, window: tuple[int, int] | None = None) -> Shown:
    """The file, or its part from the first to the second byte of `window`.

    Parameters
    ----------
    padding_descriptor : a file that holds the name of padding (see `padding_file`) to put over the names of large
        pictures; None to show the file as it is.

    Raises
    ------
    OSError : the file cannot be read.
    """
    folder = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"
    file = f"file:{folder}/{descriptor}"
    start, end = window or (0, os.fstat(descriptor).st_size)
    names = [at for at in large_pictures(descriptor) if start <= at <= end - _NAME_BYTES] if padding_descriptor else []
    if not names:
        if window is None:
            return Shown(file, "file", (descriptor,))
        return Shown(_part(file, start, end), "file,subfile", (descriptor,))
    parts = []
    for name in names:
        parts += [_part(file, start, name), f"file:{folder}/{padding_descriptor}"]
        start = name + _NAME_BYTES
    parts.append(_part(file, start, end))
    return Shown(f"concat:{'|'.join(parts)}", "file,subfile,concat", (descriptor, padding_descriptor or 0))


def padding_file() -> int:
    """A descriptor of a file in memory that holds what padding is called; the caller closes it."""
    descriptor = os.memfd_create("padding", os.MFD_CLOEXEC)
    os.write(descriptor, _PADDING)
    return descriptor


def large_pictures(descriptor: int) -> list[int]:
    """Places of the names of large MP4 covers and AIFF tags, in order; empty for other files and where there are none.

    Raises
    ------
    OSError : the file cannot be read.
    """
    head, size = os.pread(descriptor, 12, 0), os.fstat(descriptor).st_size
    if head[4:8] == b"ftyp":
        found = _covers(descriptor, 0, size, _MAX_DEPTH)
    elif head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        found = _texts(descriptor, size)
    else:
        return []
    return [place for place, _ in zip(found, range(_MAX_HIDDEN), strict=False)]


def _part(file: str, start: int, end: int) -> str:
    return f"subfile,,start,{start},end,{end},,:{file}"


def _covers(descriptor: int, start: int, end: int, depth: int) -> Iterator[int]:
    """Names of large "covr" boxes between two places of an MP4 file (ISO 14496-12, 4.2)."""
    for _ in range(_MAX_BOXES):
        header = os.pread(descriptor, 16, start)
        if start + 8 > end or len(header) < 8:
            return
        length, name = struct.unpack_from(">I4s", header)
        body = 8
        if length == 1 and len(header) == 16:
            length, body = struct.unpack_from(">Q", header, 8)[0], 16
        elif length == 0:
            length = end - start
        if length < body:
            return
        if name in _PARENTS and depth:
            version = 4 if name == b"meta" else 0
            yield from _covers(descriptor, start + body + version, min(end, start + length), depth - 1)
        elif name == b"covr" and length >= LEAST_HIDDEN_BYTES:
            yield start + 4
        start += length


def _texts(descriptor: int, size: int) -> Iterator[int]:
    """Names of large chunks of text or tags in an AIFF file."""
    start = 12
    for _ in range(_MAX_BOXES):
        header = os.pread(descriptor, 8, start)
        if len(header) < 8 or start >= size:
            return
        name, length = struct.unpack(">4sI", header)
        if name in _AIFF_TEXTS and length >= LEAST_HIDDEN_BYTES:
            yield start
        start += 8 + length + length % 2
