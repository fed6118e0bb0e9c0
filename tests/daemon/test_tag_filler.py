"""Tags that are read without an analysis: after an update, a retag, a move; and what may come in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from mutagen.flac import FLAC

from playlista.daemon.tag_filler import NEXT_PASS_SECONDS, TagFiller
from playlista.library.due_tags import DueTags
from playlista.library.track_filter import TrackFilter
from playlista.library.track_pages import TrackPages
from playlista.tracks import TrackFile
from playlista.tracks.metadata import Metadata
from tests.libraries import Parts, analysis_of, open_parts


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    (tmp_path / "music").mkdir()
    with open_parts(tmp_path, synced=False) as opened:
        yield opened


class Steps:
    """Monotonic time in steps of a tenth of a second."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.1
        return self.now


def make(parts: Parts, music: Path, name: str, title: str) -> int:
    """A file with a title, and a result of it that knows no names."""
    path = music / name
    soundfile.write(path, np.zeros(441, np.float32), 44100)
    retag(path, title)
    file = TrackFile.from_stat(name, path.stat())
    parts.queue.enqueue([file], "scan")
    job = parts.queue.claim()
    assert parts.queue.finish(job, replace(analysis_of(name), metadata=None), seen=file)
    return job.file_id


def retag(path: Path, title: str) -> None:
    tagged = FLAC(path)
    tagged["title"] = title
    tagged.save()


def titles(parts: Parts) -> list[str | None]:
    return [one.title for one in TrackPages(parts.database).page(TrackFilter()).tracks]


def filler(parts: Parts, music: Path, **options: object) -> TagFiller:
    return TagFiller(str(music), DueTags(parts.database, parts.store), **{"stop": lambda: False, **options})


def test_a_library_of_the_version_before_gets_names_and_numbers_without_an_analysis(
    parts: Parts, tmp_path: Path
) -> None:
    music = tmp_path / "music"
    for number in range(3):
        make(parts, music, f"{number}.flac", f"Title {number}")
    with parts.database.transaction() as connection:  # as the migration leaves them
        connection.execute("DELETE FROM tracks")
        connection.execute("INSERT INTO tracks (file_id, status) SELECT id, status FROM files")
    assert titles(parts) == [None] * 3
    assert not filler(parts, music).fill(60.0)
    assert titles(parts) == ["Title 0", "Title 1", "Title 2"]
    assert [one.bpm for one in TrackPages(parts.database).page(TrackFilter(bpm=(120, 120))).tracks] == [120.0] * 3
    assert DueTags(parts.database, parts.store).count() == 0


def test_it_comes_back_after_a_short_while_and_goes_on_where_it_was(parts: Parts, tmp_path: Path) -> None:
    music = tmp_path / "music"
    for number in range(5):
        make(parts, music, f"{number}.flac", "Title")
    due, slow = DueTags(parts.database, parts.store), filler(parts, music, monotonic=Steps())
    turns = 0
    left = [due.count()]
    while slow.fill(0.15):
        turns += 1
        left.append(due.count())
        assert turns < 50
    assert left == sorted(left, reverse=True)
    assert turns > 1
    assert due.count() == 0


def test_it_stops_between_two_files(parts: Parts, tmp_path: Path) -> None:
    music = tmp_path / "music"
    for number in range(5):
        make(parts, music, f"{number}.flac", "Title")
    asked = iter([False, False, False, *[True] * 100])
    assert not filler(parts, music, stop=lambda: next(asked)).fill(60.0)
    assert 0 < DueTags(parts.database, parts.store).count() < 5


def test_a_file_that_cannot_be_read_is_tried_again_later(parts: Parts, tmp_path: Path) -> None:
    music, time = tmp_path / "music", Steps()
    make(parts, music, "a.flac", "Title")
    (music / "a.flac").rename(music / "away")
    reader = filler(parts, music, monotonic=time)
    assert not reader.fill(60.0)
    assert titles(parts) == ["a"]  # of its path, for now
    (music / "away").rename(music / "a.flac")
    assert not reader.fill(60.0)
    assert titles(parts) == ["a"]
    time.now += NEXT_PASS_SECONDS
    assert not reader.fill(60.0)
    assert titles(parts) == ["Title"]


def test_a_file_that_changed_while_its_tags_were_read_is_read_again(parts: Parts, tmp_path: Path) -> None:
    music = tmp_path / "music"
    file_id = make(parts, music, "a.flac", "Old")
    due = DueTags(parts.database, parts.store)
    (one,) = due.page(0, 10)
    retag(music / "a.flac", "A new title that makes the file longer than its padding" * 200)
    parts.queue.enqueue([TrackFile.from_stat("a.flac", (music / "a.flac").stat())], "event")
    due.put([(one, Metadata("Old"))])
    assert [found.file_id for found in due.page(0, 10)] == [file_id]
    assert not filler(parts, music).fill(60.0)
    assert titles(parts)[0].startswith("A new title")
    assert due.count() == 0


def test_a_result_that_cannot_be_understood_keeps_no_names_away(parts: Parts, tmp_path: Path) -> None:
    music = tmp_path / "music"
    make(parts, music, "a.flac", "Title")
    with parts.database.transaction() as connection:
        connection.execute("UPDATE tracks SET title = NULL, tags_due = 1")
        connection.execute("UPDATE analyses SET result = '{}'")
    assert not filler(parts, music).fill(60.0)
    assert titles(parts) == ["Title"]
