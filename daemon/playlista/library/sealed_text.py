"""The text of a result as it is stored, with a seal that says that it can be passed on as it is.

Input: a result, when it is recorded; later the stored text. Output: the text; and its sections, between which goes what
is stored elsewhere. The seal is a checksum of the text and of the names of all fields that this version writes. Where
it fits, the text has exactly these fields in their order and was not changed since, so that nothing in it has to be
looked at. Texts without a seal, and those of other versions, are read by ``result_parts`` or as objects.

The mood, which follows from the rest, is stored with it; another `MOOD_VERSION` breaks the seal.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

from playlista.tracks import Analysis
from playlista.tracks.metadata import Metadata
from playlista.tracks.mood import MOOD_VERSION, Mood
from playlista.tracks.result import GROUP_TYPES, Chapter

#: Fields of the result object that have columns and tables of their own.
_STORED_ELSEWHERE = ("path", "metadata", "embedding", "fingerprint")
#: The seal: the places where `Sections` begin, but for the first; then the checksum of all in front of it.
_SEAL = b', "seal": "'
_LONGEST_SEAL = 64
_END = b'"}'
_CHECKSUM_CHARACTERS = len(b"01234567" + _END)


class Sections(NamedTuple):
    """A sealed text in pieces, in ASCII, each from ", " on but for the first.

    head : from the status to ``health``. middle : from ``vibenet`` to ``chapters``. mood_and_tags, tagging : these.
    """

    head: bytes
    middle: bytes
    mood_and_tags: bytes
    tagging: bytes

    @property
    def has_tags(self) -> bool:
        """Whether the network was asked; there is an embedding then."""
        return not self.tagging.endswith(b"null")


def text_to_store(analysis: Analysis) -> str:
    """The text of a result, without what is stored elsewhere.

    Raises
    ------
    ValueError : a number in it is not finite, which JSON cannot hold.
    """
    document = analysis.to_json()
    for name in _STORED_ELSEWHERE:
        del document[name]
    return _sealed(json.dumps(document, allow_nan=False)[:-1])


def _sealed(body: str) -> str:
    middle = body.index(', "vibenet": ')
    places = (middle, *(_last(body, name, middle) for name in ("mood", "tags", "tagging")))
    covered = body.encode() + _SEAL + f"{' '.join(map(str, places))} ".encode()
    return (covered + _checksum(covered) + _END).decode()


def _last(body: str, name: str, start: int) -> int:
    """Where the last field `name` begins that is a group.

    A quotation mark inside of a text has a backslash in front, so that only names of fields are found. Versions and
    tags of the same name are numbers, and settings of it come before.
    """
    place = body.rfind(f', "{name}": {{', start)
    return body.rindex(f', "{name}": null', start) if place < 0 else place


def sections_of(text: str) -> Sections | None:
    """The sections of a stored text; None where its seal is missing or does not fit."""
    written = text.encode(errors="surrogatepass")
    covered = written[:-_CHECKSUM_CHARACTERS]
    if written[-_CHECKSUM_CHARACTERS:] != _checksum(covered) + _END:
        return None
    _, seal, numbers = covered[-_LONGEST_SEAL:].rpartition(_SEAL)
    middle, mood, _tags, tagging = map(int, numbers.split())
    end = len(covered) - len(seal) - len(numbers)
    return Sections(covered[1:middle], covered[middle:mood], covered[mood:tagging], covered[tagging:end])


def _checksum(covered: bytes) -> bytes:
    return b"%08x" % zlib.crc32(covered, _FORM)


def _form() -> int:
    """A number of the fields that this version writes, in their order."""
    groups = {"": Analysis, **GROUP_TYPES, "metadata": Metadata, "mood": Mood, "chapters": Chapter}
    names: dict[str, Any] = {
        name: [entry.name for entry in fields(kind)] for name, kind in groups.items() if is_dataclass(kind)
    }
    return zlib.crc32(json.dumps([names, MOOD_VERSION]).encode())


_FORM = _form()
