"""What a file is, by its first bytes: names and extensions lie more often than magic numbers do.

Input: an open file. Output: its container and where that starts behind tags and zeros that were put in front. Nothing
is decoded and no length is believed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum, auto

from playlista.decode.byte_search import behind_zeros, find_sound, peek
from playlista.decode.mpeg_header import mpeg_frame_length

_HEAD_BYTES = 4096
_MAX_LEADING_TAGS = 8
_ID3_HEADER_BYTES = 10
_APE_HEADER_BYTES = 32


class Container(Enum):
    """Kinds of file that are told apart; each that is not UNKNOWN is expected to hold sound."""

    UNKNOWN = auto()
    WAV = auto()
    RF64 = auto()
    W64 = auto()
    AIFF = auto()
    FLAC = auto()
    OGG = auto()
    MPEG = auto()
    ADTS = auto()
    AU = auto()
    CAF = auto()
    ASF = auto()
    OTHER = auto()


#: Containers whose samples or frames lie in order in the file, so that a mapping can be given back behind the cursor.
MAPPABLE = frozenset({Container.WAV, Container.RF64, Container.W64, Container.AIFF, Container.FLAC})
WAVES = frozenset({Container.WAV, Container.RF64, Container.W64})
#: All readers look behind one ID3v2 tag in front of these. Of others libsndfile ends some early, by the bytes of the
#: tag, and ffmpeg goes to places that count from the start of the container and not of the file.
_READ_BEHIND_ID3V2 = frozenset({Container.MPEG, Container.FLAC})

_W64_GUID = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_MAGICS: tuple[tuple[int, bytes, Container], ...] = (
    (0, b"RF64", Container.RF64),
    (0, b"BW64", Container.RF64),
    (0, _W64_GUID, Container.W64),
    (0, b"fLaC", Container.FLAC),
    (0, b"OggS", Container.OGG),
    (4, b"ftyp", Container.OTHER),  # MP4, M4A, MOV
    (0, bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), Container.ASF),  # WMA
    (0, b"MAC ", Container.OTHER),  # Monkey's Audio
    (0, b"wvpk", Container.OTHER),  # WavPack
    (0, b"DSD ", Container.OTHER),  # DSF
    (0, b"FRM8", Container.OTHER),  # DSDIFF
    (0, b"MP+", Container.OTHER),  # Musepack 7
    (0, b"MPCK", Container.OTHER),  # Musepack 8
    (0, b"TTA", Container.OTHER),
    (0, b"tBaK", Container.OTHER),  # TAK
    (0, b"ajkg", Container.OTHER),  # Shorten
    (0, bytes.fromhex("1a45dfa3"), Container.OTHER),  # Matroska, WebM
    (0, b".snd", Container.AU),
    (0, b"caff", Container.CAF),
    (0, b"#!AMR", Container.OTHER),
    (0, b"\x0b\x77", Container.OTHER),  # AC-3
    (0, bytes.fromhex("7ffe8001"), Container.OTHER),  # DTS
    (0, b".RMF", Container.OTHER),
    (0, b"TWIN", Container.OTHER),  # VQF
    (4, bytes.fromhex("57907536"), Container.OTHER),  # Audible
    (0, b"FLV\x01", Container.OTHER),
    (0, b"Creative Voice File", Container.OTHER),
)
_FORMS: dict[tuple[bytes, bytes], Container] = {
    (b"RIFF", b"WAVE"): Container.WAV,
    (b"RIFX", b"WAVE"): Container.WAV,
    (b"FORM", b"AIFF"): Container.AIFF,
    (b"FORM", b"AIFC"): Container.AIFF,
    (b"RIFF", b"AVI "): Container.OTHER,
    (b"FORM", b"8SVX"): Container.OTHER,
}


@dataclass(frozen=True, slots=True)
class Identified:
    """A file, or a part of one, by its content.

    Attributes
    ----------
    start : byte at which the container begins, behind ID3v2 and APEv2 tags and zeros.
    size : byte at which it ends: the size of the file, or the start of the next part.
    tags_only : whether nothing but tags and padding was found.
    tag_is_cut : whether a tag claims more bytes than the file has, and no sound was found behind its head.
    is_part : whether a reader must see the bytes from `start` to `size` alone: what is in front of them, or behind,
        would lead it astray.
    """

    container: Container
    start: int
    size: int
    tags_only: bool
    tag_is_cut: bool = False
    is_part: bool = False


def identify(descriptor: int) -> Identified:
    """Look at the first bytes of an open file.

    Raises
    ------
    OSError : it cannot be read.
    """
    size = os.fstat(descriptor).st_size
    start, tags_end, is_cut = _behind_padding(descriptor, size)
    # Hardly any reader looks behind a second tag, or one of another kind.
    has_odd_tags = tags_end != _id3v2_bytes(peek(descriptor, _ID3_HEADER_BYTES, 0))
    if is_cut:
        found = find_sound(descriptor, start, size)
        if found is None:
            return Identified(Container.UNKNOWN, start, size, tags_only=False, tag_is_cut=True)
        return identify_part(descriptor, found, size)
    part = identify_part(descriptor, start, size)
    is_astray = start > tags_end or has_odd_tags or part.container not in _READ_BEHIND_ID3V2
    if start > 0 and is_astray and part.container is not Container.UNKNOWN:
        return part
    head = peek(descriptor, _HEAD_BYTES, tags_end)
    container = _container_of(head)
    tags_only = tags_end > 0 and container is Container.UNKNOWN and _is_padding(head, size - tags_end)
    return Identified(container, tags_end, size, tags_only)


def identify_part(descriptor: int, start: int, end: int) -> Identified:
    """The bytes from `start` to `end` as a file of their own.

    Raises
    ------
    OSError : they cannot be read.
    """
    container = _container_of(peek(descriptor, min(_HEAD_BYTES, end - start), start))
    return Identified(container, start, end, tags_only=False, is_part=True)


def _behind_padding(descriptor: int, size: int) -> tuple[int, int, bool]:
    """(where the tags and zeros at the start end, where the first tags without zeros end, whether a tag is cut).

    Zeros are padding only where nothing is known that begins with them, as MP4 does. A cut tag claims to go on behind
    the end of the file; the first position is then where its head ends.
    """
    position, tags_end = 0, None
    for _ in range(_MAX_LEADING_TAGS):
        head = peek(descriptor, _APE_HEADER_BYTES, position)
        length = tag_length(head)
        if position + length > size:
            return position + _ID3_HEADER_BYTES, 0, True
        if length:
            position += length
            continue
        tags_end = position if tags_end is None else tags_end
        start = position if _container_of(head) is not Container.UNKNOWN else behind_zeros(descriptor, position, size)
        if start == position:
            break
        position = start
    return position, position if tags_end is None else tags_end, False


def tag_length(head: bytes) -> int:
    """Bytes of the tag that starts with `head`; 0 where it is no tag."""
    if head[:8] == b"APETAGEX" and len(head) >= _APE_HEADER_BYTES:
        return _APE_HEADER_BYTES + int.from_bytes(head[12:16], "little")
    return _id3v2_bytes(head)


def _id3v2_bytes(head: bytes) -> int:
    """Bytes of the ID3v2 tag that starts with `head` (ID3v2.4, section 3.1); 0 where it is none."""
    if head[:3] != b"ID3" or len(head) < _ID3_HEADER_BYTES:
        return 0
    has_footer = bool(head[5] & 0x10)
    body = (head[6] & 0x7F) << 21 | (head[7] & 0x7F) << 14 | (head[8] & 0x7F) << 7 | head[9] & 0x7F
    return _ID3_HEADER_BYTES + body + (_ID3_HEADER_BYTES if has_footer else 0)


def _container_of(head: bytes) -> Container:
    form = _FORMS.get((head[:4], head[8:12]))
    if form:
        return form
    for offset, magic, container in _MAGICS:
        if head[offset : offset + len(magic)] == magic:
            return container
    if is_adts_header(head):
        return Container.ADTS
    length = mpeg_frame_length(head)
    # One header can be chance (a text in UTF-16 starts like one); a second one where the first says it is cannot.
    if length is not None and (len(head) < length + 4 or mpeg_frame_length(head[length:]) is not None):
        return Container.MPEG
    return Container.UNKNOWN


def is_adts_header(head: bytes) -> bool:
    """Whether AAC in ADTS starts here: sync word, layer 0, a sampling frequency that exists."""
    return len(head) >= 7 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0 and (head[2] >> 2) & 0xF < 13


def _is_padding(head: bytes, length: int) -> bool:
    """Whether what follows the tags is nothing, zeros, or the tags that belong to the end of a file."""
    return length == 0 or not head.strip(b"\0") or head.startswith((b"TAG", b"LYRICSBEGIN"))
