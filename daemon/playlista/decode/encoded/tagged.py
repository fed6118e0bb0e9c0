"""Streams with nothing but tags around them: MP3, FLAC, AAC, Monkey's Audio, WavPack, TTA, Musepack and their kin.

Input: an open file whose container is known. Output: one span, from behind the tags, metadata blocks and the info frame
in front of the stream to the tags and zeros behind it.
"""

from __future__ import annotations

from playlista.decode.byte_search import peek
from playlista.decode.containers import Container, Identified
from playlista.decode.encoded.spans import EncodedAudio, UnknownStructureError
from playlista.decode.layout_headers import flac_mask
from playlista.decode.mpeg_header import parse_mpeg_header
from playlista.decode.trailing_tags import sound_end

#: Formats without a structure of their own for tags: programs put ID3v2 in front, APEv2 or ID3v1 behind. By magic.
_TAGGED_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"MAC ", "ape/1"),
    (b"wvpk", "wavpack/1"),
    (b"TTA", "tta/1"),
    (b"MP+", "musepack/1"),
    (b"MPCK", "musepack/1"),
    (b"tBaK", "tak/1"),
    (b"#!AMR", "amr/1"),
    (b"\x0b\x77", "ac3/1"),
    (bytes.fromhex("7ffe8001"), "dts/1"),
)
_LONGEST_MAGIC_BYTES = 5
_MAX_METADATA_BLOCKS = 1000
_FLAC_STREAMINFO = 0
_INFO_FRAME_BYTES = 2048
#: Where a VBRI header stands in the first frame, and where a Xing or Info header may, by MPEG version and channels.
_VBRI_OFFSET = 36
_XING_OFFSETS = {(True, False): 36, (True, True): 21, (False, False): 21, (False, True): 13}


def tagged_audio(descriptor: int, file: Identified) -> EncodedAudio:
    """The stream of a format that knows no tags.

    Raises
    ------
    UnknownStructureError : it is none of these formats.
    OSError : the file cannot be read.
    """
    if file.container is Container.ADTS:
        return EncodedAudio("aac/1", b"", [_within(descriptor, file, file.start)])
    magic = peek(descriptor, _LONGEST_MAGIC_BYTES, file.start)
    for begin, kind in _TAGGED_KINDS:
        if magic.startswith(begin):
            return EncodedAudio(kind, b"", [_within(descriptor, file, file.start)])
    raise UnknownStructureError


def mpeg_audio(descriptor: int, file: Identified) -> EncodedAudio:
    """The frames of an MP3 or MP2 without an info frame, which says how long the others are and holds no sound.

    Encoders write it, and programs that repair lengths write it anew. What it says of the encoder's delay is left out
    as well: it moves the sound by some milliseconds.

    Raises
    ------
    UnknownStructureError : no frame is there.
    OSError : the file cannot be read.
    """
    head = peek(descriptor, _INFO_FRAME_BYTES, file.start)
    header = parse_mpeg_header(head)
    if header is None:
        raise UnknownStructureError
    xing = _XING_OFFSETS[header.is_mpeg1, header.is_mono]
    is_info = head[xing : xing + 4] in {b"Xing", b"Info"} or head[_VBRI_OFFSET : _VBRI_OFFSET + 4] == b"VBRI"
    skipped = header.frame_bytes or 0 if is_info else 0
    return EncodedAudio("mpeg/1", b"", [_within(descriptor, file, file.start + skipped)])


def flac_audio(descriptor: int, file: Identified) -> EncodedAudio:
    """The frames of a FLAC file, behind its metadata blocks (RFC 9639, section 8).

    Of STREAMINFO rate, channels and bits count, to which frames may refer; its checksum of the sound may be absent, and
    its total is filled in later by programs that repair it. A second file that was joined is part of the span.

    Raises
    ------
    UnknownStructureError : the blocks lead nowhere, or the first is no STREAMINFO.
    OSError : the file cannot be read.
    """
    position, setup = file.start + 4, b""
    for number in range(_MAX_METADATA_BLOCKS):
        head = peek(descriptor, 4, position)
        if len(head) < 4 or (number == 0) != (head[0] & 0x7F == _FLAC_STREAMINFO):
            break
        if number == 0:
            setup = flac_setup(peek(descriptor, 18, position + 4)) + _flac_layout(descriptor, file, position + 4)
        position += 4 + int.from_bytes(head[1:], "big")
        if head[0] & 0x80:
            return EncodedAudio("flac/1", setup, [_within(descriptor, file, position)])
    raise UnknownStructureError


def _flac_layout(descriptor: int, file: Identified, streaminfo: int) -> bytes:
    """The one comment that says something of the sound: which loudspeakers more than two channels are for."""
    channels = (int.from_bytes(peek(descriptor, 1, streaminfo + 12), "big") >> 1 & 7) + 1
    return flac_mask(descriptor, file).to_bytes(8, "big") if channels > 2 else b""


def flac_setup(streaminfo: bytes) -> bytes:
    """Rate, channels and bits a sample of a STREAMINFO block: 28 bits, without the 4 bits of the total behind them."""
    return streaminfo[10:13] + bytes([streaminfo[13] & 0xF0]) if len(streaminfo) >= 14 else b""


def _within(descriptor: int, file: Identified, start: int) -> tuple[int, int]:
    """From `start` to the tags behind the stream.

    Raises
    ------
    UnknownStructureError : nothing is left.
    """
    end = sound_end(descriptor, start, file.size) if start < file.size else start
    if start >= end:
        raise UnknownStructureError
    return start, end
