"""The table "key-changes": how many changes of key are told in medleys, and how many where there are none.

Input: the medleys of ``quality_key_changes_heard``, as plain types. Output: Markdown, and what misses its bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.tables import markdown_table

Row = dict[str, Any]

HEADER = ("what was joined", "played", "changes of key", "told within 15 s", "told elsewhere", "tracks with such")
#: A change that is told counts for a join this near.
NEAR_SECONDS = 15.0
#: Of the changes so many are to be told, and in so few tracks of one key there may be any.
LEAST_TOLD, MOST_FALSE = 0.80, 0.05
MEDLEYS = "recordings, one after the other"
ONE_KEY = "one recording, four times"


def table(rows: Sequence[Row]) -> str:
    """A line for the medleys and one for what has one key only."""
    if not rows:
        return "No recordings of known key."
    return markdown_table(HEADER, [_line(kind, rows) for kind in (MEDLEYS, ONE_KEY)])


def failures(rows: Sequence[Row]) -> list[str]:
    """What misses its bar."""
    joins, told = (sum(len(row[what]) for row in rows) for what in ("joins", "told"))
    one_key = [row for row in rows if row["kind"] == ONE_KEY]
    missed = ["changes of key"] if told < LEAST_TOLD * joins else []
    return missed + ["changes of key where there are none"] * (len(_with_others(one_key)) > MOST_FALSE * len(one_key))


def matched(joins: Sequence[float], changes: Sequence[float]) -> tuple[list[float], list[float]]:
    """The joins that are told, each by a change of its own, and the changes that tell of no join."""
    left, told = list(changes), []
    for join in joins:
        near = [change for change in left if abs(change - join) <= NEAR_SECONDS]
        if near:
            left.remove(min(near, key=lambda change: abs(change - join)))
            told.append(join)
    return told, left


def _line(kind: str, rows: Sequence[Row]) -> tuple[str, ...]:
    of_kind = [row for row in rows if row["kind"] == kind]
    joins, told, others = (sum(len(row[what]) for row in of_kind) for what in ("joins", "told", "others"))
    share = f"{told} ({100 * told / joins:.0f} %)" if joins else "-"
    return kind, str(len(of_kind)), str(joins), share, str(others), str(len(_with_others(of_kind)))


def _with_others(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["others"]]
