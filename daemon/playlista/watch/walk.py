"""The music folder as it is on disk now, one file after the other in the order of their paths' bytes.

Input: the folder. Output: a stream of what was seen, in the same order as the database's index, so that the two can
be merged with neither in memory. Nothing is opened but folders; what cannot be read is said in the
stream, never raised, since files that cannot be seen are not files that are gone.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from playlista.system.callbacks import noop
from playlista.tracks import TrackFile
from playlista.watch.debris import is_audio_name
from playlista.watch.ignore import IGNORE_FILE, IgnoredReport, IgnoreRules


@dataclass(frozen=True, slots=True)
class Seen:
    """A file; its path is relative to the music folder.

    ``changed_at`` is when its data or its inode changed last, in seconds since the epoch by the file system's clock.
    """

    file: TrackFile
    changed_at: float


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A folder or file, relative to the music folder, of which nothing can be said; "" is the music folder."""

    path: str
    error: OSError


@dataclass(frozen=True, slots=True)
class EmptyFolder:
    """A folder without any entry: emptied, or the place where something used to be mounted."""

    path: str
    device: int


WalkEntry = Seen | Unreadable | EmptyFolder


class Walk:
    """Walks below one music folder.

    Parameters
    ----------
    root : the music folder.
    follow_symlinks : enter links that lead out of it. Links that lead back into it are never followed, since their
        target is seen where it lies, and each folder outside is entered once. So there are no loops.
    ignore : patterns of what is left out, besides known debris and what ``.playlistaignore`` files name.
    stopped : asked once a folder; the walk ends early when it says yes.
    """

    def __init__(
        self,
        root: str,
        *,
        follow_symlinks: bool = False,
        ignore: Sequence[str] = (),
        stopped: Callable[[], bool] = noop,
    ) -> None:
        self._root = root
        self._rules = IgnoreRules(root, ignore)
        self._follow_symlinks = follow_symlinks
        self._stopped = stopped
        #: Devices whose inode numbers do not last; files on them are seen with inode 0.
        self.fleeting_devices: frozenset[int] = frozenset()

    def below(self, folder: str = "", *, ignored: IgnoredReport | None = None) -> Iterator[WalkEntry]:
        """What lies below `folder`, relative to the music folder; nothing if it does not exist.

        What is left out is counted in `ignored`: audio files, and folders, which are not entered.
        """
        if folder and (not self.is_folder(folder) or self._rules.reason_along(f"{folder}/")):
            return
        links = _Links(os.path.realpath(self._root)) if self._follow_symlinks else None
        # A stack of iterators instead of recursion: folders may be nested deeper than Python's calls.
        ignored = ignored or IgnoredReport()
        stack = [self._inside(folder, links, ignored)]
        while stack and not self._stopped():
            for item in stack[-1]:
                if isinstance(item, str):
                    stack.append(self._inside(item, links, ignored))
                    break
                yield item
            else:
                stack.pop()

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder at `path` that a walk would enter."""
        place = os.path.join(self._root, path)
        return os.path.isdir(place) and (self._follow_symlinks or not os.path.islink(place))

    def look(self, path: str) -> Seen | None:
        """The file at `path`, relative to the music folder, or None when a walk would show none there.

        Raises
        ------
        OSError
            It cannot be told: no rights, an input/output error.
        """
        place = os.path.join(self._root, path)
        try:
            status = os.stat(place) if self._follow_symlinks else os.lstat(place)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISREG(status.st_mode) or not is_audio_name(path) or self._rules.reason_along(path):
            return None
        return self._seen(path, status)

    def _inside(self, folder: str, links: _Links | None, ignored: IgnoredReport) -> Iterator[WalkEntry | str]:
        """The folder's files as entries and its folders as paths, in the order of the bytes of whole paths."""
        place = os.path.join(self._root, folder)
        try:
            listing = _Listing(place, follow_symlinks=links is not None)
            if listing.is_empty:
                yield EmptyFolder(folder, os.stat(place).st_dev)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            yield Unreadable(folder, error)
            return
        self._rules.enter(folder, has_ignore_file=listing.has_ignore_file)
        prefix = f"{folder}/" if folder else ""
        for name, is_folder in listing:
            path = prefix + name
            if ignored.add(self._rules.reason(path, is_folder=is_folder)):
                continue
            if is_folder:
                if links is None or links.may_be_entered(os.path.join(place, name)):
                    yield path
            elif (entry := self._look_at(os.path.join(place, name), path, links)) is not None:
                yield entry

    def _look_at(self, place: str, path: str, links: _Links | None) -> WalkEntry | None:
        try:
            status = os.lstat(place)
            if stat.S_ISLNK(status.st_mode):
                if links is None or not links.leads_out(place):
                    return None
                status = os.stat(place)
        except FileNotFoundError:
            return None
        except OSError as error:
            return Unreadable(path, error)
        if not stat.S_ISREG(status.st_mode):  # pipes and devices would be read for ever
            return None
        return self._seen(path, status)

    def _seen(self, path: str, status: os.stat_result) -> Seen:
        file = TrackFile.from_stat(path, status)
        if status.st_dev in self.fleeting_devices:
            file = replace(file, inode=0, ctime_ns=0)
        return Seen(file, max(status.st_mtime, status.st_ctime))


class _Listing:
    """The folders and the files with audio names in one folder, in the order of the bytes of whole paths.

    Of each only the name is kept, a folder's with its slash: a folder may hold hundreds of thousands of files. "a/x"
    sorts after "a b", as in the database, where whole paths are compared.
    """

    def __init__(self, place: str, *, follow_symlinks: bool) -> None:
        self.is_empty = True
        self.has_ignore_file = False
        self._names: list[bytes] = []
        with os.scandir(place) as entries:
            for entry in entries:
                self.is_empty = False
                self.has_ignore_file |= entry.name == IGNORE_FILE
                if _is_folder(entry, follow_symlinks=follow_symlinks):
                    self._names.append(os.fsencode(entry.name) + b"/")
                elif is_audio_name(entry.name):
                    self._names.append(os.fsencode(entry.name))
        self._names.sort()

    def __iter__(self) -> Iterator[tuple[str, bool]]:
        """Each name, and whether it is a folder's."""
        for name in self._names:
            yield os.fsdecode(name.removesuffix(b"/")), name.endswith(b"/")


class _Links:
    """Which symbolic links of one walk lead somewhere new."""

    def __init__(self, real_root: str) -> None:
        self._real_root = real_root
        self._entered: set[str] = set()

    def may_be_entered(self, folder: str) -> bool:
        """Whether `folder` is no link, or one that leads out."""
        return not os.path.islink(folder) or self.leads_out(folder)

    def leads_out(self, path: str) -> bool:
        """Whether the link at `path` leads out of the music folder, to a place where this walk was not yet."""
        target = os.path.realpath(path)
        inside = target == self._real_root or target.startswith(self._real_root.rstrip("/") + "/")
        above = self._real_root.startswith(target.rstrip("/") + "/")
        if inside or above or any(place in self._entered for place in _with_parents(target)):
            return False
        self._entered.add(target)
        return True


def _with_parents(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]


def _is_folder(entry: os.DirEntry[str], *, follow_symlinks: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow_symlinks)
    except OSError:
        return False  # the look at it will tell why
