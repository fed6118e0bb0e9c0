"""How long a file says it is: a claim to compare with, never a size to allocate.

What enters: an open file whose container is known. What leaves: the declared number of frames, or None where the
header is silent, holds a value that stands for "unknown" (streamed WAV, FLAC from a pipe), or is of a kind whose
decoder says it better. Each parser reads a few bytes at a few places and survives whatever it finds there.
"""

from __future__ import annotations

import os
import struct
from itertools import islice

from playlista.decode.containers import Container, Identified, parse_mpeg_header
from playlista.decode.wave_header import UNKNOWN_SIZES, parse_wave_header, riff_chunks

_FLAC_UNKNOWN_TOTALS = frozenset({0, 2**36 - 1})
_MAX_CHUNKS = 1000
_OGG_TAIL_BYTES = 128 * 1024


def declared_frames(descriptor: int, file: Identified) -> int | None:
    """Frames that the header of `file` claims; None where it does not.

    Raises
    ------
    OSError : the file cannot be read.
    """
    parsers = {
        Container.WAV: _wave_frames,
        Container.RF64: _wave_frames,
        Container.W64: _wave_frames,
        Container.AIFF: _aiff_frames,
        Container.FLAC: _flac_frames,
        Container.MPEG: _mpeg_frames,
    }
    parse = parsers.get(file.container)
    return parse(descriptor, file) if parse else None


def ogg_has_end(descriptor: int, file: Identified) -> bool:
    """Whether the last Ogg page carries the end-of-stream flag, which RFC 3533 demands of the last page of a stream."""
    tail = os.pread(descriptor, _OGG_TAIL_BYTES, max(0, file.size - _OGG_TAIL_BYTES))
    page = tail.rfind(b"OggS\0")
    return page >= 0 and len(tail) > page + 5 and bool(tail[page + 5] & 4)


def _wave_frames(descriptor: int, file: Identified) -> int | None:
    header = parse_wave_header(descriptor, file)
    return header.declared_frames if header else None


def _aiff_frames(descriptor: int, file: Identified) -> int | None:
    for name, body, _length in islice(riff_chunks(descriptor, file.start, ">"), _MAX_CHUNKS):
        fields = os.pread(descriptor, 6, body) if name == b"COMM" else b""
        if len(fields) == 6:
            frames = struct.unpack(">I", fields[2:])[0]
            return None if frames in UNKNOWN_SIZES else frames
    return None


def _flac_frames(descriptor: int, file: Identified) -> int | None:
    """Total samples of STREAMINFO (RFC 9639, 8.2): 36 bits, 0 for unknown."""
    head = os.pread(descriptor, 26, file.start)
    if len(head) < 26 or head[4] & 0x7F != 0:
        return None
    total = (head[21] & 0xF) << 32 | int.from_bytes(head[22:26], "big")
    return None if total in _FLAC_UNKNOWN_TOTALS else total


def _mpeg_frames(descriptor: int, file: Identified) -> int | None:
    """Frames by the Xing, Info or VBRI header in the first MPEG frame, less the encoder's delay and padding."""
    head = os.pread(descriptor, 512, file.start)
    header = parse_mpeg_header(head)
    if header is None:
        return None
    if head[36:40] == b"VBRI":
        return int.from_bytes(head[50:54], "big") * header.samples_per_frame
    side_info_bytes = (17 if header.is_mono else 32) if header.is_mpeg1 else (9 if header.is_mono else 17)
    xing = head[4 + side_info_bytes :]
    flags = int.from_bytes(xing[4:8], "big")
    if xing[:4] not in {b"Xing", b"Info"} or not flags & 1:
        return None
    total = int.from_bytes(xing[8:12], "big")
    if total in UNKNOWN_SIZES:
        return None
    lame = xing[8 + 4 * (flags & 0b1011).bit_count() + (100 if flags & 4 else 0) :]
    trimmed = int.from_bytes(lame[21:24], "big") if lame[:4] in {b"LAME", b"Lavf", b"Lavc"} else 0
    return max(0, total * header.samples_per_frame - (trimmed >> 12) - (trimmed & 0xFFF))
