"""The floor of an export: the same rows out of SQLite, by one query, written as they are stored.

Input: the data folder of a library. Output: on stdout, what an export reads of each result, one behind the other.

    python -m benchmarks.library_floor csv|jsonl --data DATA
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import BinaryIO

from playlista.cli.export import PAGE_ROWS
from playlista.library.database import FILE_NAME, Database, open_read_only
from playlista.library.stored_results import results_query


def write_columns(database: Database, stream: BinaryIO, *, with_fingerprints: bool) -> None:
    """Write the columns of all results but their ids, in the order of their paths' bytes."""
    with database.read() as connection:
        connection.row_factory, connection.text_factory = None, bytes
        found = connection.execute(f"{results_query(with_fingerprints=with_fingerprints)} ORDER BY files.path")
        while rows := found.fetchmany(PAGE_ROWS):
            for _, *columns in rows:
                stream.write(b"".join(filter(None, columns)))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=("csv", "jsonl"))
    parser.add_argument("--data", type=Path, required=True)
    wanted = parser.parse_args()
    with open_read_only(os.fspath(wanted.data / FILE_NAME)) as database:
        write_columns(database, sys.stdout.buffer, with_fingerprints=wanted.kind == "jsonl")


if __name__ == "__main__":
    main()
