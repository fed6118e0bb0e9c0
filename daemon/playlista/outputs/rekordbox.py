"""The collection as rekordbox XML, which rekordbox imports and converters of DJ libraries read.

Input: tracks, one at a time, how many they are, and where the DJ program sees the music. Output: bytes on a stream, in
the memory of one track. Source: "rekordbox XML format list" (rekordbox for developers), version 1.0.0. Values that are
not known are left out. There are no playlists in it, and no downbeats: the first beat of a track counts as the first of
its bar.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO
from urllib.parse import quote

from playlista import __version__
from playlista.errors import ConfigError, PlaylistaError
from playlista.outputs.file_tags.fields import key_text
from playlista.outputs.tempo_markers import TempoMarker, tempo_markers
from playlista.system.output_files import OutputKind
from playlista.tracks import Analysis, Audio
from playlista.tracks.metadata import Metadata

#: Not by the ending .xml, under which there are libraries of other programs.
REKORDBOX = OutputKind("a rekordbox collection", lambda head: b"<DJ_PLAYLISTS" in head)

#: The bar that is written; its length is not measured.
_BEATS_PER_BAR = 4
#: What XML 1.0 cannot hold in any way (production 2, "Char").
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: A reader takes these for spaces unless they are references (XML 1.0, 3.3.3).
_WHITE_SPACE = str.maketrans({"\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})
_WINDOWS_PATH = re.compile(r"[A-Za-z]:(?:[/\\]|$)|\\\\")
_DRIVE = re.compile(r"/[A-Za-z]:(?=/)")


def music_url(folder: str) -> str:
    r"""The URL of the music folder, with "/" at its end.

    Parameters
    ----------
    folder : as the computer of the DJ program names it: /Volumes/Music, D:\Music, \\nas\music.

    Raises
    ------
    ConfigError : it is not absolute.
    """
    if _WINDOWS_PATH.match(folder):
        folder = folder.replace("\\", "/")
        folder = folder if folder.startswith("/") else f"/{folder}"
    if not folder.startswith("/"):
        what = f"{folder}: is not an absolute path; name the music folder as the DJ program sees it"
        raise ConfigError(f"{what}, such as /Volumes/Music or D:/Music (--music-path, PLAYLIST_PATH)")
    path = f"{folder.rstrip('/')}/"
    drive = _DRIVE.match(path)
    return f"file://localhost{drive[0] if drive else ''}{_encoded(path[drive.end() if drive else 0 :])}"


def write_rekordbox(tracks: Iterable[tuple[int, Analysis]], count: int, url: str, stream: BinaryIO) -> int:
    """Write the collection to `stream`; how many tracks it has.

    Parameters
    ----------
    tracks : `count` of them, each with a number that stays the same for as long as the file is known.
    url : of the music folder, from `music_url`.

    Raises
    ------
    PlaylistaError : there were fewer tracks than `count`.
    """
    head = _tag("PRODUCT", {"Name": "Playlista", "Version": __version__, "Company": "Playlista"}, "/>")
    stream.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<DJ_PLAYLISTS Version="1.0.0">\n{head}'.encode())
    stream.write(f'<COLLECTION Entries="{count}">\n'.encode())
    written = 0
    for track_id, analysis in tracks:
        stream.write("".join(_track_lines(track_id, analysis, url)).encode())
        written += 1
    if written != count:
        raise PlaylistaError(f"{count - written} tracks went from the library during the export; run it again")
    stream.write(b'</COLLECTION>\n<PLAYLISTS>\n<NODE Type="0" Name="ROOT" Count="0"/>\n</PLAYLISTS>\n</DJ_PLAYLISTS>\n')
    return written


def _track_lines(track_id: int, analysis: Analysis, url: str) -> Iterator[str]:
    values = {"TrackID": str(track_id), **_names(analysis), **_measured(analysis)}
    values["Location"] = f"{url}{_encoded(analysis.path)}"
    markers = tempo_markers(analysis.rhythm) if analysis.rhythm else []
    yield _tag("TRACK", values, ">" if markers else "/>")
    yield from map(_tempo, markers)
    if markers:
        yield "</TRACK>\n"


def _names(analysis: Analysis) -> dict[str, str | None]:
    names = (analysis.metadata or Metadata()).completed(analysis.path)
    return {
        "Name": names.title,
        "Artist": names.artist,
        "Album": names.album,
        "Genre": "; ".join(names.genres) or None,
        "Year": _whole(names.year),
        "DiscNumber": _whole(names.disc),
        "TrackNumber": _whole(names.track),
    }


def _measured(analysis: Analysis) -> dict[str, str | None]:
    audio: Audio | None = analysis.audio
    bpm = analysis.rhythm.bpm if analysis.rhythm else None
    return {
        "TotalTime": None if audio is None else str(round(audio.duration_seconds)),
        "AverageBpm": None if bpm is None else f"{bpm:.2f}",
        "Tonality": key_text(analysis.tonal, "musical") if analysis.tonal else None,
    }


def _tempo(marker: TempoMarker) -> str:
    values = {
        "Inizio": f"{marker.start_seconds:.3f}",
        "Bpm": f"{marker.bpm:.2f}",
        "Metro": f"{_BEATS_PER_BAR}/4",
        "Battito": str(marker.beat % _BEATS_PER_BAR + 1),
    }
    return _tag("TEMPO", values, "/>")


def _tag(name: str, values: dict[str, str | None] | dict[str, str], end: str) -> str:
    """A tag in a line of its own, with those of the `values` that are known."""
    known = (f' {key}="{_escaped(text)}"' for key, text in values.items() if text is not None)
    return f"<{name}{''.join(known)}{end}\n"


def _escaped(text: str) -> str:
    return html.escape(_NOT_IN_XML.sub("", text)).translate(_WHITE_SPACE)


def _whole(number: int | None) -> str | None:
    return None if number is None else str(number)


def _encoded(path: str) -> str:
    """Percent-encoded; a name that is not UTF-8 keeps its bytes."""
    return quote(path.encode(errors="surrogateescape"))
