"""Many files of the same bytes, such as empty ones or hard links: none of them may cost what all cost together."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from playlista.library.database import Database, open_database
from playlista.library.origins import put_hashes
from playlista.tracks.origin import Origin

FILES = 3000
SAME = Origin(content=b"the same bytes", encoded_kind="decoded/1")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Database]:
    with open_database(os.fspath(tmp_path / "library.db")) as database:
        yield database


def test_the_hash_of_one_more_file_of_the_same_bytes_costs_no_look_at_all_of_them(library: Database) -> None:
    with library.transaction() as connection:
        for file_id in range(1, FILES):
            put_hashes(connection, file_id, SAME)
        steps = [0]

        def count() -> int:
            steps[0] += 1
            return 0

        connection.set_progress_handler(count, 1)
        put_hashes(connection, FILES, SAME)
        connection.set_progress_handler(None, 0)
    assert 0 < steps[0] < FILES / 3  # instructions of SQLite's virtual machine; several for each file before


def test_a_result_of_a_gone_file_is_forgotten_when_its_bytes_are_there_again(library: Database) -> None:
    with library.transaction() as connection:
        connection.execute("INSERT INTO gone_files VALUES (7, x'61', 0, 0, 0, 0, 0, 'analyzed', 0, 0)")
        put_hashes(connection, 7, SAME)
        assert connection.execute("SELECT count(*) FROM gone_files").fetchone()[0] == 0
