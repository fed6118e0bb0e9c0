"""The HTTP server: waitress in a thread of its own, with limits that no client can get round.

Input: an address, a WSGI application, limits. Output: answers. waitress itself bounds the size of a request; added
here is what it does not bound:

- a deadline for the whole request, for the whole answer and for saying nothing at all. waitress counts from the last
  byte, so that a client that sends one now and then would stay for ever;
- clients of the API that do not read: where they have all of its threads and a request waits, the longest unread is
  closed;
- connections per client and in total. At the limit a connection is closed that keeps the server waiting, and the new
  one is served; waitress would stop accepting, also from those who look after the machine;
- requests sent ahead on one connection;
- threads of their own for each probe, for streams of events and for what opens music files, so that none of them
  waits for another: /healthz, /readyz and /metrics never wait behind the API, nor the API behind a share.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from playlista.serve.connections import Connection, Limits
from playlista.serve.events import MOST_CLIENTS
from playlista.serve.http import PROBES, Application
from playlista.serve.requests import UNIX_CLIENT
from playlista.serve.routes import Threads
from playlista.serve.sockets import bind, release

#: Threads for everything that is neither a probe nor a stream.
THREADS = 4
#: Threads by what they answer. One for pictures: their tags are read whole. One for
#: evidence: a file is decoded. One more for events than there are streams: it refuses those that are too many.
MOST_THREADS: dict[Threads | str, int] = {
    **dict.fromkeys(PROBES, 1),
    Threads.API: THREADS,
    Threads.COVERS: 1,
    Threads.AUDIO: 4,
    Threads.EVIDENCE: 1,
    Threads.EVENTS: MOST_CLIENTS + 1,
}
#: Answers that last as long as somebody listens.
STREAMS = frozenset({Threads.EVENTS, Threads.AUDIO})
LARGEST_HEADER_BYTES = 16384
#: A list of some thousand ids.
LARGEST_BODY_BYTES = 65536
#: What one answer may hold in memory while its client reads slowly.
UNSENT_BYTES = 65536


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
        self._application = application
        self._listener = _Listener(bind(address), application, limits)
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
        self._application.close()
        release(self._listener.socket)
        for pool in self._listener.pools():
            pool.shutdown(timeout=1)
        # Sockets belong to the server's own thread, which ends when none is left.
        with suppress(OSError):  # its thread ended by itself, and closed what it waits on
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


class _Pool(ThreadedTaskDispatcher):
    """Threads that are started when they are needed, up to `most`."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def add_task(self, task: Connection) -> None:
        """Have a connection served."""
        if self.active_count + len(self.queue) >= len(self.threads) < self._most:
            self.set_thread_count(len(self.threads) + 1)
        super().add_task(task)


class _Listener(TcpWSGIServer):
    """The listening socket with its connections and threads; lives in the server's thread."""

    channel_class = Connection

    def __init__(self, listening: socket.socket, application: Application, limits: Limits) -> None:
        self.limits = limits
        self.sockets: dict[int, Any] = {}
        self._is_unix = listening.family == socket.AF_UNIX
        self._threads_for = application.threads_for
        self._pools = {name: _Pool(most) for name, most in MOST_THREADS.items()}
        adjustments = Adjustments(
            connection_limit=2 * limits.connections + 10,  # never reached: see `handle_accept`
            cleanup_interval=1,
            asyncore_use_poll=True,  # select() ends at descriptor 1,023
            max_request_header_size=LARGEST_HEADER_BYTES,
            max_request_body_size=LARGEST_BODY_BYTES,
            outbuf_high_watermark=UNSENT_BYTES,
            clear_untrusted_proxy_headers=False,  # `serve.requests` knows whom to trust
            ident=None,
        )
        super().__init__(
            application,
            map=self.sockets,
            _sock=listening,
            dispatcher=self._pools[Threads.API],
            adj=adjustments,
            sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
            bind_socket=False,
        )

    def pools(self) -> list[_Pool]:
        """All threads that answer."""
        return list(self._pools.values())

    def getsockname(self) -> tuple[str, str | int]:
        """The address; a unix socket has no port."""
        return (UNIX_CLIENT, 0) if self._is_unix else super().getsockname()

    def fix_addr(self, addr: Any) -> Any:
        """Who connects; over a unix socket, the proxy."""
        return (UNIX_CLIENT, None) if self._is_unix else addr

    def set_socket_options(self, conn: socket.socket) -> None:
        """TCP's, where it is TCP."""
        if not self._is_unix:
            super().set_socket_options(conn)

    def add_task(self, connection: Connection) -> None:
        """Have the first request of `connection` answered, by the threads that are there for it."""
        path = getattr(connection.requests[0], "path", "").encode("latin-1").decode("utf-8", "surrogateescape")
        threads = self._threads_for(path)
        connection.is_stream = threads in STREAMS
        connection.is_api = threads is Threads.API
        self._pools[threads].add_task(connection)

    def handle_accept(self) -> None:
        """Take a new connection in, and close another where there are too many."""
        super().handle_accept()
        open_ones = self._open_connections()
        clients = Counter(one.addr[0] for one in open_ones)
        most = max(clients.values(), default=0)
        per_client = self.limits.connections if self._is_unix else self.limits.connections_per_client
        if most > per_client or len(open_ones) > self.limits.connections:
            # The greediest client pays, first with a connection on which it keeps us waiting, the oldest of them.
            of_greediest = [one for one in open_ones if clients[one.addr[0]] == most]
            min(of_greediest, key=lambda one: (not one.is_waited_for, one.creation_time)).give_up()

    def maintenance(self, _now: float) -> None:
        """Close what is late; waitress calls it once in `cleanup_interval`, with the time of a clock that may jump."""
        now = time.monotonic()
        for connection in self._open_connections():
            if connection.is_late(now):
                connection.give_up()

    def readable(self) -> bool:
        """Whether connections are taken in. The loop asks at each of its turns, which is when threads are freed."""
        self._free_threads()
        return bool(super().readable())

    def _free_threads(self) -> None:
        """Where requests wait and every thread of the API has a client that reads nothing, close the longest unread."""
        waiting = len(self._pools[Threads.API].queue)
        if not waiting:
            return
        now = time.monotonic()
        unread = {one: one.unread_seconds(now) for one in self._open_connections() if one.is_api}
        late = [one for one, seconds in unread.items() if seconds > self.limits.unread_seconds]
        if len(late) >= THREADS:
            for connection in sorted(late, key=unread.__getitem__, reverse=True)[:waiting]:
                connection.give_up()

    def _open_connections(self) -> list[Connection]:
        return [one for one in self.active_channels.values() if not one.will_close]
