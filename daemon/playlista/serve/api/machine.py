"""How the daemon is doing: status, events, settings in force, login and logout."""

from __future__ import annotations

from typing import Any

from playlista.serve.answers import Answer
from playlista.serve.requests import Request
from playlista.serve.routes import Context


def status(context: Context, request: Request, _given: dict[str, Any], _value: str) -> Answer:
    """Counts, rate, time left, memory."""
    return Answer.of_json(
        {
            **context.views.status(),
            "writable": context.access.may_change(request),
            "login": bool(context.access.rules.token),
        }
    )


def settings(context: Context, _request: Request, _given: dict[str, Any], _value: str) -> Answer:
    """Every setting, its value and where it comes from."""
    return Answer.of_json(context.views.settings())


def events(context: Context, request: Request, _given: dict[str, Any], _value: str) -> Answer:
    """A stream of server-sent events."""
    stream = context.broadcast.subscribe() if request.method == "GET" else iter(())
    if stream is None:
        busy = Answer.of_text("too many pages are open; ask for the status instead", "503 Service Unavailable")
        return busy.with_headers(("Retry-After", "30"))
    # nginx would keep events back until it has many.
    return Answer("200 OK", "text/event-stream", stream).with_headers(("X-Accel-Buffering", "no"))


def login(context: Context, request: Request, _given: dict[str, Any], _value: str) -> Answer:
    """A cookie for the token."""
    return context.access.login(request)


def logout(context: Context, request: Request, _given: dict[str, Any], _value: str) -> Answer:
    """Without the cookie again."""
    return context.access.logout(request)
