"""Playlists that keep themselves: which there are, and what one of them has now."""

from __future__ import annotations

from typing import Any

from playlista.serve.answers import Answer
from playlista.serve.parameters import BadRequestError, Parameter, Repeated, Text
from playlista.serve.requests import Request
from playlista.serve.routes import Context

PREVIEW: dict[str, Parameter | Repeated] = {"name": Text()}


def playlists(context: Context, _request: Request, _given: dict[str, Any], _value: str) -> Answer:
    """All of them."""
    return Answer.of_json(context.views.playlists())


def preview(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """The tracks of one."""
    if not given["name"]:
        raise BadRequestError("name is the name of a playlist")
    return Answer.of_json(context.views.playlist_preview(given["name"]))


def preview_rule(context: Context, request: Request, _given: dict[str, Any], _value: str) -> Answer:
    """The tracks that a rule would choose; it is in no file."""
    document = request.json()
    found = [one for one in (_only(document, "rule", dict), _only(document, "toml", str)) if one is not None]
    if not found:
        raise BadRequestError('the body is {"rule": {...}} with keys as in playlists.toml, or {"toml": "..."}')
    return Answer.of_json(context.views.rule_preview(found[0]))


def _only(document: dict[str, Any], name: str, kind: type) -> Any:
    """The value of the only field of a document, if it is of that kind."""
    return document[name] if document.keys() == {name} and isinstance(document[name], kind) else None
