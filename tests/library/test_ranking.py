"""The best tracks are those that sorting all of them gives, whichever way they are found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from benchmarks.synthetic_library import build
from playlista.library import ranking
from playlista.library.database import FILE_NAME, Database, open_read_only
from playlista.library.ranking import Ranking
from playlista.library.track_filter import TrackFilter

TRACKS = 400


@dataclass(frozen=True, slots=True)
class Song:
    """What counts of a track; `tags` in thousandths by their names."""

    id: int
    path: bytes
    artist: str
    bpm: float | None
    tags: dict[str, int]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("library")
    build(folder, TRACKS, embeddings=True)
    with open_read_only(str(folder / FILE_NAME)) as database:
        yield database


@pytest.fixture(scope="module")
def songs(library: Database) -> list[Song]:
    with library.read() as connection:
        rows = connection.execute(
            """SELECT file_id, path, artist_key, bpm FROM tracks JOIN files ON id = file_id
               WHERE files.status = 'analyzed'"""
        ).fetchall()
        tags: dict[int, dict[str, int]] = {row["file_id"]: {} for row in rows}
        for row in connection.execute("SELECT file_id, name, activation FROM track_tags JOIN tag_names ON id = tag"):
            tags[row["file_id"]][row["name"]] = row["activation"]
    return [Song(row["file_id"], row["path"], row["artist_key"], row["bpm"], tags[row["file_id"]]) for row in rows]


def spread(found: list[Song], limit: int, per_artist: int) -> list[int]:
    counts: Counter[str] = Counter()
    ids = []
    for song in found:
        counts[song.artist] += 1
        if not per_artist or counts[song.artist] <= per_artist:
            ids.append(song.id)
    return ids[:limit]


LIMITS = pytest.mark.parametrize(("limit", "per_artist"), [(7, 0), (20, 1), (1000, 0), (1000, 2)])


@LIMITS
def test_the_best_have_the_highest_least_tag(library: Database, songs: list[Song], limit: int, per_artist: int) -> None:
    wanted = TrackFilter(bpm=(60, 180), tags=(("rock", 0.1), ("jazz", 0.1)))
    fitting = [one for one in songs if {"rock", "jazz"} <= one.tags.keys() and 60 <= (one.bpm or 0) <= 180]
    ordered = sorted(fitting, key=lambda one: (-min(one.tags["rock"], one.tags["jazz"]), one.path))
    assert ordered
    assert Ranking(library).ids(wanted, limit=limit, per_artist=per_artist) == spread(ordered, limit, per_artist)


@LIMITS
def test_of_one_tag_those_that_fit_alike_come_by_path(
    library: Database, songs: list[Song], limit: int, per_artist: int
) -> None:
    fitting = [one for one in songs if one.tags.get("rock", 0) >= 150]
    ordered = sorted(fitting, key=lambda one: (-one.tags["rock"], one.path))
    wanted = TrackFilter(any_tags=(("rock", 0.15),))
    assert Ranking(library).ids(wanted, limit=limit, per_artist=per_artist) == spread(ordered, limit, per_artist)


@LIMITS
def test_unknown_tempi_come_last_either_way(library: Database, songs: list[Song], limit: int, per_artist: int) -> None:
    for by, sign in (("bpm", 1), ("-bpm", -1)):
        ordered = sorted(songs, key=lambda one: (one.bpm is None, sign * (one.bpm or 0), one.path))
        found = Ranking(library).ids(TrackFilter(), by=by, limit=limit, per_artist=per_artist)
        assert found == spread(ordered, limit, per_artist)


@pytest.mark.parametrize("few", [0, 10_000])
def test_without_a_rank_the_path_decides_however_many_fit(
    library: Database, songs: list[Song], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit, per_artist = 100, 2
    monkeypatch.setattr(ranking, "FEW_TRACKS", few)
    fitting = [one for one in songs if one.bpm is not None and one.bpm <= 140 and "jazz" not in one.tags]
    wanted = TrackFilter(bpm=(None, 140), without_tags=(("jazz", 0.1),))
    for by, down in (("best", False), ("-path", True)):
        ordered = sorted(fitting, key=lambda one: one.path, reverse=down)
        found = Ranking(library).ids(wanted, by=by, limit=limit, per_artist=per_artist)
        assert found == spread(ordered, limit, per_artist)


def test_only_what_is_among_others_is_ranked(library: Database, songs: list[Song]) -> None:
    among = [one.id for one in songs[::3]]
    ordered = sorted(
        (one for one in songs if one.id in among), key=lambda one: (one.bpm is None, one.bpm or 0, one.path)
    )
    found = Ranking(library).ids(TrackFilter(), by="bpm", limit=9, among=among)
    assert found == [one.id for one in ordered[:9]]
