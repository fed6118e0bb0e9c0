"""What the chunks of a WAV, RF64 or Wave64 file say: coding, rate, channels, and where the samples lie.

Input: an open file. Output: a ``WaveHeader`` or None. Sizes are handed on as they are claimed; whoever uses
them compares them with the file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from playlista.decode.byte_search import peek
from playlista.decode.containers import Container, Identified

#: Sizes that writers put where they cannot know the size: 0, all ones, SoX's and libsndfile's for pipes.
UNKNOWN_SIZES = frozenset({0, 0xFFFFFFFF, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFFFFFFFFFF})
WAVE_PCM, WAVE_FLOAT, WAVE_ALAW, WAVE_MULAW, _WAVE_EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_UNCOMPRESSED = frozenset({WAVE_PCM, WAVE_FLOAT, WAVE_ALAW, WAVE_MULAW})
_MAX_CHUNKS = 1000
_IN_DS64 = 0xFFFFFFFF
_W64_HEAD_BYTES = 24


@dataclass(frozen=True, slots=True)
class WaveHeader:
    """A parsed header.

    Attributes
    ----------
    coding : the wave format tag, that of the sub-format where the format is extensible.
    block_bytes : bytes of a frame over all channels, or of a block of a compressed coding.
    data_start, data_bytes : where the samples lie by the header; None bytes where the header does not know.
    fact_frames : frames by the "fact" chunk; None where there is none.
    is_big_endian : RIFX.
    """

    coding: int
    channels: int
    sample_rate_hz: int
    block_bytes: int
    bits: int
    data_start: int
    data_bytes: int | None
    fact_frames: int | None
    is_big_endian: bool

    @property
    def declared_frames(self) -> int | None:
        """Frames by the header; None where it does not know."""
        if self.coding in _UNCOMPRESSED and self.block_bytes:
            return None if self.data_bytes is None else self.data_bytes // self.block_bytes
        return self.fact_frames


def parse_wave_header(descriptor: int, file: Identified) -> WaveHeader | None:
    """The header of a WAV, RF64 or Wave64 file; None where it holds no format or no data.

    Raises
    ------
    OSError : the file cannot be read.
    """
    is_big_endian = peek(descriptor, 4, file.start) == b"RIFX"
    order = ">" if is_big_endian else "<"
    chunks = w64_chunks if file.container is Container.W64 else riff_chunks
    fields: tuple[int, int, int, int, int] | None = None
    long_bytes = fact_frames = None
    try:
        for name, body, length in islice(chunks(descriptor, file.start, order), _MAX_CHUNKS):
            if name == b"ds64":
                long_bytes = struct.unpack("<Q", peek(descriptor, 8, body + 8))[0]
            elif name == b"fmt ":
                fields = _format(peek(descriptor, 26, body), order)
            elif name == b"fact":
                fact_frames = _known(struct.unpack(order + "I", peek(descriptor, 4, body))[0])
            elif name == b"data":
                data_bytes = _known(long_bytes if long_bytes is not None and length == _IN_DS64 else length)
                if _has_wrapped(length, file.size - body):
                    data_bytes = file.size - body
                return WaveHeader(*fields, body, data_bytes, fact_frames, is_big_endian) if fields else None
    except struct.error:
        return None
    return None


def channel_mask(descriptor: int, file: Identified) -> int:
    """The channel mask of a WAV, RF64 or Wave64 file in the extensible format; 0 where it has none.

    Raises
    ------
    OSError : the file cannot be read.
    """
    order = ">" if peek(descriptor, 4, file.start) == b"RIFX" else "<"
    chunks = w64_chunks if file.container is Container.W64 else riff_chunks
    for name, body, _length in islice(chunks(descriptor, file.start, order), _MAX_CHUNKS):
        head = peek(descriptor, 24, body) if name == b"fmt " else b""
        if len(head) == 24 and struct.unpack(order + "H", head[:2])[0] == _WAVE_EXTENSIBLE:
            return int(struct.unpack(order + "I", head[20:])[0])
    return 0


def riff_chunks(descriptor: int, start: int, order: str) -> Iterator[tuple[bytes, int, int]]:
    """(name, position of the body, declared length) of each chunk of a RIFF or IFF file."""
    position = start + 12
    while len(head := peek(descriptor, 8, position)) == 8:
        name, length = head[:4], struct.unpack(order + "I", head[4:])[0]
        yield name, position + 8, length
        position += 8 + length + length % 2


def w64_chunks(descriptor: int, start: int, order: str) -> Iterator[tuple[bytes, int, int]]:
    """(first letters of the GUID, position of the body, declared length) of each chunk of a Wave64 file."""
    position = start + 40
    while len(head := peek(descriptor, _W64_HEAD_BYTES, position)) == _W64_HEAD_BYTES:
        length = struct.unpack(order + "Q", head[16:])[0]
        yield head[:4], position + _W64_HEAD_BYTES, max(0, length - _W64_HEAD_BYTES)
        position += max(_W64_HEAD_BYTES, length + -length % 8)


def _format(body: bytes, order: str) -> tuple[int, int, int, int, int]:
    """(coding, channels, rate in Hz, bytes a frame, bits a sample) of a "fmt " chunk."""
    coding, channels, rate_hz, _bytes_per_second, block_bytes, bits = struct.unpack(order + "HHIIHH", body[:16])
    if coding == _WAVE_EXTENSIBLE and len(body) >= 26:
        coding = struct.unpack(order + "H", body[24:26])[0]
    return coding, channels, rate_hz, block_bytes, bits


def _has_wrapped(length: int, bytes_left: int) -> bool:
    """Whether `length` is what a writer that knows no RF64 leaves of a size above 4 GiB."""
    return bytes_left > 2**32 and bytes_left % 2**32 == length


def _known(size: int) -> int | None:
    return None if size in UNKNOWN_SIZES else size
