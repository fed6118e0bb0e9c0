"""Reads a TensorFlow checkpoint without TensorFlow.

Input: the bytes of the ``.index`` and ``.data-00000-of-00001`` files of a checkpoint in the "V2" (tensor bundle)
format. Output: its variables as arrays. Importing Python TensorFlow for these nine megabytes would take 450 MB,
which the machines that we run on do not have to spare, and seconds.

The index is a sorted string table: blocks of entries whose keys share prefixes, an index block that names them, and a
footer that names the index block. Each value is a ``BundleEntryProto``: the type, shape, offset and size of a tensor.
Formats: LevelDB's ``doc/table_format.md``; TensorFlow's ``core/protobuf/tensor_bundle.proto``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from playlista.errors import ModelError
from playlista.models.protobuf import as_message, as_number, fields, read_varint

_FOOTER_BYTES = 48
_MAGIC = bytes.fromhex("57fb808b247547db")
_BLOCK_UNCOMPRESSED = 0
_LEAST_BLOCK_BYTES = 8  # one restart and their number
_DT_FLOAT = 1


class _Entry(NamedTuple):
    dtype: int
    shape: tuple[int, ...]
    offset: int
    size: int


def read_checkpoint(index: bytes, data: bytes) -> dict[str, NDArray[np.float32]]:
    """The float32 variables of a checkpoint by name; variables of other types are left out.

    Raises
    ------
    ModelError
        The bytes are not such a checkpoint.
    """
    try:
        entries = {key.decode(): _entry(value) for key, value in _table(index) if key}
        return {
            name: np.frombuffer(data, np.dtype("<f4"), entry.size // 4, entry.offset).reshape(entry.shape)
            for name, entry in entries.items()
            if entry.dtype == _DT_FLOAT
        }
    except (IndexError, TypeError, ValueError) as error:
        raise ModelError(f"the checkpoint cannot be read: {error}") from error


def _table(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """All keys and values of a sorted string table."""
    footer = table[-_FOOTER_BYTES:]
    if not footer.endswith(_MAGIC):
        raise ValueError("no table footer")
    _, position = _block_handle(footer, 0)
    handle, _ = _block_handle(footer, position)
    for _, value in _block(table, *handle):
        yield from _block(table, *_block_handle(value, 0)[0])


def _block_handle(buffer: bytes, position: int) -> tuple[tuple[int, int], int]:
    offset, position = read_varint(buffer, position)
    size, position = read_varint(buffer, position)
    return (offset, size), position


def _block(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """The entries of one block; each key names how much of the previous one it shares."""
    if size < _LEAST_BLOCK_BYTES:
        raise ValueError("a block that is too short")
    if table[offset + size] != _BLOCK_UNCOMPRESSED:
        raise ValueError("compressed blocks are not expected in a checkpoint")
    block = table[offset : offset + size]
    restarts = int.from_bytes(block[-4:], "little")
    end = size - 4 - 4 * restarts
    position, key = 0, b""
    while position < end:
        shared, position = read_varint(block, position)
        fresh, position = read_varint(block, position)
        length, position = read_varint(block, position)
        key = key[:shared] + block[position : position + fresh]
        position += fresh
        yield key, block[position : position + length]
        position += length


def _entry(message: bytes) -> _Entry:
    """A ``BundleEntryProto``: 1 dtype, 2 shape, 4 offset, 5 size."""
    found = dict(fields(message))
    shape = found.get(2, b"")
    return _Entry(as_number(found.get(1)), _shape(as_message(shape)), as_number(found.get(4)), as_number(found.get(5)))


def _shape(message: bytes) -> tuple[int, ...]:
    """A ``TensorShapeProto``: repeated 2 dim, each with 1 size."""
    return tuple(as_number(dict(fields(as_message(dim))).get(1)) for tag, dim in fields(message) if tag == 2)
