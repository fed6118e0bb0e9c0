"""Disk against database, side by side: two streams in one order, and what differs between them.

Input: the walk, and the known files in the same order. Output: findings. Nothing is changed here, and
neither stream is ever held in memory: a million files cost what a page of them costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from playlista.library.file_rows import as_stored, path_bytes, same_content
from playlista.library.files import KnownFile
from playlista.watch.walk import EmptyFolder, Seen, Unreadable, WalkEntry


@dataclass(frozen=True, slots=True)
class New:
    """A file that the library does not know at this path."""

    seen: Seen


@dataclass(frozen=True, slots=True)
class Changed:
    """A file whose bytes are no longer those that the library knows at this path."""

    known: KnownFile
    seen: Seen


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """The same bytes, but the device got another number: it was mounted anew."""

    known: KnownFile
    seen: Seen


@dataclass(frozen=True, slots=True)
class Absent:
    """A known file that is not at its path."""

    known: KnownFile


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Known files that cannot be seen, but may well be there: below a folder unreadable, or no longer mounted."""

    known: KnownFile


Finding = New | Changed | DeviceChanged | Absent | Unreachable


def compare(entries: Iterable[WalkEntry], known_files: Iterable[KnownFile]) -> Iterator[Finding | Unreadable]:
    """What differs, in the order of the paths' bytes; what is as it was is passed over in silence."""
    known_stream = iter(known_files)
    known = next(known_stream, None)
    for entry in entries:
        here = _position(entry)
        while known is not None and path_bytes(known.file.path) < here:
            yield Absent(known)
            known = next(known_stream, None)
        if isinstance(entry, Seen):
            if known is None or known.file.path != entry.file.path:
                yield New(entry)
                continue
            yield from _same_path(known, entry)
            known = next(known_stream, None)
            continue
        if isinstance(entry, Unreadable):
            yield entry
        while known is not None and _lies_in(known.file.path, entry.path):
            yield _behind(entry, known)
            known = next(known_stream, None)
    while known is not None:
        yield Absent(known)
        known = next(known_stream, None)


def _same_path(known: KnownFile, seen: Seen) -> Iterator[Finding]:
    present = as_stored(seen.file)
    if not same_content(known.file, present):
        yield Changed(known, seen)
    elif known.file != present:
        yield DeviceChanged(known, seen)


def _behind(entry: Unreadable | EmptyFolder, known: KnownFile) -> Finding:
    """What to think of a known file below a folder that shows nothing.

    An empty folder on another device than the file was on is the bare place where that device used to be mounted.
    """
    if isinstance(entry, EmptyFolder) and as_stored(known.file).device == entry.device:
        return Absent(known)
    return Unreachable(known)


def _position(entry: WalkEntry) -> bytes:
    """Where the entry stands in the order; a folder stands before everything in it."""
    if isinstance(entry, Seen):
        return path_bytes(entry.file.path)
    return path_bytes(entry.path) + b"/" if entry.path else b""


def _lies_in(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder}/")
