"""Copies of a library that is being written."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from playlista.errors import PlaylistaError, StoreError
from playlista.library.backup import back_up
from playlista.library.database import open_read_only
from playlista.library.files import Library
from tests.libraries import Parts, open_parts, quick_check, track_file
from tests.places import small_disk


def test_a_backup_holds_one_moment_while_the_daemon_writes(tmp_path: Path) -> None:
    """Pairs of files are enqueued in one transaction each; a copy that tore one would hold an odd number."""
    target = tmp_path / "backup.db"
    done = threading.Event()
    with open_parts(tmp_path) as parts:
        parts.queue.enqueue((track_file(f"first/{number}.mp3") for number in range(2000)), "scan")
        writer = threading.Thread(target=_enqueue_pairs, args=(parts, done))
        writer.start()
        try:
            sizes = []
            for _ in range(10):
                back_up(parts.database.path, os.fspath(target))
                with open_read_only(os.fspath(target)) as copy:
                    sizes.append(Library(copy).count())
                    assert quick_check(copy) == []
        finally:
            done.set()
            writer.join()
    assert all(size % 2 == 0 for size in sizes)
    assert sizes[-1] > sizes[0] >= 2000, "nothing was written meanwhile; the test proves nothing"


def _enqueue_pairs(parts: Parts, done: threading.Event) -> None:
    number = 0
    while not done.is_set():
        parts.queue.enqueue([track_file(f"pair/{number}a.mp3"), track_file(f"pair/{number}b.mp3")], "event")
        number += 1


def test_a_backup_can_take_the_place_of_the_library(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        parts.queue.enqueue([track_file("a.mp3")], "scan")
        back_up(parts.database.path, os.fspath(tmp_path / "backup.db"))
    restored = tmp_path / "elsewhere"
    restored.mkdir()
    (tmp_path / "backup.db").rename(restored / "playlista.db")
    with open_parts(restored) as parts:
        job = parts.queue.claim()
        assert job is not None
        assert job.file.path == "a.mp3"


def test_a_backup_that_fails_leaves_the_former_one(tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    (tmp_path / "data").mkdir()
    with open_parts(tmp_path / "data") as parts:
        back_up(parts.database.path, os.fspath(target))
    former = target.read_bytes()
    shutil.rmtree(tmp_path / "data")
    with pytest.raises(StoreError, match="no library"):
        back_up(os.fspath(tmp_path / "missing.db"), os.fspath(target))
    assert target.read_bytes() == former
    assert sorted(os.listdir(tmp_path)) == ["backup.db"]


def test_a_backup_into_a_folder_that_does_not_exist_is_said_in_one_line(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts, pytest.raises(PlaylistaError, match=r"nowhere.*") as raised:
        back_up(parts.database.path, os.fspath(tmp_path / "nowhere" / "backup.db"))
    assert "\n" not in str(raised.value)


def test_a_backup_onto_the_library_itself_is_refused(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        link = tmp_path / "link.db"
        link.symlink_to(parts.database.path)
        for target in (parts.database.path, os.fspath(link)):
            with pytest.raises(StoreError, match="library itself"):
                back_up(parts.database.path, target)
        assert quick_check(parts.database) == []


@pytest.mark.parametrize("content", [b"ID3 music", b"SQLite format 3\0 of another program".ljust(200, b"\0")])
def test_a_backup_replaces_a_file_of_another_kind_only_by_force(tmp_path: Path, content: bytes) -> None:
    target = tmp_path / "song.mp3"
    target.write_bytes(content)
    with open_parts(tmp_path) as parts:
        with pytest.raises(PlaylistaError, match="exists and is not a backup of a library"):
            back_up(parts.database.path, os.fspath(target))
        assert target.read_bytes() == content
        back_up(parts.database.path, os.fspath(target), force=True)
    with open_read_only(os.fspath(target)) as copy:
        assert quick_check(copy) == []


def test_a_backup_that_fails_names_the_place_that_was_asked_for(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size_kb=64) as disk, open_parts(tmp_path) as parts:
        with pytest.raises(PlaylistaError, match=r"disk/backup\.db: the disk is full") as raised:
            back_up(parts.database.path, os.fspath(disk / "backup.db"))
        assert ".playlista" not in str(raised.value)
        assert list(disk.iterdir()) == []
