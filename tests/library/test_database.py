"""The library's file on a real disk: transactions, readers, migrations, and what happens when the disk fails us."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from playlista.errors import StoreError
from playlista.library import migrations
from playlista.library.database import BUSY_TIMEOUT_SECONDS, Database, open_database, open_existing, open_read_only
from playlista.library.database_errors import (
    BusyError,
    DamagedError,
    DiskFullError,
    NewerError,
    UnwritableError,
    store_error,
    why_unwritable,
)
from tests.libraries import open_parts, quick_check, track_file
from tests.places import fill, small_disk, unprivileged_folder


@pytest.fixture
def path(tmp_path: Path) -> str:
    return os.fspath(tmp_path / "playlista.db")


def remember(database: Database, name: str, value: str = "x") -> None:
    with database.transaction() as connection:
        connection.execute("INSERT INTO remembered VALUES (?, ?)", (name, value))


def names(database: Database) -> list[str]:
    with database.read() as connection:
        return [row["name"] for row in connection.execute("SELECT name FROM remembered ORDER BY name")]


def write_and_break(database: Database) -> None:
    with database.transaction():
        remember(database, "half done")
        raise ZeroDivisionError


def test_a_commit_is_synced_to_disk_and_foreign_keys_hold(path: str) -> None:
    full = 2
    with open_database(path) as database, database.read() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == full
        assert connection.execute("PRAGMA foreign_keys").fetchone()[0] == 1


def test_what_fails_in_the_middle_leaves_nothing(path: str) -> None:
    with open_database(path) as database:
        with pytest.raises(ZeroDivisionError):
            write_and_break(database)
        assert names(database) == []
        remember(database, "b")
        assert names(database) == ["b"]


def test_a_transaction_inside_another_is_part_of_it(path: str) -> None:
    with open_database(path) as database:
        with pytest.raises(ZeroDivisionError), database.transaction():
            write_and_break(database)
        assert names(database) == []


def test_threads_write_one_after_the_other(path: str) -> None:
    rounds, writers = 50, 4
    with open_database(path) as database:
        with database.transaction() as connection:
            connection.execute("INSERT INTO remembered VALUES ('sum', '0')")

        def add() -> None:
            for _ in range(rounds):
                with database.transaction() as connection:
                    value = connection.execute("SELECT value FROM remembered").fetchone()[0]
                    connection.execute("UPDATE remembered SET value = ?", (str(int(value) + 1),))

        threads = [threading.Thread(target=add) for _ in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with database.read() as connection:
            assert connection.execute("SELECT value FROM remembered").fetchone()[0] == str(rounds * writers)


def test_a_reader_in_the_middle_of_a_read_does_not_block_the_writer(path: str) -> None:
    with open_database(path) as writer:
        remember(writer, "before")
        with open_read_only(path) as reader, reader.read() as connection:
            connection.execute("BEGIN")
            assert connection.execute("SELECT count(*) FROM remembered").fetchone()[0] == 1
            remember(writer, "during")
            assert connection.execute("SELECT count(*) FROM remembered").fetchone()[0] == 1  # its snapshot
            connection.execute("COMMIT")
            assert connection.execute("SELECT count(*) FROM remembered").fetchone()[0] == 2


def test_a_reader_cannot_write(path: str) -> None:
    open_database(path).close()
    with open_read_only(path) as reader, pytest.raises(StoreError):
        remember(reader, "a")


def test_a_second_process_that_writes_waits_and_then_says_that_the_library_is_busy(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert BUSY_TIMEOUT_SECONDS >= 5
    monkeypatch.setattr("playlista.library.database.BUSY_TIMEOUT_SECONDS", 0.1)
    with open_database(path) as first, open_database(path) as second:
        with first.transaction(), pytest.raises(BusyError, match="another process"):
            remember(second, "a")
        remember(second, "a")


def test_there_is_no_library_to_read_before_the_first_run(path: str) -> None:
    with pytest.raises(StoreError, match="playlista run"):
        open_read_only(path)
    assert not os.path.exists(path)


# -- migrations -------------------------------------------------------------------------------------------------------


@pytest.fixture
def version_1(path: str) -> str:
    """A library as version 1 left it: three files, one with a result, two with jobs."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.migrate(connection, until=1)
        connection.executescript(
            """
            INSERT INTO files VALUES (1, x'612e6d7033', 1, 1, 1, 1, 'analyzed'), (2, x'622e6d7033', 1, 2, 2, 2, NULL),
                (3, x'632e6d7033', 1, 3, 3, 3, NULL);
            INSERT INTO version_sets VALUES (1, '{"rhythm": 1}');
            INSERT INTO analyses VALUES (1, 1, 5.0, 1, NULL, 180.0, 120.0, NULL, NULL, NULL, '{"status": "analyzed"}');
            INSERT INTO jobs (file_id, state, lane, enqueued_at, due_at)
                VALUES (2, 'queued', 1, 1.0, 1.0), (3, 'waiting', 1, 1.0, 9.0);
            """
        )
    return path


