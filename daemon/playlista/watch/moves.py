"""Files that appear at one path because they were renamed from another: their results go with them.

Input: files that the library does not know where they are now. Output: rows of the library under their new paths, a
batch in one transaction, and the files among them whose bytes have to be compared before that is believed.

Only the inode tells that a file is the same under another name. A name, a size and a time tell nothing: two folders
hold a `Loop01.wav` each, and `cp -a` gives all of them. What came from another file system, or lies on one whose inodes
do not last, is taken for new, and the worker finds its result by its bytes.
"""

from __future__ import annotations

from dataclasses import replace

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
        self._unverified: list[TrackFile] = []
        #: Files that were gone and are there again.
        self.returned = 0
        #: Whether a file was known at the new path of another, and now has to be found or forgotten.
        self.displaced = False

    def explains(self, seen: Seen) -> bool:
        """Whether `seen` is a known file that left its path, or one that was gone; it is then noted for `carry_out`."""
        if self._returns(seen.file):
            return True
        origin = next((known for known in self._library.twins(seen.file) if self._is_origin(known, seen.file)), None)
        if origin is None:
            return False
        self.note(origin, seen.file)
        return True

    def note(self, known: KnownFile, file: TrackFile) -> None:
        """The known file is now where `file` says.

        A rename moves the change time of a file, but not of those in a renamed folder. Where it moved, a program may
        have written in between, too: the row keeps the former one until the bytes were compared.
        """
        kept = known.file.ctime_ns or file.ctime_ns
        self._pending.append((known.file_id, replace(file, ctime_ns=kept)))
        self._spoken_for.add(known.file_id)
        if kept != as_stored(file).ctime_ns != 0:
            self._unverified.append(file)

    def carry_out(self) -> int:
        """Move the rows that were noted; how many."""
        moved = len(self._pending)
        self.displaced |= self._library.move(self._pending)
        self._pending = []
        return moved

    def take_unverified(self) -> list[TrackFile]:
        """The files that were moved since the last call and whose bytes must be compared with their results."""
        taken, self._unverified = self._unverified, []
        return taken

    def _returns(self, file: TrackFile) -> bool:
        """Whether a gone file is there again as `file`.

        Its change time moves when it is renamed, and also when a program wrote to it and set its time stamp back: then
        the row keeps the former one until the bytes were compared. One that had a job when it went counts as changed,
        whatever its time stamps say. A copy is taken for new, and the worker finds its result by its bytes.
        """
        candidates = self._library.gone_files.candidates(file)
        gone = next((one for one in candidates if one.file_id not in self._spoken_for), None)
        if gone is None:
            return False
        kept = replace(file, ctime_ns=gone.file.ctime_ns or file.ctime_ns, mtime_ns=0 if gone.due else file.mtime_ns)
        self._pending.append((gone.file_id, kept))
        self._spoken_for.add(gone.file_id)
        if as_stored(kept) != as_stored(file):
            self._unverified.append(file)
        self.returned += 1
        return True

    def _is_origin(self, known: KnownFile, file: TrackFile) -> bool:
        """A hard link and a copy look the same, but their origin is still in its place."""
        if known.file_id in self._spoken_for or known.file.path == file.path:
            return False
        return known.file.inode == as_stored(file).inode != 0 and self._has_left(known)

    def _has_left(self, known: KnownFile) -> bool:
        try:
            there = self._walk.look(known.file.path)
        except OSError:
            return False  # it may be there
        return there is None or not same_file(known.file, as_stored(there.file))
