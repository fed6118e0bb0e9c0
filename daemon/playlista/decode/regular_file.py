"""Opening a file of the music folder: only regular files, and without waiting.

Input is a path, however odd. Output is a descriptor, or an error that can be told apart.
"""

from __future__ import annotations

import fcntl
import os
import stat

from playlista.decode.source import StreamBrokenError
from playlista.errors import FailureReason
from playlista.system.descriptors import close_read

_STANDARD_STREAMS = 2


def open_regular_file(path: str) -> int:
    """A descriptor of `path` for reading.

    Asking first keeps us from opening a device or a FIFO, which may block, rewind a tape or wake a writer; asking
    again afterwards keeps a file that was swapped in between from doing worse than that.

    Raises
    ------
    StreamBrokenError : it is no regular file, or no usable name.
    OSError : the kernel refuses; see ``storage.fault_of``.
    """
    try:
        _require_regular(os.stat(path).st_mode)
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except ValueError as error:
        raise StreamBrokenError(FailureReason.UNREADABLE, f"no usable file name: {error}") from error
    try:
        _require_regular(os.fstat(descriptor).st_mode)
        return _above_standard_streams(descriptor)
    except BaseException:
        close_read(descriptor)
        raise


def _above_standard_streams(descriptor: int) -> int:
    """In a process without standard streams the file would take the place of one, and a child's pipe then its own."""
    if descriptor > _STANDARD_STREAMS:
        return descriptor
    above = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _STANDARD_STREAMS + 1)
    close_read(descriptor)
    return above


def _require_regular(mode: int) -> None:
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a FIFO"), (stat.S_ISSOCK, "a socket"))
    kind = next((name for is_kind, name in kinds if is_kind(mode)), "a device")
    if not stat.S_ISREG(mode):
        raise StreamBrokenError(FailureReason.NOT_AUDIO, f"is {kind}, not a file")
