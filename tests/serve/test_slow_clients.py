"""Clients that take their time: each has a deadline, and none keeps others from an answer."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from playlista.serve.connections import Limits
from playlista.serve.http import PROBES, Application
from playlista.serve.server import THREADS, Server
from playlista.serve.views import ResultText, Views
from tests.serve.test_http import ask
from tests.serve.views import views_of

#: Far longer than any deadline here; only a machine at its limit takes so long.
DEADLINE_SECONDS = 30.0
#: No deadline of these passes during a test, unless the test sets it.
GENEROUS = Limits(request_seconds=600, answer_seconds=600, idle_seconds=600)
BEGINNING = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "


VIEWS = views_of()


@contextmanager
def serving(limits: Limits = GENEROUS, views: Views = VIEWS) -> Iterator[int]:
    """The port of a server with these limits."""
    server = Server("127.0.0.1:0", Application(views), limits)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


@pytest.fixture
def clients() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def connected(clients: ExitStack, port: int, sends: bytes = b"") -> socket.socket:
    """A client that says `sends` and waits."""
    client = clients.enter_context(socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_SECONDS))
    client.sendall(sends)
    return client


def is_closed_while(client: socket.socket, does: Callable[[], object]) -> bool:
    """Whether the server ends the connection while the client goes on with what it `does`."""
    client.settimeout(0.05)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        try:
            does()
            if client.recv(65536) == b"":
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def test_a_request_that_drips_in_is_ended_at_its_deadline(clients: ExitStack) -> None:
    with serving(replace(GENEROUS, request_seconds=0.5)) as port:
        client = connected(clients, port, BEGINNING)
        assert is_closed_while(client, lambda: client.sendall(b"x"))


def test_a_body_that_drips_in_is_ended_at_its_deadline(clients: ExitStack) -> None:
    with serving(replace(GENEROUS, request_seconds=0.5)) as port:
        client = connected(clients, port, b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        assert is_closed_while(client, lambda: client.sendall(b"x"))


@pytest.mark.parametrize("drip", [b"", b"\r\n"])
def test_a_client_that_asks_for_nothing_is_ended_also_when_it_sends_empty_lines(
    clients: ExitStack, drip: bytes
) -> None:
    with serving(replace(GENEROUS, idle_seconds=0.5)) as port:
        client = connected(clients, port)
        assert is_closed_while(client, lambda: client.sendall(drip))


def test_a_connection_that_goes_on_asking_is_kept(clients: ExitStack) -> None:
    with serving(Limits(request_seconds=2, answer_seconds=2, idle_seconds=2)) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)
        clients.callback(connection.close)
        connection.connect()
        kept = connection.sock
        ends_at = time.monotonic() + 4
        while time.monotonic() < ends_at:
            connection.request("GET", "/healthz")
            assert connection.getresponse().read() == b"ok\n"
            time.sleep(0.1)
        assert connection.sock is kept


def test_an_answer_that_nobody_reads_is_ended_at_its_deadline_and_frees_its_thread(clients: ExitStack) -> None:
    ended = threading.Event()

    def endless(*_: object) -> Iterator[ResultText]:
        try:
            while True:
                yield ResultText("x", "x" * 10_000)
        finally:
            ended.set()

    with serving(replace(GENEROUS, answer_seconds=0.5), replace(VIEWS, tracks=endless)) as port:
        connected(clients, port, b"GET /api/v1/tracks HTTP/1.1\r\nHost: x\r\n\r\n")
        assert ended.wait(DEADLINE_SECONDS)


@pytest.mark.parametrize("unread", [THREADS - 1, THREADS, 3 * THREADS])
def test_clients_that_read_nothing_give_way_where_they_have_all_threads_and_only_there(
    clients: ExitStack, unread: int
) -> None:
    begun = threading.Semaphore(0)

    def endless(*_: object) -> Iterator[ResultText]:
        begun.release()
        while True:
            yield ResultText("x", "x" * 10_000)

    with serving(views=replace(VIEWS, tracks=endless)) as port:
        slow = [connected(clients, port, b"GET /api/v1/tracks HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(unread)]
        for _ in slow:
            assert begun.acquire(timeout=DEADLINE_SECONDS)
        assert ask(port, "/api/v1/status")[0] == 200
        assert len(threads_of(port, slow)) >= THREADS - 1
        assert (len(threads_of(port, slow)) < unread) is (unread >= THREADS)


def threads_of(port: int, clients: list[socket.socket]) -> list[socket.socket]:
    """Those whose connections the server still has."""
    with open("/proc/net/tcp", encoding="ascii") as file:
        rows = [line.split()[1:4] for line in file][1:]
    established = {(int(here[-4:], 16), int(there[-4:], 16)) for here, there, state in rows if state == "01"}
    return [one for one in clients if (port, one.getsockname()[1]) in established]


@pytest.mark.parametrize("sends", [b"", BEGINNING])
def test_more_clients_than_there_may_be_do_not_keep_the_next_one_out(clients: ExitStack, sends: bytes) -> None:
    limits = replace(GENEROUS, connections=10, connections_per_client=10)
    with serving(limits) as port:
        slow = [connected(clients, port, sends) for _ in range(25)]
        for path in ("/healthz", "/readyz", "/metrics", "/"):
            assert ask(port, path)[0] == 200
        closed = sum(is_gone(client) for client in slow)
        assert len(slow) - limits.connections <= closed < len(slow)


def is_gone(client: socket.socket) -> bool:
    """Whether the server has closed the connection by now."""
    client.settimeout(0.2)
    with suppress(TimeoutError):
        try:
            return client.recv(1) == b""
        except ConnectionError:
            return True
    return False


def test_probes_are_answered_while_every_other_thread_is_busy(clients: ExitStack) -> None:
    release, busy = threading.Event(), threading.Semaphore(0)

    def slow() -> dict[str, Any]:
        busy.release()
        release.wait(DEADLINE_SECONDS)
        return {}

    with serving(views=replace(VIEWS, status=slow)) as port:
        for _ in range(2 * THREADS):
            connected(clients, port, b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
        for _ in range(THREADS):
            assert busy.acquire(timeout=DEADLINE_SECONDS)
        assert [ask(port, path)[0] for path in PROBES] == [200, 200, 200]
        release.set()


def test_a_probe_that_hangs_does_not_hold_up_health(clients: ExitStack) -> None:
    release = threading.Event()

    def hangs() -> str | None:
        release.wait(DEADLINE_SECONDS)
        return None

    with serving(views=replace(VIEWS, not_ready=hangs)) as port:
        for _ in range(5):
            connected(clients, port, b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert ask(port, "/healthz")[0] == 200
        release.set()


def test_of_requests_sent_ahead_only_so_many_are_taken_and_the_rest_is_told_to_ask_again(clients: ExitStack) -> None:
    with serving(replace(GENEROUS, pipelined=4)) as port:
        client = connected(clients, port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
        received = b""
        with suppress(ConnectionError):
            while piece := client.recv(65536):
                received += piece
        assert received.count(b"HTTP/1.1 200 OK") == 4
        assert received.count(b"Connection: close") == 1
        assert ask(port, "/healthz")[0] == 200


def test_the_address_of_all_serves_ipv4_and_ipv6() -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    server = Server("[::]:0", Application(VIEWS))
    server.start()
    try:
        for host in ("127.0.0.1", "::1"):
            connection = http.client.HTTPConnection(host, server.port, timeout=DEADLINE_SECONDS)
            connection.request("GET", "/healthz")
            assert connection.getresponse().status == 200
            connection.close()
    finally:
        server.stop()
