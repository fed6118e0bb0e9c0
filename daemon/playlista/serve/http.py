"""What the daemon says over HTTP: metrics, health, a read-only JSON API and one page for people.

Only GET and HEAD, no request body, no file is ever opened from a request: paths in the API are keys of the
database. The server is waitress, with a bound on connections, header size and idle time.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, cast
from urllib.parse import parse_qs

import structlog
from prometheus_client import CONTENT_TYPE_LATEST
from waitress import wasyncore
from waitress.server import create_server

from playlista.errors import ConfigError, PlaylistaError
from playlista.tracks import Status

PAGE_LIMIT = 500
HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"),
    ("Cache-Control", "no-store"),
]
#: The files of the page, by path; they are part of the package, so no request names a file.
PAGE_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Views:
    """What the server may ask of the rest of the daemon; every call comes from a server thread.

    metrics : the page of ``/metrics``.
    not_ready : why the daemon is not ready, or None.
    status : counts, rate, time left, memory.
    track : the stored result object of a path, or None.
    page : result objects after a path, by status, in the order of paths.
    failures : what failed and why.
    """

    metrics: Callable[[], bytes]
    not_ready: Callable[[], str | None]
    status: Callable[[], dict[str, Any]]
    track: Callable[[str], dict[str, Any] | None]
    page: Callable[[str | None, str | None, int], list[dict[str, Any]]]
    failures: Callable[[], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Answer:
    """Status line, type and body of one answer."""

    status: str
    kind: str
    body: bytes

    @classmethod
    def of_json(cls, document: Any, status: str = "200 OK") -> Answer:
        """`document` as JSON; names that are not UTF-8 come as escapes."""
        return cls(status, "application/json", json.dumps(document).encode() + b"\n")

    @classmethod
    def of_text(cls, text: str, status: str = "200 OK") -> Answer:
        """One line of text."""
        return cls(status, "text/plain; charset=utf-8", text.encode(errors="backslashreplace") + b"\n")


class BadRequestError(PlaylistaError):
    """A query that cannot be answered; its text tells the client what is allowed."""


class Application:
    """The WSGI application."""

    def __init__(self, views: Views) -> None:
        self._views = views
        self._page = {
            path: (files("playlista.serve.page") / name).read_bytes() for path, (name, _) in PAGE_FILES.items()
        }

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        answer = self._answer(environ)
        length = ("Content-Length", str(len(answer.body)))
        start_response(answer.status, [("Content-Type", answer.kind), length, *HEADERS])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body]

    def _answer(self, environ: Mapping[str, Any]) -> Answer:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return Answer.of_text("read-only: GET and HEAD", "405 Method Not Allowed")
        path = environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "surrogateescape")
        try:
            return self._route(path, parse_qs(environ.get("QUERY_STRING", ""), max_num_fields=10))
        except (BadRequestError, ValueError) as error:
            return Answer.of_text(str(error), "400 Bad Request")
        except PlaylistaError as error:
            log.warning("http.failed", path=path, error=str(error))
            return Answer.of_text(str(error), "503 Service Unavailable")

    def _route(self, path: str, query: Mapping[str, list[str]]) -> Answer:
        if path == "/metrics":
            return Answer("200 OK", CONTENT_TYPE_LATEST, self._views.metrics())
        if path == "/healthz":
            return Answer.of_text("ok")
        if path == "/readyz":
            reason = self._views.not_ready()
            return Answer.of_text(reason, "503 Service Unavailable") if reason else Answer.of_text("ready")
        if path in PAGE_FILES:
            return Answer("200 OK", PAGE_FILES[path][1], self._page[path])
        if path.startswith("/api/v1/"):
            return self._api(path.removeprefix("/api/v1/"), query)
        return Answer.of_text("nothing here; try /, /metrics or /api/v1/status", "404 Not Found")

    def _api(self, name: str, query: Mapping[str, list[str]]) -> Answer:
        if name == "status":
            return Answer.of_json(self._views.status())
        if name == "failures":
            return Answer.of_json(self._views.failures())
        if name == "tracks":
            return Answer.of_json(self._tracks(query))
        if name.startswith("tracks/"):
            found = self._views.track(name.removeprefix("tracks/"))
            return Answer.of_json(found) if found else Answer.of_json({"error": "no such track"}, "404 Not Found")
        return Answer.of_json({"error": "there are status, tracks, tracks/PATH and failures"}, "404 Not Found")

    def _tracks(self, query: Mapping[str, list[str]]) -> dict[str, Any]:
        status = query.get("status", [None])[-1]
        if status is not None and status not in set(Status):
            raise BadRequestError(f"status is one of {', '.join(Status)}")
        text = query.get("limit", ["50"])[-1]
        if not (text.isdecimal() and 1 <= int(text[:6]) <= PAGE_LIMIT):
            raise BadRequestError(f"limit is a whole number from 1 to {PAGE_LIMIT}")
        tracks = self._views.page(status, query.get("after", [None])[-1], int(text))
        return {"tracks": tracks, "next": tracks[-1]["path"] if len(tracks) == int(text) else None}


class Server:
    """The HTTP server in a thread of its own.

    Raises
    ------
    ConfigError : the address cannot be bound.
    """

    def __init__(self, address: str, application: Application) -> None:
        # Typed as any kind of server; one on a single socket has the members that are used here.
        self._server = cast(
            Any,
            create_server(
                application,
                sockets=[_bind(address)],
                threads=4,
                connection_limit=64,
                channel_timeout=30,
                max_request_header_size=16384,
                max_request_body_size=1024,
                ident=None,
            ),
        )
        self.port = int(self._server.effective_port)
        self._thread = threading.Thread(target=self._server.run, name="http", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Let requests under way end, for a second at most, then close every connection and the port."""
        self._server.task_dispatcher.shutdown(timeout=1)
        # Sockets belong to the server's own thread, which ends when none is left.
        self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._server._map, ignore_all=True))
        self._thread.join(timeout=1)


def _bind(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), int(port)), family=family)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"LISTEN_ADDRESS={address}: cannot listen there ({reason}); choose another") from error
