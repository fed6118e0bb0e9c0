"""The parameters of the API: each has a name, a type and a range, and is read in one place.

Input: the query string of a request, as it came. Output: values that were checked, or `BadRequestError` with a line
for the client that says what is allowed. The value that was checked is the value that is used.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import parse_qs

from playlista.errors import PlaylistaError

#: Characters of a query string. A cursor for the longest path of Linux (PATH_MAX, 4,096 bytes) fits.
LONGEST_QUERY = 8192
#: Characters of a path, percent-decoded: PATH_MAX, and what the API has before it.
LONGEST_PATH = 4096 + 64
#: ``a=1&b=2`` has two fields.
MOST_FIELDS = 40
#: A number with more digits is refused before it is read.
MOST_DIGITS = 9
#: An id with more is none that SQLite could hold.
MOST_ID_DIGITS = 18

#: A cursor begins with this and has only letters, digits, "-" and "_" behind it. Every path in a library has a dot
#: before its suffix, so that a path, which version 0.1 gave as its cursor, is never taken for one.
_CURSOR = re.compile(r"~([A-Za-z0-9_-]*)")


class BadRequestError(PlaylistaError):
    """A query that cannot be answered; its text tells the client what is allowed."""


class UriTooLongError(PlaylistaError):
    """A path or a query that is longer than any that has an answer."""


class Parameter(Protocol):
    """How the text of one parameter is read."""

    def read(self, name: str, text: str | None) -> Any:
        """The value of `text`, or the default where that is None; raises `BadRequestError`."""

    def schema(self) -> dict[str, Any]:
        """What is allowed, as JSON Schema."""


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A whole number in ASCII digits from `low` to `high`; `default` when absent."""

    low: int
    high: int
    default: int

    def read(self, name: str, text: str | None) -> int:
        """The number."""
        if text is None:
            return self.default
        if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS:
            value = int(text)
            if self.low <= value <= self.high:
                return value
        raise BadRequestError(f"{name} is a whole number from {self.low} to {self.high}")

    def schema(self) -> dict[str, Any]:
        """Its range."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high, "default": self.default}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the words of `words`; None when absent."""

    words: type[StrEnum]

    def read(self, name: str, text: str | None) -> StrEnum | None:
        """The word, as a member of the enumeration."""
        try:
            return None if text is None else self.words(text)
        except ValueError:
            raise BadRequestError(f"{name} is one of {', '.join(self.words)}") from None

    def schema(self) -> dict[str, Any]:
        """Its words."""
        return {"type": "string", "enum": [word.value for word in self.words]}


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some words; `default` when absent."""

    words: tuple[str, ...]
    default: str | None = None

    def read(self, name: str, text: str | None) -> str | None:
        """The word."""
        if text is None:
            return self.default
        if text not in self.words:
            raise BadRequestError(f"{name} is one of {', '.join(self.words)}")
        return text

    def schema(self) -> dict[str, Any]:
        """Its words."""
        return {"type": "string", "enum": list(self.words)} | ({"default": self.default} if self.default else {})


@dataclass(frozen=True, slots=True)
class Text:
    """Any text of bounded length; None when absent or empty."""

    longest: int = 500

    def read(self, name: str, text: str | None) -> str | None:
        """The text."""
        if text is not None and len(text) > self.longest:
            raise BadRequestError(f"{name} has at most {self.longest} characters")
        return text or None

    def schema(self) -> dict[str, Any]:
        """Its length."""
        return {"type": "string", "maxLength": self.longest}


@dataclass(frozen=True, slots=True)
class TrackId:
    """The id of a track; None when absent."""

    def read(self, name: str, text: str | None) -> int | None:
        """The id."""
        if text is None:
            return None
        if not is_id(text):
            raise BadRequestError(f"{name} is the id of a track")
        return int(text)

    def schema(self) -> dict[str, Any]:
        """A number."""
        return {"type": "integer", "minimum": 1}


@dataclass(frozen=True, slots=True)
class TrackIds:
    """At most `most` ids of tracks, separated by commas; () when absent."""

    most: int

    def read(self, name: str, text: str | None) -> tuple[int, ...]:
        """The ids, in their order."""
        parts = [] if text is None else text.split(",")
        if len(parts) > self.most or not all(is_id(part) for part in parts):
            raise BadRequestError(f"{name} is a list of at most {self.most} ids of tracks, separated by commas")
        return tuple(map(int, parts))

    def schema(self) -> dict[str, Any]:
        """A text of numbers."""
        return {"type": "string", "description": f"at most {self.most} ids of tracks, separated by commas"}


@dataclass(frozen=True, slots=True)
class Repeated:
    """A parameter that may stand up to `most` times; all of them count."""

    one: Parameter
    most: int

    def read_all(self, name: str, texts: list[str]) -> tuple[Any, ...]:
        """Its values."""
        if len(texts) > self.most:
            raise BadRequestError(f"{name} may stand {self.most} times at most")
        return tuple(self.one.read(name, text) for text in texts)

    def schema(self) -> dict[str, Any]:
        """A list."""
        return {"type": "array", "items": self.one.schema(), "maxItems": self.most}


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the order of paths; "" (before the first) when absent.

    Takes what `cursor_at` made, and a plain path, which was the cursor of version 0.1.
    """

    def read(self, name: str, text: str | None) -> str:
        """The path behind which the page begins; surrogate escapes stand for bytes that are not UTF-8."""
        if text is None:
            return ""
        opaque = _CURSOR.fullmatch(text)
        path = text if opaque is None else _path_in(name, opaque[1])
        if len(os.fsencode(path)) > LONGEST_PATH:
            raise BadRequestError(f"{name} is a cursor, as `next` of the page before gave it")
        return path

    def schema(self) -> dict[str, Any]:
        """Any text."""
        return {"type": "string"}


def is_id(text: str) -> bool:
    """Whether `text` is a number that the id of a track can be."""
    return text.isascii() and text.isdigit() and len(text) <= MOST_ID_DIGITS


def cursor_at(path: str) -> str:
    """The opaque cursor of the page that begins behind `path`: plain ASCII, whatever bytes the path has."""
    return "~" + base64.urlsafe_b64encode(os.fsencode(path)).decode("ascii").rstrip("=")


def _path_in(name: str, digits: str) -> str:
    try:
        return os.fsdecode(base64.urlsafe_b64decode(digits + "=" * (-len(digits) % 4)))
    except (binascii.Error, ValueError):
        raise BadRequestError(f"{name} is a cursor, as `next` of the page before gave it") from None


def read_query(query: str, declared: Mapping[str, Parameter | Repeated]) -> dict[str, Any]:
    """A checked value for each name in `declared`; unknown names are passed over.

    Of a name that stands several times the last counts, unless it is `Repeated`.

    Raises
    ------
    BadRequestError, UriTooLongError : the query cannot be answered.
    """
    if len(query) > LONGEST_QUERY:
        raise UriTooLongError(f"the query is longer than {LONGEST_QUERY} characters")
    try:
        fields = parse_qs(query, errors="surrogateescape", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise BadRequestError(f"a query has at most {MOST_FIELDS} fields") from None
    return {name: _read(name, parameter, fields.get(name, [])) for name, parameter in declared.items()}


def _read(name: str, parameter: Parameter | Repeated, texts: list[str]) -> Any:
    if isinstance(parameter, Repeated):
        return parameter.read_all(name, texts)
    return parameter.read(name, texts[-1] if texts else None)
