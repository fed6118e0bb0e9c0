"""How the former process ended, as far as the system tells the one that follows it.

Input: what the former process left: a record of fatal signals, and with each job the kernel's counts when it was
claimed. Output: why its tracks did not end it, or nothing where they did or where it cannot be told. Docs/adr/0012
says what is told how.
"""

from __future__ import annotations

import faulthandler
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playlista.memory.kernel_counts import KernelCounts

#: In the data folder: the stack of a process that a fatal signal ended; empty as long as none did.
FAULTS_NAME = "playlista.faults"
#: Of a record of faults, what is read: the name of the signal and the stack of the thread where it happened come first.
READ_BYTES = 8192


@contextmanager
def faults_recorded(data_dir: Path) -> Iterator[None]:
    """Let SIGSEGV, SIGBUS, SIGABRT, SIGFPE and SIGILL leave the stack in the data folder, and end the process as ever.

    The record of the former process is gone after this. Where none can be made there is no file, and the next
    process knows that it cannot tell.
    """
    path = data_dir / FAULTS_NAME
    with suppress(OSError):
        path.unlink(missing_ok=True)
    try:
        record = path.open("x", encoding="utf-8")
    except OSError:
        yield
        return
    with record:
        faulthandler.enable(record)
        try:
            yield
        finally:
            faulthandler.disable()


def former_fault(data_dir: Path) -> str | None:
    """What a fatal signal left of the former process; "" if none ended it, None where that cannot be told."""
    try:
        with (data_dir / FAULTS_NAME).open("rb") as record:
            return record.read(READ_BYTES).decode("utf-8", "replace").strip()
    except OSError:
        return None


def why_not_to_blame(claimed: KernelCounts, now: KernelCounts, fault: str | None) -> str | None:
    """Why the track that was claimed then did not end the process; None if it did, or if it cannot be told."""
    if fault or not claimed.boot_id or not now.boot_id:
        return None
    if claimed.boot_id != now.boot_id:
        return "the machine was restarted"
    unknown = claimed.oom_kills is None or now.oom_kills is None
    if fault is None or unknown or claimed.oom_kills != now.oom_kills:
        return None
    return "killed from outside"
