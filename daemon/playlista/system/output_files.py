"""Files that people name for results: written whole, and never in place of a file of another kind.

Input: the path that somebody gave, and what kind of file goes there. Output: a stream, or the path of a file to fill.
``-`` is stdout. A device or FIFO is written into. A symbolic link stays and its target is written; a file with several
names (hard links) is written in place, so that it stays one file. Any other file is replaced at once, see
`playlista.system.atomic_write`. An existing file that is not of the kind is refused, unless forced.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from playlista.errors import PlaylistaError
from playlista.system.atomic_write import replacing

_HEAD_BYTES = 4096
#: A FIFO that nobody opens for reading in this time is given up.
FIFO_DEADLINE_SECONDS = 10.0
_FIFO_RETRY_SECONDS = 0.05
_OWN_DESCRIPTOR = re.compile(r"/(?:dev/fd|proc/self/fd)/(\d+)")
_STANDARD_STREAMS = {"/dev/stdout": 1, "/dev/stderr": 2}


@dataclass(frozen=True, slots=True)
class OutputKind:
    """What an existing file has to be to be replaced without being asked.

    name : with its article, as in "is not a playlist".
    matches : whether a file that begins with these bytes (up to 4096) is one.
    suffixes : endings of names, in lower case, under which any text is one.
    """

    name: str
    matches: Callable[[bytes], bool]
    suffixes: tuple[str, ...] = ()

    def takes(self, path: str, head: bytes) -> bool:
        """Whether the file at `path`, which begins with `head`, is of this kind."""
        is_text = not any(byte < ord("\t") for byte in head)  # music has such bytes in its first header
        return self.matches(head) or (is_text and path.lower().endswith(self.suffixes))


@contextmanager
def output_stream(path: str, kind: OutputKind, *, force: bool = False) -> Iterator[BinaryIO]:
    """A stream whose content goes to `path`.

    Raises
    ------
    PlaylistaError : the place cannot be written, or holds a file of another kind and `force` is not set.
    """
    if path == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with _translated(path):
        if _is_replaced(path, kind, force=force):
            with replacing(path) as temporary, open(temporary, "wb") as stream:
                yield stream
        else:
            with open(_opened_in_place(path), "wb") as stream:
                yield stream


@contextmanager
def output_file(path: str, kind: OutputKind, *, force: bool = False) -> Iterator[str]:
    """The path of an empty file whose content goes to `path` when the block ends well; for libraries that take a path.

    Raises
    ------
    PlaylistaError : as `output_stream`.
    """
    with _translated(path):
        is_replaced = path != "-" and _is_replaced(path, kind, force=force)
        if is_replaced:
            with replacing(path) as temporary:
                yield temporary
            return
        with tempfile.TemporaryDirectory(prefix="playlista-") as folder:
            temporary = os.path.join(folder, "output")
            yield temporary
            with open(temporary, "rb") as whole, output_stream(path, kind, force=force) as stream:
                shutil.copyfileobj(whole, stream)


@contextmanager
def _translated(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PlaylistaError(f"{path}: cannot be written ({error.strerror or error}); choose another place") from error


def _is_replaced(path: str, kind: OutputKind, *, force: bool) -> bool:
    """Whether a new file takes the place of what is at `path`; False where it is written into.

    Raises
    ------
    PlaylistaError : it may be neither.
    """
    if not path:
        raise PlaylistaError("the name of the output is empty; name a file, or - for standard output")
    if _own_descriptor(path) is not None:
        return False
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return True
    if stat.S_ISREG(status.st_mode):
        _require_kind(path, kind, force=force)
        return status.st_nlink == 1
    if stat.S_ISBLK(status.st_mode) and not force:
        raise PlaylistaError(f"{path}: is a disk; --force writes over what is on it")
    if stat.S_ISDIR(status.st_mode):
        raise PlaylistaError(f"{path}: is a folder; name a file in it")
    return False


def _require_kind(path: str, kind: OutputKind, *, force: bool) -> None:
    if force:
        return
    with open(path, "rb") as existing:
        head = existing.read(_HEAD_BYTES)
    if head and not kind.takes(os.path.realpath(path), head):
        raise PlaylistaError(f"{path}: exists and is not {kind.name}; --force replaces it")


def _own_descriptor(path: str) -> int | None:
    """The number of the open file of this process that `path` names, as /dev/stdout does; None for other paths."""
    if path in _STANDARD_STREAMS:
        return _STANDARD_STREAMS[path]
    named = _OWN_DESCRIPTOR.fullmatch(path)
    return int(named[1]) if named else None


def _opened_in_place(path: str) -> int:
    """A descriptor that writes into what is at `path`. Opening an own descriptor anew would lose its position."""
    own = _own_descriptor(path)
    if own is not None:
        return os.dup(own)
    deadline = time.monotonic() + FIFO_DEADLINE_SECONDS
    while True:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            if error.errno != errno.ENXIO or not stat.S_ISFIFO(os.stat(path).st_mode):
                raise
            if time.monotonic() > deadline:
                raise PlaylistaError(f"{path}: no program reads this FIFO; start its reader first") from error
            time.sleep(_FIFO_RETRY_SECONDS)
        else:
            os.set_blocking(descriptor, True)
            return descriptor
