"""JSON as Python's own module reads and writes it, in a tenth of the time where orjson is installed.

Input: JSON; the numbers of an embedding. Output: objects; the digits of these numbers, the same to the last byte.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from importlib import import_module
from typing import Any


def _orjson() -> Any:
    """The module; None where it is not installed, as on a processor that it has no wheel for."""
    try:
        return import_module("orjson")
    except ImportError:
        return None


orjson = _orjson()

#: First bytes, sign and exponent, of a float32.
_HUGE = bytes((*range(90, 128), *range(218, 256)))  # from 2^53 on, infinity and what is no number
_SMALL = bytes((*range(1, 57), *range(129, 185)))  # below 2^-13, but not zero
#: Of these numbers orjson and Python may write different digits.
_DIFFERENT = frozenset(_HUGE + _SMALL)
_ALIKE = bytes(one for one in range(256) if one not in _DIFFERENT)


def read(text: str) -> Any:
    """What `text` says; its integers have 64 bits at most, as those of results have.

    Raises
    ------
    ValueError : it is no JSON.
    """
    if orjson is not None:
        try:
            return orjson.loads(text)
        except ValueError:
            pass  # half a pair of surrogates, which Python's own takes
    return json.loads(text)


def read_strictly(text: str) -> Any:
    """The same; where orjson is installed, without numbers that are not finite.

    Raises
    ------
    ValueError : it is no JSON, or only Python's own takes it for that.
    """
    return json.loads(text) if orjson is None else orjson.loads(text)


def numbers_of(vector: bytes) -> Sequence[float]:
    """The numbers in `vector`, float32 in little-endian order. Raises struct.error where it is cut."""
    return struct.unpack(f"<{len(vector) // 4}f", vector)


def digits_of(vector: bytes) -> bytes:
    """The numbers of `vector`, each as the float64 that it is in Python, with ", " between them."""
    numbers = numbers_of(vector)
    different = vector[3::4].translate(None, _ALIKE)
    if orjson is None or different.translate(None, _SMALL):
        return json.dumps(numbers)[1:-1].encode()
    text: bytes = orjson.dumps(numbers)[1:-1].replace(b",", b", ")
    if different or b"e" in text:  # an exponent: a number whose first byte is 0, too, may be very small
        text = b", ".join(map(_as_in_python, text.split(b", ")))
    return text


def _as_in_python(digits: bytes) -> bytes:
    """What orjson writes as 0.00001 or 1e-7 is 1e-05 and 1e-07 in Python."""
    return repr(float(digits)).encode() if b"e" in digits or b"0.0000" in digits else digits


def compact(cells: Sequence[Any]) -> bytes:
    """JSON without spaces, in UTF-8; nothing where orjson is not installed.

    Raises
    ------
    TypeError : a text is not Unicode, or an integer has more than 64 bits.
    """
    if orjson is None:
        return b""
    text: bytes = orjson.dumps(cells)
    return text
