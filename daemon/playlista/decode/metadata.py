"""The names of a track out of its tags: title, artist, album and the like, in bounded memory.

Input: the path of a file of any audio format, however hostile. Output: a `Metadata`. Nothing is raised: where there are
no tags, or where they are damaged, the names come from the path. Pictures are only noticed.

Known are ID3 (also in WAV, AIFF, DSF), Vorbis comments (FLAC, Ogg), APEv2, MP4 and ASF, under the names that Picard
writes (https://picard-docs.musicbrainz.org, "Tag Mapping").
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mutagen.aac import AAC
from mutagen.apev2 import APEv2
from mutagen.asf import ASFTags
from mutagen.id3 import ID3, TCON, ID3FileType
from mutagen.mp4 import MP4Tags

from playlista.decode.large_tags import read_without_pictures
from playlista.decode.regular_file import open_regular_file
from playlista.decode.source import StreamBrokenError
from playlista.decode.tag_reading import read_ape_tags, read_tags
from playlista.system.descriptors import close_read
from playlista.tracks.metadata import Metadata, clean_text, clean_texts

_ITUNES = "----:com.apple.iTunes:"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}\d{7}")
_YEAR = re.compile(r"(?<!\d)(1[0-9]\d\d|2[01]\d\d)(?!\d)")
#: Highest number of a track or a disc that is believed.
_MAX_NUMBER = 9999


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of one field in the formats, the best first."""

    id3: tuple[str, ...]
    comment: tuple[str, ...]
    mp4: tuple[str, ...]
    asf: tuple[str, ...]


_FIELDS: Mapping[str, _Names] = {
    "title": _Names(("TIT2",), ("title",), ("\xa9nam",), ("Title",)),
    "artist": _Names(("TPE1",), ("artist",), ("\xa9ART",), ("Author",)),
    "album_artist": _Names(("TPE2",), ("albumartist", "album artist"), ("aART",), ("WM/AlbumArtist",)),
    "album": _Names(("TALB",), ("album",), ("\xa9alb",), ("WM/AlbumTitle",)),
    "track": _Names(("TRCK",), ("tracknumber", "track"), ("trkn",), ("WM/TrackNumber", "WM/Track")),
    "disc": _Names(("TPOS",), ("discnumber", "disc"), ("disk",), ("WM/PartOfSet",)),
    "year": _Names(("TDRC", "TDRL", "TDOR"), ("date", "year", "originaldate"), ("\xa9day",), ("WM/Year",)),
    "genres": _Names(("TCON",), ("genre",), ("\xa9gen",), ("WM/Genre",)),
    "musicbrainz_recording_id": _Names(
        ("UFID:http://musicbrainz.org",),
        ("musicbrainz_trackid",),
        (f"{_ITUNES}MusicBrainz Track Id",),
        ("MusicBrainz/Track Id",),
    ),
    "musicbrainz_track_id": _Names(
        ("TXXX:MusicBrainz Release Track Id",),
        ("musicbrainz_releasetrackid",),
        (f"{_ITUNES}MusicBrainz Release Track Id",),
        ("MusicBrainz/Release Track Id",),
    ),
    "musicbrainz_album_id": _Names(
        ("TXXX:MusicBrainz Album Id",),
        ("musicbrainz_albumid",),
        (f"{_ITUNES}MusicBrainz Album Id",),
        ("MusicBrainz/Album Id",),
    ),
    "musicbrainz_artist_id": _Names(
        ("TXXX:MusicBrainz Artist Id",),
        ("musicbrainz_artistid",),
        (f"{_ITUNES}MusicBrainz Artist Id",),
        ("MusicBrainz/Artist Id",),
    ),
    "isrc": _Names(("TSRC",), ("isrc",), (f"{_ITUNES}ISRC",), ("WM/ISRC",)),
    "compilation": _Names(("TCMP",), ("compilation",), ("cpil",), ("WM/IsCompilation",)),
}

#: mutagen reads the ID3 tags of these alone, of AAC none, and other programs write APEv2 tags behind them.
_WITH_APE = (ID3FileType, AAC)

#: Names of pictures, in lower case.
_PICTURES = ("apic", "covr", "metadata_block_picture", "coverart", "cover art (front)", "wm/picture")


def read_metadata(path: str, *, shown_as: str | None = None) -> Metadata | None:
    """The names of the track at `path`; what its tags do not give comes from `shown_as`, or else from `path`.

    Folders name artist and album only in a path that is relative, as to the music folder; those of an absolute one are
    the machine's. None where the storage did not let the file be read: then its tags are still to be learned.
    """
    name = shown_as or path
    name = os.path.basename(name) if os.path.isabs(name) else name
    try:
        descriptor = open_regular_file(path)
    except (PermissionError, StreamBrokenError):
        return Metadata().completed(name)
    except OSError:
        return None
    try:
        return _tagged(descriptor).completed(name)
    except OSError:
        return None
    finally:
        close_read(descriptor)


def _tagged(descriptor: int) -> Metadata:
    """What the tags of an open file say.

    Raises
    ------
    OSError : it cannot be read.
    """
    os.pread(descriptor, 1, 0)  # the tag library takes an error of the storage for damage
    found = read_tags(descriptor)
    try:
        if found is None:
            tags, has_picture = read_without_pictures(descriptor)
            return _metadata_of([tags], has_picture=has_picture)
        ape = read_ape_tags(descriptor) if isinstance(found, _WITH_APE) else None
        return _metadata_of(_best_first(found.tags, ape), has_picture=bool(getattr(found, "pictures", ())))
    except OSError:
        raise
    except Exception:  # a value of a kind that no one expects in a damaged tag; names are no reason to lose a track
        return Metadata()


