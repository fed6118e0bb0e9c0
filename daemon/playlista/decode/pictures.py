"""The picture that a file carries in its tags, within bounds.

Input: an open file. Output: the front cover, or the first picture, as the bytes of a JPEG, PNG or WebP file; None where
there is none, where it is too large, or where it is of another kind. What a tag says of its kind is not believed.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mutagen.flac import Picture as FlacPicture

from playlista.decode.tag_reading import read_tags

#: Larger pictures are no covers.
LARGEST_BYTES = 8 * 2**20
#: ID3's and FLAC's number of a front cover.
_FRONT_COVER = 3


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as a browser takes it: its media type and its bytes."""

    kind: str
    content: bytes


def read_picture(descriptor: int) -> Picture | None:
    """The picture of an open file."""
    try:
        found = sorted(_pictures(read_tags(descriptor)), key=lambda one: one[0] != _FRONT_COVER)
    except Exception:  # tags of any shape: mutagen's objects raise whatever a damaged one makes them
        return None
    kinds = ((kind_of(content), content) for _, content in found if len(content) <= LARGEST_BYTES)
    return next((Picture(kind, content) for kind, content in kinds if kind is not None), None)


def kind_of(content: bytes) -> str | None:
    """The media type of a picture by its first bytes, None for what is none of ours."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def _pictures(found: Any) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each picture: FLAC, Vorbis comments, ID3, MP4, APEv2, ASF."""
    for picture in getattr(found, "pictures", None) or ():
        yield picture.type, picture.data
    tags = getattr(found, "tags", None)
    if tags is None:
        return
    if hasattr(tags, "getall"):
        yield from ((frame.type, frame.data) for frame in tags.getall("APIC"))
        return
    for text in _values(tags, "metadata_block_picture"):
        try:
            picture = FlacPicture(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            continue
        yield picture.type, picture.data
    yield from ((_FRONT_COVER, bytes(content)) for content in _values(tags, "covr"))
    yield from ((_FRONT_COVER, _behind_name(one.value)) for one in _values(tags, "Cover Art (Front)"))
    for attribute in _values(tags, "WM/Picture"):
        yield _of_asf(attribute.value)


def _values(tags: Any, name: str) -> list[Any]:
    try:
        found = tags[name]
    except (KeyError, ValueError):
        return []
    return found if isinstance(found, list) else [found]


def _behind_name(value: bytes) -> bytes:
    """An APEv2 picture has the name of its file before it."""
    return value.partition(b"\0")[2]


def _of_asf(value: bytes) -> tuple[int, bytes]:
    """WM_PICTURE: a byte for its number, four for its size, type and description in UTF-16, each ended by a zero."""
    size = int.from_bytes(value[1:5], "little")
    return value[0], value[len(value) - size :]
