"""The channel layout that a file read by libsndfile states: masks in WAV and FLAC, the fixed orders of Ogg.

Input: an open file whose container and number of channels are known. Output: a ``ChannelLayout``. Files that ffmpeg
decodes are not looked at here, since ffmpeg says their layout.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from itertools import islice

from playlista.decode.byte_search import peek
from playlista.decode.containers import WAVES, Container, Identified
from playlista.decode.layouts import (
    UNKNOWN,
    ChannelLayout,
    default_layout,
    flac_layout,
    mask_layout,
    vorbis_layout,
)
from playlista.decode.wave_header import channel_mask, riff_chunks

_FLAC_VORBIS_COMMENT = 4
_MAX_BLOCKS = 1000
#: Comments are read this far; the mask is written in front of what people add.
_MAX_COMMENT_BYTES = 256 * 1024
#: The channel mask of a FLAC file, hexadecimal or decimal: RFC 9639 section 8.6.2.
_FLAC_MASK = re.compile(rb"WAVEFORMATEXTENSIBLE_CHANNEL_MASK=(0[xX][0-9a-fA-F]{1,8}|\d{1,10})", re.IGNORECASE)
_OPUS_HEAD_BYTES = 512
_OPUS_FAMILY_BYTE = 18
_ORDERED_FAMILIES = frozenset({0, 1})


def stated_layout(descriptor: int, file: Identified, channels: int) -> ChannelLayout:
    """Positions of the channels of a file in the order in which libsndfile delivers them.

    Parameters
    ----------
    descriptor : the open file.
    file : what it was identified as.
    channels : as decoded, at least 1.

    Raises
    ------
    OSError : the file cannot be read.
    """
    if channels <= 2:
        return default_layout(channels)
    if file.container is Container.FLAC:
        return mask_layout(flac_mask(descriptor, file), channels) or flac_layout(channels)
    if file.container is Container.OGG:
        return vorbis_layout(channels) if _has_vorbis_order(descriptor, file) else UNKNOWN
    stated = mask_layout(channel_mask(descriptor, file), channels) if file.container in WAVES else UNKNOWN
    return stated or default_layout(channels)


def states_apple_layout(descriptor: int, file: Identified) -> bool:
    """Whether this is an AIFF or CAF file of more than two channels, whose ``CHAN`` chunk only ffmpeg understands.

    Raises
    ------
    OSError : the file cannot be read.
    """
    if file.container is Container.CAF:
        head = peek(descriptor, 48, file.start)  # "caff", version, then "desc" with its size and eight fields
        return len(head) == 48 and struct.unpack_from(">I", head, 44)[0] > 2
    if file.container is Container.AIFF:
        return _aiff_channels(descriptor, file) > 2
    return False


def _aiff_channels(descriptor: int, file: Identified) -> int:
    for name, body, _length in islice(riff_chunks(descriptor, file.start, ">"), _MAX_BLOCKS):
        if name == b"COMM":
            return int.from_bytes(peek(descriptor, 2, body), "big")
    return 0


def flac_mask(descriptor: int, file: Identified) -> int:
    """The channel mask in the comments of a FLAC file; 0 where there is none.

    Raises
    ------
    OSError : the file cannot be read.
    """
    for kind, body, length in islice(_flac_blocks(descriptor, file.start), _MAX_BLOCKS):
        if kind == _FLAC_VORBIS_COMMENT:
            found = _FLAC_MASK.search(peek(descriptor, min(length, _MAX_COMMENT_BYTES), body))
            return int(found[1], 0) if found else 0
    return 0


def _flac_blocks(descriptor: int, start: int) -> Iterator[tuple[int, int, int]]:
    """(kind, position of the body, length) of each metadata block of a FLAC file."""
    position = start + 4
    while len(head := peek(descriptor, 4, position)) == 4:
        length = int.from_bytes(head[1:], "big")
        yield head[0] & 0x7F, position + 4, length
        if head[0] & 0x80:
            return
        position += 4 + length


def _has_vorbis_order(descriptor: int, file: Identified) -> bool:
    """Whether the channels have the order of Vorbis: all but those of Opus whose mapping family gives them no meaning.

    RFC 7845 section 5.1.1.
    """
    head = peek(descriptor, _OPUS_HEAD_BYTES, file.start)
    found = head.find(b"OpusHead")
    family = head[found + _OPUS_FAMILY_BYTE : found + _OPUS_FAMILY_BYTE + 1]
    return found < 0 or not family or family[0] in _ORDERED_FAMILIES
