"""Pages of tracks: filtered, sorted, each page behind a cursor, in bounded memory for a library of any size.

Input: a `TrackFilter`, an order, a cursor. Output: a page of `TrackSummary`, and the cursor of the next.

Two ways lead to a page. Where few tracks fit, all of them are found first and sorted. Where many fit, the index of the
order is followed until the page is full. Which one is taken is found out by counting up to `FEW_TRACKS`.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from playlista.library.database import Database
from playlista.library.track_filter import TAG_CONDITION, Condition, FilterError, TrackFilter
from playlista.library.track_summaries import TrackLookup, TrackSummary

#: Up to so many tracks that fit are sorted; of more, the index of the order is followed.
FEW_TRACKS = 10_000

MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class _Order:
    """The columns of an order, in which rows differ with the row number behind them, and their index."""

    columns: tuple[str, ...]
    index: str
    may_be_null: bool = True


_ORDERS = {
    "path": _Order(("files.path",), "", may_be_null=False),
    "title": _Order(("title_key",), "tracks_by_title", may_be_null=False),
    "artist": _Order(("artist_key", "album_key", "place"), "tracks_by_artist", may_be_null=False),
    "album": _Order(("album_key", "artist_key", "place"), "tracks_by_album", may_be_null=False),
    "bpm": _Order(("bpm",), "tracks_by_bpm"),
    "key": _Order(("camelot",), "tracks_by_key"),
    "loudness": _Order(("loudness",), "tracks_by_loudness"),
    "duration": _Order(("duration_seconds",), "tracks_by_duration"),
    "year": _Order(("year",), "tracks_by_year"),
    "energy": _Order(("energy",), "tracks_by_energy"),
    "voice": _Order(("voice",), "tracks_by_voice"),
    "finished": _Order(("finished_at",), "tracks_by_finish"),
}

#: The orders there are; with "-" in front they go down. Tracks without a value come last either way.
SORTS = tuple(_ORDERS)


@dataclass(frozen=True, slots=True)
class Page:
    """Some tracks; `next` is the cursor of those behind them, None at the end.

    ``total`` is how many fit in all, None where counting them would take long.
    """

    tracks: list[TrackSummary]
    next: str | None
    total: int | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page begins: behind the row with these values, among those without a value if ``is_unknown``."""

    is_unknown: bool
    values: tuple[Any, ...]

    @property
    def file_id(self) -> int:
        """The last of the values."""
        return int(self.values[-1])


class TrackPages:
    """Pages of the tracks of one library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, track_filter: TrackFilter, *, sort: str = "path", after: str | None = None, limit: int = 50) -> Page:
        """At most `limit` of the tracks that fit, sorted, behind the cursor `after`.

        Raises
        ------
        FilterError : an order, a cursor or a filter that cannot be used.
        """
        order = _ORDERS.get(sort.removeprefix("-"))
        if order is None or not 1 <= limit <= MOST_ROWS:
            raise FilterError(
                f"sort is one of {', '.join(SORTS)}, with - in front to go down; limit is 1 to {MOST_ROWS}"
            )
        place = None if after is None else _place_in(after, sort, order)
        conditions = track_filter.conditions()
        ids = self._fitting(track_filter, conditions)
        plan = _Plan(order, sort.startswith("-"), conditions, ids)
        places = self._places(plan, place, limit + 1)
        cursor = _cursor(sort, places[limit - 1]) if len(places) > limit else None
        tracks = TrackLookup(self._database).summaries(one.file_id for one in places[:limit])
        if ids is None:
            return Page(tracks, cursor, None if conditions else self._all())
        return Page(tracks, cursor, len(ids))

    def select(self, track_filter: TrackFilter, *, sort: str = "path") -> Iterator[TrackSummary]:
        """All tracks that fit, sorted, with one page of them in memory."""
        page = self.page(track_filter, sort=sort, limit=MOST_ROWS)
        yield from page.tracks
        while page.next:
            page = self.page(track_filter, sort=sort, after=page.next, limit=MOST_ROWS)
            yield from page.tracks

    def _fitting(self, track_filter: TrackFilter, conditions: Sequence[Condition]) -> list[int] | None:
        """The ids of those that fit, in any order; None for more than `FEW_TRACKS`, or where there is no condition."""
        if not conditions:
            return None
        source, where, values = _source_of(track_filter, conditions)
        with self._database.read() as connection:
            # In one row: sqlite3 gives Python's lock away for every row, and during an analysis it is slow to return.
            query = f"SELECT json_group_array(file_id) FROM (SELECT {source} WHERE {where} LIMIT {FEW_TRACKS + 1})"
            ids: list[int] = json.loads(connection.execute(query, values).fetchone()[0])
        return None if len(ids) > FEW_TRACKS else ids

    def _all(self) -> int:
        with self._database.read() as connection:
            counted = "SELECT total(n) FROM counts WHERE of = 'file' AND state <> 'unanalyzed'"
            return int(connection.execute(counted).fetchone()[0])

    def _places(self, plan: _Plan, place: _Place | None, limit: int) -> list[_Place]:
        """Where the rows of the page are: those with a value first, then those without one."""
        found: list[_Place] = []
        with self._database.read() as connection:
            for is_unknown in (False, True) if plan.order.may_be_null else (False,):
                if len(found) == limit or (place is not None and place.is_unknown and not is_unknown):
                    continue
                here = place if place is not None and place.is_unknown == is_unknown else None
                query, values = plan.query(is_unknown, here)
                rows = connection.execute(query, (*values, limit - len(found))).fetchall()
                found += [_Place(is_unknown, tuple(row)) for row in rows]
        return found


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one page is asked for: of the tracks `ids`, or where that is None along the index of the order."""

    order: _Order
    goes_down: bool
    conditions: Sequence[Condition]
    ids: list[int] | None

    def query(self, is_unknown: bool, place: _Place | None) -> tuple[str, tuple[Any, ...]]:
        """A statement and its values but for the last, the limit."""
        keys = (*self.order.columns, "tracks.file_id")
        selected = ", ".join(keys)
        where, values = self._start()
        if self.order.may_be_null:
            where.append(f"{keys[0]} IS {'' if is_unknown else 'NOT '}NULL")
        if is_unknown:
            keys = keys[-1:]
        down = self.goes_down and not is_unknown
        if place is not None:
            where.append(f"({', '.join(keys)}) {'<' if down else '>'} ({', '.join('?' * len(keys))})")
            values += place.values[-len(keys) :]
        sorted_by = ", ".join(f"{key} DESC" if down else key for key in keys)
        return (
            f"SELECT {selected} {self._source()} WHERE {' AND '.join(where)} ORDER BY {sorted_by} LIMIT ?",
            tuple(values),
        )

    def _start(self) -> tuple[list[str], list[Any]]:
        """What every page has: the ids, or the conditions that are looked at along the index."""
        if self.ids is not None:
            return ["TRUE"], [json.dumps(self.ids)]
        return [_where(self.conditions, at_hand=True)], list(_values(self.conditions))

    def _source(self) -> str:
        """A CROSS JOIN keeps SQLite from turning the order of the tables round."""
        if self.ids is not None:
            files = "" if self.order.index else "JOIN files ON files.id = tracks.file_id"
            return f"FROM json_each(?) AS fitting CROSS JOIN tracks ON tracks.file_id = fitting.value {files}"
        if not self.order.index:
            return "FROM files CROSS JOIN tracks ON tracks.file_id = files.id"
        return f"FROM tracks INDEXED BY {self.order.index}"


