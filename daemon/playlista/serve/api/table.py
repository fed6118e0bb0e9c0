"""The table of the API: every path, its handler, its parameters, and its description."""

from __future__ import annotations

from playlista.errors import FailureReason
from playlista.serve.api import duplicates, failures, health, machine, media, playlists, schemas, similar, tracks
from playlista.serve.api.schemas import INTEGER, TEXT, array, record
from playlista.serve.api.status_schema import STATUS
from playlista.serve.parameters import Choice, Text, WholeNumber
from playlista.serve.routes import Route, Threads

_REASONS = {"type": "string", "enum": [reason.value for reason in FailureReason]}

ROUTES: tuple[Route, ...] = (
    Route("GET", "status", machine.status, "Counts, rate, time left, memory.", answer=STATUS),
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
        "A page of tracks: filtered, sorted, as result objects or as summaries.",
        parameters=tracks.TRACKS,
        answer=schemas.PAGE,
    ),
    Route(
        "GET",
        "search",
        tracks.search,
        "Tracks, artists, albums and tags that fit some words, or the beginnings of some.",
        parameters={"q": Text(), "limit": WholeNumber(1, 100, default=20)},
        answer=schemas.FOUND,
    ),
    Route(
        "GET",
        "duplicates",
        duplicates.duplicates,
        "Recordings that the library has more than once, each with its copies and the best one.",
        parameters=duplicates.DUPLICATES,
        answer=schemas.DUPLICATES,
    ),
    Route("GET", "stats", tracks.stats, "How the library is spread.", answer=schemas.STATS),
    Route(
        "GET",
        "similar",
        similar.similar,
        "The tracks most like one, named by id, path, MusicBrainz id, or artist and title.",
        parameters=similar.SIMILAR,
        answer=record(of=schemas.SUMMARY, tracks=array(schemas.SIMILAR)),
    ),
    Route(
        "GET",
        "path",
        similar.way,
        "A chain of small steps from one track to another.",
        parameters=similar.WAY,
        answer=record(tracks=array(schemas.STEP)),
    ),
    Route(
        "GET",
        "blend",
        similar.blend,
        "The tracks most like several together, and unlike others.",
        parameters=similar.BLEND,
        answer=record(tracks=array(schemas.SIMILAR)),
    ),
    Route(
        "GET",
        "playlists",
        playlists.playlists,
        "The playlists that keep themselves, and what became of each.",
        answer=schemas.PLAYLISTS,
    ),
    Route(
        "POST",
        "playlists",
        playlists.preview_rule,
        "The tracks that a rule would choose, given with keys as in playlists.toml or as its text; nothing is written.",
        body={"anyOf": [record(rule={"type": "object"}), record(toml=TEXT)]},
        answer=record(name=TEXT, tracks=array(schemas.SUMMARY)),
        is_query=True,
    ),
    Route(
        "GET",
        "playlists/preview",
        playlists.preview,
        "The tracks that a playlist has now; nothing is written.",
        parameters=playlists.PREVIEW,
        answer=record(name=TEXT, tracks=array(schemas.SUMMARY)),
    ),
    Route("GET", "map", similar.map_of_tracks, "Every track as a point.", parameters=similar.MAP, answer=schemas.MAP),
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
    Route(
        "GET",
        "tracks/{id}/evidence",
        health.evidence,
        "Pictures of a track's health: its average spectrum, and the waveform around its first faults. Reads the file.",
        answer=schemas.EVIDENCE,
        threads=Threads.EVIDENCE,
    ),
    Route(
        "GET",
        "tracks/{id}/report",
        health.report,
        "A report on a track's health as an HTML document that stands alone. Reads the file.",
        answer=TEXT,
        kind="text/html",
        threads=Threads.EVIDENCE,
    ),
    Route("GET", "tracks/{name:path}", tracks.track, "One track, by its id or its path.", answer=schemas.TRACK),
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
