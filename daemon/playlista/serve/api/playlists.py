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
