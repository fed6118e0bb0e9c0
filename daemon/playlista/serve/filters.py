"""The parameters that say which tracks are meant: ranges, keys, tags, words.

Input: texts of a query. Output: values for a `TrackFilter`, or `BadRequestError` with a line for the client.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from playlista.library.track_filter import Range, TrackFilter
from playlista.serve.parameters import BadRequestError, Choice, Parameter, Repeated, Text
from playlista.tracks import Status

#: Tags that a filter may name.
MOST_TAGS = 8
#: Where only the name of a tag is given.
USUAL_ACTIVATION = 0.3

_NUMBER = r"-?[0-9]{1,6}(?:\.[0-9]{1,6})?"
#: "90-110", "-20..-10", "120-", "..-14", "120".
_RANGE = re.compile(rf"(?:(?P<one>{_NUMBER})|(?P<low>{_NUMBER})?(?:\.\.|-)(?P<high>{_NUMBER})?)")
_CAMELOT = re.compile(r"(1[0-2]|[1-9])[AB]", re.IGNORECASE)
_KEY = re.compile(r"(?P<tonic>[A-G])(?P<sign>[#b♯♭]?) ?(?P<scale>m|min|minor|maj|major|)")
_TAG = re.compile(r"(?P<name>[^<>=]{1,60}?)(?: ?>= ?(?P<activation>[01](?:\.[0-9]{1,6})?))?")
_PITCHES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SIGNS = {"#": 1, "♯": 1, "b": -1, "♭": -1, "": 0}


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Two numbers, both included, such as ``90-110`` or ``-20..-10``; either may be missing. One stands for itself."""

    def read(self, name: str, text: str | None) -> Range | None:
        """Lowest and highest, None where an end is open."""
        if text is None:
            return None
        found = _RANGE.fullmatch(text.strip())
        if found is None or not (found["one"] or found["low"] or found["high"]):
            raise BadRequestError(f"{name} is a range of numbers, such as 90-110, 90.. or -20..-10")
        if found["one"]:
            return float(found["one"]), float(found["one"])
        low, high = (None if one is None else float(one) for one in found.group("low", "high"))
        if low is not None and high is not None and low > high:
            raise BadRequestError(f"{name} begins above its end")
        return low, high

    def schema(self) -> dict[str, Any]:
        """The texts of ranges."""
        return {"type": "string", "description": "a range: 90-110, 90.., ..110 or -20..-10"}


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
        found = _TAG.fullmatch((text or "").strip())
        if found is None:
            raise BadRequestError(f"{name} is the name of a tag, or with its least activation such as jazz>=0.3")
        return found["name"], float(found["activation"] or USUAL_ACTIVATION)

    def schema(self) -> dict[str, Any]:
        """The texts of tags."""
        return {"type": "string", "description": "a tag, or with its least activation: jazz>=0.3"}


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
    "tag": Repeated(TagFloor(), MOST_TAGS),
    "format": Text(),
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
        tags=given["tag"],
        format=given["format"],
    )


def camelot_code(text: str) -> str | None:
    """The code of a key on the Camelot wheel, by its code or its name; None where it is neither.

    A fifth up is one step on: C major is 8B, G major 9B; a minor key has the number of its relative major.
    """
    if _CAMELOT.fullmatch(text):
        return text.upper()
    found = _KEY.fullmatch(text)
    if found is None:
        return None
    pitch = _PITCHES[found["tonic"]] + _SIGNS[found["sign"]]
    is_minor = found["scale"] in ("m", "min", "minor")
    number = ((pitch + (3 if is_minor else 0)) * 7 + 7) % 12 + 1
    return f"{number}{'A' if is_minor else 'B'}"
