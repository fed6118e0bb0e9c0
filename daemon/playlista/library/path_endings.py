"""Finds a file by the path that another program has for it, whatever folders stand before the music folder there.

Input: paths, absolute or relative to another music folder. Output: ids of files. A folder above ours is recognised by
itself; where the other program's folder lies below ours, the folder between has to be named.
"""

from __future__ import annotations

import re

from playlista.library.track_summaries import TrackLookup

#: "C:\\" or two backslashes before the name of a server.
_WINDOWS = re.compile(r"[A-Za-z]:\\|\\\\")
#: Folders that may lie before the music folder.
_MOST_FOLDERS = 12


class PathEndings:
    """Paths of one other program. One thread at a time may use it.

    Parameters
    ----------
    below : the folder below our music folder that is the other program's; "" where it has ours or one above.
    """

    def __init__(self, lookup: TrackLookup, *, below: str = "") -> None:
        self._lookup = lookup
        self._below = f"{below.strip('/')}/" if below.strip("/") else ""
        self._before = 0  # folders before ours, in the path that was found last

    def file_of(self, path: str) -> int | None:
        """The id of the file; None where we do not have it. The name of a file without a folder tells nothing."""
        separator = "\\" if _WINDOWS.match(path) else "/"  # elsewhere a backslash is part of a name
        parts = [part for part in path.split(separator) if part]
        most = min(len(parts) - 1, _MOST_FOLDERS)
        for before in dict.fromkeys([min(self._before, max(most, 0)), *range(most)]):
            found = self._lookup.id_of_path(self._below + "/".join(parts[before:]))
            if found is not None:
                self._before = before
                return found
        return None
