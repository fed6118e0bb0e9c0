"""Which bytes a file holds, and which encoded audio is in them: two hashes in one reading.

Input: a path. Output: that part of an ``Origin`` that is known without decoding. Equal hashes of the content mean that
the bytes are those that were analyzed, whatever happened to the file's name, times, mode and owner; equal hashes of
the encoded audio that only tags differ.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from playlista.decode.byte_hash import MIB, ByteHash
from playlista.decode.encoded.digest import EncodedDigest
from playlista.decode.page_cache import PageCacheTrail
from playlista.decode.regular_file import open_regular_file
from playlista.decode.source import StreamBrokenError
from playlista.decode.storage import fault_of
from playlista.errors import Interrupted
from playlista.system.callbacks import noop
from playlista.tracks.origin import Origin, size_prefix

#: The pages of larger files are given back behind the reader; those of smaller ones are about to be decoded.
_KEEP_CACHED_BYTES = 64 * MIB


def hash_file(path: str, *, stop: Callable[[], bool] = noop, keep_cached: bool = True) -> Origin:
    """The hashes of the file at `path`: of its bytes, behind the size in 8 bytes, and of the encoded audio in them.

    Parameters
    ----------
    keep_cached : the file is about to be read again.

    Raises
    ------
    DecodeError : it cannot be read, with the reason.
    Interrupted : `stop` came true, which is asked once a MiB.
    """
    try:
        descriptor = open_regular_file(path)
        try:
            return _hashed(descriptor, stop, _KEEP_CACHED_BYTES if keep_cached else 0)
        finally:
            os.close(descriptor)
    except StreamBrokenError as broken:
        raise broken.of_track(path) from broken
    except OSError as error:
        raise fault_of(error).of_track(path) from error


def _hashed(descriptor: int, stop: Callable[[], bool], keep_cached_bytes: int) -> Origin:
    size = os.fstat(descriptor).st_size
    trail = PageCacheTrail(descriptor) if size > keep_cached_bytes else None
    content, encoded = ByteHash(), EncodedDigest(descriptor)
    buffer = memoryview(bytearray(min(MIB, size + 1)))
    while len(piece := _filled(buffer, descriptor)):
        if stop():
            raise Interrupted("asked to stop")
        encoded.update(piece, content.length)
        content.update(piece)
        if trail:
            trail.passed(content.length)
    if trail and not keep_cached_bytes:
        trail.finished()
    kind, digest = encoded.result()
    return Origin(size_prefix(content.length) + content.digest(), encoded_kind=kind, encoded=digest)


def _filled(buffer: memoryview, descriptor: int) -> memoryview:
    """`buffer` with the next bytes of the file, as many as fit: a FUSE file system may give fewer at a time."""
    filled = 0
    while filled < len(buffer) and (read := os.readv(descriptor, [buffer[filled:]])):
        filled += read
    return buffer[:filled]
