"""What an error of the kernel means for a track, and whether the storage gives all bytes of an open file.

Input is an ``OSError``, or a descriptor with a decode error. Output is the fault with whose it is. A decoder
cannot be asked: libsndfile takes a failed read for the end of the file, and ffmpeg says "Input/output error" of
damaged files, too. So the bytes are read once more, by ourselves, before a file is called corrupt.
"""

from __future__ import annotations

import errno
import os

from playlista.decode.page_cache import PageCacheTrail
from playlista.decode.source import Deadline, StreamBrokenError
from playlista.errors import Blame, FailureReason

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
_STEP_BYTES = 1024 * 1024


def fault_of(error: OSError) -> StreamBrokenError:
    """What an error at opening or reading means for the track, and whose fault it is."""
    number = error.errno or 0
    cause = "no such file" if number in {errno.ENOENT, errno.ENOTDIR} else os.strerror(number)
    if number in _OF_THE_FILE:
        return StreamBrokenError(_OF_THE_FILE[number], cause)
    if number in _OF_THE_PROCESS:
        return StreamBrokenError(FailureReason.UNREADABLE, f"cannot be opened: {cause}", blame=Blame.INSTALLATION)
    return storage_fault(cause)


def storage_fault(cause: str) -> StreamBrokenError:
    """The storage does not give the bytes of a file; `cause` says why."""
    message = f"the storage does not give its bytes: {cause}; it is tried again"
    return StreamBrokenError(FailureReason.UNREADABLE, message, blame=Blame.STORAGE)


def early_end_fault(descriptor: int, position: int, size: int) -> StreamBrokenError:
    """No byte came at `position`, before the end of a file of `size` bytes: cut meanwhile, or not given."""
    if os.fstat(descriptor).st_size < size:
        message = "cannot be read: it became shorter while it was read"
        return StreamBrokenError(FailureReason.UNREADABLE, message, retryable=True)
    return storage_fault(f"it ends at byte {position} of {size}")


def find_fault(
    descriptor: int, deadline: Deadline | None = None, *, start: int = 0, end: int | None = None
) -> StreamBrokenError | None:
    """Read the file from `start` to `end` (None: its end); why that failed, None where every byte is there.

    It gives up, and finds nothing, when the deadline has passed. Pages are dropped from the cache behind the cursor.

    Raises
    ------
    Interrupted : the stop signal came.
    """
    trail, buffer = PageCacheTrail(descriptor), memoryview(bytearray(_STEP_BYTES))
    try:
        size = os.fstat(descriptor).st_size
        end = size if end is None else min(end, size)
        while start < end:
            if deadline:
                deadline.check()
            count = os.preadv(descriptor, [buffer[: end - start]], start)
            if count == 0:
                return early_end_fault(descriptor, start, size)
            start += count
            trail.passed(start)
    except OSError as error:
        return fault_of(error)
    except StreamBrokenError:
        return None
    return None
