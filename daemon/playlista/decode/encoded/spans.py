"""The encoded audio of a file as spans of bytes, and the error of a structure in which they cannot be told.

Each module of this package knows one family of containers. Its function takes an open, identified file and gives an
``EncodedAudio``; it reads a few bytes at a time and keeps a few kilobytes, whatever the headers claim. Nothing is
decoded, no checksum is proven.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: First byte and the byte behind the last one.
Span = tuple[int, int]


class UnknownStructureError(Exception):
    """The encoded audio of this file cannot be told from the rest: damaged, cut, or a structure that is not known."""


@dataclass(frozen=True, slots=True)
class EncodedAudio:
    """What the sound of a file is decoded from.

    Attributes
    ----------
    kind : container, and the version of the rules by which its spans are chosen: "ogg/1".
    setup : what a decoder needs apart from the spans: rate, channels, the codec's own configuration.
    spans : in the order of the sound. They are read lazily, and finding the next one may raise
        ``UnknownStructureError`` or ``OSError``.
    """

    kind: str
    setup: bytes
    spans: Iterable[Span]
