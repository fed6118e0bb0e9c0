"""ASF (WMA): the packets of the data object as they are stored, and the properties of the streams.

Input: an open ASF file. Output: one span. Tags stand in the header object in front of it, the index behind it
(Advanced Systems Format specification 01.20.03, sections 3 and 5). A program that packs the same frames into other
packets makes another identity.
"""

from __future__ import annotations

from playlista.decode.byte_search import peek
from playlista.decode.containers import Identified
from playlista.decode.encoded.spans import EncodedAudio, UnknownStructureError

_STREAM_PROPERTIES = bytes.fromhex("9107dcb7b7a9cf118ee600c00c205365")
_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_OBJECT_HEAD_BYTES = 24
_HEADER_HEAD_BYTES = 30
_DATA_HEAD_BYTES = 50
_MAX_OBJECTS = 1000
_LEFTOVER_BYTES = 64 * 1024
_MAX_SETUP_BYTES = 64 * 1024


def asf_audio(descriptor: int, file: Identified) -> EncodedAudio:
    """The data packets of a file whose header and data object are whole.

    Raises
    ------
    UnknownStructureError : they are not.
    OSError : the file cannot be read.
    """
    header_end = file.start + _object(descriptor, file.start)[1]
    setup = _stream_properties(descriptor, file.start + _HEADER_HEAD_BYTES, header_end)
    # Tag libraries of old left the rest of a longer header behind the new one.
    data = header_end + peek(descriptor, _LEFTOVER_BYTES, header_end).find(_DATA)
    length = _object(descriptor, data)[1]
    if data < header_end or not setup or length <= _DATA_HEAD_BYTES or data + length > file.size:
        raise UnknownStructureError
    return EncodedAudio("asf/1", setup, [(data + _DATA_HEAD_BYTES, data + length)])


def _stream_properties(descriptor: int, position: int, end: int) -> bytes:
    setup = b""
    for _ in range(_MAX_OBJECTS):
        if position >= end:
            return setup
        name, length = _object(descriptor, position)
        if name == _STREAM_PROPERTIES:
            setup += peek(descriptor, min(length, _MAX_SETUP_BYTES) - _OBJECT_HEAD_BYTES, position + _OBJECT_HEAD_BYTES)
        if len(setup) > _MAX_SETUP_BYTES:
            break
        position += length
    raise UnknownStructureError


def _object(descriptor: int, position: int) -> tuple[bytes, int]:
    """Name and whole length of the object at `position`."""
    head = peek(descriptor, _OBJECT_HEAD_BYTES, position)
    length = int.from_bytes(head[16:24], "little")
    if len(head) < _OBJECT_HEAD_BYTES or length < _OBJECT_HEAD_BYTES:
        raise UnknownStructureError
    return head[:16], length
