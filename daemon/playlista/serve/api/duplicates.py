"""Recordings that the library has more than once."""

from __future__ import annotations

from typing import Any

from playlista.serve.answers import Answer
from playlista.serve.parameters import OneOf, Parameter, Repeated, TrackId, WholeNumber
from playlista.serve.requests import Request
from playlista.serve.routes import Context

YES, NO = "true", "false"
DUPLICATES: dict[str, Parameter | Repeated] = {
    "limit": WholeNumber(1, 100, default=50),
    "after": WholeNumber(0, 2**53, default=0),
    "id": TrackId(),
    "same_audio": OneOf((YES, NO), NO),
}


def duplicates(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """A page of them, each with its copies and the best one."""
    same_audio = given["same_audio"] == YES
    return Answer.of_json(context.views.duplicates(given["after"], given["limit"], given["id"], same_audio))
