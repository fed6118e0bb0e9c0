"""Writes and reads protocol buffers: the few wire types that the formats of TensorFlow and ONNX are made of.

Both formats are public schemas, and our graphs are some forty nodes; these lines stand for a dependency of 600 MB.
Encoding: https://protobuf.dev/programming-guides/encoding/ .
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and values of a protocol buffer: varints as int, all else as bytes."""
    position = 0
    while position < len(message):
        key, position = read_varint(message, position)
        tag, wire_type = key >> 3, key & 7
        if wire_type == 0:
            value, position = read_varint(message, position)
            yield tag, value
            continue
        if wire_type == 2:
            length, position = read_varint(message, position)
        elif wire_type in (1, 5):
            length = 8 if wire_type == 1 else 4
        else:
            raise ValueError(f"wire type {wire_type}")
        yield tag, message[position : position + length]
        position += length


def packed_integers(content: bytes) -> Iterator[int]:
    """The varints of a packed field. Raises IndexError where the last one is cut off."""
    position = 0
    while position < len(content):
        value, position = read_varint(content, position)
        yield value


def as_number(value: int | bytes | None) -> int:
    """A varint field's value, 0 where it is absent."""
    if isinstance(value, bytes):
        raise TypeError("a number was expected")
    return value or 0


def as_message(value: int | bytes) -> bytes:
    """A field that is a message, text or bytes."""
    if isinstance(value, int):
        raise TypeError("a message was expected")
    return value


def read_varint(buffer: bytes, position: int) -> tuple[int, int]:
    """The varint at `position`, and where it ends."""
    value = shift = 0
    while True:
        byte = buffer[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
