"""The tracks that fit a filter, best first, for playlists: by their tags, by an order of columns, or spread evenly.

Input: a `TrackFilter`. Output: ids of tracks that are on disk and were analyzed, at most so many, and of one artist at
most so many. A library of any size costs no more memory than the list; the statements are in ``ranking_query``.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from playlista.library.database import Database
from playlista.library.filter_texts import tag_named
from playlista.library.ranking_query import Rank, RankingQuery
from playlista.library.track_filter import FilterError, TrackFilter
from playlista.library.track_summaries import read_tag_names

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
    "path": "",
    "spread": _SPREAD,
}
#: Those that are several columns, or texts.
_SEVERAL = ("title", "artist", "album")
#: Up to so many tracks that fit are sorted by path; of more, files are followed in that order.
FEW_TRACKS = 10_000
#: How many times as many are looked at, where too many of the best were of one artist.
_MORE = 8
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
            statements, rank = RankingQuery(wanted, among), _rank(wanted, by, connection)
            if rank is None:
                counted = connection.execute(*statements.count(FEW_TRACKS + 1)).fetchone()[0]
                query = statements.by_path(goes_down=by == "-path", are_few=counted <= FEW_TRACKS)
                return _taken(connection.execute(*query), limit, per_artist)[0]
            count = limit
            while True:  # of an artist who has too many among the best, others take the place
                ids, read = _taken(connection.execute(*statements.best(rank, count)), limit, per_artist)
                if len(ids) == limit or read < count:
                    return ids
                count *= _MORE


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


def _rank(track_filter: TrackFilter, by: str, connection: sqlite3.Connection) -> Rank | None:
    """What counts; None for the path alone."""
    name, goes_down = by.removeprefix("-"), by.startswith("-")
    if name == "best":
        return _fit(track_filter, connection)
    if name not in _COLUMNS:
        raise FilterError(f"the order is one of {', '.join(RANKINGS)}, with - in front to go down")
    if name == "path":
        return None
    return Rank(_COLUMNS[name], (), goes_down, is_one=name not in _SEVERAL)


def _fit(track_filter: TrackFilter, connection: sqlite3.Connection) -> Rank | None:
    """By the least activation of the tags that all count, else by the highest of those of which one is enough.

    Without tags by the least value of the moods.
    """
    if track_filter.moods and not (track_filter.tags or track_filter.any_tags):
        names = tuple(name for name, _ in track_filter.moods)
        return Rank(_MOODS.format(moods=", ".join("?" * len(names))), names, goes_down=True)
    floors, of = (track_filter.tags, "min") if track_filter.tags else (track_filter.any_tags, "max")
    if not floors:
        return None
    ids = {name: tag for tag, name in read_tag_names(connection).items()}
    tags = tuple(ids[name] for name, _ in floors if name in ids)
    return Rank(_ACTIVATIONS.format(of=of, tags=", ".join("?" * len(tags))), tags, goes_down=True)


def _taken(rows: Iterator[sqlite3.Row], limit: int, per_artist: int) -> tuple[list[int], int]:
    """The first of these tracks, and how many were looked at."""
    counts: Counter[str] = Counter()
    ids: list[int] = []
    read = 0
    for row in rows:
        read += 1
        artist = row["artist_key"] or ""
        counts[artist] += 1
        if per_artist and artist and counts[artist] > per_artist:
            continue
        ids.append(row["file_id"])
        if len(ids) == limit:
            break
    return ids, read
