"""What a track is called: title, artist, album and the like, from its tags or else from its path.

Input: texts as a tag library gives them, and the path of a file. Output: a `Metadata` whose texts are bounded, valid
Unicode and without control characters. No file is opened here; ``decode.metadata`` reads the tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

#: Longest text that is kept, in characters, and most genres of a track.
MAX_TEXT = 500
MAX_GENRES = 16

#: C0 and C1 controls, and the separators that begin a new line.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATES = re.compile(r"[\ud800-\udfff]")

#: "1-01 - Title", "01. Title", "07-title": disc, track and a separator; or "01 Title" with a zero in front.
_NUMBERED = re.compile(r"^(?:(?P<disc>\d{1,2})[-.](?=\d))?(?P<track>\d{1,3})(?:\s*[-._)]\s*|(?<=0\d)\s+)(?=\S)")
#: In the folder of an album also "10 Title".
_NUMBERED_IN_ALBUM = re.compile(r"^(?:(?P<disc>\d{1,2})[-.](?=\d))?(?P<track>\d{1,3})(?:\s*[-._)]\s*|\s+)(?=\S)")
_DASH = re.compile(r"\s+[-\u2013\u2014]\s+")
#: The name of a folder that holds one disc of an album.
DISC_FOLDER = re.compile(r"^(?:disc|disk|cd)\s*(\d{1,2})\b", re.I)


@dataclass(frozen=True, slots=True)
class Metadata:
    """The names of a track; None where unknown.

    ``track`` and ``disc`` are numbers from 1, ``year`` is that of the release or recording. The MusicBrainz ids are
    UUIDs in lower case; of several artists the first. ``from_path`` names the fields that were taken from the path
    because the tags do not give them.
    """

    title: str | None = None
    artist: str | None = None
    album_artist: str | None = None
    album: str | None = None
    track: int | None = None
    disc: int | None = None
    year: int | None = None
    genres: tuple[str, ...] = ()
    musicbrainz_recording_id: str | None = None
    musicbrainz_track_id: str | None = None
    musicbrainz_album_id: str | None = None
    musicbrainz_artist_id: str | None = None
    isrc: str | None = None
    compilation: bool | None = None
    has_cover: bool | None = None
    from_path: tuple[str, ...] = ()

    def completed(self, path: str) -> Metadata:
        """The same with what is missing taken from `path`.

        A title is always found. Artist and album come from the path only where the tags give neither of them, since
        half of one and half of the other would often be wrong.
        """
        known = self.title, self.artist, self.album_artist, self.album
        found = _from_path(path)
        if any(known):
            found = {} if self.title else {"title": found["title"]}
        missing = {name: value for name, value in found.items() if value is not None and getattr(self, name) is None}
        return replace(self, **missing, from_path=tuple(missing))  # type: ignore[arg-type] # names and types of fields


def clean_text(text: str) -> str | None:
    """`text` in one line of bounded length and valid Unicode; None where nothing is left of it.

    Marks of writing direction stay, since names in Arabic and Hebrew need them; who shows the text isolates it.
    """
    line = _CONTROLS.sub(" ", _SURROGATES.sub("\ufffd", text[: 4 * MAX_TEXT]))
    return " ".join(line.split())[:MAX_TEXT].rstrip() or None


def clean_texts(texts: Iterable[str]) -> tuple[str, ...]:
    """The first few of `texts`, cleaned, each once."""
    cleaned = dict.fromkeys(filter(None, map(clean_text, texts)))
    return tuple(cleaned)[:MAX_GENRES]


def _from_path(path: str) -> dict[str, str | int | None]:
    """Names out of "Artist/Album/01 Title.mp3", "Artist/Album/CD 2/01 Title.mp3" or "Artist - Title.mp3"."""
    *folders, name = path.strip("/").split("/")
    stem = name.rpartition(".")[0] or name
    stem = stem if " " in stem else stem.replace("_", " ")
    disc = DISC_FOLDER.match(folders[-1]) if folders else None
    folders = folders[:-1] if disc else folders
    number = (_NUMBERED_IN_ALBUM if len(folders) > 1 else _NUMBERED).match(stem)
    title = stem[number.end() :] if number else stem
    found: dict[str, str | int | None] = {
        "artist": clean_text(folders[-2]) if len(folders) > 1 else None,
        "album": clean_text(folders[-1]) if len(folders) > 1 else None,
        "track": (int(number["track"]) or None) if number else None,
        "disc": int((disc and disc[1]) or (number and number["disc"]) or 0) or None,
    }
    parts = _DASH.split(title, maxsplit=1)
    if len(parts) == 2 and (found["artist"] is None or clean_text(parts[0]) == found["artist"]):
        found["artist"], title = clean_text(parts[0]), parts[1]
    return {"title": clean_text(title) or clean_text(name) or "?", **found}
