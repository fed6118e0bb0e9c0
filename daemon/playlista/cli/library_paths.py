"""The paths of a command line, as the library knows them.

Input: files and folders as people name them: relative to where they are, absolute, through a link, with a slash at the
end, or as the library lists them. Output: paths relative to the music folder.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from playlista.errors import PlaylistaError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from playlista.config import Settings
    from playlista.library.database import Database


def in_library(path: str, settings: Settings) -> str:
    """`path` as the library knows it: relative to the music folder where it lies in one, else as given."""
    music = os.path.realpath(settings.music_dir)
    absolute = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    inside = absolute.startswith(music + os.sep) and (os.path.isabs(path) or os.path.exists(path))
    return os.path.relpath(absolute, music) if inside else path


def place_in_library(path: str, settings: Settings) -> str:
    """The file or folder `path` as the library knows it; "" for the music folder itself."""
    if os.path.realpath(path) == os.path.realpath(settings.music_dir):
        return ""
    return in_library(path.rstrip("/") or "/", settings)


def known_places(paths: Iterable[str] | None, settings: Settings, database: Database) -> list[str]:
    """The files and folders `paths` as the library knows them; the whole library, "", where there are none.

    Raises
    ------
    PlaylistaError : one of them is no track of the library, nor a folder of tracks: an answer of "nothing is wrong
        there" would be taken for good news.
    """
    from playlista.library.files import Library  # noqa: PLC0415

    library, places = Library(database), []
    for path in paths or ():
        place = place_in_library(path, settings)
        if place and library.get(place) is None and not library.page(folder=place, limit=1):
            raise PlaylistaError(f"{path}: no track of the library, nor a folder of some; `playlista list` shows them")
        places.append(place)
    return places or [""]
