"""Patterns of what is left out: the setting, the files in the music folder, and who has the last word."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from playlista.watch.ignore import IGNORE_FILE, IGNORE_FILE_BYTES, IgnoredReport
from playlista.watch.walk import Seen, Walk
from tests.faulty_fs import faulty_folder, why_no_fuse


@pytest.fixture
def music(tmp_path: Path) -> Path:
    for name in ("a.mp3", "b.m4b", "Podcasts/p.mp3", "Album/c.mp3", "Album/Live/d.mp3", "@eaDir/e.mp3", "._a.mp3"):
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"x")
    return tmp_path


def seen(walk: Walk, report: IgnoredReport | None = None) -> list[str]:
    return [entry.file.path for entry in walk.below(ignored=report) if isinstance(entry, Seen)]


def test_debris_is_left_out_counted_and_named(music: Path) -> None:
    report = IgnoredReport()
    assert seen(Walk(os.fspath(music)), report) == [
        "Album/Live/d.mp3",
        "Album/c.mp3",
        "Podcasts/p.mp3",
        "a.mp3",
        "b.m4b",
    ]
    assert report.by_source() == {"debris": 2, "setting": 0, "ignore_file": 0}
    assert report.to_json()["examples"] == ["._a.mp3", "@eaDir/"]
    assert "1 Synology's thumbnails and indexes" in report.line()


def test_patterns_of_the_setting_hold_for_the_music_folder(music: Path) -> None:
    report = IgnoredReport()
    walk = Walk(os.fspath(music), ignore=["*.m4b", "Podcasts/", "/c.mp3"])
    assert seen(walk, report) == ["Album/Live/d.mp3", "Album/c.mp3", "a.mp3"]
    assert report.to_json()["reasons"]["WATCH_IGNORE"] == 2


def test_an_ignore_file_holds_for_its_folder_and_below(music: Path) -> None:
    (music / "Album" / IGNORE_FILE).write_text("\ufeff# demos\n/Live\n")
    report = IgnoredReport()
    assert seen(Walk(os.fspath(music)), report) == ["Album/c.mp3", "Podcasts/p.mp3", "a.mp3", "b.m4b"]
    assert report.to_json()["reasons"][f"Album/{IGNORE_FILE}"] == 1


def test_the_deeper_file_decides_and_an_exclamation_mark_takes_back_in(music: Path) -> None:
    (music / IGNORE_FILE).write_text("*.mp3\n!@eaDir/\n")
    (music / "Album" / IGNORE_FILE).write_text("!c.mp3\n")
    (music / "@eaDir" / IGNORE_FILE).write_text("!*.mp3\n")
    assert seen(Walk(os.fspath(music))) == ["@eaDir/e.mp3", "Album/c.mp3", "b.m4b"]


def test_a_single_look_agrees_with_the_walk(music: Path) -> None:
    (music / "Album" / IGNORE_FILE).write_text("Live/\n")
    walk = Walk(os.fspath(music), ignore=["*.m4b"])
    there = set(seen(walk))
    for path in ("a.mp3", "b.m4b", "Podcasts/p.mp3", "Album/c.mp3", "Album/Live/d.mp3", "@eaDir/e.mp3", "._a.mp3"):
        assert (Walk(os.fspath(music), ignore=["*.m4b"]).look(path) is not None) is (path in there), path


def test_a_change_of_an_ignore_file_is_seen_by_the_next_look_and_walk(music: Path) -> None:
    walk = Walk(os.fspath(music))
    (music / IGNORE_FILE).write_text("a.mp3\n")
    assert walk.look("a.mp3") is None
    assert "a.mp3" not in seen(walk)
    (music / IGNORE_FILE).unlink()
    assert walk.look("a.mp3") is not None
    assert "a.mp3" in seen(walk)


def test_an_ignore_file_that_is_no_list_leaves_nothing_out_and_is_said(music: Path) -> None:
    (music / IGNORE_FILE).write_bytes(b"*\n" * IGNORE_FILE_BYTES)
    os.mkfifo(music / "Album" / IGNORE_FILE)
    with capture_logs() as logs:
        assert len(seen(Walk(os.fspath(music)))) == 5
    assert [line["event"] for line in logs] == ["ignore_file.unusable"]


def test_an_ignore_file_that_the_storage_does_not_let_read_says_what_it_said_before(
    music: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if why := why_no_fuse():
        pytest.skip(why)
    (music / IGNORE_FILE).write_text("a.mp3\n")
    with faulty_folder(music, tmp_path_factory.mktemp("share") / "music") as faults:
        walk = Walk(os.fspath(faults.mount))
        before = seen(walk)
        assert "a.mp3" not in before
        for fault in (lambda: faults.fail(errno.EIO), lambda: faults.fail_closing(errno.EIO)):
            fault()
            assert seen(walk) == before
            faults.heal()
        (music / IGNORE_FILE).write_text("\n")
        assert "a.mp3" in seen(walk)


def test_below_a_folder_that_is_left_out_nothing_is_seen(music: Path) -> None:
    walk = Walk(os.fspath(music), ignore=["Album/"])
    assert list(walk.below("Album/Live")) == []