def test_an_older_library_is_brought_up_to_date_with_all_that_is_in_it(version_1: str) -> None:
    with open_parts(Path(version_1).parent) as parts:
        with parts.database.read() as connection:
            assert migrations.version_of(connection) == migrations.NEWEST
        assert parts.overview.job_counts() == {"queued": 1, "waiting": 1, "claimed": 0}
        counts = parts.overview.counts()
        assert (counts["analyzed"], counts["unanalyzed"]) == (1, 2)
        assert parts.store.get("a.mp3") is not None
        assert quick_check(parts.database) == []


def test_a_step_that_fails_leaves_the_former_version_whole(version_1: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "_apply", _apply_and_break(migrations._apply))
    with pytest.raises(StoreError, match="no such table: nowhere"):
        open_database(version_1)
    with contextlib.closing(sqlite3.connect(version_1)) as connection:
        assert migrations.version_of(connection) == 1
        assert connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'counts'").fetchone()[0] == 0


def _apply_and_break(apply: object) -> object:
    def broken(connection: sqlite3.Connection, number: int, script: str) -> None:
        apply(connection, number, script + "\nINSERT INTO nowhere VALUES (1);")  # type: ignore[operator]

    return broken


def test_opening_twice_migrates_once(path: str) -> None:
    open_database(path).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert migrations.migrate(connection) == []


def test_an_older_library_is_not_read_before_it_is_migrated(version_1: str) -> None:
    with pytest.raises(StoreError, match="older than this program"):
        open_read_only(version_1)


def test_a_library_of_a_newer_version_is_refused_and_left_alone(path: str) -> None:
    open_database(path).close()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version = {migrations.NEWEST + 1}")
    before = Path(path).read_bytes()
    for opening in (open_database, open_read_only):
        with pytest.raises(NewerError, match="newer"):
            opening(path)
    assert Path(path).read_bytes() == before


