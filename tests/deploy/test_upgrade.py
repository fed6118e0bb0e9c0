"""An upgrade keeps the library: what an older version stored is there after the new one has started on it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from playlista.library import migrations
from tests.exhaustive import but_few
from tests.integration.daemon import Daemon
from tests.signals import song, write


class Former(NamedTuple):
    """What the older version leaves: the music, its library, and the result of the one track as the API tells it."""

    music: Path
    data: Path
    result: dict[str, Any]


ENVIRONMENT = {"PATH": os.environ["PATH"]}


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Former:
    """A daemon analyzes one track and is stopped."""
    daemon = Daemon(tmp_path_factory.mktemp("former"), ENVIRONMENT, MUSICNN_RUNTIME="off")
    write(daemon.music / "old.flac", song(seconds=8))
    try:
        daemon.start()
        daemon.wait_for(lambda: daemon.result("old.flac"), "the first result")
        result = daemon.result("old.flac")
        daemon.stop()
    finally:
        daemon.close()
    assert result is not None
    return Former(daemon.music, daemon.data, result)


@pytest.fixture
def daemon(tmp_path: Path, former: Former) -> Iterator[Daemon]:
    """A daemon over the same music with a copy of its library."""
    started = Daemon(tmp_path, ENVIRONMENT, MUSICNN_RUNTIME="off", MUSIC_DIR=str(former.music))
    shutil.copytree(former.data, started.data)
    yield started
    started.close()
    (former.music / "new.flac").unlink(missing_ok=True)


#: The versions from which on these parts of a result have tables of their own.
TABLES_SINCE = {"fingerprint": 13, "findings": 17}
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


def told(result: dict[str, Any] | None, version: int) -> dict[str, Any]:
    """`result` without what `version` had no table for, which the downgrade cannot keep."""
    return {name: value for name, value in (result or {}).items() if version >= TABLES_SINCE.get(name, 1)}


def version_of(file: Path) -> int:
    connection = sqlite3.connect(file)
    version = migrations.version_of(connection)
    connection.close()
    return version


@pytest.mark.slow
@pytest.mark.parametrize("version", but_few(range(1, migrations.NEWEST), 1))
def test_a_library_of_an_older_schema_is_kept_and_goes_on(version: int, daemon: Daemon, former: Former) -> None:
    (file,) = daemon.data.glob("*.db")
    downgrade(file, version)
    assert version_of(file) == version

    write(former.music / "new.flac", song(seconds=8, bpm=90))
    daemon.start()
    daemon.wait_for(lambda: daemon.result("new.flac"), "the result of a new track")
    expected = told(former.result, version)
    daemon.wait_for(lambda: told(daemon.result("old.flac"), version) == expected, "the names of the old track")
    assert daemon.metric('playlista_library_tracks{status="analyzed"}') == 2
    assert daemon.metric('playlista_tracks_completed_total{result="analyzed"}') == 1, "an old track was analyzed again"
    daemon.stop()
    assert version_of(file) == migrations.NEWEST
