"""The parameters that say which tracks are meant: ranges, keys, tags, moods, words.

Input: texts of a query. Output: values for a `TrackFilter`, or `BadRequestError` with a line for the client.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playlista.library.filter_texts import camelot_code, mood_floor, number_range, share_range, tag_floor
from playlista.library.track_filter import FilterError, Range, TrackFilter
from playlista.serve.parameters import BadRequestError, Choice, Parameter, Repeated, Text
from playlista.tracks import Status
from playlista.tracks.findings import Finding
from playlista.tracks.mood import MOODS

#: Tags that a filter may name.
MOST_TAGS = 8


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Two numbers, both included, such as ``90-110`` or ``-20..-10``; either may be missing. One stands for itself."""

    #: Of values from 0 to 1.
    of_shares: bool = False

    def read(self, name: str, text: str | None) -> Range | None:
        """Lowest and highest, None where an end is open."""
        if text is None:
            return None
        try:
            return share_range(text) if self.of_shares else number_range(text)
        except FilterError as error:
            raise BadRequestError(f"{name} {error}") from error

    def schema(self) -> dict[str, Any]:
        """The texts of ranges."""
        examples = "within 0..1: 0.7.., ..0.3 or 0.2..0.5" if self.of_shares else "90-110, 90.., ..110 or -20..-10"
        return {"type": "string", "description": f"a range: {examples}"}


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys by Camelot codes or names, separated by commas: ``8A,9A`` or ``Am,C``."""

    def read(self, name: str, text: str | None) -> tuple[str, ...]:
        """Camelot codes."""
        codes = [camelot_code(part.strip()) for part in (text or "").split(",") if part.strip()]
        if None in codes or len(codes) > 24:
            raise BadRequestError(f"{name} is a list of keys, such as 8A,9A or Am,C")
        return tuple(code for code in codes if code is not None)

    def schema(self) -> dict[str, Any]:
        """The texts of keys."""
        return {"type": "string", "description": "Camelot codes or names of keys, separated by commas: 8A,9A or Am,C"}


@dataclass(frozen=True, slots=True)
class TagFloor:
    """A MusiCNN tag and its least activation: ``jazz>=0.3``; ``jazz`` alone stands for 0.3."""

    def read(self, name: str, text: str | None) -> tuple[str, float]:
        """Name and activation."""
        try:
            return tag_floor(text or "")
        except FilterError as error:
            raise BadRequestError(f"{name} {error}") from error

    def schema(self) -> dict[str, Any]:
        """The texts of tags."""
        return {"type": "string", "description": "a tag, or with its least activation: jazz>=0.3"}


@dataclass(frozen=True, slots=True)
class MoodFloor:
    """A mood and its least value: ``calm>=0.9``; ``calm`` alone stands for 0.8."""

    def read(self, name: str, text: str | None) -> tuple[str, float]:
        """Name and value."""
        try:
            return mood_floor(text or "")
        except FilterError as error:
            raise BadRequestError(f"{name} {error}") from error

    def schema(self) -> dict[str, Any]:
        """The texts of moods."""
        return {"type": "string", "description": f"one of {', '.join(MOODS)}, or with its least value: calm>=0.9"}


#: The parameters of a filter.
FILTERS: dict[str, Parameter | Repeated] = {
    "status": Choice(Status),
    "q": Text(),
    "artist": Text(),
    "album": Text(),
    "genre": Text(),
    "year": NumberRange(),
    "bpm": NumberRange(),
    "key": Keys(),
    "loudness": NumberRange(),
    "duration": NumberRange(),
    "energy": NumberRange(of_shares=True),
    "voice": NumberRange(of_shares=True),
    "mood": Repeated(MoodFloor(), MOST_TAGS),
    "tag": Repeated(TagFloor(), MOST_TAGS),
    "format": Text(),
    "health": Repeated(Choice(Finding), len(Finding)),
}


def filter_in(given: dict[str, Any]) -> TrackFilter:
    """The filter that checked parameters describe."""
    return TrackFilter(
        status=given["status"],
        text=given["q"],
        artist=given["artist"],
        album=given["album"],
        genre=given["genre"],
        year=given["year"],
        bpm=given["bpm"],
        camelot=given["key"],
        loudness=given["loudness"],
        duration=given["duration"],
        energy=given["energy"],
        voice=given["voice"],
        moods=given["mood"],
        tags=given["tag"],
        format=given["format"],
        health=tuple(one.value for one in given["health"]),
    )