def _source_of(track_filter: TrackFilter, conditions: Sequence[Condition]) -> tuple[str, str, tuple[object, ...]]:
    """Where the tracks that fit are looked for: what is selected, the condition, the values.

    Numbers alone: the index of numbers. Tags: the tracks of the first one, of which the others are looked up.
    """
    if track_filter.is_numeric:
        return "file_id FROM tracks INDEXED BY tracks_numbers", _where(conditions), _values(conditions)
    if track_filter.tags and not track_filter.has_names:
        first, *others = conditions
        source = "first.file_id FROM track_tags AS first CROSS JOIN tracks ON tracks.file_id = first.file_id"
        where = " AND ".join((TAG_CONDITION, *(one.at_hand("first.file_id") for one in others)))
        return source, where, (*first.values, *_values(others))
    return "file_id FROM tracks", _where(conditions), _values(conditions)


def _where(conditions: Sequence[Condition], *, at_hand: bool = False) -> str:
    texts = [one.at_hand() if at_hand else one.sql for one in conditions]
    return " AND ".join(texts) or "TRUE"


def _values(conditions: Sequence[Condition]) -> tuple[object, ...]:
    return tuple(value for one in conditions for value in one.values)


def _cursor(sort: str, place: _Place) -> str:
    """The opaque cursor behind a row: plain ASCII, whatever bytes its path has."""
    values = [value.hex() if isinstance(value, bytes) else value for value in place.values]
    text = json.dumps([sort, place.is_unknown, *values], separators=(",", ":"))
    return "~" + base64.urlsafe_b64encode(text.encode()).decode("ascii").rstrip("=")


def _place_in(cursor: str, sort: str, order: _Order) -> _Place:
    wrong = FilterError("after is a cursor, as `next` of the page before gave it, with the same sort")
    try:
        digits = cursor.removeprefix("~")
        found = json.loads(base64.urlsafe_b64decode(digits + "=" * (-len(digits) % 4)))
        made_for, is_unknown, *values = found
    except (binascii.Error, ValueError, TypeError):
        raise wrong from None
    is_whole = len(values) == len(order.columns) + 1 and all(
        isinstance(one, (str, int, float)) or one is None for one in values
    )
    if made_for != sort or not isinstance(is_unknown, bool) or not is_whole or not isinstance(values[-1], int):
        raise wrong
    if sort.removeprefix("-") == "path":
        try:
            values[0] = bytes.fromhex(values[0])
        except (TypeError, ValueError):
            raise wrong from None
    return _Place(is_unknown, tuple(values))
