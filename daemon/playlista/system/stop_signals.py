"""Signals that ask the program to stop: caught from its first moment on, and followed by a thread.

Input is the system's signals. Output is a call, from an ordinary thread, for the first and for each further one. The
handler itself only notes a number: whatever takes a lock, as ``Event.set`` does, may wait for ever inside a handler
for the very code that it interrupted. The kernel's note of the signal reaches us through a pipe that C code writes
into, so that it is heard while the main thread waits for a share that hangs.

As process 1 of a container a program that has no handler yet does not die of SIGTERM, and does not see it either; so
`catch` comes before everything else.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Self

#: SIGHUP comes when a terminal is closed, SIGQUIT from Ctrl-\\ and from some supervisors.
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
_PIPE_READ_BYTES = 64


class StopSignals:
    """The stop signals of this process; made in its main thread, once."""

    def __init__(self) -> None:
        #: The latest stop signal; 0 while there was none.
        self.latest = 0
        self._read, self._write = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._write, False)

    @classmethod
    def catch(cls) -> Self:
        """Begin to note the signals. One that is ignored, as SIGHUP is under nohup, stays ignored."""
        caught = cls()
        signal.set_wakeup_fd(caught._write, warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, caught._note)
        return caught

    def follow(self, first: Callable[[], None], again: Callable[[int], None]) -> None:
        """From now on call `first` when a stop was asked for, also before, and `again` with every further signal."""
        threading.Thread(target=self._follow, args=(first, again), name="signals", daemon=True).start()

    def ask(self) -> None:
        """Ask to stop as SIGTERM does."""
        os.kill(os.getpid(), signal.SIGTERM)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.latest = number

    def _follow(self, first: Callable[[], None], again: Callable[[int], None]) -> None:
        was_asked = False
        while True:
            for number in os.read(self._read, _PIPE_READ_BYTES):
                if number not in STOP_SIGNALS:
                    continue
                if was_asked:
                    again(number)
                was_asked = True
                first()


def end_at_once(number: int) -> None:
    """End the process for a further signal, with the exit code that shells give to its number."""
    os._exit(128 + number)
