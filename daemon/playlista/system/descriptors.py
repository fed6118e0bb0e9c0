"""Closing of files that were only read."""

from __future__ import annotations

import errno
import os


def close_read(descriptor: int) -> None:
    """Close a file that was only read, whatever its storage says to that.

    A FUSE program that died and an NFS server that is away fail even a close (ENOTCONN, EIO). The descriptor is gone
    then, too, and what was read is as good as before; nothing was written that could be lost.
    """
    try:
        os.close(descriptor)
    except OSError as error:
        if error.errno == errno.EBADF:  # a mistake of ours: it was closed already
            raise
