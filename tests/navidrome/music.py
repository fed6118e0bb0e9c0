"""A small library of real recordings: excerpts with names as people have them, and as they have them wrong.

Input: a folder with music, or none: then something like music is synthesised. Output: files in the shape
Artist/Album/01 Title.suffix, some without tags, some with one title on two albums, some with codes.
"""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

import mutagen

from tests.soak.music import make_excerpts

SUFFIXES = ("flac", "mp3", "ogg", "m4a", "opus")
SECONDS = 15.0
#: Of the tracks, every so many have no tags, or an ISRC, or a title that another one has, too.
UNTAGGED, CODED, NAMED_ALIKE = 10, 7, 5
_ARTISTS, _ALBUMS = 6, 2
#: Formats whose tags have a place for the two codes under mutagen's easy names.
_WITH_CODES = (".flac", ".mp3", ".ogg", ".opus")


def make_library(source: Path | None, folder: Path, count: int) -> list[Path]:
    """`count` files below `folder`; their paths below it, in order."""
    folder.mkdir(parents=True)
    excerpts = make_excerpts(source, folder.with_name("excerpts"), SUFFIXES, count, SECONDS)
    made = []
    for number, excerpt in enumerate(excerpts):
        place = _place(number, excerpt.suffix)
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(excerpt, folder / place)
        _tag(folder / place, number)
        made.append(place)
    return made


def _place(number: int, suffix: str) -> Path:
    if number % UNTAGGED == 0:
        return Path("Loose", f"Someone {number} - Untagged {number}{suffix}")
    return Path(_artist(number), _album(number), f"{number:02} {_title(number)}{suffix}")


def _artist(number: int) -> str:
    return f"Künstler {number % _ARTISTS}"


def _album(number: int) -> str:
    return f"Album {number // _ARTISTS % _ALBUMS}"


def _title(number: int) -> str:
    return "Intro" if number % NAMED_ALIKE == 0 else f"Song no. {number}"


def _tag(path: Path, number: int) -> None:
    file = mutagen.File(path, easy=True)
    if number % UNTAGGED == 0:
        file.delete()
        return
    file["title"], file["artist"], file["album"] = _title(number), _artist(number), _album(number)
    file["tracknumber"] = str(number)
    if number % CODED == 0 and path.suffix in _WITH_CODES:
        file["isrc"] = f"DEA12{number:07}"
        file["musicbrainz_trackid"] = str(uuid.UUID(int=number))
    file.save()
