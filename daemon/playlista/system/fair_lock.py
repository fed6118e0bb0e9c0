"""A re-entrant lock that goes to whoever has waited longest.

``threading.RLock`` makes no such promise: a thread that releases it and takes it again a moment later mostly gets it,
since those who wait have yet to wake up. Background work that writes row after row would then keep a scan waiting for
minutes. Input: threads that ask. Output: one of them at a time, in order.
"""

from __future__ import annotations

from collections import deque
from threading import Lock, get_ident


class FairLock:
    """A lock for ``with``, which the thread that has it may take again."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._owner: int | None = None
        self._depth = 0
        #: Threads that wait, each with a lock that is released when it is its turn.
        self._waiting: deque[tuple[int, Lock]] = deque()

    def __enter__(self) -> None:
        turn = self._take_or_queue()
        if turn is None:
            return
        try:
            turn.acquire()
        except BaseException:  # a signal's handler raised: what was asked for must not be handed to nobody
            self._withdraw(turn)
            raise

    def __exit__(self, *_: object) -> None:
        with self._guard:
            self._release()

    def _take_or_queue(self) -> Lock | None:
        """None if it is ours now, else what to wait for."""
        me = get_ident()
        with self._guard:
            if self._owner == me:
                self._depth += 1
                return None
            if self._owner is None:
                self._owner, self._depth = me, 1
                return None
            turn = Lock()
            turn.acquire()
            self._waiting.append((me, turn))
            return turn

    def _withdraw(self, turn: Lock) -> None:
        with self._guard:
            entry = (get_ident(), turn)
            if entry in self._waiting:
                self._waiting.remove(entry)
            else:
                self._release()

    def _release(self) -> None:
        """Hand it to the next; to be called with the guard."""
        self._depth -= 1
        if self._depth:
            return
        self._owner = None
        if self._waiting:
            self._owner, turn = self._waiting.popleft()
            self._depth = 1
            turn.release()
