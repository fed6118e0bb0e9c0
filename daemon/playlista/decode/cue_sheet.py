"""Chapters out of a cue sheet: the text file that says at which minute, second and frame each track of an album begins.

Input: the text, and the name of the sound file. Output: chapters. Times are minutes:seconds:frames, with 75 frames a
second, as on a CD (CDRWIN user's guide, "CUE SHEET FORMAT").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PureWindowsPath

from playlista.tracks import MAX_CHAPTERS, Chapter

_FRAMES_PER_SECOND = 75
_LINE = re.compile(r'^\s*(FILE|TRACK|TITLE|INDEX)\s+(?:"([^"]*)"|(\S+))\s*(.*)$', re.IGNORECASE)
_TIME = re.compile(r"^(\d{1,5}):([0-5]\d):([0-7]\d)\b")
_BEGINNING = 1


@dataclass
class _File:
    """What a sheet says of one sound file."""

    name: str
    starts: list[float] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)


def parse_cue_sheet(text: str, file_name: str | None = None) -> tuple[Chapter, ...]:
    """The chapters of one sound file.

    Parameters
    ----------
    text : the sheet.
    file_name : the sound file's own name, for sheets of several files; None for a sheet that lies in the file.
    """
    files = [file for file in _files(text) if file.starts]
    named = [file for file in files if _is_named(file, file_name)]
    chosen = (named or files)[:1] if len(files) == 1 or named else []
    return tuple(
        Chapter.of(start, end, title)
        for file in chosen
        for start, end, title in zip(file.starts, [*file.starts[1:], None], file.titles, strict=True)
    )


def _files(text: str) -> list[_File]:
    files, title, is_in_track = [_File("")], "", False
    for line in text.splitlines():
        match = _LINE.match(line)
        if not match:
            continue
        word, value, rest = match[1].upper(), match[2] if match[2] is not None else match[3], match[4]
        if word == "FILE":
            files.append(_File(value))
        elif word == "TRACK":
            title, is_in_track = "", True
        elif word == "TITLE" and is_in_track:
            title = value if match[2] is not None else f"{value} {rest}".strip()
        elif word == "INDEX" and is_in_track and value.isdigit() and int(value) == _BEGINNING:
            _begin_chapter(files[-1], title, rest)
    return files


def _begin_chapter(file: _File, title: str, time: str) -> None:
    match = _TIME.match(time)
    if match and len(file.starts) < MAX_CHAPTERS:
        file.starts.append(60 * int(match[1]) + int(match[2]) + int(match[3]) / _FRAMES_PER_SECOND)
        file.titles.append(title)


def _is_named(file: _File, file_name: str | None) -> bool:
    """Whether `file` is the one; sheets from Windows may hold a whole path."""
    return file_name is not None and PureWindowsPath(file.name).name.casefold() == file_name.casefold()
