"""The encoded audio of any file: by its first bytes, the module that knows its container.

Input: an open file. Output: an ``EncodedAudio``.
"""

from __future__ import annotations

from collections.abc import Callable

from playlista.decode.byte_search import peek
from playlista.decode.containers import Container, Identified, identify
from playlista.decode.encoded.asf import asf_audio
from playlista.decode.encoded.chunked import chunked_audio
from playlista.decode.encoded.mp4 import mp4_audio
from playlista.decode.encoded.ogg import ogg_audio
from playlista.decode.encoded.spans import EncodedAudio
from playlista.decode.encoded.tagged import flac_audio, mpeg_audio, tagged_audio

Parser = Callable[[int, Identified], EncodedAudio]

_PARSERS: dict[Container, Parser] = {
    Container.MPEG: mpeg_audio,
    Container.FLAC: flac_audio,
    Container.OGG: ogg_audio,
    Container.ASF: asf_audio,
    Container.AIFF: chunked_audio,
    Container.AU: chunked_audio,
    Container.CAF: chunked_audio,
    Container.WAV: chunked_audio,
    Container.RF64: chunked_audio,
    Container.W64: chunked_audio,
}


def encoded_audio(descriptor: int) -> EncodedAudio:
    """Where the encoded audio of an open file lies.

    Raises
    ------
    UnknownStructureError : that cannot be told.
    OSError : the file cannot be read.
    """
    file = identify(descriptor)
    parse = _PARSERS.get(file.container)
    return (parse or _by_magic(peek(descriptor, 8, file.start)))(descriptor, file)


def _by_magic(head: bytes) -> Parser:
    """The parser of a container that has no name of its own in ``containers``."""
    if head[4:] == b"ftyp":
        return mp4_audio
    return chunked_audio if head[:4] in {b"DSD ", b"FRM8"} else tagged_audio
