"""Two things that Linux offers to replace a file which other programs may be changing at the same moment.

A *read lease* on an open file is refused while anybody has the file open for writing, and tells when somebody tries to
open it so. `exchange` swaps two names in one step, so that what was at a path can still be looked at after it has been
replaced, and be put back. Neither works on every file system; both say so.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
from types import TracebackType
from typing import Self

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
#: What file systems and kernels without the call answer.
_UNSUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM})


class WriterPresentError(Exception):
    """Another program has the file open for writing."""


class ReadLease:
    """Keeps writers away from an open file for the length of a ``with`` block, where the file system has leases.

    A writer that comes meanwhile waits in its ``open`` until the block ends (the kernel lets it wait for
    ``/proc/sys/fs/lease-break-time``, 45 s).

    Parameters
    ----------
    descriptor : the file, open for reading only.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._is_held = False

    def __enter__(self) -> Self:
        """Take the lease.

        Raises
        ------
        WriterPresentError : another program has the file open for writing.
        """
        try:
            # The signal that tells of a waiting writer would end the process; this one is ignored unless handled.
            fcntl.fcntl(self._descriptor, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(self._descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            self._is_held = True
        except OSError as error:
            if error.errno == errno.EAGAIN:
                raise WriterPresentError from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._is_held:
            fcntl.fcntl(self._descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)

    def is_wanted_by_writer(self) -> bool:
        """Whether a writer has come since the lease was taken; False where there are no leases."""
        return self._is_held and fcntl.fcntl(self._descriptor, fcntl.F_GETLEASE) != fcntl.F_RDLCK


def exchange(first: str, second: str) -> bool:
    """Swap the files at two paths in one step; False, and nothing done, where the file system cannot.

    Raises
    ------
    OSError : one is missing, or the folder cannot be written.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        return False
    names = os.fsencode(first), os.fsencode(second)
    if library.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), second)
