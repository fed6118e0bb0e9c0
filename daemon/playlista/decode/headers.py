"""How long a file says it is: a claim to compare with, never a size to allocate.

What enters: an open file whose container is known. What leaves: the declared number of frames, or None where the
header is silent, holds a value that stands for "unknown" (streamed WAV, FLAC from a pipe), or is of a kind whose
decoder says it better. Each parser reads a few bytes at a few places and survives whatever it finds there.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from itertools import islice

from playlista.decode.containers import Container, Identified, parse_mpeg_header

#: Data sizes that writers put where they cannot know the size: 0, all ones, SoX's and libsndfile's for pipes.
_UNKNOWN_SIZES = frozenset({0, 0xFFFFFFFF, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFFFFFFFFFF})
_FLAC_UNKNOWN_TOTALS = frozenset({0, 2**36 - 1})
_MAX_CHUNKS = 1000
_OGG_TAIL_BYTES = 128 * 1024
_WAVE_PCM, _WAVE_FLOAT, _WAVE_ALAW, _WAVE_MULAW, _WAVE_EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_UNCOMPRESSED = frozenset({_WAVE_PCM, _WAVE_FLOAT, _WAVE_ALAW, _WAVE_MULAW})


def declared_frames(descriptor: int, file: Identified) -> int | None:
    """Frames that the header of `file` claims; None where it does not.

    Raises
    ------
    OSError : the file cannot be read.
    """
    parsers = {
        Container.WAV: _wav_frames,
        Container.RF64: _wav_frames,
        Container.W64: _w64_frames,
        Container.AIFF: _aiff_frames,
        Container.FLAC: _flac_frames,
        Container.MPEG: _mpeg_frames,
    }
    parse = parsers.get(file.container)
    try:
        return parse(descriptor, file.start) if parse else None
    except (struct.error, IndexError):
        return None


def ogg_has_end(descriptor: int, file: Identified) -> bool:
    """Whether the last Ogg page carries the end-of-stream flag, which RFC 3533 demands of the last page of a stream."""
    tail = os.pread(descriptor, _OGG_TAIL_BYTES, max(0, file.size - _OGG_TAIL_BYTES))
    page = tail.rfind(b"OggS\0")
    return page >= 0 and len(tail) > page + 5 and bool(tail[page + 5] & 4)


def _riff_chunks(descriptor: int, start: int, order: str) -> Iterator[tuple[bytes, int, int]]:
    """(name, position of the body, declared length) of each chunk of a RIFF or IFF file."""
    position = start + 12
    while len(head := os.pread(descriptor, 8, position)) == 8:
        name, length = head[:4], struct.unpack(order + "I", head[4:])[0]
        yield name, position + 8, length
        position += 8 + length + length % 2


def _wav_frames(descriptor: int, start: int) -> int | None:
    order = ">" if os.pread(descriptor, 4, start) == b"RIFX" else "<"
    block_bytes = long_length = fact_frames = None
    for name, body, length in islice(_riff_chunks(descriptor, start, order), _MAX_CHUNKS):
        if name == b"ds64":
            long_length = struct.unpack("<Q", os.pread(descriptor, 8, body + 8))[0]
        elif name == b"fmt ":
            block_bytes = _wav_block_bytes(os.pread(descriptor, 26, body), order)
        elif name == b"fact":
            fact_frames = struct.unpack(order + "I", os.pread(descriptor, 4, body))[0]
        elif name == b"data":
            data_bytes = length if long_length is None or length != 0xFFFFFFFF else long_length
            if block_bytes:
                return None if data_bytes in _UNKNOWN_SIZES else data_bytes // block_bytes
            return None if fact_frames in _UNKNOWN_SIZES else fact_frames
    return None


def _wav_block_bytes(fmt: bytes, order: str) -> int:
    """Bytes of a frame over all channels; 0 for a compressed coding, whose blocks are no frames."""
    tag, _channels, _rate, _bytes_per_second, block_bytes = struct.unpack(order + "HHIIH", fmt[:14])
    if tag == _WAVE_EXTENSIBLE and len(fmt) >= 26:
        tag = struct.unpack(order + "H", fmt[24:26])[0]
    return int(block_bytes) if tag in _UNCOMPRESSED else 0


def _w64_frames(descriptor: int, start: int) -> int | None:
    position, block_bytes = start + 40, 0
    for _ in range(_MAX_CHUNKS):
        head = os.pread(descriptor, 24, position)
        length = struct.unpack("<Q", head[16:24])[0]
        if head[:4] == b"fmt ":
            block_bytes = _wav_block_bytes(os.pread(descriptor, 26, position + 24), "<")
        elif head[:4] == b"data":
            data_bytes = length - 24
            return data_bytes // block_bytes if block_bytes and length not in _UNKNOWN_SIZES else None
        position += max(24, length + -length % 8)
    return None


def _aiff_frames(descriptor: int, start: int) -> int | None:
    for name, body, _length in islice(_riff_chunks(descriptor, start, ">"), _MAX_CHUNKS):
        if name == b"COMM":
            frames = struct.unpack(">I", os.pread(descriptor, 6, body)[2:])[0]
            return None if frames in _UNKNOWN_SIZES else frames
    return None


def _flac_frames(descriptor: int, start: int) -> int | None:
    """Total samples of STREAMINFO (RFC 9639, 8.2): 36 bits, 0 for unknown."""
    head = os.pread(descriptor, 26, start)
    if len(head) < 26 or head[4] & 0x7F != 0:
        return None
    total = (head[21] & 0xF) << 32 | int.from_bytes(head[22:26], "big")
    return None if total in _FLAC_UNKNOWN_TOTALS else total


def _mpeg_frames(descriptor: int, start: int) -> int | None:
    """Frames by the Xing, Info or VBRI header in the first MPEG frame, less the encoder's delay and padding."""
    head = os.pread(descriptor, 512, start)
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
    if total in _UNKNOWN_SIZES:
        return None
    lame = xing[8 + 4 * bin(flags & 0b1011).count("1") + (100 if flags & 4 else 0) :]
    trimmed = int.from_bytes(lame[21:24], "big") if lame[:4] in {b"LAME", b"Lavf", b"Lavc"} else 0
    return max(0, total * header.samples_per_frame - (trimmed >> 12) - (trimmed & 0xFFF))
