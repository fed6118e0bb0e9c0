"""The tracks: pages of them, and one with everything that is known."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from playlista.serve.answers import Answer
from playlista.serve.parameters import Choice, Cursor, Parameter, WholeNumber, cursor_at
from playlista.serve.plain_list import plain_list
from playlista.serve.requests import Request
from playlista.serve.routes import Context
from playlista.tracks import Status

PAGE_LIMIT = 500
#: Tracks of one page of the plain list.
PLAIN_LIMIT = 50
#: What is sent at a time. Each sending gives Python's lock away, and to have it back takes a while: not too little.
PIECE_CHARACTERS = 2**17
#: An id has fewer digits than a number that SQLite cannot hold.
MOST_ID_DIGITS = 18
#: The parameters of ``tracks``.
TRACKS: dict[str, Parameter] = {
    "status": Choice(Status),
    "limit": WholeNumber(1, PAGE_LIMIT, default=50),
    "after": Cursor(),
}


def tracks(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """A page of tracks."""
    found = context.views.tracks(given["status"], given["after"], given["limit"])
    # The first is read now: a library that does not answer is then said with a status of its own.
    first = next(found, None)
    return Answer(
        "200 OK",
        "application/json",
        _page_of(found if first is None else chain([first], found), given["limit"]),
    )


def plain_page(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """A page of tracks as HTML, for browsers without JavaScript."""
    limit = min(given["limit"], PLAIN_LIMIT)
    found = list(context.views.tracks(given["status"], given["after"], limit))
    cursor = cursor_at(found[-1]["path"]) if len(found) == limit else None
    return Answer("200 OK", "text/html; charset=utf-8", plain_list(found, cursor, status=given["status"]))


def track(context: Context, _request: Request, _given: dict[str, Any], value: str) -> Answer:
    """One track by its id or its path."""
    is_id = value.isascii() and value.isdigit() and len(value) <= MOST_ID_DIGITS
    found = context.views.track(int(value) if is_id else value)
    return Answer.of_json(found) if found else Answer.not_found("no such track")


def _page_of(found: Iterable[dict[str, Any]], limit: int) -> Iterator[bytes]:
    """One page of ``tracks`` as JSON, some tracks at a time; `next` is the cursor of the page behind a full one."""
    count, path, piece = 0, "", '{"tracks": ['
    for one in found:
        piece += (", " if count else "") + json.dumps(one)
        count, path = count + 1, one["path"]
        if len(piece) >= PIECE_CHARACTERS:
            yield piece.encode()
            piece = ""
    yield f'{piece}], "next": {json.dumps(cursor_at(path) if count == limit else None)}}}\n'.encode()
