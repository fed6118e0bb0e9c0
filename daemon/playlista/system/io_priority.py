"""Reading that gives way to all other reading of the disk.

Input: nothing. Output: the calling thread has the idle class of Linux's I/O priorities (ioprio_set(2)), where the
kernel and the disk's scheduler know it: BFQ does, others read on as before.
"""

from __future__ import annotations

import threading
from contextlib import suppress

import psutil


def read_when_idle() -> None:
    """Lower the I/O priority of the calling thread; what a container forbids is left as it is."""
    with suppress(psutil.Error, OSError, ValueError):
        psutil.Process(threading.get_native_id()).ionice(psutil.IOPRIO_CLASS_IDLE)
