"""Arrays as arguments of functions in C, and what comes back for several channels.

Input: NumPy arrays. Output: their addresses, after a look at type and layout. No array is copied.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Found = TypeVar("Found")

#: What points to the first byte of an array: a sixth of the time of asking it for its address.
_Bytes = ctypes.c_char * 0
_FLOAT32 = np.dtype(np.float32)


class Array:
    """C-contiguous arrays of one type as arguments: what ``numpy.ctypeslib.ndpointer`` does, in a tenth of the time."""

    def __init__(self, kind: type[np.generic]) -> None:
        self._dtype = np.dtype(kind)

    def from_param(self, array: NDArray[Any]) -> ctypes.Array[ctypes.c_char] | ctypes.c_void_p:
        """The address of `array`.

        Raises
        ------
        TypeError : it is of another type, or its values do not lie side by side.
        """
        if array.dtype != self._dtype:
            raise TypeError(f"an array of {self._dtype} is needed")
        buffer: Any = array  # older stubs of NumPy do not call it one
        try:
            return _Bytes.from_buffer(buffer)
        except TypeError:  # read-only or not contiguous: to ask for its flags first takes as long as this
            if array.flags.c_contiguous and not array.flags.writeable:
                return ctypes.c_void_p(array.ctypes.data)
            raise TypeError(f"a C-contiguous array of {self._dtype} is needed") from None


def rows(samples: NDArray[np.float32]) -> tuple[ctypes.Array[ctypes.c_char], int, int, int]:
    """Address, distance of rows, rows and columns of planar samples, whose rows may lie apart."""
    if samples.dtype != _FLOAT32 or len(samples) == 0:
        raise TypeError("float32 samples of at least one channel are needed")
    distance, rest = divmod(samples.strides[0], samples.itemsize) if samples.size else (0, 0)
    if rest or distance < samples.shape[1]:
        raise TypeError("channels that do not overlap are needed")
    # A row that does not lie side by side is refused here.
    return _Bytes.from_buffer(samples[0]), distance, *samples.shape


def overlapping(frames: NDArray[np.float32]) -> tuple[ctypes.c_void_p, int, int]:
    """Address, length and hop of frames that are cut from one signal [shape=(frames, length)]."""
    hop, rest = divmod(frames.strides[0], frames.itemsize)
    if frames.dtype != np.float32 or frames.strides[1] != frames.itemsize or rest or hop < 0:
        raise TypeError("frames of float32 samples side by side are needed")
    return ctypes.c_void_p(frames.ctypes.data), frames.shape[1], hop


def by_channel(
    kind: Callable[..., Found], found: int, counts: NDArray[np.int64], one: NDArray[Any], other: NDArray[Any]
) -> list[Found]:
    """The first `found` of both arrays, as a `kind` for each channel, of which there are so many as `counts` says."""
    if not found:
        return [kind(one[:0], other[:0])] * len(counts)
    ends = np.cumsum(counts).tolist()
    return [kind(one[start:end], other[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
