"""Prefetch: the next item is made in another thread while the caller works on the last.

Input: an iterator. Output: its items in the same order, and the error that ended it, if one did. At most one
item is made ahead, so memory grows by one item. It pays where two threads may run and the work of both happens in
native code that lets go of the interpreter: libsndfile, soxr, hashes, numpy and BLAS do.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")


class _End:
    """The last thing in the queue: how the iterator ended."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class ReadAhead(Generic[ItemT]):
    """Iterate it once, in one thread, then close it, whether the end was reached or not.

    Parameters
    ----------
    items : from now on only touched by the thread that is started with the first item. After ``close`` it is closed.
    """

    def __init__(self, items: Generator[ItemT]) -> None:
        self._items = items
        self._made: SimpleQueue[ItemT | _End] = SimpleQueue()
        self._room = Semaphore(1)
        self._closed = False
        self._thread = Thread(target=self._make, name="read-ahead", daemon=True)

    def __iter__(self) -> Iterator[ItemT]:
        """The items; whatever `items` raises is raised here, at its place.

        Yields
        ------
        items in their order. The next one is begun when the caller takes this one.
        """
        self._thread.start()
        while not isinstance(item := self._made.get(), _End):
            self._room.release()
            yield item
            del item  # else it would live until the next one is there
        if item.error is not None:
            raise item.error

    def close(self) -> None:
        """Wait for the item that is being made, drop it, and end the thread. To be called more than once is fine."""
        self._closed = True
        self._room.release()
        if self._thread.is_alive():
            self._thread.join()
        self._items.close()

    def _make(self) -> None:
        error: BaseException | None = None
        try:
            while self._room.acquire() and not self._closed:
                self._made.put(next(self._items))
        except StopIteration:
            pass
        except BaseException as caught:  # to be raised where the item would have been
            error = caught
        self._made.put(_End(error))
