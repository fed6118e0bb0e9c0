"""One client connection, which knows how long it has kept the server waiting.

Input: bytes and times. Output: whether a deadline has passed.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from waitress.channel import HTTPChannel


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may take.

    request_seconds : from the first byte of a request to its last.
    answer_seconds : from the last byte of a request until its answer has left: 3 MB at 100 KB/s. Of a stream: without
        taking a byte of what waits for it.
    unread_seconds : until a client of the API that reads nothing gives its thread to a request that waits, where each
        thread has such a client.
    idle_seconds : without the first byte of a request.
    connections, connections_per_client : open at a time; a client is an IP address.
    pipelined : requests on one connection that were sent before the answer to the first.
    """

    request_seconds: float = 10.0
    answer_seconds: float = 30.0
    unread_seconds: float = 0.5
    idle_seconds: float = 30.0
    connections: int = 64
    connections_per_client: int = 32
    pipelined: int = 4


class Connection(HTTPChannel):
    """A connection from its first byte to its last. `is_stream` is set for an answer without a length in time."""

    server: Any

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.requests_lock = threading.RLock()  # `received` holds it while waitress takes it once more
        self.is_stream = False
        #: Whether the threads of the API serve it.
        self.is_api = False
        self.idle_since: float = time.monotonic()
        self._writing_since: float | None = None
        self._sent_at = 0.0
        self._request_since: float | None = None
        self._answer_since: float | None = None

    @property
    def is_waited_for(self) -> bool:
        """Whether it is the client's turn: to send a request or the rest of one."""
        return not self.requests and not self.total_outbufs_len

    def received(self, data: bytes) -> bool:
        """Take bytes in; the clock of a request starts at its first one.

        Nothing is answered in between, so that what was sent ahead is counted before any of it is gone.
        """
        now = time.monotonic()
        with self.requests_lock:
            if self.request is None:
                self._request_since = now
            was_answering = bool(self.requests)
            accepted: bool = super().received(data)
            if self.requests and not was_answering:
                self._answer_since = now
            if self.request is None:
                self._request_since = None
            self._drop_surplus()
        return accepted

    def _drop_surplus(self) -> None:
        surplus = self.requests[self.server.limits.pipelined :]
        if surplus:
            del self.requests[self.server.limits.pipelined :]
            self.requests[-1].headers["CONNECTION"] = "close"  # what is dropped must be asked again
            for request in surplus:
                request.close()

    def service(self) -> None:
        """Answer one request, in a thread of a pool."""
        super().service()
        self.idle_since = time.monotonic()

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Give bytes to the kernel; each that a stream's client takes gives it time for the next."""
        try:
            count: int = super().send(data, do_close=do_close)
        except AttributeError:
            if self.socket is not None:
                raise
            return 0  # its client left: the server's thread has closed it, while another wanted to send
        if count:
            self._sent_at = time.monotonic()
            if self.is_stream:
                self._answer_since = self._sent_at
        return count

    def write_soon(self, data: Any) -> int:
        """Take a piece of an answer; of a stream it leaves now, while waitress would wait for more."""
        self._writing_since = time.monotonic()
        try:
            count: int = super().write_soon(data)
        finally:
            self._writing_since = None
        if self.is_stream and count:
            with self.outbuf_lock:
                self._flush_exception(self._flush_some, do_close=False)
        return count

    def unread_seconds(self, now: float) -> float:
        """How long a thread has waited for the client to read anything; 0 while none does."""
        since = self._writing_since
        return 0.0 if since is None else now - max(since, self._sent_at)

    def is_late(self, now: float) -> bool:
        """Whether a deadline has passed."""
        limits: Limits = self.server.limits
        if self.is_stream and self.requests and not self.total_outbufs_len:
            return False  # it has all that there is
        if not self.is_waited_for:
            return self._answer_since is not None and now - self._answer_since > limits.answer_seconds
        if self._request_since is not None and now - self._request_since > limits.request_seconds:
            return True
        return now - self.idle_since > limits.idle_seconds

    def give_up(self) -> None:
        """Close it at the next turn of the server's loop, also while the client does not read."""
        self.will_close = True
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # else the loop would wait until it can be written to
