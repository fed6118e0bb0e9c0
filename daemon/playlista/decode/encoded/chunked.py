"""Containers that are rows of named chunks: WAV, RF64, Wave64, AIFF, AU, CAF, DSF and DSDIFF.

Input: an open file whose container is known. Output: the body of the chunk with the samples, and the chunks that
describe them. A size that is not known, or leads behind the end of the file, is no structure to go by.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from playlista.decode.byte_search import peek
from playlista.decode.containers import WAVES, Container, Identified
from playlista.decode.encoded.spans import EncodedAudio, Span, UnknownStructureError
from playlista.decode.wave_header import UNKNOWN_SIZES, parse_wave_header, riff_chunks, w64_chunks

_MAX_CHUNKS = 1000
#: No description of samples is longer; a codec's cookie has some hundred bytes.
_MAX_SETUP_BYTES = 64 * 1024
#: Name, position of the body, declared length.
Chunk = tuple[bytes, int, int]


def chunked_audio(descriptor: int, file: Identified) -> EncodedAudio:
    """The samples of a file made of chunks.

    Raises
    ------
    UnknownStructureError : it is none, is cut, or does not know its own size.
    OSError : the file cannot be read.
    """
    if file.container in WAVES:
        return _wave(descriptor, file)
    if file.container is Container.AU:
        return _au(descriptor, file)
    layout = _layout(descriptor, file)
    return EncodedAudio(layout.kind, *_described(descriptor, file, layout))


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a container names its chunks.

    Attributes
    ----------
    describing, sounding : names of the chunks that describe the samples, and of the one that holds them.
    skipped : bytes in front of the samples in their chunk.
    has_offset : whether the first four of those say how many more there are.
    """

    kind: str
    chunks: Iterator[Chunk]
    describing: tuple[bytes, ...]
    sounding: tuple[bytes, ...]
    skipped: int = 0
    has_offset: bool = False


def _layout(descriptor: int, file: Identified) -> _Layout:
    if file.container is Container.AIFF:
        # In front of the samples stand their offset and the size of a block (AIFF 1.3, "Sound Data Chunk").
        return _Layout(
            "aiff/1", riff_chunks(descriptor, file.start, ">"), (b"COMM", b"CHAN"), (b"SSND",), 8, has_offset=True
        )
    if file.container is Container.CAF:
        chunks = _long_chunks(descriptor, file.start + 8, 1)
        return _Layout("caf/1", chunks, (b"desc", b"kuki", b"chan"), (b"data",), skipped=4)  # 4 bytes count edits
    magic = peek(descriptor, 4, file.start)
    if magic == b"DSD ":
        return _Layout("dsf/1", _dsf_chunks(descriptor, file.start), (b"fmt ",), (b"data",))
    if magic == b"FRM8":
        return _Layout("dsdiff/1", _long_chunks(descriptor, file.start + 16, 2), (b"PROP",), (b"DSD ", b"DST "))
    raise UnknownStructureError


def _described(descriptor: int, file: Identified, layout: _Layout) -> tuple[bytes, list[Span]]:
    """The descriptions, and the first chunk with samples; all chunks must lie in the file."""
    setup, span = b"", (0, 0)
    for name, body, length in islice(layout.chunks, _MAX_CHUNKS):
        if body + length > file.size or len(setup) > _MAX_SETUP_BYTES:
            raise UnknownStructureError
        if name in layout.describing:
            setup += name + peek(descriptor, min(length, _MAX_SETUP_BYTES + 1), body)
        elif name in layout.sounding and span == (0, 0):
            offset = int.from_bytes(peek(descriptor, 4, body), "big") if layout.has_offset else 0
            span = body + layout.skipped + offset, body + length
    if not setup or len(setup) > _MAX_SETUP_BYTES or span[0] >= span[1]:
        raise UnknownStructureError
    return setup, [span]


def _wave(descriptor: int, file: Identified) -> EncodedAudio:
    header = parse_wave_header(descriptor, file)
    if header is None or header.data_bytes is None or header.data_start + header.data_bytes > file.size:
        raise UnknownStructureError
    form = peek(descriptor, 4, file.start)
    order = ">" if header.is_big_endian else "<"
    chunks = w64_chunks if file.container is Container.W64 else riff_chunks
    for name, body, length in islice(chunks(descriptor, file.start, order), _MAX_CHUNKS):
        if name == b"fmt " and 0 < length <= _MAX_SETUP_BYTES:
            span = header.data_start, header.data_start + header.data_bytes
            return EncodedAudio("wave/1", form + peek(descriptor, length, body), [span])
    raise UnknownStructureError


def _au(descriptor: int, file: Identified) -> EncodedAudio:
    """Sun/NeXT: the text between the header and the samples is a tag."""
    head = peek(descriptor, 24, file.start)
    start = file.start + int.from_bytes(head[4:8], "big")
    length = int.from_bytes(head[8:12], "big")
    end = file.size if length in UNKNOWN_SIZES else start + length
    if len(head) < 24 or not start < end <= file.size:
        raise UnknownStructureError
    return EncodedAudio("au/1", head[12:], [(start, end)])


def _long_chunks(descriptor: int, position: int, alignment: int) -> Iterator[Chunk]:
    """Chunks with a size of 64 bits behind the name: CAF, DSDIFF."""
    while len(head := peek(descriptor, 12, position)) == 12:
        length = int.from_bytes(head[4:], "big")
        yield head[:4], position + 12, length
        position += 12 + length + -length % alignment


def _dsf_chunks(descriptor: int, position: int) -> Iterator[Chunk]:
    """Chunks whose size includes their head (DSF File Format Specification 1.01)."""
    while len(head := peek(descriptor, 12, position)) == 12:
        length = int.from_bytes(head[4:], "little")
        if length < 12 or head[:3] == b"ID3":
            return
        yield head[:4], position + 12, length - 12
        position += length
