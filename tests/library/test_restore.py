"""A backup in the place of the library: nothing of the former one gets into it, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from playlista.errors import StoreError
from playlista.library import migrations, restore
from playlista.library.backup import back_up
from playlista.library.database import FILE_NAME, open_database, open_existing
from playlista.library.database_errors import DamagedError, NewerError
from playlista.library.restore import finish_restore
from tests.libraries import child_environment, open_parts, quick_check, track_file

#: Fills a library and dies without closing it, so that its latest transactions are in the WAL alone.
WRITER = """
import os, sys
from pathlib import Path
from tests.libraries import open_parts, track_file
with open_parts(Path(sys.argv[1])) as parts:
    for number in range(300):
        parts.queue.enqueue([track_file(f"later/{number}.mp3")], "scan")
    os._exit(9)
"""


def paths_in(folder: Path) -> set[str]:
    with open_parts(folder) as parts:
        assert quick_check(parts.database) == []
        parts.database.check()
        return {known.file.path for known in parts.library.page()}


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A folder with a backup of one file, and the library of a daemon that was killed long after it."""
    with open_parts(tmp_path) as parts:
        parts.queue.enqueue([track_file("early.mp3")], "scan")
        back_up(parts.database.path, os.fspath(tmp_path / "backup.db"))
    died = subprocess.run([sys.executable, "-c", WRITER, os.fspath(tmp_path)], env=child_environment(), check=False)
    assert died.returncode == 9
    assert (tmp_path / f"{FILE_NAME}-wal").stat().st_size > 0
    return tmp_path


def put_back(folder: Path, backup: str = "backup.db") -> restore.Restored:
    return restore.restore(os.fspath(folder / backup), os.fspath(folder / FILE_NAME))


def test_the_write_ahead_log_of_a_killed_daemon_does_not_get_into_the_restored_library(killed: Path) -> None:
    done = put_back(killed)
    assert done.files == 1
    assert paths_in(killed) == {"early.mp3"}


def test_the_former_library_is_kept_with_its_latest_transactions(killed: Path) -> None:
    former = put_back(killed).former
    assert former is not None
    elsewhere = killed / "elsewhere"
    elsewhere.mkdir()
    for suffix in ("", "-wal"):
        shutil.move(former + suffix, elsewhere / f"{FILE_NAME}{suffix}")
    assert len(paths_in(elsewhere)) == 301


def test_two_restores_in_the_same_second_keep_both_former_libraries(killed: Path) -> None:
    first, second = put_back(killed).former, put_back(killed).former
    assert first != second
    for former in (first, second):
        assert former is not None
        assert os.path.exists(former)


