"""The table "keys": the key of recordings file by file, the true one, KeyExtractor's, and what has none.

Input: the rows of ``quality_keys_heard``, as plain types. Output: Markdown, and what is a fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.tables import markdown_table

Row = dict[str, Any]

HEADER = ("recordings", "files", "with a key", "right", "equal to KeyExtractor's")
FILE_HEADER = ("recording", "true key", "ours", "strength", "KeyExtractor")
KEYLESS = ("drums alone", "speech", "noise and applause")


def table(rows: Sequence[Row]) -> str:
    """Counts by kind, then every recording in a known key."""
    known = [row for row in rows if row["truth"]]
    lines = [(row["name"], row["truth"], _told(row), f"{row['strength'] or 0:.2f}", row["theirs"]) for row in known]
    counts = [_counted(kind, rows) for kind in dict.fromkeys(row["kind"] for row in rows)]
    return "\n\n".join((markdown_table(HEADER, counts), markdown_table(FILE_HEADER, lines)))


def failures(rows: Sequence[Row]) -> list[str]:
    """Silence, noise and speech with a key; and keys fewer of which are right than of KeyExtractor's."""
    missed = [f"a key of {row['name']}" for row in rows if row["kind"] in KEYLESS and row["ours"]]
    known = [row for row in rows if row["truth"]]
    right, theirs = (sum(row[whose] == row["truth"] for row in known) for whose in ("ours", "theirs"))
    return missed + ([f"{right} keys right, {theirs} of KeyExtractor"] if right < theirs else [])


def _counted(kind: str, rows: Sequence[Row]) -> tuple[str, ...]:
    of_kind = [row for row in rows if row["kind"] == kind]
    known = [row for row in of_kind if row["truth"]]
    given = [row for row in of_kind if row["ours"]]
    right = f"{sum(row['ours'] == row['truth'] for row in known)} of {len(known)}" if known else "-"
    alike = "-" if kind in KEYLESS else f"{sum(row['ours'] == row['theirs'] for row in given)} of {len(given)}"
    return kind, str(len(of_kind)), str(len(given)), right, alike


def _told(row: Row) -> str:
    """Ours, set apart where it is not the true one."""
    ours = row["ours"] or "none"
    return ours if ours == row["truth"] else f"*{ours}*"
