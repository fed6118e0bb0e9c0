"""Files that are away for a while: out of sight at once, and back with their results without a second analysis."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from playlista.library import gone_files
from playlista.library.gone_files import GoneFiles
from playlista.library.track_filter import TrackFilter
from playlista.library.track_pages import TrackPages
from playlista.library.vectors import Vectors
from playlista.tracks.origin import Origin
from tests.exhaustive import exhaustive
from tests.libraries import analysis_of, quick_check
from tests.watch.folders import make, make_old
from tests.watch.synced import Synced, analyzed

MONTH_SECONDS = 30 * 86400.0


@pytest.fixture
def keeping(synced: Synced) -> Synced:
    """A folder whose gone files are kept for a month."""
    synced.retention_seconds = MONTH_SECONDS
    synced.restart()
    return synced


def results(synced: Synced) -> dict[str, float | None]:
    """The tempo of every result that is listed; `analyze_all` takes the row's number for it."""
    return {one.path: one.rhythm and one.rhythm.bpm for one in synced.parts.results()}


def gone(synced: Synced) -> int:
    return synced.parts.overview.gone()


def move_away(synced: Synced, tmp_path: Path, name: str) -> None:
    os.rename(synced.root / name, tmp_path / "away")
    synced.scan()


def test_what_is_gone_leaves_every_list_and_count_at_once(keeping: Synced, tmp_path: Path) -> None:
    analyzed(keeping, "a/1.mp3", "a/2.mp3", "b.mp3")
    move_away(keeping, tmp_path, "a")
    parts = keeping.parts
    assert list(results(keeping)) == ["b.mp3"]
    assert parts.store.get("a/1.mp3") is None
    assert len(Vectors(parts.database).of_ids(range(10), 200).ids) == 1
    assert [one.path for one in TrackPages(parts.database).page(TrackFilter()).tracks] == ["b.mp3"]
    assert (parts.overview.counts()["analyzed"], parts.library.count(), gone(keeping)) == (1, 1, 2)
    assert quick_check(parts.database) == []


def test_a_folder_that_comes_back_has_its_results_and_nothing_is_read(keeping: Synced, tmp_path: Path) -> None:
    rows = analyzed(keeping, "a/1.mp3", "a/deep/2.mp3", "b.mp3")
    before = results(keeping)
    move_away(keeping, tmp_path, "a")
    os.rename(tmp_path / "away", keeping.root / "a")
    assert keeping.scan().returned == 2
    assert (keeping.rows(), results(keeping)) == (rows, before)
    assert (gone(keeping), keeping.queued()) == (0, 0)


def test_a_copy_of_a_gone_file_is_known_by_its_bytes_and_the_gone_one_needs_no_keeping(
    keeping: Synced, tmp_path: Path
) -> None:
    """A backup that was copied back has new inodes and change times: only its bytes tell that it is the same."""
    content = b"the bytes' hash"
    make_old(keeping.root, "a/1.mp3", "b.mp3")
    keeping.scan()
    while (job := keeping.parts.queue.claim()) is not None:
        result = replace(analysis_of(job.file.path, bpm=99.0), origin=Origin(content if "a" in job.file.path else None))
        keeping.parts.queue.finish(job, result)
    move_away(keeping, tmp_path, "a")
    shutil.copytree(tmp_path / "away", keeping.root / "a")
    assert keeping.scan().new == 1
    job = keeping.parts.queue.claim()
    assert job is not None
    (found,) = keeping.parts.store.with_content(content)
    assert found.rhythm is not None
    assert found.rhythm.bpm == 99.0
    keeping.parts.queue.finish(job, found)
    assert (sorted(results(keeping)), gone(keeping)) == (["a/1.mp3", "b.mp3"], 0)


def test_a_folder_that_comes_back_under_another_name_has_its_results(keeping: Synced, tmp_path: Path) -> None:
    rows = analyzed(keeping, "a/1.mp3", "b.mp3")
    move_away(keeping, tmp_path, "a")
    os.rename(tmp_path / "away", keeping.root / "other")
    keeping.scan()
    assert keeping.rows() == {"other/1.mp3": rows["a/1.mp3"], "b.mp3": rows["b.mp3"]}


def test_an_event_brings_a_file_back_as_a_scan_does(keeping: Synced, tmp_path: Path) -> None:
    rows = analyzed(keeping, "a.mp3", "b.mp3")
    os.rename(keeping.root / "a.mp3", tmp_path / "away")
    keeping.follow("a.mp3")
    assert (list(keeping.rows()), gone(keeping)) == (["b.mp3"], 1)
    os.rename(tmp_path / "away", keeping.root / "a.mp3")
    keeping.follow("a.mp3")
    assert (keeping.rows(), gone(keeping)) == (rows, 0)


