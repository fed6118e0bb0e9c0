"""The WSGI application: who asks, may they, which route, and what became of it.

Input: WSGI requests, and `Views` of the daemon. Output: answers. Paths in the API are keys of the database. Lists are
streamed, so that the memory of an answer does not depend on its length; the server's limits are in `serve.server`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST

from playlista.config import Settings
from playlista.errors import PlaylistaError
from playlista.library.track_filter import FilterError
from playlista.serve.access import Access, AccessRules
from playlista.serve.answers import Answer
from playlista.serve.api import tracks
from playlista.serve.api.table import ROUTES
from playlista.serve.assets import Asset, load_assets
from playlista.serve.audiomuse.calls import CALLS
from playlista.serve.errors import NotFoundError, NotReadyError
from playlista.serve.events import Broadcast
from playlista.serve.openapi import describe
from playlista.serve.parameters import LONGEST_PATH, BadRequestError, UriTooLongError, read_query
from playlista.serve.requests import Network, Request, RequestReader
from playlista.serve.routes import API, Context, Route, Threads, find
from playlista.serve.views import Views

#: A start without anything to migrate is over by then, and who asks right after it need not ask twice.
STARTING_SECONDS = 5.0
#: Where AudioMuse-AI's calls are; what is below `API` is ours.
AUDIOMUSE = ("/api/", "/external/")
#: Requests of those who look after the machine, each with a thread of its own.
PROBES = ("/healthz", "/readyz", "/metrics")
#: What "/" answers where a token is asked for.
LOGIN = "/login.html"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class HttpRules:
    """What the operator decided about HTTP.

    proxies : networks whose forwarded headers are believed.
    prefix : the path under which a proxy shows us and which it leaves on.
    serve_audio : whether music files may be played.
    audiomuse_api : whether AudioMuse-AI's calls are answered, besides our own.
    """

    access: AccessRules = field(default_factory=AccessRules)
    proxies: tuple[Network, ...] = ()
    prefix: str = ""
    serve_audio: bool = False
    audiomuse_api: bool = False


def http_rules(settings: Settings) -> HttpRules:
    """The rules that follow from `settings`."""
    access = AccessRules(settings.auth_token, settings.metrics_without_token, settings.allowed_hosts)
    return HttpRules(
        access, settings.trusted_proxies, settings.url_prefix, settings.serve_audio, settings.audiomuse_api
    )


class Application:
    """The WSGI application.

    Parameters
    ----------
    views : what it answers from.
    is_starting : these views cannot answer the API yet. A request for it waits a moment for those of `open`.
    """

    def __init__(self, views: Views, rules: HttpRules | None = None, *, is_starting: bool = False) -> None:
        self._rules = rules or HttpRules()
        self._opened = Event()
        self._access = Access(self._rules.access)
        self._reader = RequestReader(self._rules.proxies, self._rules.prefix)
        self._assets = load_assets(self._access.page_token)
        self._description = describe(ROUTES)
        self._context = self._made_context(views)
        if not is_starting:
            self._opened.set()

    def open(self, views: Views) -> None:
        """Answer from `views` from now on, in full."""
        self._context = self._made_context(views)
        self._opened.set()

    def close(self) -> None:
        """End the streams of events."""
        self._context.broadcast.close()

    def threads_for(self, path: str) -> Threads | str:
        """Which threads answer a request for `path`: those of a probe, or of a kind of route."""
        path = self._reader.below_prefix(path)
        if path in PROBES:
            return path
        found = find(ROUTES, "GET", path.removeprefix(API)) if path.startswith(API) else set()
        return found[0].threads if isinstance(found, tuple) else Threads.API

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        request = self._reader.read(environ)
        answer = self._answer(request).compressed(request.header("Accept-Encoding"))
        start_response(answer.status, answer.headers())
        if request.method != "HEAD":
            return answer.pieces()
        answer.close()
        return [b""]

    def _made_context(self, views: Views) -> Context:
        broadcast = Broadcast(lambda: {**views.status(), "writable": True}, views.finished)
        return Context(views, self._access, broadcast, self._rules.serve_audio)

    def _answer(self, request: Request) -> Answer:
        answer = self._answered(request)
        return answer.as_json_error() if self._is_audiomuse(request.path) else answer

    def _is_audiomuse(self, path: str) -> bool:
        return self._rules.audiomuse_api and path.startswith(AUDIOMUSE) and not path.startswith(API)

    def _answered(self, request: Request) -> Answer:
        try:
            return self._routed(request)
        except (BadRequestError, FilterError) as error:
            return Answer.of_text(str(error), "400 Bad Request")
        except NotFoundError as error:
            return Answer.not_found(str(error))
        except NotReadyError as error:
            return Answer.of_text(str(error), "503 Service Unavailable").with_headers(("Retry-After", "3"))
        except UriTooLongError as error:
            return Answer.of_text(str(error), "414 URI Too Long")
        except PlaylistaError as error:
            log.warning("http.failed", path=request.path, error=str(error))
            return Answer.of_text(str(error), "503 Service Unavailable")

    def _routed(self, request: Request) -> Answer:
        path = request.path
        if len(path) > LONGEST_PATH:
            raise UriTooLongError(f"the path is longer than {LONGEST_PATH} characters")
        if path.startswith(API):
            return self._api(request, ROUTES, path.removeprefix(API))
        if self._is_audiomuse(path):
            return self._api(request, CALLS, path)
        if request.method not in ("GET", "HEAD"):
            return Answer.of_text("read-only: GET and HEAD", "405 Method Not Allowed")
        return self._probe(request) if path in PROBES else self._for_people(request)

    def _probe(self, request: Request) -> Answer:
        views = self._context.views
        if request.path == "/healthz":
            return Answer.of_text("ok")
        if request.path == "/readyz":
            reason = views.not_ready()
            return Answer.of_text(reason, "503 Service Unavailable") if reason else Answer.of_text("ready")
        # Numbers alone, and scrapers name us as they like: without a token they are everybody's, as in version 0.1.
        is_open = self._rules.access.metrics_are_open or not self._rules.access.token
        refusal = self._access.refusal(request, is_open=is_open, changes=False)
        return refusal or Answer("200 OK", CONTENT_TYPE_LATEST, views.metrics())

    def _for_people(self, request: Request) -> Answer:
        path = request.path
        if not path:  # the prefix without its slash, against which no link of the page would be right
            return Answer.of_text("here", "308 Permanent Redirect").with_headers(("Location", f"{request.prefix}/"))
        if path in ("/", "/list"):
            return self._page(request)
        if path in self._assets:
            return _of_asset(self._assets[path], request)
        return Answer.of_text("nothing here; try /, /metrics or /api/v1/status", "404 Not Found")

    def _page(self, request: Request) -> Answer:
        refusal = self._access.refusal(request, is_open=False, changes=False)
        if refusal is None:
            return self._plain_list(request) if request.path == "/list" else _of_asset(self._assets["/"], request)
        if refusal.status.startswith("401"):
            return _of_asset(self._assets[LOGIN], request).with_status(refusal.status)
        return refusal

    def _plain_list(self, request: Request) -> Answer:
        self._opened.wait(STARTING_SECONDS)
        return tracks.plain_page(self._context, request, read_query(request.query, tracks.PLAIN), "")

    def _api(self, request: Request, routes: tuple[Route, ...], path: str) -> Answer:
        found = find(routes, request.method, path)
        if isinstance(found, tuple):
            route, value = found
            refusal = self._access.refusal(request, is_open=route.is_open, changes=route.changes)
            return refusal or self._called(route, request, value)
        refusal = self._access.refusal(request, is_open=False, changes=False)
        if refusal is not None:
            return refusal
        if found:
            allowed = ", ".join(sorted(found))
            wrong = Answer.of_text(f"here are {allowed}", "405 Method Not Allowed")
            return wrong.with_headers(("Allow", allowed))
        if routes is not ROUTES:
            return Answer.not_found(
                "Playlista does not answer this call of AudioMuse-AI; docs/integrations.md lists those that it does"
            )
        if path == "openapi.json":
            return Answer.of_json(self._description)
        return Answer.not_found(f"no such path; {API}openapi.json describes what there is")

    def _called(self, route: Route, request: Request, value: str) -> Answer:
        self._opened.wait(STARTING_SECONDS)
        return route.handler(self._context, request, read_query(request.query, route.parameters), value)


def _of_asset(asset: Asset, request: Request) -> Answer:
    body, headers = asset.body_for(request.environ)
    if asset.is_known_to(request.environ):
        return Answer("304 Not Modified", asset.kind, b"", tuple(headers))
    return Answer("200 OK", asset.kind, body, tuple(headers))
