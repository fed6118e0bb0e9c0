"""What was found wrong with tracks: kept with the result, found by a filter, counted, told track by track."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from playlista.library.database import Database
from playlista.library.health_report import findings_at, read_findings
from playlista.library.statistics import read_statistics
from playlista.library.track_filter import TrackFilter
from playlista.library.track_pages import TrackPages
from playlista.tracks import Analysis, Audio, Health, Loudness, Status
from playlista.tracks.findings import Finding, findings
from tests.libraries import Parts, open_parts, track_file

AUDIO = Audio(60.0, 60.0, 60.0, 44100, 2, "FLAC", truncated=False)
SOUND, CLIPPED = Health(), Health(clipped_runs=12, longest_clipped_samples=9, positions={"clipped": (61.5,)})
BROKEN = Health(clipped_runs=5, dropouts=2, dead_channel=True)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with open_parts(tmp_path, synced=False) as opened:
        for path, health in {"a.flac": SOUND, "b/one.flac": CLIPPED, "b/two.flac": BROKEN, "c.flac": None}.items():
            opened.queue.enqueue([track_file(path)], "scan")
            record(opened, path, health)
        yield opened


@pytest.fixture
def database(parts: Parts) -> Database:
    return parts.database


def record(parts: Parts, path: str, health: Health | None) -> None:
    analysis = Analysis(path=path, status=Status.ANALYZED, audio=AUDIO, health=health)
    parts.store.record(parts.library.get(path).file_id, analysis, attempts=1)


def paths(database: Database, *health: str) -> list[str]:
    return [one.path for one in TrackPages(database).select(TrackFilter(health=health), sort="path")]


def test_a_filter_finds_tracks_that_have_any_of_the_findings(database: Database) -> None:
    assert paths(database, "clipped") == ["b/one.flac", "b/two.flac"]
    assert paths(database, "dropouts", "mono") == ["b/two.flac"]
    assert paths(database, "silence") == []


def test_a_summary_names_them_in_their_order(database: Database) -> None:
    found = {one.path: one.findings for one in TrackPages(database).select(TrackFilter(), sort="path")}
    assert found["b/two.flac"] == ("clipped", "dead_channel", "dropouts")
    assert found["a.flac"] == found["c.flac"] == ()


def test_they_are_counted(database: Database) -> None:
    assert read_statistics(database).findings == {"clipped": 2, "dead_channel": 1, "dropouts": 1}


def test_a_new_result_takes_the_place_of_the_old_findings(parts: Parts) -> None:
    record(parts, "b/two.flac", SOUND)
    assert paths(parts.database, "clipped", "dropouts") == ["b/one.flac"]


def test_the_manual_explains_every_finding_and_no_other() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "health.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", manual, re.MULTILINE)) == set(Finding)


def test_a_file_that_is_gone_has_none(parts: Parts) -> None:
    with parts.database.transaction() as connection:
        connection.execute("DELETE FROM files WHERE id = ?", (parts.library.get("b/two.flac").file_id,))
    assert [one.path for one in read_findings(parts.database)] == ["b/one.flac"]


def test_one_track_has_its_own_findings_and_a_folder_none(parts: Parts) -> None:
    assert list(findings_at(parts.database, "b/two.flac")) == ["clipped", "dead_channel", "dropouts"]
    assert findings_at(parts.database, "b") == findings_at(parts.database, "a.flac") == {}


def test_the_report_is_in_the_order_of_paths_and_keeps_to_a_folder(database: Database) -> None:
    assert [one.path for one in read_findings(database)] == ["b/one.flac", "b/two.flac"]
    assert [one.path for one in read_findings(database, only=["dropouts"], below="b")] == ["b/two.flac"]
    assert [one.path for one in read_findings(database, below="b/one.flac")] == ["b/one.flac"]
    assert list(read_findings(database, below="a.flac")) == []


def test_the_evidence_says_how_much_and_where(database: Database) -> None:
    (first, _) = read_findings(database)
    assert first.findings == {"clipped": "12 runs at the ceiling from 1:01 on, the longest of 9 samples"}


def test_a_result_of_an_older_version_has_no_findings() -> None:
    assert findings(Analysis(path="a", status=Status.ANALYZED)) == {}


def test_a_peak_between_the_samples_comes_from_the_loudness() -> None:
    loud = Analysis(path="a", status=Status.ANALYZED, health=SOUND, loudness=Loudness(-9.0, 3.0, 0.8, -9.0))
    assert list(findings(loud)) == [Finding.OVERS]
