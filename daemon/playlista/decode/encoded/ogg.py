"""Ogg: the packets of Vorbis, Opus, Speex and FLAC without the comment header, however they lie on pages.

Input: an open Ogg file. Output: spans in which packets stand, page heads left out, so that a comment that grew over
other pages, renumbered and re-cut by whoever wrote it, changes nothing (RFC 3533; Vorbis I, section 5; RFC 7845;
FLAC's mapping in RFC 9639, section 10.1). Chained links follow each other; other streams than the one with the sound,
such as pictures, are left out.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from playlista.decode.byte_search import peek
from playlista.decode.containers import Identified
from playlista.decode.encoded.spans import EncodedAudio, Span, UnknownStructureError
from playlista.decode.trailing_tags import sound_end

_PAGE_HEAD_BYTES = 27
_LONGEST_HEAD_BYTES = _PAGE_HEAD_BYTES + 255
_FIRST_PAGE_FLAG = 0x02
#: Where in the head of a page its checksum stands.
_CHECKSUM = slice(22, 26)
#: Each byte with its bits in the other order.
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_FLAC = b"\x7fFLAC"
#: In the first packet of FLAC stands how many packets of metadata follow, which a program that adds a picture changes.
_FLAC_COUNT = slice(7, 9)
_FLAC_FRAME = b"\xff"
#: Codec by the beginning of its first packet, and how many packets in front of the audio there are at least.
_HEADER_PACKETS = {b"\x01vorbis": 3, b"OpusHead": 2, b"Speex   ": 2, _FLAC: 2}
_COMMENT_PACKET = 1


def ogg_audio(descriptor: int, file: Identified) -> EncodedAudio:
    """The packets of the one stream of sound in each link. Nothing is read before the spans are."""
    return EncodedAudio("ogg/1", b"", _spans(descriptor, file))


def _spans(descriptor: int, file: Identified) -> Iterator[Span]:
    """The spans in their order.

    Raises
    ------
    UnknownStructureError : a page is missing, cut or damaged, so that decoders leave it out, or a link has no stream of
        sound that is known, or several.
    """
    end = sound_end(descriptor, file.start, file.size)
    position, is_opening = file.start, True
    stream: _Stream | None = None
    serial = b""
    while position < end:
        head = peek(descriptor, _LONGEST_HEAD_BYTES, position)
        lacing, body = _lacing(head), position + _PAGE_HEAD_BYTES + head[26]
        page, position = position, body + sum(lacing)
        if position > file.size or not is_intact_page(peek(descriptor, position - page, page)):
            raise UnknownStructureError
        if head[5] & _FIRST_PAGE_FLAG:
            stream = stream if is_opening else None  # the first pages of a link stand together
            is_opening = True
            begin = _codec(peek(descriptor, 16, body))
            if begin and stream:
                raise UnknownStructureError
            if begin:
                stream, serial = _Stream(descriptor, begin), head[14:18]
        else:
            is_opening = False
        if stream is None and not is_opening:
            raise UnknownStructureError
        if stream and lacing and head[14:18] == serial:
            yield from stream.spans(lacing, body)
        else:
            yield position, position  # for the reader to count
    if stream is None:
        raise UnknownStructureError


def _lacing(head: bytes) -> bytes:
    """The lengths of the segments on a page."""
    if len(head) < _PAGE_HEAD_BYTES or head[:5] != b"OggS\0" or len(head) < _PAGE_HEAD_BYTES + head[26]:
        raise UnknownStructureError
    return head[_PAGE_HEAD_BYTES : _PAGE_HEAD_BYTES + head[26]]


def is_intact_page(page: bytes) -> bool:
    """Whether a page has the checksum that stands in it (RFC 3533, section 6).

    It is zlib's CRC-32 with the bits the other way round, without the inversions at both ends.
    """
    bare = page[: _CHECKSUM.start] + bytes(4) + page[_CHECKSUM.stop :]
    computed = zlib.crc32(bare.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return computed.to_bytes(4, "big").translate(_MIRRORED) == page[_CHECKSUM]


def _codec(packet: bytes) -> bytes | None:
    return next((begin for begin in _HEADER_PACKETS if packet.startswith(begin)), None)


class _Stream:
    """One logical stream of sound: which packet comes next, and whether it belongs to the sound."""

    def __init__(self, descriptor: int, codec: bytes) -> None:
        self._descriptor = descriptor
        self._codec = codec
        self._packet = 0
        self._is_begun = False
        self._is_kept = True

    def spans(self, lacing: bytes, body: int) -> Iterator[Span]:
        """What of a page is part of the sound."""
        if self._packet >= _HEADER_PACKETS[self._codec]:
            yield body, body + sum(lacing)
            return
        for start, end, is_end in _pieces(lacing, body):
            if not self._is_begun:
                self._is_kept = self._belongs(peek(self._descriptor, 1, start))
            if self._is_kept:
                yield from self._without_count(start, end)
            self._is_begun = not is_end
            self._packet += is_end and not self._is_more_metadata()

    def _belongs(self, first_byte: bytes) -> bool:
        if self._codec == _FLAC:
            return self._packet == 0 or first_byte == _FLAC_FRAME
        return self._packet != _COMMENT_PACKET

    def _is_more_metadata(self) -> bool:
        """FLAC has a packet for each block of metadata; the count stands still until the first frame."""
        return self._codec == _FLAC and not self._is_kept

    def _without_count(self, start: int, end: int) -> Iterator[Span]:
        if self._codec == _FLAC and self._packet == 0:
            yield start, min(end, start + _FLAC_COUNT.start)
            start = min(end, start + _FLAC_COUNT.stop)
        yield start, end


def _pieces(lacing: bytes, body: int) -> Iterator[tuple[int, int, bool]]:
    """(start, end, whether the packet ends) of each packet or part of one on a page."""
    start = end = body
    for length in lacing:
        end += length
        if length < 255:
            yield start, end, True
            start = end
    if start < end:
        yield start, end, False
