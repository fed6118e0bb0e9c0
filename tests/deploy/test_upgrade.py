"""An upgrade keeps the library: what an older version stored is there after the new one has started on it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from playlista.library import migrations
from tests.integration.daemon import Daemon
from tests.signals import song, write


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    started = Daemon(tmp_path, {"PATH": os.environ["PATH"]}, MUSICNN_RUNTIME="off")
    yield started
    started.close()


#: Columns that have another name by now.
RENAMED = {("jobs", "lane"): "priority"}


def downgrade(file: Path, version: int) -> None:
    """Move all rows of `file` into a database with the schema of `version`, as that version would have made it."""
    older = file.with_suffix(".older")
    with sqlite3.connect(older, isolation_level=None) as connection:
        migrations.migrate(connection, until=version)
        # What belongs to a search index is written by triggers.
        kinds = {name: kind for (_, name, kind, *_) in connection.execute("PRAGMA main.table_list")}
        # In the order of their making: counts, which triggers keep, come after what they count.
        made = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid")
        tables = [name for (name,) in made if kinds[name] == "table" and not name.startswith("sqlite_")]
        connection.execute("ATTACH ? AS newer", (str(file),))
        for table in tables:
            columns = [name for _, name, *_ in connection.execute(f"PRAGMA main.table_info({table})")]
            newer = ", ".join(RENAMED.get((table, name), name) for name in columns)
            older_names = ", ".join(columns)
            connection.execute(f"INSERT OR REPLACE INTO main.{table} ({older_names}) SELECT {newer} FROM newer.{table}")
        connection.execute("DETACH newer")
    connection.close()
    for leftover in file.parent.glob(f"{file.name}-*"):
        leftover.unlink()
    older.replace(file)


def version_of(file: Path) -> int:
    connection = sqlite3.connect(file)
    version = migrations.version_of(connection)
    connection.close()
    return version


@pytest.mark.slow
@pytest.mark.parametrize("version", range(1, migrations.NEWEST))
def test_a_library_of_an_older_schema_is_kept_and_goes_on(version: int, daemon: Daemon) -> None:
    write(daemon.music / "old.flac", song(seconds=8))
    daemon.start()
    daemon.wait_for(lambda: daemon.result("old.flac"), "the first result")
    before = daemon.result("old.flac")
    daemon.stop()
    (file,) = daemon.data.glob("*.db")
    downgrade(file, version)
    assert version_of(file) == version

    write(daemon.music / "new.flac", song(seconds=8, bpm=90))
    daemon.start()
    daemon.wait_for(lambda: daemon.result("new.flac"), "the result of a new track")
    daemon.wait_for(lambda: daemon.result("old.flac") == before, "the names of the old track")
    assert daemon.metric('playlista_library_tracks{status="analyzed"}') == 2
    assert daemon.metric('playlista_tracks_completed_total{result="analyzed"}') == 1, "an old track was analyzed again"
    daemon.stop()
    assert version_of(file) == migrations.NEWEST
