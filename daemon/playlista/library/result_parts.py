"""The stored text of a result in its parts, without a look at what they mean.

Input: a stored text whose seal does not fit (``sealed_text``). Output: the text of each group and of each field of a
group, or None where the text does not have exactly the fields that this version writes, in its order: results of other
versions, and those that somebody changed. Of these an object has to be made, which knows what is missing and what is to
be left out.

One match of a regular expression is the check and the cut at once. It takes a tenth of the time of making objects and
writing these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields
from functools import cache

from playlista.errors import FailureReason
from playlista.tracks import Audio, Health, Loudness, MemoryUse, Rhythm, Spectral, Timings, Tonal, Vibenet

#: A text in JSON; then what has no bracket but inside of texts; then arrays and objects of two levels of brackets.
#: Quantifiers are possessive ("++", "*+"): nothing is tried in a second way, so that any text is read in one pass.
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_FLAT = rf'[^"\[\]{{}}]*+(?:{_STRING}[^"\[\]{{}}]*+)*+'
_ARRAYS = rf"{_FLAT}(?:\[{_FLAT}\]{_FLAT})*+"
_VALUE = rf'(?:[^"\[\]{{}},]++|{_STRING}|\[{_ARRAYS}\]|\{{{_ARRAYS}\}})'
_OBJECT = rf"\{{{_FLAT}\}}"
_NESTED = rf"(?:null|\{{{_FLAT}(?:\{{{_FLAT}\}}{_FLAT})*+\}})"

_GROUPS: dict[str, type] = {
    "audio": Audio,
    "rhythm": Rhythm,
    "tonal": Tonal,
    "loudness": Loudness,
    "spectral": Spectral,
    "health": Health,
    "vibenet": Vibenet,
    "timings": Timings,
    "memory": MemoryUse,
}
#: The fields of ``tagging`` without tags and embedding, which stand apart in the result object.
_TAGGING = ("patches", "padded", "runtime")
_REASONS = ("null", *(f'"{reason}"' for reason in FailureReason))
_CHAPTER = re.compile(rf'\{{"start_seconds": {_VALUE}, "end_seconds": {_VALUE}, "title": {_STRING}\}}')


def _group(name: str) -> str:
    return _named_object(name, (entry.name for entry in fields(_GROUPS[name])))


def _named_object(name: str, names: Iterable[str]) -> str:
    """`name` with an object of these fields, or null; what it holds is named ``name`` and ``name_field``."""
    inside = ", ".join(rf'"{field}": (?P<{name}_{field}>{_VALUE})' for field in names)
    return rf'"{name}": (?P<{name}>null|\{{{inside}\}})'


def _of(name: str, pattern: str) -> str:
    return f'"{name}": (?P<{name}>{pattern})'


@cache
def _result() -> re.Pattern[str]:
    """A whole result, in the order in which it is written, see ``Analysis.to_json`` and ``Store.record``.

    Compiled at its first use: that takes 40 ms, and a process that meets no such text need not wait for it.
    """
    parts = (
        rf'(?P<head>"status": (?P<status>{_STRING}), {_of("reason", "|".join(_REASONS))}, {_of("detail", _VALUE)}',
        *map(_group, ("audio", "rhythm", "tonal", "loudness", "spectral")),
        f"{_group('health')})",
        _group("vibenet"),
        _of("versions", _OBJECT),
        rf'(?P<middle>"settings": \{{(?:"\w+": {_OBJECT}(?:, (?=")|(?=\}})))*+\}}',
        _group("timings"),
        _group("memory"),
        _of("music_hash", _VALUE),
        rf'"chapters": \[(?:{_OBJECT}(?:, (?=\{{)|(?=\])))*+\])',
        rf'(?:"mood": {_NESTED}, )?{_of("tags", rf"null|{_OBJECT}")}',
        _named_object("tagging", _TAGGING),
    )
    return re.compile(r"\{" + ", ".join(parts) + r'(?:, "seal": "[0-9a-f ]*+")?\}')


class ResultParts:
    """The parts of one result, each as it is written in JSON; None for a field of a group that is null."""

    __slots__ = ("_found",)

    def __init__(self, found: re.Match[str]) -> None:
        self._found = found

    def __getitem__(self, name: str) -> str:
        """A part that every result has: a group, or ``head`` (from the status to ``health``) or ``middle``."""
        return self._found[name]

    def of(self, *names: str) -> tuple[str | None, ...]:
        """Several fields at once, each by the names of group and field, such as ``audio_channels``."""
        return self._found.group(*names)


def parts_of(text: str) -> ResultParts | None:
    """The parts of a result; None where it has to be read as an object."""
    found = _result().fullmatch(text)
    if found is None or (found["tags"] == "null") != (found["tagging"] == "null"):
        return None
    if '"chapters": []' not in found["middle"] and not _has_known_chapters(found["middle"]):
        return None
    return ResultParts(found)


def _has_known_chapters(middle: str) -> bool:
    chapters = middle[middle.rindex('"chapters": [') + len('"chapters": [') : -1]
    return _CHAPTER.sub("", chapters).replace(", ", "") == ""
