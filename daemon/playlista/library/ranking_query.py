"""The statements by which tracks are ranked: as few rows as can be are looked up and sorted.

Input: a filter, what to rank by, how many tracks are wanted. Output: statements with their values, each of which gives
``file_id`` and ``artist_key`` of tracks that can be played, best first, and those that fit alike by path.

Numbers, tags and moods are answered by an index that holds all numbers; names and paths are looked up for those alone
that are among the best. By path, where many tracks fit, files are followed in that order instead.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from playlista.library.track_filter import Condition, TrackFilter

#: What can be in a playlist: the music of failed and quarantined tracks does not play, or not to its end.
_PLAYABLE = "tracks.status IN ('analyzed', 'partial')"
_NUMBERS = "tracks INDEXED BY tracks_numbers"

Query = tuple[str, tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Rank:
    """What tracks are ranked by: columns of ``tracks`` or an expression of them; unknown values come last either way.

    is_one : it is a single number of each track; else it is several columns.
    """

    sql: str
    values: tuple[object, ...] = ()
    goes_down: bool = False
    is_one: bool = True


class RankingQuery:
    """The statements for one filter; `among` are ids that others are left out of, None for all."""

    def __init__(self, track_filter: TrackFilter, among: Sequence[int] | None) -> None:
        self._conditions = track_filter.conditions()
        if among is not None:
            ids = json.dumps(list(among))
            self._conditions.append(Condition("tracks.file_id IN (SELECT value FROM json_each(?))", (ids,)))
        in_columns = replace(track_filter, tags=(), any_tags=(), without_tags=(), moods=(), health=())
        self._source = _NUMBERS if in_columns.is_numeric and among is None else "tracks"
        self._values = tuple(value for one in self._conditions for value in one.values)

    def count(self, most: int) -> Query:
        """How many tracks fit, as far as `most`."""
        return f"SELECT count(*) FROM (SELECT 1 FROM {self._source} WHERE {self._where()} LIMIT {most})", self._values

    def best(self, rank: Rank, count: int) -> Query:
        """At least the best `count` of them, if there are so many: with all that fit like the last of these."""
        if not rank.is_one:
            return self._all(rank)
        down, beyond = (" DESC", "<") if rank.goes_down else ("", ">")
        query = f"""
            WITH fitting AS MATERIALIZED (
                SELECT tracks.file_id, {rank.sql} AS rank FROM {self._source} WHERE {self._where()}
            ), last AS MATERIALIZED (SELECT rank FROM fitting ORDER BY rank IS NULL, rank{down} LIMIT 1 OFFSET ?)
            SELECT fitting.file_id, artist_key FROM fitting CROSS JOIN tracks ON tracks.file_id = fitting.file_id
            CROSS JOIN files ON files.id = fitting.file_id
            WHERE NOT EXISTS (SELECT 1 FROM last
                WHERE fitting.rank {beyond} last.rank OR fitting.rank IS NULL AND last.rank IS NOT NULL)
            ORDER BY fitting.rank IS NULL, fitting.rank{down}, files.path"""
        return query, (*rank.values, *self._values, count - 1)

    def by_path(self, *, goes_down: bool, are_few: bool) -> Query:
        """All of them by their paths."""
        down = " DESC" if goes_down else ""
        if are_few:
            source = f"tracks JOIN files ON files.id = tracks.file_id WHERE {self._where()}"
        else:  # the order of the tables is kept, so that the reading of rows may end when there are enough
            source = f"files CROSS JOIN tracks ON tracks.file_id = files.id WHERE {self._where(at_hand=True)}"
        return f"SELECT tracks.file_id, artist_key FROM {source} ORDER BY files.path{down}", self._values

    def _all(self, rank: Rank) -> Query:
        first, *_ = columns = rank.sql.split(", ")
        order = ", ".join(f"{column} DESC" if rank.goes_down else column for column in columns)
        return (
            f"""SELECT tracks.file_id, artist_key FROM tracks JOIN files ON files.id = tracks.file_id
                WHERE {self._where()} ORDER BY {first} IS NULL, {order}, files.path""",
            self._values,
        )

    def _where(self, *, at_hand: bool = False) -> str:
        texts = (one.at_hand() if at_hand else one.sql for one in self._conditions)
        return " AND ".join((_PLAYABLE, *(f"({text})" for text in texts)))
