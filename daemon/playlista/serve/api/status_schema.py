"""The shape of the status, for the description of the API."""

from __future__ import annotations

from playlista.serve.api.schemas import BOOLEAN, FAILURE, INTEGER, NUMBER, TEXT, array, by_name, nullable, record

_COUNTS = by_name(INTEGER)
_TAG_WRITES = record(fields=array(TEXT), pending=INTEGER, refused=_COUNTS, trouble=nullable(TEXT))
_SCRUB = record(
    interval_days=NUMBER,
    started_at=nullable(NUMBER),
    finished_at=nullable(NUMBER),
    files=INTEGER,
    scrubbed=INTEGER,
    rotted=INTEGER,
)
_RATE = record(tracks_per_hour=nullable(NUMBER), times_real_time=nullable(NUMBER), seconds_left=nullable(NUMBER))
_WORKER = record(name=TEXT, state=TEXT, track=nullable(TEXT), why=nullable(TEXT))
_CLUSTER = record(
    scheduler=nullable(TEXT),
    scheduler_up=BOOLEAN,
    trouble=nullable(TEXT),
    in_flight=INTEGER,
    workers=array(_WORKER),
    refusals=_COUNTS,
)
STATUS = record(
    version=TEXT,
    music_dir=TEXT,
    daemon=record(pid=nullable(INTEGER)),
    tracks=_COUNTS,
    gone=INTEGER,
    tags_due=INTEGER,
    tag_writes=_TAG_WRITES,
    moods_due=INTEGER,
    audio_seconds_done=NUMBER,
    audio_seconds_total=nullable(NUMBER),
    scrub=_SCRUB,
    queue=_COUNTS,
    rate=_RATE,
    ignored=nullable(record(total=INTEGER, reasons=_COUNTS, examples=array(TEXT))),
    last_failure=nullable(FAILURE),
    memory=nullable(record(resident_bytes=INTEGER, peak_bytes=INTEGER, limit_bytes=INTEGER)),
    current=nullable(TEXT),
    runtime=nullable(TEXT),
    watch_mode=TEXT,
    cluster=nullable(_CLUSTER),
    not_ready=nullable(TEXT),
    writable=BOOLEAN,
    login=BOOLEAN,
    serve_audio=BOOLEAN,
)
