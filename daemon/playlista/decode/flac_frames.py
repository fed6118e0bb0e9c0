"""Finds FLAC frames behind the total that a header states: a total may be too small, and the music go on.

Input: an open file, and the number of samples that were decoded. Output: whether a later frame stands in a span of
bytes. A frame's header states where in the stream it belongs and ends with a checksum (RFC 9639, section 9.1), so no
tag or padding is taken for one.
"""

from __future__ import annotations

import re

from playlista.decode.byte_search import peek

_SYNC = re.compile(rb"\xff(?=[\xf8\xf9])")
#: Sync code, sizes, a number of up to 7 bytes, block size and rate of 2 bytes each, checksum.
_LONGEST_HEADER_BYTES = 16
_CRC8_POLYNOMIAL = 0x07


def has_flac_frame_behind(descriptor: int, flac_start: int, span: tuple[int, int], samples: int) -> bool:
    """Whether a frame that ends behind sample number `samples` of its stream begins in `span`.

    Parameters
    ----------
    flac_start : where the stream's marker stands.
    span : first byte and end, of which 128 KiB at most should lie between: they are read at once.

    Raises
    ------
    OSError : the file cannot be read.
    """
    start, end = span
    block_samples = int.from_bytes(peek(descriptor, 2, flac_start + 10), "big")
    found = peek(descriptor, max(0, end - start), start)
    return any(
        (_end_sample(found[sync.start() : sync.start() + _LONGEST_HEADER_BYTES], block_samples) or 0) > samples
        for sync in _SYNC.finditer(found)
    )


def _end_sample(head: bytes, block_samples: int) -> int | None:
    """Number of the sample behind the frame with the header `head`; None where it is no header of a frame.

    `block_samples` is the length of the blocks in a stream where all have the same: its frames count blocks.
    """
    if len(head) < _LONGEST_HEADER_BYTES or head[3] & 1:
        return None
    coded = _coded_number(head[4:11])
    if coded is None:
        return None
    number, position = coded[0], 4 + coded[1]
    code, rate_code = head[2] >> 4, head[2] & 0xF
    extra = {6: 1, 7: 2}.get(code, 0)
    length = int.from_bytes(head[position : position + extra], "big") + 1 if extra else _block_samples(code)
    position += extra + {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if not length or rate_code == 0xF or _crc8(head[:position]) != head[position]:
        return None
    return (number if head[1] & 1 else number * block_samples) + length


def _coded_number(head: bytes) -> tuple[int, int] | None:
    """(a number coded like a character of UTF-8, but of up to 36 bits; its bytes); None where it is none."""
    ones = 8 - (head[0] ^ 0xFF).bit_length()
    if ones == 0:
        return head[0], 1
    rest = head[1:ones]
    if not 2 <= ones <= 7 or any(byte & 0xC0 != 0x80 for byte in rest):
        return None
    number = head[0] & 0x7F >> ones
    for byte in rest:
        number = number << 6 | byte & 0x3F
    return number, ones


def _block_samples(code: int) -> int:
    """Samples a channel of a block by the four bits for it; 0 for the reserved code."""
    if code < 2:
        return 192 * code
    return 144 << code if code < 6 else 1 << code


def _crc8(head: bytes) -> int:
    value = 0
    for byte in head:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ (_CRC8_POLYNOMIAL if value & 0x80 else 0)) & 0xFF
    return value
