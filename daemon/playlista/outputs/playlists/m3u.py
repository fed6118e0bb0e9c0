"""Playlist files: extended M3U, as other players read it.

Input: tracks, and how their paths are written. Output: the bytes of a playlist. Names stay the bytes that they are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

from playlista.library.track_summaries import TrackSummary
from playlista.system.output_files import OutputKind

_HEAD = "#EXTM3U"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
#: M3U has no way to write these inside a line.
_LINE_ENDS = re.compile(r"[\r\n]")

PLAYLIST = OutputKind(
    "a playlist",
    lambda head: head.removeprefix(_BYTE_ORDER_MARK).startswith(_HEAD.encode()),
    (".m3u", ".m3u8"),  # without the head in the simple form
)


@dataclass(frozen=True, slots=True)
class PathStyle:
    """How a playlist names a track.

    before : what stands before the path below the music folder: a folder with "/" at its end, or "" for nothing.
    """

    before: str

    @classmethod
    def absolute(cls, music_dir: str, mapped_to: str = "") -> PathStyle:
        """Absolute paths: below the music folder, or below the folder where other programs see it."""
        return cls(f"{(mapped_to or music_dir).rstrip('/')}/")

    @classmethod
    def seen_from(cls, folder: str, music_dir: str, mapped_to: str = "") -> PathStyle:
        """Paths relative to the `folder` of the playlist file, unless others see the music at `mapped_to`."""
        if mapped_to:
            return cls.absolute(music_dir, mapped_to)
        between = os.path.relpath(os.path.realpath(music_dir), os.path.realpath(folder))
        return cls("" if between == "." else f"{between}/")

    def written(self, path: str) -> str:
        """The line for a path below the music folder. One that begins with # would be a comment, and spaces go lost."""
        line = f"{self.before}{path}"
        return f"./{line}" if line[:1] in "# \t" else line


def m3u(paths: Iterable[str], style: PathStyle) -> bytes:
    """An extended M3U playlist (UTF-8) of paths alone."""
    return _encoded([_HEAD, *(style.written(path) for path in paths if not _LINE_ENDS.search(path))])


def named_m3u(name: str, tracks: Iterable[TrackSummary], style: PathStyle, *, mark: str) -> bytes:
    """A playlist (UTF-8) with its name, a `mark` in a comment, and length, artist and title of every track."""
    lines = [_HEAD, f"#PLAYLIST:{_in_one_line(name)}", f"#{mark}"]
    for track in tracks:
        if not _LINE_ENDS.search(track.path):
            lines += [f"#EXTINF:{_seconds(track)},{_title(track)}", style.written(track.path)]
    return _encoded(lines)


def _seconds(track: TrackSummary) -> int:
    """The length in whole seconds; -1 stands for an unknown one."""
    return -1 if track.duration_seconds is None else round(track.duration_seconds)


def _title(track: TrackSummary) -> str:
    title = track.title or os.path.splitext(os.path.basename(track.path))[0]
    return _in_one_line(f"{track.artist} - {title}" if track.artist else title)


def _in_one_line(text: str) -> str:
    return _LINE_ENDS.sub(" ", text)


def _encoded(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode(errors="surrogateescape")
