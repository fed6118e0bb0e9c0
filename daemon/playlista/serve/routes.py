"""The table of everything that is answered: method, path, parameters, handler, and what the API's description says.

Input: a method and a path. Output: the route, and the value in its path. ``serve.openapi`` writes the table down for
other programs; ``serve.http`` calls the handlers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from playlista.serve.access import Access
from playlista.serve.answers import Answer
from playlista.serve.events import Broadcast
from playlista.serve.parameters import Parameter, Repeated, is_id
from playlista.serve.requests import Request
from playlista.serve.views import Views

API = "/api/v1/"


class Threads(Enum):
    """Which threads answer: what may take long, or wait for a disk, has threads of its own."""

    API = "api"
    COVERS = "covers"
    AUDIO = "audio"
    EVIDENCE = "evidence"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Context:
    """What a handler may use besides the request."""

    views: Views
    access: Access
    broadcast: Broadcast
    serve_audio: bool


#: Answers a request, with the checked parameters and the value in the path ("" where there is none).
Handler = Callable[[Context, Request, dict[str, Any], str], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table.

    path : below `API`; at most one ``{name}`` in it, which matches the id of a track or, as ``{name:path}``, all the
        rest.
    about : a sentence for the description.
    answer : the schema of a good answer, in the words of JSON Schema.
    body : the schema of the request's body; None where it has none.
    kind : the media type of a good answer.
    is_open : answered also without a token.
    is_query : it changes nothing though its method is POST, which it has for its body.
    """

    method: str
    path: str
    handler: Handler
    about: str
    parameters: Mapping[str, Parameter | Repeated] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=lambda: {"type": "object"})
    body: Mapping[str, Any] | None = None
    kind: str = "application/json"
    threads: Threads = Threads.API
    is_open: bool = False
    is_query: bool = False

    @property
    def changes(self) -> bool:
        """Whether it changes something."""
        return self.method != "GET" and not self.is_query

    def match(self, path: str) -> str | None:
        """The value in `path`, which is below `API`; None where it is another path."""
        before, brace, rest = self.path.partition("{")
        if not brace:
            return "" if path == self.path else None
        name, _, after = rest.partition("}")
        if not (path.startswith(before) and path.endswith(after) and len(path) > len(before) + len(after)):
            return None
        value = path[len(before) : len(path) - len(after)]
        if name.endswith(":path"):
            return value
        return value if is_id(value) else None


def find(routes: tuple[Route, ...], method: str, path: str) -> tuple[Route, str] | set[str]:
    """The route for `path`, which is below `API`, and the value in it; else the methods that the path has."""
    methods = set()
    for route in routes:
        value = route.match(path)
        if value is None:
            continue
        if route.method == method or (route.method, method) == ("GET", "HEAD"):
            return route, value
        methods |= {"GET", "HEAD"} if route.method == "GET" else {route.method}
    return methods
