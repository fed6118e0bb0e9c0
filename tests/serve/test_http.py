"""The HTTP API, over a real socket."""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from playlista.errors import ConfigError, StoreError
from playlista.serve.http import Application
from playlista.serve.server import Server
from playlista.serve.sockets import url_of
from playlista.serve.views import ResultText, Views
from tests.serve.views import views_of

TRACK = {"path": "a b/c\udcff.mp3", "status": "analyzed", "rhythm": None}


class Library:
    """What the server is given to answer from; a test changes it as the daemon would."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.pages: list[tuple[str | None, str, int]] = []
        self.broken = False
        self.damaged = False

    def tracks(self, status: str | None, after: str, limit: int) -> Iterator[ResultText]:
        self.pages.append((status, after, limit))
        if self.broken:
            raise StoreError("playlista.db: database is locked; try again")
        yield from [ResultText(str(TRACK["path"]), json.dumps(TRACK))] * min(limit, 2)
        if self.damaged:
            raise StoreError("b.mp3: its stored result is damaged")

    def failures(self) -> list[dict[str, Any]]:
        if self.broken:
            raise StoreError("playlista.db: database is locked; try again")
        return []

    def views(self) -> Views:
        return views_of(
            metrics=lambda: b"playlista_tracks_in_flight 0\n",
            not_ready=lambda: self.reason,
            status=lambda: {"tracks": {"total": 1}},
            track=lambda path: dict(TRACK) if path == TRACK["path"] else None,
            tracks=self.tracks,
            failures=self.failures,
        )


@pytest.fixture
def library() -> Library:
    return Library()


@pytest.fixture
def port(library: Library) -> Iterator[int]:
    server = Server("127.0.0.1:0", Application(library.views()))
    server.start()
    yield server.port
    server.stop()


def ask(port: int, path: str, method: str = "GET", body: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, body)
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def test_who_asks_the_api_during_the_start_waits_for_the_library_and_probes_do_not(library: Library) -> None:
    opened = library.views()
    application = Application(replace(opened, status=lambda: pytest.fail("asked too early")), is_starting=True)
    server = Server("127.0.0.1:0", application)
    server.start()
    try:
        with ThreadPoolExecutor() as others:
            asked = others.submit(ask, server.port, "/api/v1/status")
            assert [ask(server.port, path)[0] for path in ("/healthz", "/readyz", "/metrics")] == [200, 200, 200]
            application.open(opened)
            status, _, body = asked.result()
    finally:
        server.stop()

    assert (status, json.loads(body)) == (200, {"tracks": {"total": 1}, "writable": True, "login": False})


def test_metrics_come_in_the_text_format(port: int) -> None:
    status, headers, body = ask(port, "/metrics")
    assert (status, body) == (200, b"playlista_tracks_in_flight 0\n")
    assert headers["Content-Type"].startswith("text/plain; version=")


def test_readiness_says_its_reason_and_health_does_not_depend_on_it(port: int, library: Library) -> None:
    assert ask(port, "/readyz")[0] == 200
    library.reason = "music folder is not there"
    assert ask(port, "/readyz")[::2] == (503, b"music folder is not there\n")
    assert ask(port, "/healthz")[0] == 200


def test_a_track_is_found_by_its_path_also_when_that_is_not_utf8(port: int) -> None:
    status, _, body = ask(port, "/api/v1/tracks/a%20b/c%FF.mp3")
    assert (status, json.loads(body)) == (200, TRACK | {"beat_times": None, "findings": {}})


@pytest.mark.parametrize("path", ["/api/v1/tracks/../../etc/passwd", "/etc/passwd", "/page.js/../x", "/%00"])
def test_nothing_outside_the_library_is_answered(port: int, path: str) -> None:
    assert ask(port, path)[0] == 404


def test_pages_go_on_after_the_last_path(port: int, library: Library) -> None:
    body = json.loads(ask(port, "/api/v1/tracks?status=analyzed&limit=2&after=x")[2])
    assert body["tracks"] == [TRACK, TRACK]
    assert body["next"].isascii()
    assert quote(body["next"], safe="") == body["next"]  # nothing for a script or a shell to encode wrongly
    ask(port, f"/api/v1/tracks?after={body['next']}&limit=3")
    assert library.pages == [("analyzed", "x", 2), (None, TRACK["path"], 3)]
    assert json.loads(ask(port, "/api/v1/tracks?limit=3")[2])["next"] is None


def test_a_path_which_was_the_cursor_of_version_0_1_still_is_one(port: int, library: Library) -> None:
    ask(port, f"/api/v1/tracks?after={quote(os.fsencode(TRACK['path']))}")
    assert library.pages == [(None, TRACK["path"], 50)]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=x",
        "limit=-1",
        "limit=000500999999",
        "limit=+50",
        "limit=%D9%A5",
        "limit=" + "9" * 5000,
        "status=nice",
        "after=~A",
        "after=" + "a" * 5000,
        "&".join("a=1" for _ in range(50)),
    ],
)
def test_a_query_that_cannot_be_answered_is_a_bad_request(port: int, query: str) -> None:
    assert ask(port, f"/api/v1/tracks?{query}")[0] == 400


@pytest.mark.parametrize("path", ["/" + "a" * 5000, "/api/v1/tracks?x=" + "a" * 9000])
def test_a_path_or_query_longer_than_any_with_an_answer_is_refused(port: int, path: str) -> None:
    assert ask(port, path)[0] == 414


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_reading_is_allowed(port: int, method: str) -> None:
    assert ask(port, "/api/v1/status", method)[0] == 405


def test_head_has_the_headers_without_the_body(port: int) -> None:
    status, headers, body = ask(port, "/api/v1/status", "HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 0


def test_a_large_header_or_body_is_refused_and_the_server_goes_on(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 40000 + b"\r\n\r\n")
        assert b" 431 " in raw.recv(1000)
    assert ask(port, "/", "POST", b"x" * 70_000)[0] == 413
    assert ask(port, "/healthz")[0] == 200


def test_a_database_that_does_not_answer_is_said_with_503(port: int, library: Library) -> None:
    library.broken = True
    for path in ("/api/v1/failures", "/api/v1/tracks"):
        assert ask(port, path)[::2] == (503, b"playlista.db: database is locked; try again\n")


def test_a_damaged_result_behind_good_ones_is_said_as_well(port: int, library: Library) -> None:
    library.damaged = True
    assert ask(port, "/api/v1/tracks")[::2] == (503, b"b.mp3: its stored result is damaged\n")


def test_a_port_that_is_taken_is_told_in_one_line(port: int, library: Library) -> None:
    with pytest.raises(ConfigError, match=f"LISTEN_ADDRESS=127.0.0.1:{port}: cannot listen there"):
        Server(f"127.0.0.1:{port}", Application(library.views()))


def test_a_stopped_server_leaves_its_port(library: Library) -> None:
    server = Server("127.0.0.1:0", Application(library.views()))
    server.start()
    address = ("127.0.0.1", server.port)
    server.stop()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(address, timeout=1)


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("0.0.0.0:9345", "http://localhost:9345"),
        ("[::]:0", "http://localhost:9345"),
        ("127.0.0.1:9345", "http://localhost:9345"),
        ("192.168.1.5:9345", "http://192.168.1.5:9345"),
        ("unix:/run/playlista.sock", "unix:/run/playlista.sock"),
    ],
)
def test_the_log_names_an_address_that_a_browser_opens(address: str, url: str) -> None:
    assert url_of(address, 9345) == url
