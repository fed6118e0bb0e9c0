"""The tracks: pages of them, and one with everything that is known."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from playlista.library.result_text import document_text
from playlista.library.track_filter import TrackFilter
from playlista.library.track_pages import SORTS
from playlista.serve.answers import Answer
from playlista.serve.filters import FILTERS, filter_in
from playlista.serve.parameters import (
    LONGEST_QUERY,
    Choice,
    Cursor,
    OneOf,
    Parameter,
    Repeated,
    Text,
    TrackIds,
    WholeNumber,
    cursor_at,
    is_id,
)
from playlista.serve.plain_list import plain_list
from playlista.serve.requests import Request
from playlista.serve.routes import Context
from playlista.serve.views import ResultText
from playlista.tracks import Status
from playlista.tracks.beat_grid import decode_beats

PAGE_LIMIT = 500
#: Tracks that may be named by their ids.
MOST_IDS = 100
#: Tracks of one page of the plain list.
PLAIN_LIMIT = 50
#: What is sent at a time. Each sending gives Python's lock away, and to have it back takes a while: not too little.
PIECE_CHARACTERS = 2**17
#: The orders of a page; "-" before one turns it round.
ORDERS = tuple(sign + name for name in SORTS for sign in ("", "-"))
#: What a page holds of each track.
FULL, SUMMARY = "full", "summary"
#: The parameters of ``tracks``.
TRACKS: dict[str, Parameter | Repeated] = {
    "limit": WholeNumber(1, PAGE_LIMIT, default=50),
    "after": Text(LONGEST_QUERY),
    "sort": OneOf(ORDERS, "path"),
    "fields": OneOf((FULL, SUMMARY), FULL),
    "ids": TrackIds(MOST_IDS),
    **FILTERS,
}
#: The parameters of the plain list.
PLAIN: dict[str, Parameter | Repeated] = {
    "limit": WholeNumber(1, PLAIN_LIMIT, default=PLAIN_LIMIT),
    "after": Text(LONGEST_QUERY),
    "status": Choice(Status),
    "q": Text(),
}


def tracks(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """A page of tracks: summaries, or whole result objects."""
    if given["ids"]:
        return _named(context, given)
    track_filter, limit = filter_in(given), given["limit"]
    if given["fields"] == SUMMARY:
        return Answer.of_json(context.views.track_page(track_filter, given["sort"], given["after"], limit))
    if track_filter == TrackFilter(status=given["status"]) and given["sort"] == "path":
        after = Cursor().read("after", given["after"])
        found = context.views.tracks(given["status"], after, limit)
        return _streamed(found, lambda count, path: cursor_at(path) if count == limit else None)
    page = context.views.track_page(track_filter, given["sort"], given["after"], limit)
    whole = context.views.results([one["id"] for one in page["tracks"]])
    return _streamed(whole, lambda _count, _path: page["next"])


def plain_page(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """A page of tracks as HTML, for browsers without JavaScript."""
    wanted = TrackFilter(status=given["status"], text=given["q"])
    page = context.views.track_page(wanted, "path", given["after"], given["limit"])
    document = plain_list(page["tracks"], page["next"], text=given["q"], status=given["status"])
    return Answer("200 OK", "text/html; charset=utf-8", document)


def _named(context: Context, given: dict[str, Any]) -> Answer:
    """The tracks with the ids that were given, in that order; those that are not there are left out."""
    if given["fields"] == SUMMARY:
        found = context.views.summaries(given["ids"])
        return Answer.of_json({"tracks": found, "next": None, "total": len(found)})
    return _streamed(context.views.results(given["ids"]), lambda _count, _path: None)


def track(context: Context, _request: Request, _given: dict[str, Any], value: str) -> Answer:
    """One track by its id or its path."""
    found = context.views.track(int(value) if is_id(value) else value)
    if not found:
        return Answer.not_found("no such track")
    found["beat_times"] = _beat_times(found)
    found["findings"] = context.views.findings(found["path"])
    return Answer("200 OK", "application/json", f"{document_text(found)}\n".encode())


def search(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """Tracks, artists, albums and tags that fit some words."""
    return Answer.of_json(context.views.search(given["q"] or "", given["limit"]))


def stats(context: Context, _request: Request, _given: dict[str, Any], _value: str) -> Answer:
    """How the library is spread."""
    return Answer.of_json(context.views.stats())


def _streamed(found: Iterator[ResultText], cursor: Callable[[int, str], str | None]) -> Answer:
    # The first piece is made now: what the library cannot answer is then said with a status of its own.
    pieces = _page_of(found, cursor)
    return Answer("200 OK", "application/json", chain([next(pieces)], pieces))


def _page_of(found: Iterable[ResultText], cursor: Callable[[int, str], str | None]) -> Iterator[bytes]:
    """One page of ``tracks`` as JSON, some tracks at a time; `cursor` gets their number and the path of the last."""
    count, path, piece = 0, "", '{"tracks": ['
    for one in found:
        piece += (", " if count else "") + one.text
        count, path = count + 1, one.path
        if len(piece) >= PIECE_CHARACTERS:
            yield piece.encode()
            piece = ""
    yield f'{piece}], "next": {json.dumps(cursor(count, path))}}}\n'.encode()


def _beat_times(document: dict[str, Any]) -> list[float] | None:
    """Seconds; None where no beats are stored, as in results of older versions. Lists of tracks go without them."""
    grid = (document["rhythm"] or {}).get("beat_grid")
    return None if grid is None else decode_beats(grid)