@pytest.mark.parametrize("done_steps", range(5))
def test_a_restore_that_is_killed_anywhere_is_finished_by_the_next_start(
    killed: Path, done_steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The steps after the decision are three renames, an unlink and a last rename; the kill comes before one."""
    calls = iter(range(100))

    def until_killed(call: object) -> object:
        def counted(*arguments: str) -> None:
            if arguments[-1].endswith((".tmp", restore.RESTORED_SUFFIX)) and len(arguments) == 1:
                return
            if next(calls) == done_steps:
                raise KeyboardInterrupt
            call(*arguments)  # type: ignore[operator]

        return counted

    with monkeypatch.context() as patched:
        patched.setattr(restore.os, "rename", until_killed(os.rename))
        patched.setattr(restore.os, "unlink", until_killed(os.unlink))
        with pytest.raises(KeyboardInterrupt):
            put_back(killed)
    library = os.fspath(killed / FILE_NAME)
    finish_restore(library)
    assert finish_restore(library) is None, "it was finished before"
    assert paths_in(killed) == {"early.mp3"}


def test_a_damaged_backup_is_refused_and_the_library_is_as_it_was(killed: Path) -> None:
    with open_parts(killed) as parts:
        parts.queue.enqueue((track_file(f"{number:05}.mp3") for number in range(2000)), "scan")
        back_up(parts.database.path, os.fspath(killed / "damaged.db"))
    with open(killed / "damaged.db", "r+b") as file:
        file.seek(os.path.getsize(killed / "damaged.db") // 2 // 4096 * 4096)
        file.write(b"\xa5" * 8192)
    before = (killed / FILE_NAME).read_bytes()
    with pytest.raises(DamagedError, match=r"damaged.db: damaged .* another backup"):
        put_back(killed, "damaged.db")
    assert (killed / FILE_NAME).read_bytes() == before
    assert not [name for name in os.listdir(killed) if "unfinished" in name or "restored" in name]


def test_what_is_no_library_is_refused(killed: Path) -> None:
    (killed / "empty.db").touch()
    (killed / "song.db").write_bytes(b"ID3" * 5000)
    with contextlib.closing(sqlite3.connect(killed / "foreign.db")) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    (killed / "link.db").symlink_to(killed / FILE_NAME)
    for name in ("empty.db", "song.db", "foreign.db", "link.db", "nothing.db", "."):
        with pytest.raises(StoreError) as raised:
            put_back(killed, name)
        assert "\n" not in str(raised.value)
    assert len(paths_in(killed)) == 301


def test_a_folder_is_not_said_to_be_missing(killed: Path) -> None:
    with pytest.raises(StoreError, match="is no regular file"):
        put_back(killed, ".")


def test_a_backup_of_an_older_version_is_migrated_and_one_of_a_newer_is_refused(tmp_path: Path) -> None:
    for name, version in (("older.db", 1), ("newer.db", migrations.NEWEST)):
        with contextlib.closing(sqlite3.connect(tmp_path / name, isolation_level=None)) as connection:
            migrations.migrate(connection, until=version)
            connection.execute("INSERT INTO files VALUES (1, x'61', 1, 1, 1, 1, NULL)") if version == 1 else None
    with contextlib.closing(sqlite3.connect(tmp_path / "newer.db", isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version = {migrations.NEWEST + 1}")
    with pytest.raises(NewerError, match="newer"):
        put_back(tmp_path, "newer.db")
    assert put_back(tmp_path, "older.db").version == 1
    with pytest.raises(StoreError, match="older than this program"):
        open_existing(os.fspath(tmp_path / FILE_NAME))
    assert paths_in(tmp_path) == {"a"}


def test_a_backup_with_a_write_ahead_log_of_its_own_is_restored_whole(killed: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    done = restore.restore(os.fspath(killed / FILE_NAME), os.fspath(target / FILE_NAME))
    assert (done.files, done.former) == (301, None)
    assert len(paths_in(target)) == 301


def test_the_restored_library_belongs_to_the_owner_of_the_former_one(killed: Path) -> None:
    library = killed / FILE_NAME
    library.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(library, 1234, 2345)
    before = library.stat()
    put_back(killed)
    after = library.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


def test_a_backup_that_was_copied_over_a_stale_log_by_hand_is_refused_and_not_damaged_further(killed: Path) -> None:
    """SQLite would replay the former log into it; as long as nobody writes, removing the log makes it whole."""
    shutil.copy(killed / "backup.db", killed / FILE_NAME)
    before = (killed / FILE_NAME).read_bytes()
    with pytest.raises(DamagedError, match="playlista restore"):
        open_database(os.fspath(killed / FILE_NAME), check_seconds=60)
    assert (killed / FILE_NAME).read_bytes() == before
    os.unlink(killed / f"{FILE_NAME}-wal")
    os.unlink(killed / f"{FILE_NAME}-shm")
    assert paths_in(killed) == {"early.mp3"}


def test_a_lone_write_ahead_log_is_not_thrown_away_for_a_new_library(killed: Path) -> None:
    library = os.fspath(killed / FILE_NAME)
    os.rename(library, killed / "moved.db")
    with pytest.raises(StoreError, match="playlista restore"):
        open_database(library)
    os.rename(killed / "moved.db", library)
    assert len(paths_in(killed)) == 301
