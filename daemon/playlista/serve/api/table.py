"""The table of the API: every path, its handler, its parameters, and its description."""

from __future__ import annotations

from playlista.errors import FailureReason
from playlista.serve.api import failures, machine, media, schemas, tracks
from playlista.serve.api.schemas import INTEGER, RESULT, TEXT, array, nullable, record
from playlista.serve.parameters import Choice
from playlista.serve.routes import Route, Threads

_REASONS = {"type": "string", "enum": [reason.value for reason in FailureReason]}

ROUTES: tuple[Route, ...] = (
    Route("GET", "status", machine.status, "Counts, rate, time left, memory.", answer=schemas.STATUS),
    Route(
        "GET",
        "events",
        machine.events,
        "Server-sent events: `status` at once and every 2 s, `track` when one ended.",
        answer=TEXT,
        kind="text/event-stream",
        threads=Threads.EVENTS,
    ),
    Route("GET", "settings", machine.settings, "The settings in force.", answer=array(schemas.SETTING)),
    Route(
        "GET",
        "tracks",
        tracks.tracks,
        "A page of tracks, in the order of their paths.",
        parameters=tracks.TRACKS,
        answer=record(tracks=array(RESULT), next=nullable(TEXT)),
    ),
    Route(
        "GET",
        "tracks/{id}/cover",
        media.cover,
        "The picture in the file: JPEG, PNG or WebP.",
        answer=TEXT,
        kind="image/*",
        threads=Threads.COVERS,
    ),
    Route(
        "GET",
        "tracks/{id}/audio",
        media.audio,
        "The file, or a part of it by a Range header; only with SERVE_AUDIO=true.",
        answer=TEXT,
        kind="audio/*",
        threads=Threads.AUDIO,
    ),
    Route("GET", "tracks/{name:path}", tracks.track, "One track, by its id or its path.", answer=RESULT),
    Route(
        "GET",
        "failures",
        failures.failures,
        "What failed and what to do about it, the latest first; by `group=reason` the counts.",
        parameters={"group": Choice(failures.Grouping)},
        answer={"anyOf": [array(schemas.FAILURE), array(schemas.FAILURE_GROUP)]},
    ),
    Route(
        "POST",
        "retry",
        failures.retry,
        "Analyze tracks again.",
        body={"anyOf": [record(ids=array(INTEGER)), record(reason=_REASONS), record(all={"const": True})]},
        answer=record(queued=INTEGER),
    ),
    Route(
        "POST",
        "login",
        machine.login,
        "A cookie for the token.",
        body=record(token=TEXT),
        answer=schemas.OK,
        is_open=True,
    ),
    Route("POST", "logout", machine.logout, "Take the cookie away.", answer=schemas.OK, is_open=True),
)
