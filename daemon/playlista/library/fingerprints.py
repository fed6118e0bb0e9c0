"""The fingerprints of a library in statements: stored with the results, and read again.

Input: a connection inside a transaction. Output: rows, fingerprints. Which of them are copies of one recording is
decided by ``library.same_recording``.
"""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3

from playlista.tracks import Fingerprint

#: Columns that `fingerprint_in` reads, of a query that joins ``fingerprints``.
FINGERPRINT_COLUMNS = "fingerprints.chromaprint, fingerprints.band_levels"


def put_fingerprint(connection: sqlite3.Connection, file_id: int, fingerprint: Fingerprint | None) -> None:
    """Store what the result of this file has; its copies are looked for later."""
    note_due(connection, file_id)
    if fingerprint is None:
        connection.execute("DELETE FROM fingerprints WHERE file_id = ?", (file_id,))
        return
    # Readers of results, such as `show`, start without numpy.
    from playlista.library.fingerprint_keys import keys_of  # noqa: PLC0415

    keys = json.dumps(keys_of(fingerprint).tolist())
    connection.execute(
        """INSERT INTO fingerprints VALUES (?, ?, ?, ?) ON CONFLICT (file_id) DO UPDATE SET
               chromaprint = excluded.chromaprint, band_levels = excluded.band_levels, keys = excluded.keys""",
        (file_id, stored_bytes(fingerprint.chromaprint), base64.b64decode(fingerprint.band_levels), keys),
    )


def fingerprint_in(chromaprint: bytes | None, band_levels: bytes | None) -> Fingerprint | None:
    """The fingerprint in `FINGERPRINT_COLUMNS`; None where there is none."""
    if not chromaprint:
        return None
    return Fingerprint(*(text.decode() for text in fingerprint_texts(chromaprint, band_levels)))


def fingerprint_texts(chromaprint: bytes, band_levels: bytes | None) -> tuple[bytes, bytes]:
    """The texts of a fingerprint that is there: of Chromaprint, in URL-safe base64 (RFC 4648, 5), and of the levels."""
    text = binascii.b2a_base64(chromaprint, newline=False).rstrip(b"=").replace(b"+", b"-").replace(b"/", b"_")
    return text, binascii.b2a_base64(band_levels or b"", newline=False)


def note_due(connection: sqlite3.Connection, file_id: int) -> None:
    """Look for copies of this file again; a file that is gone has none."""
    connection.execute(
        """INSERT INTO copies (file_id) SELECT id FROM files WHERE id = ?
           ON CONFLICT (file_id) DO UPDATE SET due = 1""",
        (file_id,),
    )


def stored_bytes(text: str) -> bytes:
    """The column ``chromaprint`` of a fingerprint with this text."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
