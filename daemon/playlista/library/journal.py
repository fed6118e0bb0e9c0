"""Which journal mode the library's database gets, by the file system that it lies on: one rule for every opener.

Input: a path and the text of mountinfo. Output: the mode, and a warning for people where it is the slow one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from playlista.system.mountinfo import mount_of, parse_mountinfo


@dataclass(frozen=True, slots=True)
class Journal:
    """SQLite's name of the mode, and why it is not WAL, or None."""

    mode: Literal["wal", "delete"]
    warning: str | None = None


def journal_for(path: str, mountinfo: str) -> Journal:
    """WAL on a local disk; on a network file system a rollback journal, since WAL needs memory that all share."""
    mount = mount_of(os.path.realpath(path), parse_mountinfo(mountinfo))
    if mount is None or not mount.is_network:
        return Journal("wal")
    return Journal(
        "delete",
        f"{path}: lies on {mount.kind} ({mount.source}), where SQLite's WAL is unsafe; a slower rollback journal is "
        "used and reading may wait; move DATA_DIR to a local disk",
    )
