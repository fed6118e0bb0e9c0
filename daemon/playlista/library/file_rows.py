"""How a ``TrackFile`` stands in the table ``files``: its path as bytes, its five numbers as signed 64 bits.

The paths in the database are relative to the music folder, so that the folder may be mounted elsewhere, and they are
``os.fsencode`` of the name on disk: any bytes but NUL, whatever the locale.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace

from playlista.tracks import TrackFile

#: The columns that `track_file` reads, in its order, of a table or alias named ``files``.
FILE_COLUMNS = "files.path, files.device, files.inode, files.size_bytes, files.mtime_ns, files.ctime_ns"

#: Prefix of a path that cannot be on disk (the walk leaves hidden folders out): see `Library.move`.
DISPLACED = ".displaced/"


def path_bytes(path: str) -> bytes:
    """The relative `path` as it is stored."""
    return os.fsencode(path)


def file_values(file: TrackFile) -> tuple[bytes, int, int, int, int, int]:
    """The values of `FILE_COLUMNS` for a file whose path is relative to the music folder."""
    stored = as_stored(file)
    numbers = stored.device, stored.inode, stored.size_bytes, stored.mtime_ns, stored.ctime_ns
    return path_bytes(stored.path), *numbers


def track_file(row: sqlite3.Row | tuple[bytes, int, int, int, int, int]) -> TrackFile:
    """The file in a row that starts with `FILE_COLUMNS`; equal to `as_stored` of the one that was written."""
    path, *numbers = row[:6]
    return TrackFile(os.fsdecode(path), *numbers)


def track_path(row: sqlite3.Row) -> str:
    """The relative path in a row that has the column ``path``."""
    return os.fsdecode(row["path"])


def above(path: str, status: str | None) -> tuple[str, tuple[bytes | str, ...]]:
    """Condition and values for the rows of ``files`` above `path`, of one status if given: a range of an index."""
    if status is None:
        return "files.path > ?", (path_bytes(path),)
    return "files.status = ? AND files.path > ?", (status, path_bytes(path))


def as_stored(file: TrackFile) -> TrackFile:
    """`file` with its numbers folded into SQLite's signed 64 bits, for comparison with one that was stored.

    Inode numbers of network and FUSE file systems use all 64 bits unsigned, and a time stamp after the year 2262
    does not fit 64 bits of nanoseconds.
    """
    return replace(
        file,
        device=_signed(file.device),
        inode=_signed(file.inode),
        size_bytes=_signed(file.size_bytes),
        mtime_ns=_signed(file.mtime_ns),
        ctime_ns=_signed(file.ctime_ns),
    )


def same_content(former: TrackFile, present: TrackFile) -> bool:
    """Whether two sightings of one path, both as stored, are of the same bytes, by what `stat` says of them.

    The change time tells of a program that sets the time stamp back after it wrote; it also moves when nothing was
    written, so that a difference means "compare the bytes". 0 stands for one that is not known or does not last.
    """
    known = 0 not in {former.ctime_ns, present.ctime_ns}
    return same_file(former, present) and (not known or former.ctime_ns == present.ctime_ns)


def same_file(former: TrackFile, present: TrackFile) -> bool:
    """Whether two sightings, both as stored, may be of one file whose data was not written in between.

    The inode tells a file that was replaced by one of equal size and time. It is comparable only on one device, whose
    number may change when the machine starts, and only where it lasts: 0 stands for one that does not.
    """
    if (former.size_bytes, former.mtime_ns) != (present.size_bytes, present.mtime_ns):
        return False
    if former.device != present.device or 0 in {former.inode, present.inode}:
        return True
    return former.inode == present.inode


def _signed(number: int) -> int:
    return (number + 2**63) % 2**64 - 2**63


def prefix_range(folder: str) -> tuple[bytes, bytes]:
    """Bounds (from, below) of the stored paths inside `folder`; "" is the music folder itself."""
    if not folder:
        return b"", b"\xff" * 256  # above every path: a name has 255 bytes at most, and then comes "/"
    prefix = path_bytes(folder) + b"/"
    return prefix, prefix[:-1] + b"0"  # "0" is the byte after "/"


def at_or_below(path: str) -> tuple[str, tuple[bytes, bytes, bytes]]:
    """Condition on the column ``path``, and its values, for the file `path` or those in the folder `path`; "": all."""
    return "(path = ? OR (path >= ? AND path < ?))", (path_bytes(path), *prefix_range(path))


def update_file(connection: sqlite3.Connection, file_id: int, file: TrackFile) -> None:
    """Note what the disk holds now at the file's path."""
    connection.execute(
        "UPDATE files SET device = ?, inode = ?, size_bytes = ?, mtime_ns = ?, ctime_ns = ? WHERE id = ?",
        (*file_values(file)[1:], file_id),
    )
