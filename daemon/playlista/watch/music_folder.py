"""Whether the music folder is the one that the library was made from: there, not empty, not another one.

Input: the folder, the mounts, the library. Output: a verdict, with a line for people when the folder must
not be trusted. An unmounted disk leaves an empty folder behind and a swapped one leaves strange files; neither says
that anybody deleted anything.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from playlista.library.files import Library
from playlista.system.mountinfo import Mount, mounts_within, parse_mountinfo
from playlista.watch.walk import Seen, Walk

#: Known files that are looked for, and strange ones that are asked after, to tell the folder from another one.
SAMPLE_FILES = 200

#: Of those, the share that must be found. Another disk has next to none of them.
SAMPLE_SHARE = 0.1

#: Where the library remembers the folder.
REMEMBERED_AS = "music_folder"


class Presence(StrEnum):
    """What became of the music folder."""

    PRESENT = "present"
    MISSING = "missing"
    EMPTY = "empty"
    SWAPPED = "swapped"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `MusicFolder.check` found.

    ``why`` is a line for people where the folder is not PRESENT, else "". ``changed`` says that it is another mount
    or another folder than at the check before, so that no watch on it holds any more.
    """

    presence: Presence
    why: str = ""
    changed: bool = False

    @property
    def trusted(self) -> bool:
        """Whether what is not in the folder is really gone."""
        return self.presence is Presence.PRESENT


@dataclass(frozen=True, slots=True)
class _Identity:
    device: int
    inode: int
    mounts: tuple[Mount, ...]  # the one that holds the folder, and those in it


class MusicFolder:
    """The folder that is watched.

    Parameters
    ----------
    library : the known files.
    mountinfo : the present text of ``/proc/self/mountinfo``.
    """

    def __init__(self, root: str, library: Library, walk: Walk, *, mountinfo: Callable[[], str]) -> None:
        self._root = root
        self._library = library
        self._walk = walk
        self._mountinfo = mountinfo
        self._accepted: _Identity | None = None

    @property
    def reports_changes(self) -> bool:
        """Whether the kernel tells what happens in the folder and in all that is mounted in it."""
        return all(mount.reports_changes for mount in self._mounts())

    def check(self) -> Verdict:
        """Look at the folder: a few system calls while nothing changed, two hundred when it did."""
        try:
            identity, bare = self._identify(), self._is_bare()
        except OSError as error:
            self._accepted = None
            return Verdict(Presence.MISSING, f"{self._root}: {error.strerror}; nothing is deleted until it is back")
        changed = identity != self._accepted
        if bare and self._library.count():
            self._accepted = None if changed else self._accepted
            return Verdict(
                Presence.EMPTY,
                f"{self._root}: is empty, but {self._library.count()} tracks are known; is a disk not mounted? Nothing "
                "is deleted until there is something in it",
            )
        if changed and not self._recognize(identity):
            self._accepted = None
            return Verdict(
                Presence.SWAPPED,
                f"{self._root}: none of the {self._library.count()} known tracks is in it; nothing is deleted until "
                "the former folder is back (if this one is meant, set DATA_DIR to a new folder)",
            )
        if changed:
            self._library.remember(REMEMBERED_AS, self._lasting_identity(identity))
            self._accepted = identity
        return Verdict(Presence.PRESENT, changed=changed)

    def is_unchanged(self) -> bool:
        """Whether it still is the folder that the last check trusted, whatever is in it.

        Asked in the middle of things, where another folder must not be recognized by files that were just taken in
        from it.
        """
        try:
            return self._identify() == self._accepted
        except OSError:
            return False

    def holds_music(self) -> bool:
        """Whether there is any track in the folder at all."""
        return any(isinstance(entry, Seen) for entry in self._walk.below())

    def _identify(self) -> _Identity:
        status = os.stat(self._root)
        return _Identity(status.st_dev, status.st_ino, self._mounts())

    def _is_bare(self) -> bool:
        with os.scandir(self._root) as entries:
            return next(entries, None) is None

    def _mounts(self) -> tuple[Mount, ...]:
        mounts = mounts_within(os.path.realpath(self._root), parse_mountinfo(self._mountinfo()))
        self._walk.fleeting_devices = frozenset(mount.device for mount in mounts if not mount.has_lasting_inodes)
        return tuple(mounts)

    def _recognize(self, identity: _Identity) -> bool:
        if not self._library.count() or self._is_remembered(identity):
            return True
        return self._known_are_here() or self._strangers_are_known()

    def _is_remembered(self, identity: _Identity) -> bool:
        """Whether it is the same folder of the same file system as ever, whatever is in it now.

        The top of a file system proves nothing: it has the same inode on each disk.
        """
        top = any(mount.mount_point == os.path.realpath(self._root) and mount.root == "/" for mount in identity.mounts)
        return not top and self._library.recall(REMEMBERED_AS) == self._lasting_identity(identity)

    def _lasting_identity(self, identity: _Identity) -> str:
        # Device numbers change when the machine starts; the file system's id is made from its UUID where it has one.
        return json.dumps([os.statvfs(self._root).f_fsid, identity.inode])

    def _known_are_here(self) -> bool:
        sample = self._library.sample(SAMPLE_FILES)
        here = sum(os.path.lexists(os.path.join(self._root, file.path)) for file in sample)
        return here >= SAMPLE_SHARE * len(sample)

    def _strangers_are_known(self) -> bool:
        """Whether the files here are the known ones at other paths: somebody put the folder in order."""
        entries = (entry for entry in self._walk.below() if isinstance(entry, Seen))
        sample = list(islice(entries, SAMPLE_FILES))
        known = sum(bool(self._library.lookalikes(entry.file)) for entry in sample)
        return bool(sample) and known >= SAMPLE_SHARE * len(sample)
