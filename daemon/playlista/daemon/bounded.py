"""A reading with a deadline, for what must answer although a disk may hang.

Input: a function that may block without end, such as `statvfs` on a share whose server is gone. Output: its value, or
`UnansweredError` when the deadline passed. No call can be taken back from the kernel, so the one that hangs is left in
its thread, and no second one is begun before it has ended: a hanging disk costs one thread, however often one asks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Generic, TypeVar

from playlista.errors import PlaylistaError

Value = TypeVar("Value")


class UnansweredError(PlaylistaError):
    """What was asked did not answer in time."""


class Bounded(Generic[Value]):
    """`read`, called in another thread and waited for `seconds` at most; may be called from any thread."""

    def __init__(self, read: Callable[[], Value], *, seconds: float) -> None:
        self._read = read
        self._seconds = seconds
        self._lock = threading.Lock()
        self._running: Future[Value] | None = None

    def __call__(self) -> Value:
        """The value.

        Raises
        ------
        UnansweredError : there is none within the deadline; a later call has it as soon as there is.
        """
        with self._lock:
            if self._running is None:
                self._running = Future()
                threading.Thread(target=self._run, args=(self._running,), name="reading", daemon=True).start()
            running = self._running
        try:
            return running.result(self._seconds)
        except TimeoutError:
            if running.done():
                raise  # of the reading itself
            raise UnansweredError(f"no answer within {self._seconds:g} s") from None

    def _run(self, future: Future[Value]) -> None:
        try:
            answer: Callable[[], None] = partial(future.set_result, self._read())
        except BaseException as error:  # handed to whoever asked
            answer = partial(future.set_exception, error)
        with self._lock:
            self._running = None
        answer()
