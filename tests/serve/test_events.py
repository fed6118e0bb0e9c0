"""Server-sent events: at once, then as things happen, for a bounded number of pages, and never in the way."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from waitress.adjustments import Adjustments

from playlista.errors import StoreError
from playlista.serve.connections import Connection, Limits
from playlista.serve.events import MOST_CLIENTS, Broadcast
from playlista.serve.http import Application
from playlista.serve.server import THREADS, Server
from tests.serve.test_http import ask
from tests.serve.views import views_of
from tests.watch.folders import until

DEADLINE_SECONDS = 60.0


class Daemon:
    """Its status, the tracks that ended, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.ended: list[dict[str, Any]] = []

    def status(self) -> dict[str, Any]:
        self.asked += 1
        return {"asked": self.asked}

    def finished(self, after: float) -> list[dict[str, Any]]:
        return [one for one in self.ended if one["finished_at"] > after]


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


@pytest.fixture
def port(daemon: Daemon) -> Iterator[int]:
    application = Application(views_of(status=daemon.status, finished=daemon.finished))
    server = Server("127.0.0.1:0", application, Limits(connections_per_client=64))
    server.start()
    yield server.port
    server.stop()


def listening(opened: ExitStack, port: int) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)
    opened.callback(connection.close)
    connection.request("GET", "/api/v1/events")
    return connection.getresponse()


def events(answer: http.client.HTTPResponse) -> Iterator[tuple[str, Any]]:
    """Name and content of each event, as the specification of EventSource reads them."""
    name = ""
    for line in iter(answer.readline, b""):
        if line.startswith(b"event: "):
            name = line[7:].decode().strip()
        elif line.startswith(b"data: "):
            yield name, json.loads(line[6:])


def test_a_page_hears_the_status_at_once_and_each_track_that_ends(port: int, daemon: Daemon) -> None:
    with ExitStack() as opened:
        answer = listening(opened, port)
        assert answer.headers["Content-Type"] == "text/event-stream"
        heard = events(answer)
        assert next(heard)[0] == "status"
        daemon.ended = [{"id": 7, "finished_at": time.time() + 5}]
        assert ("track", daemon.ended[0]) in [next(heard) for _ in range(4)]


def test_too_many_pages_are_told_to_come_later_and_the_api_answers_all_the_same(port: int) -> None:
    assert MOST_CLIENTS > THREADS
    with ExitStack() as opened:
        streams = [listening(opened, port) for _ in range(MOST_CLIENTS)]
        assert {stream.status for stream in streams} == {200}
        refused = listening(opened, port)
        assert (refused.status, refused.headers["Retry-After"]) == (503, "30")
        assert ask(port, "/api/v1/tracks")[0] == 200


def test_a_page_that_is_closed_lets_another_listen(port: int) -> None:
    with ExitStack() as first:
        for _ in range(MOST_CLIENTS):
            assert listening(first, port).status == 200
    deadline = time.monotonic() + DEADLINE_SECONDS
    with ExitStack() as opened:
        while (status := listening(opened, port).status) != 200 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert status == 200


def test_a_page_that_does_not_read_is_cut_off(daemon: Daemon) -> None:
    longer_than_any_buffer = 2**25
    daemon.status = lambda: {"long": "x" * longer_than_any_buffer}  # type: ignore[method-assign]
    application = Application(views_of(status=daemon.status))
    server = Server("127.0.0.1:0", application, Limits(answer_seconds=0.5))
    server.start()
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_SECONDS) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)
            client.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
            until(lambda: is_served(client))
            until(lambda: not is_served(client))
            total = 0
            with suppress(ConnectionError):  # closed is as good as reset
                while received := client.recv(2**16):
                    total += len(received)
            assert total < longer_than_any_buffer
    finally:
        server.stop()


def is_served(client: socket.socket) -> bool:
    """Whether the server, which is in this process, still has its end of the connection."""
    own_end = client.getsockname()
    return any(one.raddr == own_end for one in psutil.Process().net_connections("tcp"))


def test_all_pages_together_ask_as_often_as_one() -> None:
    daemon = Daemon()
    broadcast = Broadcast(daemon.status, daemon.finished, interval_seconds=600)
    streams = [broadcast.subscribe() for _ in range(5)]
    assert [json.loads(next(stream).split(b"data: ")[1])["asked"] for stream in streams if stream] == [1] * 5


def test_a_library_that_does_not_answer_is_an_event_and_no_end() -> None:
    def broken() -> dict[str, Any]:
        raise StoreError("playlista.db: database is locked")

    broadcast = Broadcast(broken, lambda after: [], interval_seconds=0.01)
    stream = broadcast.subscribe()
    assert stream is not None
    assert b"event: trouble\n" in b"".join(next(stream) for _ in range(3))


def test_a_stopped_daemon_ends_its_streams(port: int, daemon: Daemon) -> None:
    broadcast = Broadcast(daemon.status, daemon.finished, interval_seconds=600)
    stream = broadcast.subscribe()
    assert stream is not None
    next(stream)
    broadcast.close()
    assert list(stream) == []
    assert broadcast.subscribe() is None


def test_a_stream_whose_client_left_meanwhile_takes_nothing_and_says_nothing() -> None:
    here, there = socket.socketpair()
    server = SimpleNamespace(limits=Limits(), adj=Adjustments(), active_channels={})
    connection = Connection(server, here, ("127.0.0.1", 1), server.adj, map={})
    connection.is_stream = True
    connection.socket = None  # as the server's thread leaves it
    with here, there:
        assert connection.send(b"event: status\n\n") == 0