def test_a_database_of_another_program_is_refused_and_left_alone(path: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    before = Path(path).read_bytes()
    with pytest.raises(StoreError, match="another program"):
        open_database(path)
    assert Path(path).read_bytes() == before


# -- damage, full disks, rights ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("garbage", [b"not a database at all" * 300, b"SQLite format 3\0" + b"\xff" * 8000])
def test_a_damaged_file_is_said_in_one_line_with_a_remedy_and_not_overwritten(path: str, garbage: bytes) -> None:
    Path(path).write_bytes(garbage)
    for opening in (open_database, open_read_only):
        with pytest.raises(DamagedError, match="backup") as raised:
            opening(path)
        assert "\n" not in str(raised.value)
    assert Path(path).read_bytes() == garbage


def test_an_empty_file_beside_the_wal_of_a_library_is_refused_and_the_wal_kept(path: str) -> None:
    Path(path).touch()
    Path(f"{path}-wal").write_bytes(b"the latest results")
    with pytest.raises(StoreError, match="is empty, but"):
        open_database(path)
    assert Path(f"{path}-wal").read_bytes() == b"the latest results"


def test_a_library_that_is_made_in_an_empty_file_says_so(path: str) -> None:
    with open_database(path) as database:
        assert not database.was_empty
    os.truncate(path, 0)
    with open_database(path) as database:
        assert database.was_empty


def test_a_library_that_is_taken_away_while_it_is_opened_is_not_made_anew(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_database(path).close()

    def look(_: str, __: float) -> bool:
        os.rename(path, f"{path}.away")
        return True

    monkeypatch.setattr("playlista.library.database._check_untouched", look)
    with pytest.raises(StoreError):
        open_database(path)
    assert not os.path.exists(path)


def test_damage_in_the_middle_is_found_by_a_check(path: str) -> None:
    with open_parts(Path(path).parent) as parts:
        parts.queue.enqueue((track_file(f"{number:05}.mp3") for number in range(2000)), "scan")
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        file.write(b"\xa5" * 8192)
    with open_read_only(path) as database, pytest.raises(DamagedError):
        database.check()


def test_a_full_disk_loses_only_the_write_that_did_not_fit(path: str) -> None:
    with open_database(path) as database:
        remember(database, "before")
        with database.read() as connection:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(DiskFullError, match="free some space"):
            remember(database, "too large", "x" * 100_000)
        assert names(database) == ["before"]
        with database.read() as connection:
            connection.execute("PRAGMA max_page_count = 1000000")
        remember(database, "fits again", "x" * 100_000)
        assert quick_check(database) == []


def test_a_really_full_disk_is_got_over_without_a_hand_on_the_file(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size_kb=2048) as disk, open_parts(disk) as parts:
        parts.queue.enqueue([track_file("kept.mp3")], "scan")
        ballast = disk / "ballast"
        fill(ballast)
        with pytest.raises(DiskFullError):
            parts.queue.enqueue((track_file(f"{number:05}.mp3") for number in range(5000)), "scan")
        assert parts.overview.job_counts()["queued"] == 1
        ballast.unlink()
        parts.queue.enqueue([track_file("new.mp3")], "scan")
        assert parts.overview.job_counts()["queued"] == 2
        assert quick_check(parts.database) == []


def test_a_disk_that_is_full_or_read_only_is_known_before_anything_is_written(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        assert why_unwritable(disk) is None
        fill(disk / "ballast")
        assert "full" in (why_unwritable(disk) or "")
        subprocess.run(["mount", "-o", "remount,ro", os.fspath(disk)], check=True)
        assert "read-only" in (why_unwritable(disk) or "")
    (tmp_path / "disk").rmdir()
    assert "cannot be reached" in (why_unwritable(tmp_path / "disk") or "")


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    with unprivileged_folder() as folder:
        yield folder


def test_a_temporary_file_that_cannot_be_opened_is_not_the_fault_of_the_library(path: str) -> None:
    error = sqlite3.OperationalError("unable to open database file")
    error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
    assert "TMPDIR" not in str(store_error(error, path))  # there is no file yet: it is the one
    open_database(path).close()
    told = store_error(error, path)
    assert (type(told), "TMPDIR" in str(told)) == (UnwritableError, True)


def test_a_data_folder_that_cannot_be_written_is_said(unprivileged: Path) -> None:
    unprivileged.chmod(0o500)
    with pytest.raises(UnwritableError, match="rights"):
        open_database(os.fspath(unprivileged / "playlista.db"))


def test_a_library_that_became_read_only_is_said_and_not_damaged(unprivileged: Path) -> None:
    path = unprivileged / "playlista.db"
    open_database(os.fspath(path)).close()
    path.chmod(0o400)
    unprivileged.chmod(0o500)
    with pytest.raises(UnwritableError):
        open_database(os.fspath(path))


def test_a_library_in_a_folder_that_cannot_be_written_can_still_be_read(unprivileged: Path) -> None:
    path = unprivileged / "playlista.db"
    with open_database(os.fspath(path)) as database:
        remember(database, "a")
    unprivileged.chmod(0o500)
    with open_read_only(os.fspath(path)) as reader:
        assert names(reader) == ["a"]


@pytest.mark.parametrize(("kind", "mode"), [("nfs4", "delete"), ("ext4", "wal")])
def test_a_command_that_writes_keeps_the_journal_that_the_daemon_chose(path: str, kind: str, mode: str) -> None:
    """Whatever this machine thinks of the folder: the NAS itself sees a local disk where its clients see NFS."""
    with open_database(path, mountinfo=f"1 0 0:1 / / rw - {kind} nas:/data rw\n") as daemon:
        with open_existing(path) as command:
            remember(command, "retry")
        with daemon.read() as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone()[0] == mode
        assert names(daemon) == ["retry"]


def test_a_command_makes_and_migrates_no_library(path: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="playlista run"):
        open_existing(path)
    assert not os.listdir(tmp_path)


def test_a_network_file_system_gets_a_journal_that_works_there_and_a_warning(path: str) -> None:
    folder = os.path.realpath(os.path.dirname(path))
    mountinfo = f"1 0 0:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:2 / {folder} rw - nfs4 nas:/data rw\n"
    with open_database(path, mountinfo=mountinfo) as database:
        remember(database, "a")
        with database.read() as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
        assert database.warning is not None
        assert "nfs4 (nas:/data)" in database.warning
    with open_database(path, mountinfo=mountinfo.splitlines()[0]) as database:
        assert database.warning is None
        assert names(database) == ["a"]
