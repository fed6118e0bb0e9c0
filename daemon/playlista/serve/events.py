"""Server-sent events: the status every two seconds, and each track that ended, for as many pages as are open.

Input: functions that read the status and the tracks that ended. Output: streams of events for a bounded number of
clients. Whoever is the first to be due reads for all; where nobody listens, nothing is read.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event, Lock
from typing import Any

from playlista.errors import PlaylistaError

#: Streams at a time.
MOST_CLIENTS = 16
#: Seconds between two looks.
INTERVAL_SECONDS = 2.0
#: A stream ends after this, and the browser opens another: so none is forgotten.
LONGEST_SECONDS = 3600.0
#: Events that are kept for who was not looking for a moment.
KEPT_EVENTS = 200


@dataclass(frozen=True, slots=True)
class _Event:
    number: int
    content: bytes


class Broadcast:
    """The events of one daemon, for all that listen.

    Parameters
    ----------
    status : the status object.
    finished : summaries of the tracks that ended after a time, in seconds since the epoch, with ``finished_at``.
    """

    def __init__(
        self,
        status: Callable[[], dict[str, Any]],
        finished: Callable[[float], list[dict[str, Any]]],
        *,
        interval_seconds: float = INTERVAL_SECONDS,
        most_clients: int = MOST_CLIENTS,
    ) -> None:
        self._status = status
        self._finished = finished
        self._interval_seconds = interval_seconds
        self._most_clients = most_clients
        self._lock = Lock()
        self._closed = Event()
        self._clients = 0
        self._events: deque[_Event] = deque(maxlen=KEPT_EVENTS)
        self._number = 0
        self._read_at = -float("inf")
        self._finished_until = 0.0

    def subscribe(self) -> Iterator[bytes] | None:
        """A stream of events, which begins with the status; None where too many listen already."""
        with self._lock:
            if self._clients >= self._most_clients or self._closed.is_set():
                return None
            self._clients += 1
        return _Stream(self._stream(), self._leave)

    def close(self) -> None:
        """End all streams."""
        self._closed.set()

    def _stream(self) -> Iterator[bytes]:
        deadline = time.monotonic() + LONGEST_SECONDS
        number = self._read_if_due()
        with self._lock:
            latest = [event for event in self._events if event.content.startswith(b"event: status")][-1:]
        yield from (event.content for event in latest)
        while not self._closed.wait(self._interval_seconds) and time.monotonic() < deadline:
            self._read_if_due()
            with self._lock:
                news = [event for event in self._events if event.number > number]
            number = max((event.number for event in news), default=number)
            yield b"".join(event.content for event in news) or b": nothing new\n\n"

    def _read_if_due(self) -> int:
        """Read once for all that listen; the number of the latest event."""
        with self._lock:
            if time.monotonic() - self._read_at < self._interval_seconds * 0.9:
                return self._number
            self._read_at = time.monotonic()
            for name, document in self._read():
                self._number += 1
                content = f"event: {name}\ndata: {json.dumps(document)}\n\n".encode()
                self._events.append(_Event(self._number, content))
            return self._number

    def _read(self) -> list[tuple[str, dict[str, Any]]]:
        try:
            ended = self._finished(self._finished_until) if self._finished_until else []
            status = self._status()
        except PlaylistaError as error:
            return [("trouble", {"error": str(error)})]
        # From the second look on: what ended before somebody listened is no news.
        latest = max((one["finished_at"] for one in ended), default=self._finished_until or time.time())
        self._finished_until = max(self._finished_until, latest)
        return [("status", status), *(("track", one) for one in ended)]

    def _leave(self) -> None:
        with self._lock:
            self._clients -= 1


class _Stream:
    """An iterator that tells when it ends, also where it was never begun: such a generator runs no `finally`."""

    def __init__(self, content: Iterator[bytes], ended: Callable[[], None]) -> None:
        self._content = content
        self._ended: Callable[[], None] | None = ended

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._content)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """The server calls it when the client is gone."""
        ended, self._ended = self._ended, None
        if ended is not None:
            ended()
