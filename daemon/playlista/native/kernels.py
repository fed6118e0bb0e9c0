"""The kernels as methods that take arrays: one for each function in C, with its checks.

Input: a loaded library. Output: what the functions compute. Types and layouts of arrays are checked at each call
(``ctypes.ArgumentError``), lengths are taken from the arrays; a kernel never touches memory that is not theirs.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DOUBLES = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
_FLOATS = np.ctypeslib.ndpointer(np.float32, flags="C_CONTIGUOUS")
_INTEGERS = np.ctypeslib.ndpointer(np.int64, flags="C_CONTIGUOUS")
_LENGTH, _DOUBLE = ctypes.c_int64, ctypes.c_double

#: Result and arguments of each function, as in the C files.
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "checksum": (ctypes.c_char_p, ()),
    "k_energies": (
        None,
        (_DOUBLES, _DOUBLES, _DOUBLES, _FLOATS, _LENGTH, _LENGTH, _INTEGERS, _LENGTH, _DOUBLES),
    ),
    "true_peak": (_DOUBLE, (_DOUBLE, _FLOATS, _FLOATS, _LENGTH, _LENGTH, _DOUBLES, _LENGTH, _DOUBLE, _DOUBLE)),
}

#: Taps of the interpolator that ``true_peak`` knows.
TAPS = 32


class Kernels:
    """The functions of a loaded library.

    Raises
    ------
    AttributeError : the library lacks one of them.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        self._functions = {name: getattr(library, f"playlista_{name}") for name in _SIGNATURES}
        for name, (result, arguments) in _SIGNATURES.items():
            self._functions[name].restype = result
            self._functions[name].argtypes = arguments

    @property
    def checksum(self) -> str:
        """Of the sources that the library was built from."""
        return str(self._functions["checksum"]().decode())

    def k_energies(
        self,
        sections: NDArray[np.float64],
        states: NDArray[np.float64],
        open_sums: NDArray[np.float64],
        frames: NDArray[np.float32],
        ends: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """Filter the next frames, and add up the squares of what comes out.

        Parameters
        ----------
        sections : np.ndarray [shape=(10,), float64]: of shelf and high-pass b0, b1 - a1 b0, b2 - a2 b0, -a1, -a2.
        states, open_sums : np.ndarray [shape=(channels, 4) and (channels,), float64], changed: the state of the filter
            and the sum of the step that has not ended.
        frames : np.ndarray [shape=(n, channels), float32].
        ends : np.ndarray [shape=(steps,), int64], rising: how many of the frames lie before the end of each step.

        Returns
        -------
        np.ndarray [shape=(steps, channels), float64].
        """
        count, channels = frames.shape
        if sections.shape != (10,) or states.shape != (channels, 4) or open_sums.shape != (channels,):
            raise ValueError("the arrays are of different numbers of channels")
        if len(ends) and not (ends[0] >= 0 and ends[-1] <= count and (ends[1:] >= ends[:-1]).all()):
            raise ValueError("steps end outside the frames")
        energies = np.empty((len(ends), channels))
        self._functions["k_energies"](sections, states, open_sums, frames, count, channels, ends, len(ends), energies)
        return energies

    def true_peak(
        self,
        peak: float,
        tails: NDArray[np.float32],
        frames: NDArray[np.float32],
        weights: NDArray[np.float64],
        bounds: tuple[float, float],
    ) -> float:
        """The highest magnitude so far, at the samples and at the points between them.

        Parameters
        ----------
        peak : that of all frames before.
        tails : np.ndarray [shape=(channels, TAPS), float32], changed: the last samples of each channel.
        frames : np.ndarray [shape=(n, channels), float32].
        weights : np.ndarray [shape=(points, TAPS), float64], of the points behind the middle of the taps.
        bounds : what the largest sample and the sharpest bend under the weights are multiplied by to
            bound what they make of them.
        """
        count, channels = frames.shape
        if tails.shape != (channels, TAPS) or weights.shape[1] != TAPS:
            raise ValueError("the arrays are of different numbers of channels or taps")
        found = self._functions["true_peak"](peak, tails, frames, count, channels, weights, len(weights), *bounds)
        return float(found)
