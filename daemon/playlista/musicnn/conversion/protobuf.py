"""Writes protocol buffers by hand: the few wire types that the graph formats of TensorFlow and ONNX are made of.

Both formats are public schemas, and our graphs are forty nodes; writing them takes these lines instead of a 600 MB
dependency. Encoding: https://protobuf.dev/programming-guides/encoding/ .
"""

from __future__ import annotations

from collections.abc import Iterable

_VARINT, _BYTES = 0, 2


def varint(value: int) -> bytes:
    """Base-128 with the lowest seven bits first; a negative value as the 64-bit two's complement."""
    value &= 0xFFFF_FFFF_FFFF_FFFF
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def integer(field: int, value: int) -> bytes:
    """An int32, int64, bool or enum field."""
    return varint(field << 3 | _VARINT) + varint(value)


def message(field: int, *parts: bytes) -> bytes:
    """A message, bytes or packed field whose content is the `parts` one after another."""
    content = b"".join(parts)
    return varint(field << 3 | _BYTES) + varint(len(content)) + content


def text(field: int, value: str) -> bytes:
    """A string field."""
    return message(field, value.encode())


def integers(field: int, values: Iterable[int]) -> bytes:
    """A packed repeated integer field."""
    return message(field, *map(varint, values))
