"""A Chromaprint fingerprint as the text that AcoustID and `fpcalc` write, and back.

Input: sub-fingerprints of 32 bits. Output: URL-safe base64 without padding of a header (algorithm, number of
sub-fingerprints) and, of each sub-fingerprint, the distances between the bits in which it differs from the one before:
three bits each, 0 at the end of one, and five bits more for those of 7 and above, all of these behind the others.
"""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

#: Number of Chromaprint's default algorithm in the header.
ALGORITHM = 1
_HEADER_BYTES = 4
_SHORT_BITS, _LONG_BITS = 3, 5
_LONGEST_SHORT = 2**_SHORT_BITS - 1


def encode_chromaprint(numbers: NDArray[np.uint32]) -> str:
    """`numbers` [shape=(n,), uint32] as text; 0.3 to 3 characters a bit that changes."""
    changes = numbers ^ np.concatenate([np.zeros(1, np.uint32), numbers[:-1]])
    rows, bits = np.nonzero((changes[:, np.newaxis] >> np.arange(32, dtype=np.uint32)) & 1)
    starts = np.diff(rows, prepend=-1) > 0
    distances = np.diff(bits, prepend=0)
    distances[starts] = bits[starts] + 1
    shorts = np.minimum(distances, _LONGEST_SHORT)
    # The end of each number, 0, behind its bits: the last of them, or nothing but the end where no bit changes.
    ends = np.searchsorted(rows, np.arange(len(numbers)), side="right")
    packed = _packed(np.insert(shorts, ends, 0), _SHORT_BITS)
    packed += _packed(distances[shorts == _LONGEST_SHORT] - _LONGEST_SHORT, _LONG_BITS)
    header = bytes([ALGORITHM]) + len(numbers).to_bytes(3, "big")
    return base64.urlsafe_b64encode(header + packed).rstrip(b"=").decode()


def decode_chromaprint(text: str) -> NDArray[np.uint32]:
    """The sub-fingerprints in `text` [shape=(n,), uint32].

    Raises
    ------
    ValueError : it is none of algorithm 2, or it is cut.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise ValueError("not a fingerprint: no base64") from error
    if len(data) < _HEADER_BYTES or data[0] != ALGORITHM:
        raise ValueError("not a fingerprint of Chromaprint's algorithm 2")
    count = int.from_bytes(data[1:_HEADER_BYTES], "big")
    shorts = _unpacked(data[_HEADER_BYTES:], _SHORT_BITS)
    ends = np.flatnonzero(shorts == 0)[:count]
    if len(ends) < count:
        raise ValueError("not a fingerprint: it is cut")
    shorts = shorts[: ends[-1] + 1] if count else shorts[:0]
    used_bytes = _HEADER_BYTES + -(-len(shorts) * _SHORT_BITS // 8)
    is_long = shorts == _LONGEST_SHORT
    longs = _unpacked(data[used_bytes:], _LONG_BITS)[: int(is_long.sum())]
    if len(longs) < is_long.sum():
        raise ValueError("not a fingerprint: it is cut")
    distances = shorts.astype(np.int64)
    distances[is_long] += longs
    return _numbers(distances, ends)


def _numbers(distances: NDArray[np.int64], ends: NDArray[np.intp]) -> NDArray[np.uint32]:
    """Numbers out of the distances between their changed bits; each ends where `ends` says."""
    totals = np.cumsum(distances)
    before = np.concatenate([[0], totals[ends[:-1]]]) if len(ends) else np.zeros(0, np.int64)
    of_number = np.searchsorted(ends, np.arange(len(distances)))
    bits = (totals - before[of_number] - 1)[distances > 0]
    if (bits > 31).any():
        raise ValueError("not a fingerprint: more than 32 bits")
    changes = np.zeros(len(ends), np.uint32)
    np.bitwise_or.at(changes, of_number[distances > 0], np.uint32(1) << bits.astype(np.uint32))
    return np.bitwise_xor.accumulate(changes)


def _packed(values: NDArray[np.integer], width: int) -> bytes:
    """`values` of `width` bits each, the first in the lowest bits of the first byte."""
    bits = (values[:, np.newaxis] >> np.arange(width)) & 1
    return np.packbits(bits.astype(np.uint8).ravel(), bitorder="little").tobytes()


def _unpacked(data: bytes, width: int) -> NDArray[np.int64]:
    """The inverse of `_packed`; as many values as there may be."""
    bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little").astype(np.int64)
    return np.asarray(bits[: len(bits) // width * width].reshape(-1, width) @ (1 << np.arange(width)))
