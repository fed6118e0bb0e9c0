"""What an MP4 track says of its codec and of the part of it that is played, as bytes that a copy keeps.

Input: the boxes "stsd" and "elst". Output: bytes. What a program that copies the track writes in its own way is left
out: bit rates, buffer sizes, time scales, and an edit list that does no more than take the encoder's delay off.
"""

from __future__ import annotations

from playlista.decode.byte_search import peek
from playlista.decode.encoded.mp4_boxes import Box, boxes, find_box, number, require_box
from playlista.decode.encoded.spans import UnknownStructureError
from playlista.decode.encoded.tagged import flac_setup

_MAX_SETUP_BYTES = 64 * 1024
#: Bytes of a sound description behind its head, by its version; version 2 (QuickTime) has 36 more than version 0.
_ENTRY_BYTES = {0: 28, 1: 44, 2: 64}
#: Boxes that hold a codec's whole configuration: Apple Lossless and its channels, Opus, AC-3, E-AC-3.
_CONFIGURATIONS = frozenset({b"alac", b"chan", b"dOps", b"dac3", b"dec3"})
#: Version and flags of the box, and the head of the metadata block, in front of FLAC's STREAMINFO.
_FLAC_HEAD_BYTES = 8
#: Codecs that such boxes describe; of others the whole entry counts.
_DESCRIBED = frozenset({b"mp4a", b"alac", b"fLaC", b"Opus", b"ac-3", b"ec-3"})
_DELAY_SECONDS = 1
#: Tags of descriptors (ISO/IEC 14496-1, section 7.2.6).
_ES, _DECODER_CONFIG, _DECODER_SPECIFIC = 3, 4, 5


def setup_of(descriptor: int, box: Box) -> bytes:
    """Codec and configuration of the one entry of a sample description.

    Raises
    ------
    UnknownStructureError : there are several entries, or none.
    """
    entry = next(boxes(descriptor, box.start + 8, box.end), None)
    if number(descriptor, box.start + 4) != 1 or entry is None or entry.end - entry.start > _MAX_SETUP_BYTES:
        raise UnknownStructureError
    if entry.name not in _DESCRIBED:
        return entry.name + peek(descriptor, entry.end - entry.start, entry.start)
    start = entry.start + _ENTRY_BYTES.get(number(descriptor, entry.start + 8, 2), 28)
    found = sorted(_configurations(descriptor, start, entry.end))
    if not found:
        raise UnknownStructureError
    return entry.name + b"".join(found)


def _configurations(descriptor: int, start: int, end: int, *, is_inner: bool = False) -> list[bytes]:
    found: list[bytes] = []
    for box in boxes(descriptor, start, end):
        if box.name in _CONFIGURATIONS:
            found.append(box.name + peek(descriptor, box.end - box.start, box.start))
        elif box.name == b"dfLa":
            found.append(b"dfLa" + flac_setup(peek(descriptor, 18, box.start + _FLAC_HEAD_BYTES)))
        elif box.name == b"esds":
            found.append(b"esds" + _decoder_config(peek(descriptor, box.end - box.start, box.start + 4)))
        elif box.name == b"wave" and not is_inner:  # QuickTime has one more level
            found += _configurations(descriptor, box.start, box.end, is_inner=True)
    return found


def _decoder_config(descriptors: bytes) -> bytes:
    """The object type and the decoder specific information inside an elementary stream descriptor."""
    found = dict(_descriptors(descriptors))
    body = found.get(_ES, b"")
    skipped = 3 + (2 if body[2:3] and body[2] & 0x80 else 0)  # number, flags, and another stream's number
    config = dict(_descriptors(body[skipped:])).get(_DECODER_CONFIG, b"")
    if not config:
        raise UnknownStructureError
    return config[:1] + dict(_descriptors(config[13:])).get(_DECODER_SPECIFIC, b"")


def _descriptors(data: bytes) -> list[tuple[int, bytes]]:
    """(tag, body) of the descriptors in a row, whose lengths take up to four bytes of seven bits."""
    found, position = [], 0
    while position < len(data):
        tag, length, width = data[position], 0, 1
        for byte in data[position + 1 : position + 5]:
            length, width = length << 7 | byte & 0x7F, width + 1
            if not byte & 0x80:
                break
        found.append((tag, data[position + width : position + width + length]))
        position += width + length
    return found


def edits(descriptor: int, movie: Box, track: Box) -> bytes:
    """The edit list, where it does more than leave out the encoder's delay; else nothing.

    Raises
    ------
    UnknownStructureError : it is longer than any that means something.
    """
    box = find_box(descriptor, track, b"edts", b"elst")
    if box is None:
        return b""
    if box.end - box.start > _MAX_SETUP_BYTES:
        raise UnknownStructureError
    body = peek(descriptor, box.end - box.start, box.start)
    wide = 8 if body[:1] == b"\1" else 4
    if int.from_bytes(body[4:8], "big") != 1:
        return body
    lasts = int.from_bytes(body[8 : 8 + wide], "big")
    begins = int.from_bytes(body[8 + wide : 8 + 2 * wide], "big", signed=True)
    scale, length = _time(descriptor, require_box(descriptor, track, b"mdia", b"mdhd"))
    movie_scale, _ = _time(descriptor, require_box(descriptor, movie, b"mvhd"))
    is_late = not 0 <= begins <= _DELAY_SECONDS * scale
    ends_early = lasts and (length - begins) * movie_scale > (lasts + _DELAY_SECONDS * movie_scale) * scale
    return body if is_late or ends_early else b""


def _time(descriptor: int, box: Box) -> tuple[int, int]:
    """(units a second, length in units) of a movie's or a track's header."""
    if number(descriptor, box.start, 1) == 1:
        return number(descriptor, box.start + 20), number(descriptor, box.start + 24, 8)
    return number(descriptor, box.start + 12), number(descriptor, box.start + 16)
