"""Damage in a database file: found at the start within a bounded time, and while it is used."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

import pytest

from playlista.library import integrity
from playlista.library.database import FILE_NAME, Database, open_database, open_existing
from playlista.library.database_errors import DamagedError, MisplacedError
from playlista.library.integrity import check_within
from tests.libraries import open_parts, track_file


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A library of two thousand files, closed."""
    with open_parts(tmp_path) as parts:
        parts.queue.enqueue((track_file(f"{number:05}.mp3") for number in range(2000)), "scan")
    return os.fspath(tmp_path / FILE_NAME)


def damage(path: str) -> None:
    """Overwrite the second half of the pages."""
    middle = os.path.getsize(path) // 2 // 4096 * 4096
    with open(path, "r+b") as file:
        file.seek(middle)
        file.write(b"\xa5" * (os.path.getsize(path) - middle))


def read_all(database: Database) -> None:
    with database.read() as connection:
        for table in ("files", "jobs"):
            connection.execute(f"SELECT * FROM {table} NOT INDEXED").fetchall()


def test_damage_is_found_at_the_start_and_nothing_is_changed(path: str) -> None:
    damage(path)
    before = Path(path).read_bytes()
    with pytest.raises(DamagedError, match="playlista restore"):
        open_database(path, check_seconds=60)
    assert Path(path).read_bytes() == before


def test_a_sound_library_is_said_to_be_checked(path: str) -> None:
    with open_database(path, check_seconds=60) as database:
        assert database.checked


def test_a_check_that_takes_too_long_ends_and_proves_nothing(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that is interrupted holds pages that it did not come to for unused; that is no damage."""

    def check_slowly(connection: sqlite3.Connection, path: str) -> None:
        # Some ten million rows: minutes, unless the interrupt reaches SQLite in the middle of it.
        connection.execute("WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")

    monkeypatch.setattr(integrity, "check_all", check_slowly)
    with open_existing(path) as database, database.read() as connection:
        began = time.monotonic()
        assert not check_within(connection, path, 0.05)
        assert time.monotonic() - began < 30
        assert connection.execute("SELECT count(*) FROM files").fetchone()[0] == 2000


def test_what_sqlite_finds_while_the_library_is_used_ends_all_writing(path: str) -> None:
    damage(path)
    with open_database(path) as database:
        with pytest.raises(DamagedError):
            read_all(database)
        assert database.damage is not None
        with pytest.raises(DamagedError), database.transaction():
            pass


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_was_removed_or_replaced_is_not_written_to(path: str, replaced: bool) -> None:
    with open_database(path) as database:
        os.rename(path, f"{path}.away")
        if replaced:
            Path(path).write_bytes(b"something else")
        with pytest.raises(MisplacedError, match="was replaced" if replaced else "was removed"), database.transaction():
            pass
        os.replace(f"{path}.away", path)
        assert database.misplaced() is None
        with database.transaction() as connection:
            connection.execute("INSERT INTO remembered VALUES ('back', '1')")
