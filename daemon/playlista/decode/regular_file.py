"""Opening a file of the music folder: only regular files, without waiting; and what an error of the kernel means.

Input is a path, however odd. Output is a descriptor, or an error that says whose fault it is.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat

from playlista.decode.source import StreamBrokenError
from playlista.errors import Blame, FailureReason

_STANDARD_STREAMS = 2
#: What says something about the file or its name. Every other error comes from below the file: a disk, a share, a
#: mount (EIO, ENOTCONN, ETIMEDOUT, ESTALE, EHOSTDOWN, ENXIO, EREMOTEIO, EUCLEAN, EKEYEXPIRED and their kin). The list
#: names the file's own errors, since there are few of them, and each file system invents its own.
_OF_THE_FILE = {
    errno.ENOENT: FailureReason.VANISHED,
    errno.ENOTDIR: FailureReason.VANISHED,
    errno.EACCES: FailureReason.PERMISSION_DENIED,
    errno.EPERM: FailureReason.PERMISSION_DENIED,
    errno.ELOOP: FailureReason.UNREADABLE,
    errno.ENAMETOOLONG: FailureReason.UNREADABLE,
    errno.EINVAL: FailureReason.UNREADABLE,
    errno.EILSEQ: FailureReason.UNREADABLE,
    errno.EISDIR: FailureReason.NOT_AUDIO,
}
#: What this process or machine has too little of.
_OF_THE_PROCESS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})


def open_regular_file(path: str) -> int:
    """A descriptor of `path` for reading.

    Asking first keeps us from opening a device or a FIFO, which may block, rewind a tape or wake a writer; asking
    again afterwards keeps a file that was swapped in between from doing worse than that.

    Raises
    ------
    StreamBrokenError : it is no regular file, or no usable name.
    OSError : the kernel refuses; see ``fault_of``.
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
        os.close(descriptor)
        raise


def _above_standard_streams(descriptor: int) -> int:
    """In a process without standard streams the file would take the place of one, and a child's pipe then its own."""
    if descriptor > _STANDARD_STREAMS:
        return descriptor
    above = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _STANDARD_STREAMS + 1)
    os.close(descriptor)
    return above


def _require_regular(mode: int) -> None:
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a FIFO"), (stat.S_ISSOCK, "a socket"))
    kind = next((name for is_kind, name in kinds if is_kind(mode)), "a device")
    if not stat.S_ISREG(mode):
        raise StreamBrokenError(FailureReason.NOT_AUDIO, f"is {kind}, not a file")


def fault_of(error: OSError) -> StreamBrokenError:
    """What an error of the kernel, at opening or reading, means for the track, and whose fault it is."""
    number = error.errno or 0
    cause = os.strerror(number)
    if number in _OF_THE_FILE:
        return StreamBrokenError(_OF_THE_FILE[number], cause)
    if number in _OF_THE_PROCESS:
        return StreamBrokenError(FailureReason.UNREADABLE, f"cannot be opened: {cause}", blame=Blame.INSTALLATION)
    return storage_fault(cause)


def storage_fault(cause: str) -> StreamBrokenError:
    """The storage does not give the bytes of a file; `cause` says why."""
    message = f"the storage does not give it: {cause}; it is tried again"
    return StreamBrokenError(FailureReason.UNREADABLE, message, blame=Blame.STORAGE)
