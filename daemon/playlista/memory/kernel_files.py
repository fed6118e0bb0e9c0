"""Reading the kernel's one-number and key-value files, where any of them may be absent or vanish while we look.

A cgroup can be removed, a controller turned off and a file be missing on an older kernel at any moment, so every
reader answers None (or an empty mapping) for what cannot be read: the caller then knows that this level says nothing.
"""

from __future__ import annotations

from io import FileIO
from pathlib import Path


def read_text(path: Path) -> str | None:
    """The file's text, or None where it cannot be read (absent, removed, forbidden, not a file)."""
    try:
        with FileIO(path) as file:  # some twenty are read for a track: without a buffer and its checks in half the time
            return file.readall().decode("utf-8", "surrogateescape")
    except (OSError, ValueError):
        return None


def read_integer(path: Path) -> int | None:
    """The one integer in a file; None where there is none, which includes cgroup v2's word ``max``."""
    return parse_integer(read_text(path))


def parse_integer(text: str | None) -> int | None:
    """`text` as a base-10 integer, or None where it is anything else."""
    try:
        return None if text is None else int(text.strip())
    except ValueError:
        return None


def read_keyed_integers(path: Path) -> dict[str, int]:
    """Lines of "key number" (``memory.stat``, ``memory.events``) as a mapping; lines of another form are left out."""
    values = {}
    for line in (read_text(path) or "").splitlines():
        key, _, rest = line.partition(" ")
        number = parse_integer(rest)
        if number is not None:
            values[key] = number
    return values


def read_kibibytes(path: Path) -> dict[str, int]:
    """Lines of "Key:   number kB" (``/proc/meminfo``, ``/proc/self/status``) as bytes; other lines are left out."""
    values = {}
    for line in (read_text(path) or "").splitlines():
        key, _, rest = line.partition(":")
        number, _, unit = rest.strip().partition(" ")
        kibibytes = parse_integer(number)
        if kibibytes is not None and unit == "kB":
            values[key] = kibibytes * 1024
    return values