def _best_first(tags: Any, ape: Any) -> list[Any]:
    """Programs that write both keep ID3v2 up to date; ID3v1 cuts every text at 30 characters."""
    is_short = isinstance(tags, ID3) and tags.version[0] == 1
    return [ape, tags] if is_short else [tags, ape]


def _metadata_of(sources: list[Any], *, has_picture: bool) -> Metadata:
    """The names in several tags of one file; of each field those in the first that has any. None stands for no tag."""
    there = [tags for tags in sources if tags is not None]
    found = {name: _texts(names, there) for name, names in _FIELDS.items()}
    first = {name: next(filter(None, map(clean_text, values)), None) for name, values in found.items()}
    return Metadata(
        title=first["title"],
        artist=clean_text("; ".join(clean_texts(found["artist"]))),
        album_artist=clean_text("; ".join(clean_texts(found["album_artist"]))),
        album=first["album"],
        track=_number(first["track"]),
        disc=_number(first["disc"]),
        year=_year(found["year"]),
        genres=clean_texts(_genre(part) for text in found["genres"] for part in re.split(r"[;\x00]|\s/\s", text)),
        musicbrainz_recording_id=_uuid(first["musicbrainz_recording_id"]),
        musicbrainz_track_id=_uuid(first["musicbrainz_track_id"]),
        musicbrainz_album_id=_uuid(first["musicbrainz_album_id"]),
        musicbrainz_artist_id=_uuid(first["musicbrainz_artist_id"]),
        isrc=_isrc(first["isrc"]),
        compilation=None if first["compilation"] is None else first["compilation"].lower() in ("1", "true", "yes"),
        has_cover=has_picture
        or any(str(key).lower().startswith(_PICTURES) for tags in there for key in _all_keys(tags)),
    )


def _texts(names: _Names, sources: list[Any]) -> list[str]:
    """The texts of a field in the first of `sources` that says something."""
    for tags in sources:
        texts = _reader_for(tags)
        found = [text for key in _keys(names, tags) for text in texts(key)]
        if any(map(clean_text, found)):
            return found
    return []


def _keys(names: _Names, tags: Any) -> tuple[str, ...]:
    if isinstance(tags, ID3):
        return names.id3
    if isinstance(tags, MP4Tags):
        return names.mp4
    return names.asf if isinstance(tags, ASFTags) else names.comment


def _all_keys(tags: Any) -> Iterable[str]:
    return [key for key, _ in tags] if isinstance(tags, list) else list(tags.keys())


def _reader_for(tags: Any) -> Callable[[str], Iterable[str]]:
    """What gives the texts of a tag by its name, none where it is not there."""
    if isinstance(tags, ID3):
        return lambda name: _id3_texts(tags, name)
    if isinstance(tags, MP4Tags):
        return lambda name: map(_mp4_text, _as_list(tags.get(name)))
    if isinstance(tags, ASFTags):
        return lambda name: (str(value) for value in tags.get(name, ()))
    if isinstance(tags, APEv2):
        return lambda name: str(tags[name]).split("\0") if name in tags else ()
    return lambda name: tags.get(name, ())


def _id3_texts(tags: ID3, name: str) -> Iterable[str]:
    """mutagen keeps TXXX frames under the case in which they were written."""
    frame = tags.get(name)
    if frame is None and name.startswith("TXXX:"):
        frame = next((tags[key] for key in tags if key.lower() == name.lower()), None)
    if frame is None:
        return ()
    if name.startswith("UFID:"):
        return (frame.data[:100].decode("ascii", "replace"),)
    return frame.genres if name == "TCON" else map(str, frame.text)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _mp4_text(value: Any) -> str:
    if isinstance(value, bytes):
        return bytes(value[:4096]).decode("utf-8", "replace")
    return str(value[0]) if isinstance(value, tuple) else str(int(value) if isinstance(value, bool) else value)


def _number(text: str | None) -> int | None:
    """The number in "7", "07/12" or "7 of 12"; 0 says nothing."""
    digits = re.match(r"\d{1,4}(?!\d)", text or "", re.ASCII)
    return int(digits[0]) or None if digits and int(digits[0]) <= _MAX_NUMBER else None


def _genre(text: str) -> str:
    """A genre by its number in ID3v1, as "17" or "(17)", by its name; any other text as it is."""
    number = re.fullmatch(r"\s*(?:(\d{1,3})|\((\d{1,3})\))\s*", text, re.ASCII)
    place = int(number[1] or number[2]) if number else len(TCON.GENRES)
    return TCON.GENRES[place] if place < len(TCON.GENRES) else text


def _year(texts: Iterable[str]) -> int | None:
    return next((int(found[1]) for text in texts if (found := _YEAR.search(text[:100]))), None)


def _uuid(text: str | None) -> str | None:
    found = _UUID.search((text or "").lower())
    return found[0] if found else None


def _isrc(text: str | None) -> str | None:
    plain = (text or "").replace("-", "").upper()
    return plain if _ISRC.fullmatch(plain) else None
