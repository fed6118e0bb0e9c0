"""The moods of a library: filters, orders, counts, and how results of older versions get theirs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from playlista.daemon.mood_filler import MoodFiller
from playlista.library import migrations
from playlista.library.database import FILE_NAME
from playlista.library.due_moods import DueMoods
from playlista.library.filter_texts import mood_floor
from playlista.library.ranking import Ranking
from playlista.library.statistics import read_statistics
from playlista.library.track_filter import FilterError, TrackFilter
from playlista.library.track_pages import TrackPages
from playlista.tracks import Analysis
from playlista.tracks.mood import MOOD_VERSION
from tests.libraries import Parts, analysis_of, open_parts, quick_check, track_file
from tests.moods import loud, rhythm_of, spectrum_of, tagging_of

CALM = replace(
    analysis_of("calm.flac"),
    rhythm=rhythm_of(0.8), loudness=loud(-24.0), spectral=spectrum_of(0.001),
    tagging=tagging_of(ambient=0.5, Mellow=0.2, chillout=0.2, instrumental=0.4),
)  # fmt: skip
METAL = replace(
    analysis_of("metal.flac"),
    rhythm=rhythm_of(6.0), loudness=loud(-6.0), spectral=spectrum_of(0.2),
    tagging=tagging_of(metal=0.8, punk=0.2, **{"hard rock": 0.1, "male vocalists": 0.05}),
)  # fmt: skip
SILENT = replace(analysis_of("silent.flac"), loudness=loud(None), tagging=None)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with open_parts(tmp_path, synced=False) as opened:
        for analysis in (CALM, METAL, SILENT):
            add(opened, analysis)
        yield opened


def add(parts: Parts, analysis: Analysis) -> int:
    parts.queue.enqueue([track_file(analysis.path)], "scan")
    file_id = parts.library.get(analysis.path).file_id
    parts.store.record(file_id, analysis, attempts=1)
    return file_id


def found(parts: Parts, sort: str = "path", **wanted: object) -> list[str]:
    return [one.path for one in TrackPages(parts.database).page(TrackFilter(**wanted), sort=sort).tracks]


def forget_moods(parts: Parts) -> None:
    """As rows are after an update of Playlista to the first version with moods."""
    with parts.database.transaction() as connection:
        connection.execute("UPDATE tracks SET energy = NULL, voice = NULL, moods = '[]', mood_version = 0")


def test_tracks_are_found_by_energy_voice_and_mood(parts: Parts) -> None:
    assert found(parts, energy=(0.5, None)) == ["metal.flac"]
    assert found(parts, energy=(None, 0.5)) == ["calm.flac"], "an unknown energy is none"
    assert found(parts, voice=(None, 0.3)) == ["calm.flac"]
    assert found(parts, moods=(("calm", 0.8),)) == ["calm.flac"]
    assert found(parts, moods=(("aggressive", 0.8),), energy=(0.5, None)) == ["metal.flac"]
    assert found(parts, moods=(("calm", 0.8), ("aggressive", 0.8))) == []
    assert found(parts, moods=(("calm", 0.8),), tags=(("ambient", 0.3),)) == ["calm.flac"]


@pytest.mark.parametrize("down", [False, True])
def test_tracks_are_sorted_by_energy_and_those_without_one_come_last(parts: Parts, down: bool) -> None:
    known = ["calm.flac", "metal.flac"]
    assert found(parts, "-energy" if down else "energy") == [*(known[::-1] if down else known), "silent.flac"]
    assert Ranking(parts.database).ids(TrackFilter(), by="-energy", limit=1) == [
        parts.library.get("metal.flac").file_id
    ]


def test_the_best_of_a_mood_are_those_that_have_most_of_it(parts: Parts) -> None:
    less = replace(CALM, path="a bit calm.flac", loudness=loud(-9.0), tagging=tagging_of(ambient=0.2, Mellow=0.05))
    add(parts, less)
    values = [one.mood.moods["calm"] for one in (CALM, less)]
    assert values[0] > values[1] > 0.5
    wanted = TrackFilter(moods=(("calm", 0.5),))
    ids = Ranking(parts.database).ids(wanted, limit=5)
    assert ids == [parts.library.get(path).file_id for path in ("calm.flac", "a bit calm.flac")]


def test_counts_follow_every_change(parts: Parts) -> None:
    statistics = read_statistics(parts.database)
    assert sum(statistics.energy.values()) == sum(statistics.voice.values()) == 2
    assert (statistics.moods["calm"], statistics.moods["aggressive"]) == (1, 1)
    parts.store.record(parts.library.get("metal.flac").file_id, replace(CALM, path="metal.flac"), attempts=1)
    statistics = read_statistics(parts.database)
    assert (statistics.moods["calm"], statistics.moods["aggressive"]) == (2, 0)
    assert list(statistics.energy.values()) == [2]
    with parts.database.transaction() as connection:
        connection.execute("DELETE FROM tracks")
    assert (read_statistics(parts.database).moods["calm"], found(parts, moods=(("calm", 0.8),))) == (0, [])


def test_results_of_an_older_version_get_their_moods_without_their_files(parts: Parts) -> None:
    forget_moods(parts)
    assert found(parts, moods=(("calm", 0.8),)) == []
    due = DueMoods(parts.database, parts.store)
    assert due.count() == 3
    filler = MoodFiller(due, stop=lambda: False)
    assert not filler.fill(60)
    assert due.count() == 0
    assert found(parts, moods=(("calm", 0.8),)) == ["calm.flac"]
    assert read_statistics(parts.database).moods["aggressive"] == 1


def test_a_filler_goes_on_where_it_ended_and_stops_when_asked(parts: Parts) -> None:
    for number in range(120):
        add(parts, replace(CALM, path=f"{number}.flac"))
    forget_moods(parts)
    due = DueMoods(parts.database, parts.store)
    assert MoodFiller(due, stop=lambda: True).fill(60) is False
    assert due.count() == 123
    filler = MoodFiller(due, stop=lambda: False)
    rounds = 0
    while filler.fill(0):
        rounds += 1
    assert (rounds, due.count()) == (3, 0)


def test_a_result_that_cannot_be_read_does_not_hold_up_the_others(parts: Parts) -> None:
    forget_moods(parts)
    with parts.database.transaction() as connection:
        connection.execute("UPDATE analyses SET result = '{}' WHERE file_id = 1")
    due = DueMoods(parts.database, parts.store)
    assert not MoodFiller(due, stop=lambda: False).fill(60)
    assert due.count() == 0
    assert found(parts, moods=(("aggressive", 0.8),)) == ["metal.flac"]


def test_a_library_of_an_older_version_gets_its_moods_from_its_stored_results(tmp_path: Path) -> None:
    """As 0.1 stored them: no versions of moods, no columns, no file to read again."""
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    migrations.migrate(connection, until=1)
    document = CALM.to_json()
    del document["path"], document["embedding"], document["mood"]
    connection.execute("INSERT INTO version_sets VALUES (1, ?)", (json.dumps(CALM.versions),))
    connection.execute("INSERT INTO files VALUES (1, ?, 1, 1, 1, 1, 'analyzed')", (CALM.path.encode(),))
    columns = "(file_id, version_set, finished_at, attempts, result)"
    connection.execute(f"INSERT INTO analyses {columns} VALUES (1, 1, 0, 1, ?)", (json.dumps(document),))
    vector = np.asarray(CALM.tagging.embedding, "<f4").tobytes()
    connection.execute("INSERT INTO embeddings VALUES (1, ?)", (vector,))
    connection.commit()
    connection.close()
    with open_parts(tmp_path, synced=False) as opened:
        assert opened.store.get("calm.flac").mood == CALM.mood
        assert DueMoods(opened.database, opened.store).derive(10) == 1
        assert found(opened, moods=(("calm", 0.8),)) == ["calm.flac"]
        assert list(opened.store.outdated(lambda versions, settings: frozenset())) == []
        assert quick_check(opened.database) == []


def test_a_mood_is_written_as_its_name_or_with_its_least_value() -> None:
    assert mood_floor("calm") == ("calm", 0.8)
    assert mood_floor("Calm >= 0.9") == ("calm", 0.9)
    for wrong in ("clam", "calm>=0.4", "calm>=2", "", "calm>0.9"):
        with pytest.raises(FilterError):
            mood_floor(wrong)


def test_a_raised_version_makes_every_track_due(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playlista.library.due_moods.MOOD_VERSION", MOOD_VERSION + 1)
    assert DueMoods(parts.database, parts.store).count() == 3
