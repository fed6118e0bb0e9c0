"""What the daemon says over HTTP: metrics, health, a read-only JSON API and one page for people.

Input: WSGI requests, and `Views` of the daemon. Output: answers. Only GET and HEAD, and no file is ever opened from a
request: paths in the API are keys of the database. Lists are streamed, so that the memory of an answer does not depend
on its length; the server's limits are in `serve.server`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from threading import Event
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST

from playlista.errors import PlaylistaError
from playlista.serve.assets import Asset, load_assets
from playlista.serve.parameters import (
    LONGEST_PATH,
    BadRequestError,
    Choice,
    Cursor,
    Parameter,
    UriTooLongError,
    WholeNumber,
    cursor_at,
    read_query,
)
from playlista.serve.plain_list import plain_list
from playlista.tracks import Status

PAGE_LIMIT = 500
#: Tracks of one page of the plain list.
PLAIN_LIMIT = 50
#: What is sent at a time. Each sending gives Python's lock away, and to have it back takes a while: not too little.
PIECE_CHARACTERS = 2**17
#: A start without anything to migrate is over by then, and who asks right after it need not ask twice.
STARTING_SECONDS = 5.0
#: The parameters of ``tracks``.
TRACKS: dict[str, Parameter] = {
    "status": Choice(Status),
    "limit": WholeNumber(1, PAGE_LIMIT, default=50),
    "after": Cursor(),
}
#: Nothing from elsewhere, nothing inline, and no text that becomes markup or code, whatever the tags of a file say.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; media-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types"
)
HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", CONTENT_POLICY),
]
#: Unless the answer says something else.
NOT_STORED = [("Cache-Control", "no-store")]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Views:
    """What the server may ask of the rest of the daemon; every call comes from a server thread.

    metrics : the page of ``/metrics``.
    not_ready : why the daemon is not ready, or None.
    status : counts, rate, time left, memory.
    track : the stored result object of a path, or None.
    tracks : at most so many result objects behind a path, by status, in the order of paths; read as they are taken.
    failures : what failed and why.
    """

    metrics: Callable[[], bytes]
    not_ready: Callable[[], str | None]
    status: Callable[[], dict[str, Any]]
    track: Callable[[str], dict[str, Any] | None]
    tracks: Callable[[Status | None, str, int], Iterator[dict[str, Any]]]
    failures: Callable[[], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Answer:
    """Status line, type, body and further header lines of one answer; a body in pieces is streamed."""

    status: str
    kind: str
    body: bytes | Iterator[bytes]
    further: list[tuple[str, str]] = field(default_factory=lambda: NOT_STORED)

    @classmethod
    def of_json(cls, document: Any, status: str = "200 OK") -> Answer:
        """`document` as JSON; names that are not UTF-8 come as escapes."""
        return cls(status, "application/json", json.dumps(document).encode() + b"\n")

    @classmethod
    def of_text(cls, text: str, status: str = "200 OK") -> Answer:
        """One line of text."""
        return cls(status, "text/plain; charset=utf-8", text.encode(errors="backslashreplace") + b"\n")

    def headers(self) -> list[tuple[str, str]]:
        """Its header lines."""
        length = [("Content-Length", str(len(self.body)))] if isinstance(self.body, bytes) else []
        return [("Content-Type", self.kind), *length, *HEADERS, *self.further]

    def pieces(self) -> Iterable[bytes]:
        """Its body."""
        return [self.body] if isinstance(self.body, bytes) else self.body


class Application:
    """The WSGI application.

    Parameters
    ----------
    views : what it answers from.
    is_starting : these views cannot answer the API yet. A request for it waits a moment for those of `open`.
    """

    def __init__(self, views: Views, *, is_starting: bool = False) -> None:
        self.views = views
        self._opened = Event()
        if not is_starting:
            self._opened.set()
        self._assets = load_assets()

    def open(self, views: Views) -> None:
        """Answer from `views` from now on, in full."""
        self.views = views
        self._opened.set()

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        answer = self._answer(environ)
        start_response(answer.status, answer.headers())
        return [b""] if environ["REQUEST_METHOD"] == "HEAD" else answer.pieces()

    def _answer(self, environ: Mapping[str, Any]) -> Answer:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return Answer.of_text("read-only: GET and HEAD", "405 Method Not Allowed")
        path, query = (_text(environ.get(name, "")) for name in ("PATH_INFO", "QUERY_STRING"))
        try:
            return _of_asset(self._assets[path], environ) if path in self._assets else self._route(path, query)
        except BadRequestError as error:
            return Answer.of_text(str(error), "400 Bad Request")
        except UriTooLongError as error:
            return Answer.of_text(str(error), "414 URI Too Long")
        except PlaylistaError as error:
            log.warning("http.failed", path=path, error=str(error))
            return Answer.of_text(str(error), "503 Service Unavailable")

    def _route(self, path: str, query: str) -> Answer:
        if len(path) > LONGEST_PATH:
            raise UriTooLongError(f"the path is longer than {LONGEST_PATH} characters")
        if path == "/metrics":
            return Answer("200 OK", CONTENT_TYPE_LATEST, self.views.metrics())
        if path == "/healthz":
            return Answer.of_text("ok")
        if path == "/readyz":
            reason = self.views.not_ready()
            return Answer.of_text(reason, "503 Service Unavailable") if reason else Answer.of_text("ready")
        if path == "/list":
            return self._plain_list(**read_query(query, TRACKS))
        if path.startswith("/api/v1/"):
            return self._api(path.removeprefix("/api/v1/"), query)
        return Answer.of_text("nothing here; try /, /metrics or /api/v1/status", "404 Not Found")

    def _api(self, name: str, query: str) -> Answer:
        self._opened.wait(STARTING_SECONDS)
        if name == "status":
            return Answer.of_json(self.views.status())
        if name == "failures":
            return Answer.of_json(self.views.failures())
        if name == "tracks":
            return self._tracks(**read_query(query, TRACKS))
        if name.startswith("tracks/"):
            found = self.views.track(name.removeprefix("tracks/"))
            return Answer.of_json(found) if found else Answer.of_json({"error": "no such track"}, "404 Not Found")
        return Answer.of_json({"error": "there are status, tracks, tracks/PATH and failures"}, "404 Not Found")

    def _tracks(self, *, status: Status | None, limit: int, after: str) -> Answer:
        tracks = self.views.tracks(status, after, limit)
        # The first is read now: a library that does not answer is then said with a status of its own.
        first = next(tracks, None)
        return Answer(
            "200 OK", "application/json", _page_of(tracks if first is None else chain([first], tracks), limit)
        )

    def _plain_list(self, *, status: Status | None, limit: int, after: str) -> Answer:
        self._opened.wait(STARTING_SECONDS)
        tracks = list(self.views.tracks(status, after, min(limit, PLAIN_LIMIT)))
        cursor = cursor_at(tracks[-1]["path"]) if len(tracks) == min(limit, PLAIN_LIMIT) else None
        return Answer("200 OK", "text/html; charset=utf-8", plain_list(tracks, cursor, status=status))


def _of_asset(asset: Asset, environ: Mapping[str, Any]) -> Answer:
    body, headers = asset.body_for(environ)
    if asset.is_known_to(environ):
        return Answer("304 Not Modified", asset.kind, b"", headers)
    return Answer("200 OK", asset.kind, body, headers)


def _text(sent: str) -> str:
    """What a client sent, which WSGI gives as Latin-1, as text; surrogate escapes stand for what is not UTF-8."""
    return sent.encode("latin-1").decode("utf-8", "surrogateescape")


def _page_of(tracks: Iterable[dict[str, Any]], limit: int) -> Iterator[bytes]:
    """One page of ``tracks`` as JSON, some tracks at a time; `next` is the cursor of the page behind a full one."""
    count, path, piece = 0, "", '{"tracks": ['
    for track in tracks:
        piece += (", " if count else "") + json.dumps(track)
        count, path = count + 1, track["path"]
        if len(piece) >= PIECE_CHARACTERS:
            yield piece.encode()
            piece = ""
    yield f'{piece}], "next": {json.dumps(cursor_at(path) if count == limit else None)}}}\n'.encode()
