"""Which tracks have something wrong with them, and what: the table ``track_findings``, track by track.

Input: which findings, and below which path. Output: `TrackFindings` in the order of paths, a page of them in memory.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from playlista.library.database import Database
from playlista.library.file_rows import at_or_below, path_bytes, track_path
from playlista.tracks.findings import in_order

PAGE_ROWS = 500


@dataclass(frozen=True, slots=True)
class TrackFindings:
    """A track, and what was found with its evidence in words; ``path`` is relative to the music folder."""

    path: str
    findings: dict[str, str]


def read_findings(database: Database, *, only: Collection[str] = (), below: str = "") -> Iterator[TrackFindings]:
    """Tracks with findings.

    Parameters
    ----------
    only : tracks that have one of these; all their findings are told. Empty for any.
    below : a file or a folder, relative to the music folder; "" for all.
    """
    after = b""
    while rows := _page(database, only, below, after):
        yield from rows
        after = path_bytes(rows[-1].path)


def findings_at(database: Database, path: str) -> dict[str, str]:
    """What was found in the track at `path`, by its analysis and by the scrub, in order; empty if nothing."""
    found = next(read_findings(database, below=path), None)
    return found.findings if found is not None and found.path == path else {}


def _page(database: Database, only: Collection[str], below: str, after: bytes) -> list[TrackFindings]:
    wanted = f"AND finding IN ({', '.join('?' * len(only))})" if only else ""
    place, values = at_or_below(below) if below else ("TRUE", ())
    query = f"""SELECT path, (
            SELECT json_group_object(finding, evidence) FROM track_findings WHERE file_id = files.id
        ) AS found
        FROM files WHERE path > ? AND {place}
            AND EXISTS (SELECT 1 FROM track_findings WHERE file_id = files.id {wanted})
        ORDER BY path LIMIT ?"""
    with database.read() as connection:
        rows = connection.execute(query, (after, *values, *only, PAGE_ROWS)).fetchall()
    return [_findings(track_path(row), json.loads(row["found"])) for row in rows]


def _findings(path: str, found: dict[str, str]) -> TrackFindings:
    return TrackFindings(path, {name: found[name] for name in in_order(found)})
