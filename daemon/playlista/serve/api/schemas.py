"""The shapes of answers and bodies in the words of JSON Schema, for the description of the API."""

from __future__ import annotations

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


OK = record(ok=BOOLEAN)
RESULT: Schema = {"type": "object", "description": "A result object: daemon/playlista/result.schema.json."}
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
STATUS = record(
    version=TEXT,
    music_dir=TEXT,
    tracks={"type": "object"},
    queue={"type": "object"},
    rate={"type": "object"},
    audio_seconds_done=NUMBER,
    audio_seconds_total=nullable(NUMBER),
    current=nullable(TEXT),
    not_ready=nullable(TEXT),
    writable=BOOLEAN,
    serve_audio=BOOLEAN,
)
