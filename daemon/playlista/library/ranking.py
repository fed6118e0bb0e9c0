"""The tracks that fit a filter, best first, for playlists: by their tags, by an order of columns, or spread evenly.

Input: a `TrackFilter`. Output: ids of tracks that are on disk and were analyzed, at most so many, and of one artist at
most so many. Rows are read until the list is full; a library of any size costs no more memory than the list.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from playlista.library.database import Database
from playlista.library.filter_texts import tag_named
from playlista.library.track_filter import FilterError, TrackFilter
from playlista.library.track_summaries import read_tag_names

#: What can be in a playlist: the music of failed and quarantined tracks does not play, or not to its end.
_PLAYABLE = "tracks.status IN ('analyzed', 'partial')"
#: Tags that are looked at for the fit: {tags} stands for their places.
_ACTIVATIONS = """(SELECT {of}(activation) FROM track_tags
                   WHERE track_tags.file_id = tracks.file_id AND tag IN ({tags}))"""
#: The least of the moods: {moods} stands for their places.
_MOODS = """(SELECT min(value) FROM track_moods
             WHERE track_moods.file_id = tracks.file_id AND mood IN ({moods}))"""
#: Fibonacci hashing (Knuth, The Art of Computer Programming, 6.4): ids in a row fall far apart, always the same way.
_SPREAD = "(tracks.file_id * 2654435769) % 4294967296"
#: All tags of the model, by a result of it: the table ``tag_names`` has only those that some track is found by.
_MODEL_TAGS = """SELECT key FROM json_each((SELECT result FROM embeddings JOIN analyses USING (file_id)
                                            ORDER BY file_id DESC LIMIT 1), '$.tags')"""
_COLUMNS = {
    "title": "title_key",
    "artist": "artist_key, album_key, place",
    "album": "album_key, artist_key, place",
    "bpm": "bpm",
    "key": "camelot",
    "loudness": "loudness",
    "duration": "duration_seconds",
    "year": "year",
    "energy": "energy",
    "voice": "voice",
    "finished": "finished_at",
    "path": "files.path",
    "spread": _SPREAD,
}
#: "best": by the tags of the filter. "spread": evenly over the library, in an order of no meaning that stays the same.
RANKINGS = ("best", *_COLUMNS)


class Ranking:
    """Ranks the tracks of one library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ids(
        self,
        track_filter: TrackFilter,
        *,
        by: str = "best",
        limit: int,
        per_artist: int = 0,
        among: Sequence[int] | None = None,
    ) -> list[int]:
        """At most `limit` ids, of each artist at most `per_artist` (0: any number); tracks that fit alike by path.

        Parameters
        ----------
        by : one of `RANKINGS`, with "-" in front to go down; tracks without a value come last either way.
        among : ids that others are left out of; None for all.

        Raises
        ------
        FilterError : a ranking, a key or a tag that there is not.
        """
        with self._database.read() as connection:
            wanted = _with_known_tags(track_filter, connection)
            where, values = _where(wanted, among)
            order, order_values = _order(wanted, by, connection)
            rows = connection.execute(
                f"""SELECT tracks.file_id, artist_key FROM tracks JOIN files ON files.id = tracks.file_id
                    WHERE {where} ORDER BY {order}, files.path""",
                (*values, *order_values),
            )
            return _taken(rows, limit, per_artist)


def _with_known_tags(track_filter: TrackFilter, connection: sqlite3.Connection) -> TrackFilter:
    """The filter with the tags as the model calls them; as it is where no track has a tag yet."""
    known = [row["key"] for row in connection.execute(_MODEL_TAGS)]
    if not known:
        return track_filter

    def named(floors: Iterable[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
        return tuple((tag_named(name, known), activation) for name, activation in floors)

    return replace(
        track_filter,
        tags=named(track_filter.tags),
        any_tags=named(track_filter.any_tags),
        without_tags=named(track_filter.without_tags),
    )


def _where(track_filter: TrackFilter, among: Sequence[int] | None) -> tuple[str, list[object]]:
    conditions = track_filter.conditions()
    texts = [_PLAYABLE, *(f"({one.sql})" for one in conditions)]
    values = [value for one in conditions for value in one.values]
    if among is not None:
        texts.append("tracks.file_id IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(list(among)))
    return " AND ".join(texts), values


def _order(track_filter: TrackFilter, by: str, connection: sqlite3.Connection) -> tuple[str, list[object]]:
    name, down = by.removeprefix("-"), " DESC" if by.startswith("-") else ""
    if name == "best":
        return _fit(track_filter, connection)
    if name not in _COLUMNS:
        raise FilterError(f"the order is one of {', '.join(RANKINGS)}, with - in front to go down")
    columns = _COLUMNS[name].split(", ") if name != "spread" else [_SPREAD]
    return ", ".join((f"{columns[0]} IS NULL", *(f"{column}{down}" for column in columns))), []


def _fit(track_filter: TrackFilter, connection: sqlite3.Connection) -> tuple[str, list[object]]:
    """By the least activation of the tags that all count, else by the highest of those of which one is enough.

    Without tags by the least value of the moods.
    """
    if track_filter.moods and not (track_filter.tags or track_filter.any_tags):
        names: list[object] = [name for name, _ in track_filter.moods]
        return f"{_MOODS.format(moods=', '.join('?' * len(names)))} DESC", names
    floors, of = (track_filter.tags, "min") if track_filter.tags else (track_filter.any_tags, "max")
    if not floors:
        return "TRUE", []
    ids = {name: tag for tag, name in read_tag_names(connection).items()}
    tags: list[object] = [ids[name] for name, _ in floors if name in ids]
    return f"{_ACTIVATIONS.format(of=of, tags=', '.join('?' * len(tags)))} DESC", tags


def _taken(rows: Iterator[sqlite3.Row], limit: int, per_artist: int) -> list[int]:
    counts: Counter[str] = Counter()
    ids: list[int] = []
    for row in rows:
        artist = row["artist_key"] or ""
        counts[artist] += 1
        if per_artist and artist and counts[artist] > per_artist:
            continue
        ids.append(row["file_id"])
        if len(ids) == limit:
            break
    return ids
