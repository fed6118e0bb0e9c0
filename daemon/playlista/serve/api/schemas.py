"""The shapes of answers and bodies in the words of JSON Schema, for the description of the API."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
INTEGER: Schema = {"type": "integer"}
BOOLEAN: Schema = {"type": "boolean"}


def nullable(schema: Schema) -> Schema:
    """`schema`, or null where the value is unknown."""
    return {"anyOf": [schema, {"type": "null"}]}


def array(items: Schema) -> Schema:
    """A list of `items`."""
    return {"type": "array", "items": items}


def record(**properties: Schema) -> Schema:
    """An object that has all these; later versions may add more."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def by_name(schema: Schema) -> Schema:
    """Objects whose fields are names of any kind, with values by `schema`."""
    return {"type": "object", "additionalProperties": schema}


def result_schema() -> Schema:
    """The result object as ``result.schema.json`` has it, and with the ``id`` that it has in most answers."""
    document: Schema = json.loads((files("playlista") / "result.schema.json").read_text("utf-8"))
    described = {name: part for name, part in document.items() if name not in ("$schema", "additionalProperties")}
    return {**described, "properties": {"id": INTEGER, **document["properties"]}}


OK = record(ok=BOOLEAN)
#: A result object; `result_schema` is what stands there.
RESULT: Schema = {"$ref": "#/components/schemas/Result"}
#: One track with everything that is known of it.
TRACK: Schema = {
    "allOf": [
        RESULT,
        record(id=INTEGER, beat_times=nullable(array(NUMBER)), findings=by_name(TEXT)),
    ]
}
FAILURE = record(
    id=INTEGER,
    path=TEXT,
    status=TEXT,
    reason=nullable(TEXT),
    detail=nullable(TEXT),
    attempts=INTEGER,
    finished_at=nullable(NUMBER),
    due_at=nullable(NUMBER),
    remedy=TEXT,
)
FAILURE_GROUP = record(reason=TEXT, count=INTEGER, remedy=TEXT, retryable=BOOLEAN)
SETTING = record(key=TEXT, value={}, default={}, source=TEXT, meaning=TEXT)
_TAGS = array(record(name=TEXT, activation=NUMBER))
_SUMMARY: dict[str, Schema] = {
    "id": INTEGER,
    "path": TEXT,
    "status": TEXT,
    "reason": nullable(TEXT),
    "title": nullable(TEXT),
    "artist": nullable(TEXT),
    "album": nullable(TEXT),
    "year": nullable(INTEGER),
    "format": nullable(TEXT),
    "duration_seconds": nullable(NUMBER),
    "bpm": nullable(NUMBER),
    "bpm_confidence": nullable(NUMBER),
    "key": nullable(TEXT),
    "scale": nullable(TEXT),
    "camelot": nullable(TEXT),
    "integrated_lufs": nullable(NUMBER),
    "tags": _TAGS,
    "energy": nullable(NUMBER),
    "voice": nullable(NUMBER),
    "moods": array(TEXT),
    "has_cover": nullable(BOOLEAN),
    "finished_at": nullable(NUMBER),
    "musicbrainz_recording_id": nullable(TEXT),
    "isrc": nullable(TEXT),
    "findings": array(TEXT),
}
SUMMARY = record(**_SUMMARY)
SIMILAR = record(**_SUMMARY, similarity=NUMBER, shared_tags=array(TEXT))
STEP = record(**_SUMMARY, step=NUMBER)
#: A page of summaries, with how many there are in all, or of result objects.
PAGE: Schema = {
    "anyOf": [
        record(tracks=array(SUMMARY), next=nullable(TEXT), total=nullable(INTEGER)),
        record(tracks=array(RESULT), next=nullable(TEXT)),
    ]
}
_NAMED = record(name=TEXT, tracks=INTEGER)
FOUND = record(
    tracks=array(SUMMARY),
    artists=array(_NAMED),
    albums=array(record(name=TEXT, artist=nullable(TEXT), tracks=INTEGER)),
    tags=array(_NAMED),
)
_RANGES = array({"type": "object", "properties": {"from": NUMBER, "to": NUMBER, "count": INTEGER}})
_COUNTS = array(record(name=TEXT, count=INTEGER))
STATS = record(
    tracks=INTEGER,
    seconds=NUMBER,
    artists=INTEGER,
    albums=INTEGER,
    bpm=_RANGES,
    keys=array(record(camelot=TEXT, key=TEXT, scale=TEXT, count=INTEGER)),
    tags=_COUNTS,
    loudness=_RANGES,
    formats=_COUNTS,
    findings=_COUNTS,
    years=_RANGES,
    energy=_RANGES,
    voice=_RANGES,
    moods=_COUNTS,
)
_COPY = record(
    id=INTEGER,
    path=TEXT,
    same_audio=INTEGER,
    format=nullable(TEXT),
    lossless=BOOLEAN,
    duration_seconds=nullable(NUMBER),
    sample_rate_hz=nullable(INTEGER),
    channels=nullable(INTEGER),
    size_bytes=INTEGER,
    kilobits_per_second=nullable(INTEGER),
)
_RECORDING = record(
    recording=INTEGER, copies_total=INTEGER, best=record(id=INTEGER, path=TEXT, why=TEXT), copies=array(_COPY)
)
DUPLICATES = record(recordings=array(_RECORDING), next=nullable(INTEGER), total=INTEGER, tracks=INTEGER, due=INTEGER)
_WAVE = record(low=array(NUMBER), high=array(NUMBER))
EVIDENCE = record(
    heard_seconds=NUMBER,
    spectrum=nullable(
        record(step_hz=NUMBER, levels_db=array(NUMBER), wall_hz=nullable(NUMBER), wall_fall_db=nullable(NUMBER))
    ),
    waveforms=array(
        record(kind=TEXT, at_seconds=NUMBER, from_seconds=NUMBER, step_seconds=NUMBER, channels=array(_WAVE))
    ),
    left_out=INTEGER,
)
MAP = record(
    ids=array(INTEGER),
    x=array(NUMBER),
    y=array(NUMBER),
    values=array(nullable(NUMBER)),
    names=by_name(TEXT),
)
PLAYLISTS = record(
    folder=nullable(TEXT),
    error=nullable(TEXT),
    playlists=array(record(name=TEXT, file=nullable(TEXT), tracks=nullable(INTEGER), error=nullable(TEXT))),
)