def test_another_file_at_the_place_of_a_gone_one_is_new(keeping: Synced, tmp_path: Path) -> None:
    rows = analyzed(keeping, "a/1.mp3", "b.mp3")
    move_away(keeping, tmp_path, "a")
    make_old(keeping.root, "a/1.mp3", content=b"of another size")
    keeping.scan()
    assert keeping.rows()["a/1.mp3"] != rows["a/1.mp3"]
    assert keeping.queued() == 1


def test_a_file_that_was_changed_before_it_went_is_analyzed_when_it_comes_back(keeping: Synced, tmp_path: Path) -> None:
    """Its row says what the disk held last, its result what it held before."""
    analyzed(keeping, "a/1.mp3", "b.mp3")
    make(keeping.root, "a/1.mp3", content=b"other bytes")
    keeping.scan()
    assert keeping.queued() == 1
    move_away(keeping, tmp_path, "a")
    assert keeping.queued() == 0
    os.rename(tmp_path / "away", keeping.root / "a")
    keeping.scan()
    assert keeping.queued() == 1


def test_a_file_without_a_result_leaves_nothing(keeping: Synced, tmp_path: Path) -> None:
    make_old(keeping.root, "a/1.mp3", "b.mp3")
    keeping.scan()
    move_away(keeping, tmp_path, "a")
    assert (list(keeping.rows()), gone(keeping)) == (["b.mp3"], 0)


def test_without_retention_what_is_gone_is_forgotten_at_once(synced: Synced, tmp_path: Path) -> None:
    analyzed(synced, "a/1.mp3", "b.mp3")
    move_away(synced, tmp_path, "a")
    assert (list(synced.rows()), gone(synced)) == (["b.mp3"], 0)
    assert quick_check(synced.parts.database) == []
    assert results_left(synced) == 1


def results_left(synced: Synced) -> int:
    with synced.parts.database.read() as connection:
        return int(connection.execute("SELECT count(*) FROM analyses").fetchone()[0])


def test_results_are_forgotten_after_the_retention_time_a_batch_at_a_time(
    keeping: Synced, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gone_files, "BATCH_ROWS", 2)
    analyzed(keeping, *(f"a/{number}.mp3" for number in range(5)), "b.mp3")
    move_away(keeping, tmp_path, "a")
    assert keeping.synchronizer.expire() == 0
    keeping.clock_ahead_seconds += MONTH_SECONDS + 60
    keeping.stopped = True
    assert keeping.synchronizer.expire() == 0
    keeping.stopped = False
    assert keeping.synchronizer.expire() == 5
    assert (gone(keeping), results_left(keeping)) == (0, 1)


def test_gone_files_can_be_forgotten_by_path_by_folder_and_all(keeping: Synced, tmp_path: Path) -> None:
    analyzed(keeping, "a/1.mp3", "a/b/2.mp3", "a/b/3.mp3", "a/c.mp3", "stays.mp3")
    move_away(keeping, tmp_path, "a")
    files = GoneFiles(keeping.parts.database)
    assert files.forget_at("stays.mp3") == 0
    assert files.forget_at("a/1.mp3") == 1
    assert files.forget_at("a/b") == 2
    assert files.forget_all() == 1
    assert (gone(keeping), results_left(keeping)) == (0, 1)


def test_a_file_that_goes_and_comes_again_and_again_is_there_once(keeping: Synced, tmp_path: Path) -> None:
    rows = analyzed(keeping, "a/1.mp3", "b.mp3")
    for _ in range(3):
        move_away(keeping, tmp_path, "a")
        os.rename(tmp_path / "away", keeping.root / "a")
        keeping.scan()
    assert (keeping.rows(), gone(keeping)) == (rows, 0)


@pytest.mark.parametrize("files", [200, *exhaustive([1000])])
def test_many_gone_files_are_taken_out_and_back_in_a_bounded_time(files: int, keeping: Synced, tmp_path: Path) -> None:
    analyzed(keeping, *(f"a/{number:04}.mp3" for number in range(files)), "b.mp3")
    began = time.monotonic()
    move_away(keeping, tmp_path, "a")
    assert gone(keeping) == files
    os.rename(tmp_path / "away", keeping.root / "a")
    keeping.scan()
    assert gone(keeping) == 0
    assert time.monotonic() - began < 300
