"""Files that appear at one path because they were renamed from another: their results go with them.

What enters: files that the library does not know where they are now. What leaves: rows of the library under their
new paths, a batch in one transaction.
"""

from __future__ import annotations

import os

from playlista.library.file_rows import as_stored, same_file
from playlista.library.files import KnownFile, Library
from playlista.tracks import TrackFile
from playlista.watch.walk import Seen, Walk


class Moves:
    """The moves of one scan, or of one batch of events."""

    def __init__(self, walk: Walk, library: Library) -> None:
        self._walk = walk
        self._library = library
        self._pending: list[tuple[int, TrackFile]] = []
        self._spoken_for: set[int] = set()
        #: Whether a file was known at the new path of another, and now has to be found or forgotten.
        self.displaced = False

    def explains(self, seen: Seen) -> bool:
        """Whether `seen` is a known file that left its path; it is then noted for `carry_out`."""
        origin = next((known for known in self._library.twins(seen.file) if self._is_origin(known, seen.file)), None)
        if origin is None:
            return False
        self.note(origin.file_id, seen.file)
        return True

    def note(self, file_id: int, file: TrackFile) -> None:
        """The known file is now where `file` says."""
        self._pending.append((file_id, file))
        self._spoken_for.add(file_id)

    def carry_out(self) -> int:
        """Move the rows that were noted; how many."""
        moved = len(self._pending)
        self.displaced |= self._library.move(self._pending)
        self._pending = []
        return moved

    def _is_origin(self, known: KnownFile, file: TrackFile) -> bool:
        """Size and time are equal; the inode must be, too, or at least the name: it came from another file system, or
        lies on one whose inodes do not last.

        A hard link and a copy look the same, but their origin is still in its place.
        """
        if known.file_id in self._spoken_for or known.file.path == file.path:
            return False
        same_inode = known.file.inode == as_stored(file).inode != 0
        same_name = os.path.basename(known.file.path) == os.path.basename(file.path)
        return (same_inode or same_name) and self._has_left(known)

    def _has_left(self, known: KnownFile) -> bool:
        try:
            there = self._walk.look(known.file.path)
        except OSError:
            return False  # it may be there
        return there is None or not same_file(known.file, as_stored(there.file))
