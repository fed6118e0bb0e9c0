"""The kernels as methods that take arrays: one for each function in C, with its checks.

Input: a loaded library. Output: what the functions compute. Types and layouts of arrays are checked at each call
(``ctypes.ArgumentError``), lengths are taken from the arrays; a kernel never touches memory that is not theirs.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class _Array:
    """C-contiguous arrays of one type as arguments: what ``numpy.ctypeslib.ndpointer`` does, in a third of the time."""

    def __init__(self, kind: type[np.generic]) -> None:
        self._dtype = np.dtype(kind)

    def from_param(self, array: NDArray[Any]) -> ctypes.c_void_p:
        """The address of `array`.

        Raises
        ------
        TypeError : it is of another type, or its values do not lie side by side.
        """
        if array.dtype != self._dtype or not array.flags.c_contiguous:
            raise TypeError(f"a C-contiguous array of {self._dtype} is needed")
        return ctypes.c_void_p(array.__array_interface__["data"][0])


_DOUBLES, _FLOATS, _SPECTRA = _Array(np.float64), _Array(np.float32), _Array(np.complex64)
_INTEGERS, _BYTES = _Array(np.int64), _Array(np.uint8)
_LENGTH, _DOUBLE, _FLOAT, _ADDRESS = ctypes.c_int64, ctypes.c_double, ctypes.c_float, ctypes.c_void_p

#: Result and arguments of each function, as in the C files.
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "checksum": (ctypes.c_char_p, ()),
    "k_energies": (
        None,
        (_DOUBLES, _DOUBLES, _DOUBLES, _FLOATS, _LENGTH, _LENGTH, _INTEGERS, _LENGTH, _DOUBLES),
    ),
    "true_peak": (_DOUBLE, (_DOUBLE, _FLOATS, _FLOATS, _LENGTH, _LENGTH, _DOUBLES, _LENGTH, _DOUBLE, _DOUBLE)),
    "peaks": (None, (_ADDRESS, _LENGTH, _LENGTH, _LENGTH, _FLOATS)),
    "levels": (
        None,
        (_ADDRESS, _LENGTH, _LENGTH, _LENGTH, _LENGTH, _LENGTH, _DOUBLES, _DOUBLES, _DOUBLES),
    ),
    "sounding": (_LENGTH, (_ADDRESS, _LENGTH, _LENGTH, _LENGTH, _FLOAT, _INTEGERS)),
    "equal_pairs": (_LENGTH, (_FLOATS, _LENGTH, _FLOAT, _INTEGERS, _INTEGERS)),
    "sharpest_bends": (None, (_FLOATS, _LENGTH, _FLOATS)),
    "equal_runs": (_LENGTH, (_FLOATS, _LENGTH, _LENGTH, _INTEGERS, _INTEGERS)),
    "runs_at": (_LENGTH, (_FLOATS, _LENGTH, _FLOAT, _FLOAT, _INTEGERS, _INTEGERS)),
    "highest": (_FLOAT, (_FLOATS, _LENGTH, _FLOAT)),
    "used_bits": (_LENGTH, (_FLOATS, _LENGTH)),
    "planar": (None, (_FLOATS, _LENGTH, _LENGTH, _FLOATS, _LENGTH, _LENGTH)),
    "band_powers": (
        None,
        (_SPECTRA, _LENGTH, _LENGTH, _INTEGERS, _INTEGERS, _LENGTH, _FLOATS, _FLOATS, _FLOATS),
    ),
    "pack": (None, (_FLOATS, _LENGTH, _FLOAT, _LENGTH, _BYTES)),
}

#: Floats that the kernel of bands takes at once.
_SIDE_BY_SIDE = 8
#: Taps of the interpolator that ``true_peak`` knows.
TAPS = 32
#: Frames of planar samples that share one peak and one bend, one sum of the bass, and one sum of squares.
STRETCH_FRAMES, BASS_FRAMES, ENERGY_FRAMES = 256, 128, 1_024


class Levels(NamedTuple):
    """Sums over planar samples.

    sums, energies : np.ndarray [shape=(channels,), float64], of the samples and of their squares.
    front : np.ndarray [shape=(6,), float64], of two channels: the sum of their products; then, of the sums of each
        BASS_FRAMES, those of one and of the other, of their squares and of their products.
    """

    sums: NDArray[np.float64]
    energies: NDArray[np.float64]
    front: NDArray[np.float64]


class Runs(NamedTuple):
    """First and last sample of each run, or of each pair [shape=(runs,), int64]."""

    firsts: NDArray[np.int64]
    lasts: NDArray[np.int64]


class BandWeights(NamedTuple):
    """A filter bank without its zeros.

    bins : of the spectra.
    starts, lengths : np.ndarray [shape=(bands,), int64], the bins of each band; a length is a multiple of 8.
    weights : np.ndarray [shape=(sum of lengths,), float32], 0 behind the last bin.
    """

    bins: int
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, bank: NDArray[np.float32]) -> BandWeights:
        """That of `bank` [shape=(bins, bands)]."""
        starts = np.argmax(bank != 0, axis=0)
        ends = len(bank) - np.argmax(bank[::-1] != 0, axis=0)
        lengths = np.where((bank != 0).any(axis=0), -(-(ends - starts) // _SIDE_BY_SIDE) * _SIDE_BY_SIDE, 0)
        padded = np.pad(bank, ((0, _SIDE_BY_SIDE), (0, 0)))
        bands = zip(padded.T, starts, lengths, strict=True)
        weights = [band[start : start + length] for band, start, length in bands]
        return cls(len(bank), starts.astype(np.int64), lengths.astype(np.int64), np.concatenate(weights))


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

    @property
    def work_bytes(self) -> int:
        """No work space is kept between calls."""
        return 0

    def planar(self, frames: NDArray[np.floating], planar: NDArray[np.float32], at: int) -> None:
        """See ``features.health.passes.NumpyPasses``, as for all methods below."""
        interleaved = np.ascontiguousarray(frames, np.float32)
        count, channels = interleaved.shape
        if channels != len(planar) or not 0 <= at <= planar.shape[1] - count:
            raise ValueError("these frames do not fit there")
        self._functions["planar"](interleaved, count, channels, planar, planar.shape[1], at)

    def peaks(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        peaks = np.empty((len(samples), samples.shape[1] // STRETCH_FRAMES), np.float32)
        self._functions["peaks"](*_rows(samples), peaks)
        return peaks

    def levels(self, samples: NDArray[np.float32], front: Sequence[int]) -> Levels:
        channels, frames = samples.shape
        if frames % ENERGY_FRAMES or not all(0 <= channel < channels for channel in front):
            raise ValueError("frames in whole steps and channels that are there are needed")
        one, other = front
        levels = Levels(np.empty(channels), np.empty(channels), np.empty(6))
        self._functions["levels"](*_rows(samples), one, other, *levels)
        return levels

    def sounding(self, samples: NDArray[np.float32], level: float) -> tuple[int, int] | None:
        span = np.empty(2, np.int64)
        found = self._functions["sounding"](*_rows(samples), level, span)
        return (int(span[0]), int(span[1])) if found else None

    def equal_pairs(self, peaks: NDArray[np.float32], least: float) -> Runs:
        firsts, seconds = np.empty((2, len(peaks)), np.int64)
        found = self._functions["equal_pairs"](np.ascontiguousarray(peaks), len(peaks), least, firsts, seconds)
        return Runs(firsts[:found], seconds[:found])

    def sharpest_bends(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        bends = np.empty(len(samples) // STRETCH_FRAMES, np.float32)
        self._functions["sharpest_bends"](samples, len(samples), bends)
        return bends

    def equal_runs(self, samples: NDArray[np.float32], least: int) -> Runs:
        firsts, lasts = np.empty((2, len(samples) // max(least, 1)), np.int64)
        found = self._functions["equal_runs"](samples, len(samples), max(least, 1), firsts, lasts)
        return Runs(firsts[:found], lasts[:found])

    def highest(self, samples: NDArray[np.float32], sign: float) -> float:
        if not len(samples):
            raise ValueError("there is no highest of nothing")
        return float(self._functions["highest"](samples, len(samples), sign))

    def runs_at(self, samples: NDArray[np.float32], sign: float, level: float) -> Runs:
        firsts, lasts = np.empty((2, (len(samples) + 1) // 2), np.int64)
        found = self._functions["runs_at"](samples, len(samples), sign, level, firsts, lasts)
        return Runs(firsts[:found], lasts[:found])

    def used_bits(self, samples: NDArray[np.float32]) -> int | None:
        used = 0
        for row in samples:
            of_row = int(self._functions["used_bits"](row, len(row)))
            if of_row < 0:
                return None
            used |= of_row
        return used

    def band_powers(self, spectra: NDArray[np.complex64], bank: BandWeights) -> NDArray[np.float32]:
        """The powers of the bands of each spectrum [shape=(frames, bands)]; see ``features.band_powers``."""
        frames, bins = spectra.shape
        if bins != bank.bins:
            raise ValueError(f"spectra of {bank.bins} bins are needed, not of {bins}")
        work = np.empty(bins + _SIDE_BY_SIDE, np.float32)
        sums = np.empty((frames, len(bank.starts)), np.float32)
        self._functions["band_powers"](
            spectra, frames, bins, bank.starts, bank.lengths, len(bank.starts), bank.weights, work, sums
        )
        return sums

    def pack(self, samples: NDArray[np.float32], scale: float, bytes_each: int) -> NDArray[np.uint8]:
        """Samples times `scale` as signed integers of 1, 2 or 3 bytes, the lowest first [shape=(n * bytes_each,)]."""
        if bytes_each not in (1, 2, 3):
            raise ValueError(f"integers of {bytes_each} bytes are not packed")
        packed = np.empty(samples.size * bytes_each, np.uint8)
        self._functions["pack"](samples, samples.size, scale, bytes_each, packed)
        return packed


def _rows(samples: NDArray[np.float32]) -> tuple[int, int, int, int]:
    """Address, distance of rows, rows and columns of planar samples, whose rows may lie apart."""
    itemsize = samples.itemsize
    row_bytes, sample_bytes = samples.strides if samples.size else (0, itemsize)
    if samples.dtype != np.float32 or sample_bytes != itemsize or row_bytes % itemsize:
        raise TypeError("float32 samples are needed that lie side by side in each channel")
    if row_bytes < samples.shape[1] * itemsize:
        raise TypeError("channels that do not overlap are needed")
    return samples.__array_interface__["data"][0], row_bytes // itemsize, *samples.shape
