"""Tracks by their sound: similar ones, mixtures, the way from one to another, the map."""

from __future__ import annotations

from typing import Any

from playlista.serve.answers import Answer
from playlista.serve.parameters import BadRequestError, OneOf, Parameter, Repeated, Text, TrackId, WholeNumber
from playlista.serve.requests import Request
from playlista.serve.routes import Context
from playlista.serve.views import SimilarRequest

_COUNT = WholeNumber(1, 200, default=20)
#: What the points of the map may be coloured by.
COLOURS = ("tag", "key", "bpm", "loudness", "year", "energy", "voice")
SIMILAR: dict[str, Parameter | Repeated] = {
    "id": TrackId(),
    "path": Text(4096),
    "mbid": Text(64),
    "isrc": Text(64),
    "artist": Text(),
    "title": Text(),
    "n": _COUNT,
    "per_artist": WholeNumber(0, 200, default=0),
}
BLEND: dict[str, Parameter | Repeated] = {
    "add": Repeated(TrackId(), 10),
    "subtract": Repeated(TrackId(), 10),
    "n": _COUNT,
}
WAY: dict[str, Parameter | Repeated] = {"from": TrackId(), "to": TrackId(), "n": WholeNumber(3, 50, default=10)}
MAP: dict[str, Parameter | Repeated] = {
    "limit": WholeNumber(1, 200_000, default=20_000),
    "colour": OneOf(COLOURS, "tag"),
}


def similar(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """The tracks most like one."""
    by_names = given["artist"] and given["title"]
    if sum(1 for one in (given["id"], given["path"], given["mbid"], given["isrc"], by_names) if one) != 1:
        raise BadRequestError("name one track: by id, path, mbid, isrc, or artist and title")
    return Answer.of_json(
        context.views.similar(
            SimilarRequest(
                count=given["n"],
                per_artist=given["per_artist"],
                file_id=given["id"],
                path=given["path"],
                mbid=given["mbid"],
                isrc=given["isrc"],
                artist=given["artist"],
                title=given["title"],
            )
        )
    )


def blend(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """The tracks most like several together, and unlike others."""
    if not given["add"]:
        raise BadRequestError("add names a track by its id; it may stand several times")
    return Answer.of_json(context.views.blend(given["add"], given["subtract"], given["n"]))


def way(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """A chain of small steps."""
    if given["from"] is None or given["to"] is None or given["from"] == given["to"]:
        raise BadRequestError("from and to are the ids of two tracks")
    return Answer.of_json(context.views.way(given["from"], given["to"], given["n"]))


def map_of_tracks(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """Every track as a point."""
    return Answer.of_json(context.views.map(given["colour"], given["limit"]))
