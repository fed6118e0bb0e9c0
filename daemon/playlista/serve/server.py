"""The HTTP server: waitress in a thread of its own, with limits that no client can get round.

Input: an address, a WSGI application, limits. Output: answers. waitress itself bounds the size of a request; added
here is what it does not bound:

- a deadline for the whole request, for the whole answer and for saying nothing at all. waitress counts from the last
  byte, so that a client that sends one now and then would stay for ever;
- connections per client and in total. At the limit a connection is closed that keeps the server waiting, and the new
  one is served; waitress would stop accepting, also from those who look after the machine;
- requests sent ahead on one connection;
- a thread for each probe, so that /healthz, /readyz and /metrics never wait behind the API.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from playlista.errors import ConfigError
from playlista.serve.http import Application

#: Requests that have a thread of their own.
PROBES = ("/healthz", "/readyz", "/metrics")
#: Threads for everything else.
THREADS = 4
LARGEST_HEADER_BYTES = 16384
LARGEST_BODY_BYTES = 1024
#: What one answer may hold in memory while its client reads slowly.
UNSENT_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may take.

    request_seconds : from the first byte of a request to its last.
    answer_seconds : from the last byte of a request until its answer has left: 3 MB at 100 KB/s.
    idle_seconds : without the first byte of a request.
    connections, connections_per_client : open at a time; a client is an IP address.
    pipelined : requests on one connection that were sent before the answer to the first.
    """

    request_seconds: float = 10.0
    answer_seconds: float = 30.0
    idle_seconds: float = 30.0
    connections: int = 64
    connections_per_client: int = 32
    pipelined: int = 4


class Server:
    """Answers from `start` to `stop`.

    Raises
    ------
    ConfigError : the address cannot be bound.
    """

    def __init__(self, address: str, application: Application, limits: Limits | None = None) -> None:
        limits = limits or Limits()
        # It tells of each client that leaves early or has to wait: a log line each would be a way to fill the disk.
        logging.getLogger("waitress").setLevel(logging.ERROR)
        self._listener = _Listener(_bind(address), application, limits)
        self.port = int(self._listener.effective_port)
        self._thread = threading.Thread(target=self._listener.run, name="http", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Let requests under way end, for a second at most, then close every connection and the port.

        To stop what has stopped is harmless.
        """
        if not self._thread.is_alive():
            return
        for pool in self._listener.pools():
            pool.shutdown(timeout=1)
        # Sockets belong to the server's own thread, which ends when none is left.
        self._listener.trigger.pull_trigger(lambda: wasyncore.close_all(self._listener.sockets, ignore_all=True))
        self._thread.join(timeout=1)


@contextmanager
def serving(address: str, application: Application) -> Iterator[Server]:
    """A server that answers for the length of the block.

    Raises
    ------
    ConfigError : the address cannot be bound.
    """
    server = Server(address, application)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class _Connection(HTTPChannel):
    """One client connection, which knows how long it has kept the server waiting."""

    server: _Listener

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.requests_lock = threading.RLock()  # `received` holds it while waitress takes it once more
        self.idle_since: float = time.monotonic()
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

    def is_late(self, now: float) -> bool:
        """Whether a deadline has passed."""
        limits = self.server.limits
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


class _Listener(TcpWSGIServer):
    """The listening socket with its connections and threads; lives in the server's thread."""

    channel_class = _Connection

    def __init__(self, listening: socket.socket, application: Application, limits: Limits) -> None:
        self.limits = limits
        self.sockets: dict[int, Any] = {}
        self._probes: dict[str, Any] = {path: _pool(1) for path in PROBES}
        adjustments = Adjustments(
            connection_limit=2 * limits.connections + 10,  # never reached: see `handle_accept`
            cleanup_interval=1,
            asyncore_use_poll=True,  # select() ends at descriptor 1,023
            max_request_header_size=LARGEST_HEADER_BYTES,
            max_request_body_size=LARGEST_BODY_BYTES,
            outbuf_high_watermark=UNSENT_BYTES,
            ident=None,
        )
        super().__init__(
            application,
            map=self.sockets,
            _sock=listening,
            dispatcher=_pool(THREADS),
            adj=adjustments,
            sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
            bind_socket=False,
        )

    def pools(self) -> list[ThreadedTaskDispatcher]:
        """All threads that answer."""
        return [self.task_dispatcher, *self._probes.values()]

    def add_task(self, connection: _Connection) -> None:
        """Have the first request of `connection` answered, by the thread of its probe or by one of the others."""
        path = getattr(connection.requests[0], "path", "")
        pool: Any = self._probes.get(path, self.task_dispatcher)
        pool.add_task(connection)

    def handle_accept(self) -> None:
        """Take a new connection in, and close another where there are too many."""
        super().handle_accept()
        open_ones = self._open_connections()
        clients = Counter(one.addr[0] for one in open_ones)
        most = max(clients.values(), default=0)
        if most > self.limits.connections_per_client or len(open_ones) > self.limits.connections:
            # The greediest client pays, first with a connection on which it keeps us waiting, the oldest of them.
            of_greediest = [one for one in open_ones if clients[one.addr[0]] == most]
            min(of_greediest, key=lambda one: (not one.is_waited_for, one.creation_time)).give_up()

    def maintenance(self, _now: float) -> None:
        """Close what is late; waitress calls it once in `cleanup_interval`, with the time of a clock that may jump."""
        now = time.monotonic()
        for connection in self._open_connections():
            if connection.is_late(now):
                connection.give_up()

    def _open_connections(self) -> list[_Connection]:
        return [one for one in self.active_channels.values() if not one.will_close]


def _pool(threads: int) -> ThreadedTaskDispatcher:
    pool = ThreadedTaskDispatcher()
    pool.set_thread_count(threads)
    return pool


def _bind(address: str) -> socket.socket:
    """A listening socket; ``[::]`` takes IPv4 as well, whatever the machine's default is."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = family == socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
    try:
        return socket.create_server((host, int(port)), family=family, dualstack_ipv6=both)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"LISTEN_ADDRESS={address}: cannot listen there ({reason}); choose another") from error
