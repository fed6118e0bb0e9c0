"""From which bytes and sound each result was made, and under which settings: the table ``origins`` in statements.

Input: a connection inside a transaction. Output: rows, and the results' origins. What follows from an origin is decided
in ``analysis.reuse``.
"""

# ruff: noqa: S608 - the statements are put together from constants; every value is bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from playlista.tracks import GroupSettings
from playlista.tracks.findings import Finding
from playlista.tracks.origin import Origin

#: Columns that `origin_of` reads, of a query that joins ``origins``.
ORIGIN_COLUMNS = "origins.content, origins.sound, origins.opening, origins.encoded_kind, origins.encoded"

#: Name in ``remembered`` of the settings under which version 0.1 is taken to have made its results.
_OLD_SETTINGS = "settings of version 0.1"

#: The same as a column, to be read with results that do not say their own.
OLD_SETTINGS_COLUMN = f"(SELECT value FROM remembered WHERE name = '{_OLD_SETTINGS}') AS old_settings"


def origin_of(row: sqlite3.Row) -> Origin:
    """The origin in a row with `ORIGIN_COLUMNS`."""
    return Origin(row["content"], row["sound"], row["opening"], row["encoded_kind"], row["encoded"])


def settings_in(document: Mapping[str, Any], old_settings: str | None) -> GroupSettings:
    """The settings of a stored result object; what does not say any is of version 0.1."""
    if "settings" in document or old_settings is None:
        return dict(document.get("settings", {}))
    settings: GroupSettings = json.loads(old_settings)
    return {group: values for group, values in settings.items() if group in document.get("versions", {})}


def is_of_same_bytes(former: Origin, present: Origin, *, changed: bool) -> bool:
    """Whether both are of the same bytes; where these are not known, unless the file is known to have `changed`."""
    if former.content is None or present.content is None:
        return not changed
    return former.content == present.content


def put_origin(connection: sqlite3.Connection, file_id: int, origin: Origin, settings: GroupSettings) -> None:
    """Say what the result of this file was made from."""
    text = json.dumps(settings, sort_keys=True)
    forget_rot(connection, file_id)
    connection.execute("INSERT INTO setting_sets (settings) VALUES (?) ON CONFLICT DO NOTHING", (text,))
    connection.execute(
        """INSERT INTO origins (file_id, content, sound, opening, encoded_kind, encoded, setting_set)
           VALUES (?, ?, ?, ?, ?, ?, (SELECT id FROM setting_sets WHERE settings = ?))
           ON CONFLICT (file_id) DO UPDATE SET content = excluded.content, sound = excluded.sound,
               opening = excluded.opening, encoded_kind = excluded.encoded_kind, encoded = excluded.encoded,
               setting_set = excluded.setting_set""",
        (file_id, origin.content, origin.sound, origin.opening, origin.encoded_kind, origin.encoded, text),
    )


def forget_rot(connection: sqlite3.Connection, file_id: int) -> None:
    """The file has a result of the bytes that it holds now."""
    connection.execute("UPDATE scrubs SET rotted_at = NULL, detail = NULL, suspect = 0 WHERE file_id = ?", (file_id,))
    connection.execute("DELETE FROM track_findings WHERE finding = ? AND file_id = ?", (Finding.ROTTED, file_id))


def put_hashes(connection: sqlite3.Connection, file_id: int, read: Origin) -> None:
    """Say of the result of an older version what its file holds, as it was `read` now.

    What is known by now stays; the encoded audio of other bytes than those of the result is not its own.
    """
    connection.execute(
        """INSERT INTO origins (file_id, content, encoded_kind, encoded) VALUES (?, ?, ?, ?)
           ON CONFLICT (file_id) DO UPDATE SET content = excluded.content, encoded_kind = excluded.encoded_kind,
               encoded = excluded.encoded
           WHERE coalesce(content, excluded.content) = excluded.content""",
        (file_id, read.content, read.encoded_kind, read.encoded),
    )
    # There is no row where the file went meanwhile, and what it held turned up elsewhere.
    query = "SELECT 1 FROM origins WHERE file_id = ? AND content = ?"
    if connection.execute(query, (file_id, read.content)).fetchone():
        forget_rot(connection, file_id)


def remember_old_settings(connection: sqlite3.Connection, today: GroupSettings) -> None:
    """Take `today` for the settings of version 0.1, which did not write them down, unless that was done before."""
    connection.execute(
        "INSERT INTO remembered VALUES (?, ?) ON CONFLICT DO NOTHING", (_OLD_SETTINGS, json.dumps(today))
    )
