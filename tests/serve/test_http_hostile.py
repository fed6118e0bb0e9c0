"""The HTTP server against clients that mean no good, over a real socket: bounded, read-only, nothing given away."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from playlista.serve.answers import HEADERS, NOT_STORED
from playlista.serve.http import Application
from playlista.serve.server import Server
from tests.serve.test_http import ask
from tests.serve.views import views_of


@pytest.fixture
def port() -> Iterator[int]:
    server = Server("127.0.0.1:0", Application(views_of()))
    server.start()
    yield server.port
    server.stop()


def answer(port: int, request: bytes) -> bytes:
    """All that comes back for `request` until the server closes, or for half a second."""
    with socket.create_connection(("127.0.0.1", port), timeout=0.5) as client:
        received = b""
        with suppress(TimeoutError, ConnectionError):  # it may be cut off before the whole request is sent
            client.sendall(request)
            while piece := client.recv(65536):
                received += piece
        return received


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/api/v1/tracks/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/api/v1/tracks//etc/passwd",
        "/api/v1/tracks/%00",
        "/api/v1/tracks/" + "x" * 8000,
        "/page.css/../../http.py",
        "/static/../playlista.db",
        "//etc/passwd",
        "/\\..\\..\\etc\\passwd",
    ],
)
def test_no_path_leads_to_a_file(path: str, port: int) -> None:
    status, _, body = ask(port, path)
    assert status in {404, 414}
    assert b"root:" not in body


@pytest.mark.parametrize("path", ["/", "/metrics", "/nothing", "/api/v1/status", "/api/v1/tracks?limit=x"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_answer_carries_the_protecting_headers_and_does_not_name_the_server(
    path: str, method: str, port: int
) -> None:
    headers = ask(port, path, method)[1]
    assert {name: headers.get(name) for name, _ in HEADERS} == dict(HEADERS)
    assert headers["Cache-Control"] == ("no-cache" if (path, method) == ("/", "GET") else NOT_STORED[1])
    assert "Server" not in headers
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\nffffffffff\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"\0" * 5000,
    ],
)
def test_what_is_no_request_is_refused_and_the_server_goes_on(request_bytes: bytes, port: int) -> None:
    assert b"200 OK" not in answer(port, request_bytes).split(b"\r\n")[0]
    assert ask(port, "/healthz")[0] == 200
