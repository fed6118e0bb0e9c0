"""Single facts about a library: the table ``remembered`` in statements.

Input: a connection, the name of a fact. Output: its value, a text.
"""

from __future__ import annotations

import sqlite3


def remember(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Keep a fact in place of any former one; the connection is inside a transaction."""
    connection.execute(
        "INSERT INTO remembered VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
    )


def recall(connection: sqlite3.Connection, name: str) -> str | None:
    """The fact kept under `name`, or None."""
    row = connection.execute("SELECT value FROM remembered WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row["value"])
