"""Which bytes a file holds, and which encoded audio is in them: two hashes in one reading.

Input: a path. Output: that part of an ``Origin`` that is known without decoding. Equal hashes of the content mean that
the bytes are those that were analyzed, whatever happened to the file's name, times, mode and owner; equal hashes of
the encoded audio that only tags differ.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing

from playlista.decode.byte_hash import MIB, ByteHash
from playlista.decode.encoded.digest import EncodedDigest
from playlista.decode.page_cache import PageCacheTrail
from playlista.decode.regular_file import open_regular_file
from playlista.decode.source import StreamBrokenError
from playlista.decode.storage import fault_of
from playlista.errors import Interrupted
from playlista.system.callbacks import noop
from playlista.system.descriptors import close_read
from playlista.tracks.origin import Origin, size_prefix

#: The pages of larger files are given back behind the reader; those of smaller ones are about to be decoded.
_KEEP_CACHED_BYTES = 64 * MIB


class FileHashing:
    """Hashes one file a MiB at a time, for callers that do something else in between.

    Parameters
    ----------
    path : the file; it stays open until ``close``.
    keep_cached_bytes : the pages of a file up to this size stay in the page cache; those of a larger one are dropped.

    Raises
    ------
    StreamBrokenError, OSError : it cannot be opened, or from `step`, read.
    """

    def __init__(self, path: str, *, keep_cached_bytes: int = _KEEP_CACHED_BYTES) -> None:
        self._descriptor = open_regular_file(path)
        try:
            size = os.fstat(self._descriptor).st_size
            self._trail = PageCacheTrail(self._descriptor) if size > keep_cached_bytes else None
            self._drops_all = not keep_cached_bytes
            self._content, self._encoded = ByteHash(), EncodedDigest(self._descriptor)
            self._buffer = memoryview(bytearray(min(MIB, size + 1)))
        except BaseException:
            close_read(self._descriptor)
            raise

    def step(self) -> int:
        """Take in the next bytes; how many, 0 at the end."""
        piece = _filled(self._buffer, self._descriptor)
        if not piece:
            return 0
        self._encoded.update(piece, self._content.length)
        self._content.update(piece)
        if self._trail:
            self._trail.passed(self._content.length)
        return len(piece)

    def result(self) -> Origin:
        """The hashes, once `step` came to the end."""
        kind, digest = self._encoded.result()
        content = size_prefix(self._content.length) + self._content.digest()
        return Origin(content, encoded_kind=kind, encoded=digest)

    def close(self) -> None:
        """Let go of the file."""
        if self._trail and self._drops_all:
            self._trail.finished()
        close_read(self._descriptor)


def hash_file(path: str, *, stop: Callable[[], bool] = noop, keep_cached: bool = True) -> Origin:
    """The hashes of the file at `path`: of its bytes, behind the size in 8 bytes, and of the encoded audio in them.

    Parameters
    ----------
    stop : asked before each MiB.
    keep_cached : the file is about to be read again.

    Raises
    ------
    DecodeError : it cannot be read, with the reason.
    Interrupted : `stop` came true.
    """
    try:
        hashing = FileHashing(path, keep_cached_bytes=_KEEP_CACHED_BYTES if keep_cached else 0)
        with closing(hashing):
            while not stop():
                if not hashing.step():
                    return hashing.result()
            raise Interrupted("asked to stop")
    except StreamBrokenError as broken:
        raise broken.of_track(path) from broken
    except OSError as error:
        raise fault_of(error).of_track(path) from error


def _filled(buffer: memoryview, descriptor: int) -> memoryview:
    """`buffer` with the next bytes of the file, as many as fit: a FUSE file system may give fewer at a time."""
    filled = 0
    while filled < len(buffer) and (read := os.readv(descriptor, [buffer[filled:]])):
        filled += read
    return buffer[:filled]
