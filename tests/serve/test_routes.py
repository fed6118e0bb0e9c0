"""The table of the API, its description, and the ways to reach it."""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from playlista.errors import ConfigError
from playlista.serve.api.table import ROUTES
from playlista.serve.http import Application
from playlista.serve.openapi import describe
from playlista.serve.routes import Route, find
from playlista.serve.server import Server
from playlista.serve.sockets import bind
from tests.serve.test_http import ask
from tests.serve.views import views_of


@pytest.fixture
def port() -> Iterator[int]:
    server = Server("127.0.0.1:0", Application(views_of()))
    server.start()
    yield server.port
    server.stop()


def test_what_is_described_is_what_is_served(port: int) -> None:
    description = json.loads(ask(port, "/api/v1/openapi.json")[2])
    assert description == json.loads(json.dumps(describe(ROUTES)))
    described = {
        (method.upper(), path.lstrip("/")) for path, methods in description["paths"].items() for method in methods
    }
    assert described == {(route.method, route.path.replace(":path", "")) for route in ROUTES}
    identifiers = [one["operationId"] for methods in description["paths"].values() for one in methods.values()]
    assert len(set(identifiers)) == len(identifiers)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_leads_to_itself(port: int, route: object) -> None:
    path = route.path.replace("{id}", "17").replace("{name:path}", "A/B c.mp3")
    found = find(ROUTES, route.method, path)
    assert isinstance(found, tuple)
    assert found[0] is route
    if "events" not in path:
        assert ask(port, f"/api/v1/{path.replace(' ', '%20')}", "PUT")[0] == 405


def test_a_track_may_be_called_as_a_route_and_is_found_by_its_path() -> None:
    found = find(ROUTES, "GET", "tracks/Album/cover")
    assert isinstance(found, tuple)
    assert (found[0].path, found[1]) == ("tracks/{name:path}", "Album/cover")


@pytest.mark.parametrize("route", [route for route in ROUTES if "{id}" in route.path], ids=lambda route: route.path)
@pytest.mark.parametrize("number", [str(2**63), "9" * 23, "9" * 4000])
def test_a_number_that_no_library_can_hold_is_the_id_of_no_track(route: Route, number: str) -> None:
    found = find(ROUTES, route.method, route.path.replace("{id}", number))
    assert isinstance(found, tuple)
    assert found[0] is not route


def test_a_path_that_is_not_there_says_where_to_look(port: int) -> None:
    status, _, body = ask(port, "/api/v1/odd")
    assert status == 404
    assert b"/api/v1/openapi.json" in body


class _OverUnix(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=60)
        self._path = os.fspath(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


def test_a_unix_socket_is_answered_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "playlista.sock"
    server = Server(f"unix:{path}", Application(views_of()))
    server.start()
    try:
        assert path.stat().st_mode & 0o777 == 0o660
        client = _OverUnix(path)
        client.request("GET", "/api/v1/status")
        assert client.getresponse().status == 200
        client.close()
        with pytest.raises(ConfigError, match="cannot listen there"):
            bind(f"unix:{path}")
    finally:
        server.stop()
    assert not path.exists()


def test_the_socket_of_a_killed_process_is_taken_over_and_a_file_is_not(tmp_path: Path) -> None:
    stale = tmp_path / "stale.sock"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(os.fspath(stale))
    bind(f"unix:{stale}").close()
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigError):
        bind(f"unix:{tmp_path / 'file'}")
    assert (tmp_path / "file").read_text() == "mine"
