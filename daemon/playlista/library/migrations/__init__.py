"""The numbered steps that bring a library's schema up to date, and the one place that applies them.

Input: a connection. Output: the same database at ``NEWEST`` (or at the version asked for), its number in
``PRAGMA user_version``. Each step runs in one transaction with the rise of the number, so that a kill in the middle
leaves the former version, whole.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from importlib import resources

#: Applied in this order; a step that was released is never edited, only followed by another.
STEPS = (
    "0001_library.sql",
    "0002_counts.sql",
    "0003_origins.sql",
    "0004_loudness_of_two_channels.sql",
    "0005_gone_files.sql",
    "0006_interrupted_jobs.sql",
    "0007_tracks.sql",
    "0008_encoded_audio.sql",
    "0009_recording_codes.sql",
    "0010_gone_contents.sql",
    "0011_priority.sql",
    "0012_workers.sql",
    "0013_fingerprints.sql",
    "0014_file_tags.sql",
    "0015_moods.sql",
    "0016_scrubs.sql",
    "0017_health.sql",
)

#: The version that this program reads and writes.
NEWEST = len(STEPS)


def version_of(connection: sqlite3.Connection) -> int:
    """The schema's version; 0 for a database without any table of ours."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, *, steps: Sequence[str] = STEPS, until: int | None = None) -> list[str]:
    """Apply the steps above the database's version, up to and with `until`; their names, empty if there were none.

    Raises
    ------
    sqlite3.Error
        The step that failed was rolled back; those before it hold.
    """
    applied = []
    for number, step in enumerate(steps[:until], start=1):
        if number > version_of(connection):
            _apply(connection, number, resources.files(__name__).joinpath(step).read_text("utf-8"))
            applied.append(step)
    return applied


def _apply(connection: sqlite3.Connection, number: int, script: str) -> None:
    # executescript() commits what is open before it starts, so the transaction has to be part of the script.
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
    except BaseException:
        if connection.in_transaction:
            connection.rollback()
        raise
