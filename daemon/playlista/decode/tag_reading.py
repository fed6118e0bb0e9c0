"""What mutagen knows of a file, within bounds: it reads tags whole, and some hold a hundred megabytes of pictures.

Input: an open file. Output: mutagen's object, or None where it does not know the file, fails, or would read too much.
"""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import mutagen
import mutagen.id3._frames
from mutagen.apev2 import APEv2

#: All that mutagen may read of one file. Its memory is a small multiple of that.
_READ_BYTES = 16 * 1024 * 1024

#: What compressed frames of one ID3 tag may come to.
_INFLATED_BYTES = 4 * 1024 * 1024

#: What is left of it for the file that is being read, as a list of one; None outside of `read_tags`.
_allowance: ContextVar[list[int] | None] = ContextVar("allowance", default=None)


class _BoundedZlib:
    """zlib as mutagen uses it: it would inflate frames of a few kilobytes to gigabytes, and has no limit of its own."""

    error = zlib.error

    @staticmethod
    def decompress(data: bytes) -> bytes:
        left = _allowance.get()
        if left is None:
            return zlib.decompress(data)
        inflater = zlib.decompressobj()
        content = inflater.decompress(data, left[0] + 1)
        left[0] -= len(content)
        if left[0] < 0:
            raise OSError("more than a tag should hold")
        return content


mutagen.id3._frames.zlib = _BoundedZlib  # type: ignore[attr-defined,assignment] # a name of its imports


class _BoundedFile(io.RawIOBase):
    """An open file that ends a reader which wants more than it should have.

    mutagen asks for as many bytes as a header claims; the answer is cut where the file ends, and what has been given
    in all is limited.
    """

    def __init__(self, descriptor: int, limit_bytes: int = _READ_BYTES) -> None:
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self._position = 0
        self._left = limit_bytes
        #: Whether more was wanted than the limit.
        self.is_exhausted = False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("before the start of the file")
        self._position = base + offset
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        there = max(0, self._size - self._position)
        wanted = there if size is None or size < 0 else min(size, there)
        if wanted > self._left:
            self.is_exhausted = True
            raise OSError("more than a tag should hold")
        content = os.pread(self._descriptor, wanted, self._position)
        self._left -= len(content)
        self._position += len(content)
        return content


def read_tags(descriptor: int) -> Any | None:
    """mutagen's object of an open file; None where it knows none."""
    return _bounded(mutagen.File, descriptor)


def read_ape_tags(descriptor: int) -> APEv2 | None:
    """The APEv2 tag at the end of an open file, of which mutagen reads another kind of tag; None without one."""
    found: APEv2 | None = _bounded(APEv2, descriptor)
    return found


def _bounded(read: Callable[[io.RawIOBase], Any], descriptor: int) -> Any | None:
    """What mutagen reads of an open file; None where it fails, or would read too much."""
    token = _allowance.set([_INFLATED_BYTES])
    try:
        return read(_BoundedFile(descriptor))
    except Exception:  # mutagen's parsers raise whatever a damaged header makes them; nothing depends on them
        return None
    finally:
        _allowance.reset(token)


def tagged_seconds(descriptor: int) -> float | None:
    """The length that the header of an open file states, as far as mutagen reads it exactly; None elsewhere."""
    found = read_tags(descriptor)
    if found is None or type(found).__name__ not in _EXACT:
        return None
    seconds = getattr(found.info, "length", 0.0)
    return float(seconds) if seconds else None


def sample_entry(descriptor: int) -> str:
    """The name that an MP4 file gives its codec: "mp4a.40.2", "alac", "drms"; empty for other files."""
    found = read_tags(descriptor)
    return str(getattr(found.info, "codec", "")) if found is not None and type(found).__name__ == "MP4" else ""


#: mutagen's types whose length is stated and not estimated from a bit rate.
_EXACT = frozenset({"MP4", "MonkeysAudio", "WavPack", "TrueAudio", "Musepack", "TAK", "OptimFROG", "DSF", "DSDIFF"})


def holds_more_than(descriptor: int, limit_bytes: int) -> bool:
    """Whether mutagen would read more than so many bytes of an open file for its tags and headers."""
    file = _BoundedFile(descriptor, limit_bytes)
    with suppress(Exception):  # its parsers raise whatever a damaged header makes them; here only the length counts
        mutagen.File(file)
    return file.is_exhausted
