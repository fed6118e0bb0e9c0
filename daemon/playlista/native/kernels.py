"""The kernels as methods that take arrays: one for each function in C, with its checks.

Input: a loaded library. Output: what the functions compute. Types and layouts of arrays are checked at each call
(``ctypes.ArgumentError``), lengths are taken from the arrays; a kernel never touches memory that is not theirs.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playlista.native.arguments import Array, by_channel, rows
from playlista.native.fourier import LANES, turns
from playlista.native.results import (
    ENERGY_FRAMES,
    SIDE_BY_SIDE,
    STRETCH_FRAMES,
    TAPS,
    TRIED_STEPS,
    BandWeights,
    Extremes,
    Levels,
    Runs,
    SharpBends,
    Sharpness,
    Survey,
)
from playlista.native.spectra import SIGNATURES as OF_SPECTRA
from playlista.native.spectra import SpectrumKernels

_DOUBLES, _FLOATS, _HALVES, _SPECTRA = Array(np.float64), Array(np.float32), Array(np.float16), Array(np.complex64)
_INTEGERS, _BYTES = Array(np.int64), Array(np.uint8)
_LENGTH, _DOUBLE, _FLOAT, _ADDRESS = ctypes.c_int64, ctypes.c_double, ctypes.c_float, ctypes.c_void_p

#: Result and arguments of each function, as in the C files.
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "checksum": (ctypes.c_char_p, ()),
    "k_energies": (
        None,
        (_DOUBLES, _DOUBLES, _DOUBLES, _FLOATS, _LENGTH, _LENGTH, _INTEGERS, _LENGTH, _DOUBLES),
    ),
    "true_peak": (_DOUBLE, (_DOUBLE, _FLOATS, _FLOATS, _LENGTH, _LENGTH, _DOUBLES, _LENGTH, _DOUBLE, _DOUBLE)),
    "survey": (None, (_ADDRESS, _LENGTH, _LENGTH, _LENGTH, _LENGTH, _FLOATS, _FLOATS)),
    "levels": (
        None,
        (_ADDRESS, _LENGTH, _LENGTH, _LENGTH, _LENGTH, _LENGTH, _DOUBLES, _DOUBLES, _DOUBLES),
    ),
    "sounding": (_LENGTH, (_ADDRESS, _LENGTH, _LENGTH, _LENGTH, _FLOAT, _INTEGERS)),
    "equal_pairs": (_LENGTH, (_FLOATS, _LENGTH, _LENGTH, _FLOAT, _INTEGERS, _INTEGERS, _INTEGERS)),
    "sharp_bends": (
        _LENGTH,
        (
            *(_ADDRESS, _LENGTH, _LENGTH, _LENGTH),
            *(_FLOAT, _FLOAT, _DOUBLE, _LENGTH, _LENGTH),
            *(_INTEGERS, _DOUBLES, _INTEGERS),
        ),
    ),
    "equal_runs": (_LENGTH, (_ADDRESS, _LENGTH, _LENGTH, _LENGTH, _LENGTH, _INTEGERS, _INTEGERS, _INTEGERS)),
    "used_bits": (_LENGTH, (_FLOATS, _LENGTH)),
    "planar": (None, (_FLOATS, _LENGTH, _LENGTH, _FLOATS, _LENGTH, _LENGTH)),
    "band_powers": (
        None,
        (_SPECTRA, _LENGTH, _LENGTH, _LENGTH, _INTEGERS, _INTEGERS, _LENGTH, _FLOATS, _FLOATS, _FLOATS),
    ),
    "spectra": (None, (_ADDRESS, _LENGTH, _LENGTH, _LENGTH, _FLOATS, _FLOATS, _FLOATS, _SPECTRA)),
    "lattice_fits": (
        None,
        (_FLOATS, _LENGTH, _LENGTH, _INTEGERS, _LENGTH, _FLOATS, _FLOATS, _LENGTH, _DOUBLES),
    ),
    "to_half": (None, (_FLOATS, _LENGTH, _HALVES)),
    "from_half": (None, (_HALVES, _LENGTH, _FLOATS)),
    "pack": (None, (_FLOATS, _LENGTH, _FLOAT, _LENGTH, _BYTES)),
    **OF_SPECTRA,
}


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
        self.spectrum = SpectrumKernels(self._functions)

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

    def survey(self, samples: NDArray[np.float32], end: int) -> Survey:
        channels, frames = samples.shape
        if frames % STRETCH_FRAMES or not 0 < end <= frames:
            raise ValueError("whole stretches are needed, and an end within them")
        peaks = np.empty((channels, frames // STRETCH_FRAMES), np.float32)
        extremes = np.empty((channels, len(Extremes._fields)), np.float32)
        self._functions["survey"](*rows(samples), end, peaks, extremes)
        return Survey(peaks, [Extremes(*row) for row in extremes.tolist()])

    def levels(self, samples: NDArray[np.float32], front: Sequence[int]) -> Levels:
        channels, frames = samples.shape
        if frames % ENERGY_FRAMES or not all(0 <= channel < channels for channel in front):
            raise ValueError("frames in whole steps and channels that are there are needed")
        one, other = front
        levels = Levels(np.empty(channels), np.empty(channels), np.empty(6))
        self._functions["levels"](*rows(samples), one, other, *levels)
        return levels

    def sounding(self, samples: NDArray[np.float32], level: float) -> tuple[int, int] | None:
        span = np.empty(2, np.int64)
        found = self._functions["sounding"](*rows(samples), level, span)
        return (int(span[0]), int(span[1])) if found else None

    def equal_pairs(self, peaks: NDArray[np.float32], least: float) -> list[Runs]:
        channels, count = peaks.shape
        firsts, seconds = np.empty((2, channels * count), np.int64)
        pairs = np.empty(channels, np.int64)
        found = self._functions["equal_pairs"](peaks, channels, count, least, firsts, seconds, pairs)
        return by_channel(Runs, found, pairs, firsts, seconds)

    def sharp_bends(self, samples: NDArray[np.float32], sharpness: Sharpness) -> list[SharpBends]:
        channels, count = samples.shape
        if not 0 <= sharpness.width < sharpness.near <= STRETCH_FRAMES // 2:
            raise ValueError("bends are compared with others within half a stretch")
        places = np.empty(channels * count // STRETCH_FRAMES, np.int64)
        ratios, bends = np.empty(len(places)), np.empty(channels, np.int64)
        found = self._functions["sharp_bends"](*rows(samples), *sharpness, places, ratios, bends)
        return by_channel(SharpBends, found, bends, places, ratios)

    def equal_runs(self, samples: NDArray[np.float32], least: int) -> list[Runs]:
        if least < 1:
            raise ValueError(f"no run has {least} samples")
        channels, count = samples.shape
        firsts, lasts = np.empty((2, channels * count // least), np.int64)
        runs = np.empty(channels, np.int64)
        found = self._functions["equal_runs"](*rows(samples), least, firsts, lasts, runs)
        return by_channel(Runs, found, runs, firsts, lasts)

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
        if bins < bank.bins:
            raise ValueError(f"spectra of {bank.bins} bins are needed, not of {bins}")
        work = np.empty(bank.bins + SIDE_BY_SIDE, np.float32)
        sums = np.empty((frames, len(bank.starts)), np.float32)
        self._functions["band_powers"](
            spectra, frames, bins, bank.bins, bank.starts, bank.lengths, len(bank.starts), bank.weights, work, sums
        )
        return sums

    def spectra(self, frames: NDArray[np.float32], window: NDArray[np.float32]) -> NDArray[np.complex64]:
        """Spectra [shape=(frames, 1 + length // 2)] of `frames` under twice the `window`; see ``features.frames``.

        Parameters
        ----------
        frames : np.ndarray [shape=(frames, length), float32], which may overlap; length as in ``is_transformable``.
        window : np.ndarray [shape=(length,), float32].
        """
        count, length = frames.shape
        table = turns(length)
        if frames.dtype != np.float32 or frames.strides[1] != frames.itemsize or frames.strides[0] % frames.itemsize:
            raise TypeError("frames of float32 that lie side by side are needed")
        if window.shape != (length,):
            raise ValueError(f"a window of {length} samples is needed")
        hop = frames.strides[0] // frames.itemsize
        spectra = np.empty((count, length // 2 + 1), np.complex64)
        work = np.empty(2 * length + LANES, np.float32)
        self._functions["spectra"](frames.ctypes.data, hop, count, length // 2, window, table, work, spectra)
        return spectra

    def lattice_fits(
        self,
        numbers: NDArray[np.float32],
        edges: NDArray[np.int64],
        units: NDArray[np.float32],
        wider: NDArray[np.float32],
    ) -> NDArray[np.float64]:
        """See ``features.health.codecs.lattice.lattice_fits``."""
        count, lines = numbers.shape
        bands = len(edges) - 1
        if edges[0] != 0 or edges[-1] != lines or not (edges[1:] > edges[:-1]).all() or units.shape != (count, bands):
            raise ValueError("the bands do not fit the numbers")
        if not 1 <= len(wider) <= TRIED_STEPS:
            raise ValueError(f"{len(wider)} steps are not tried at once")
        best = np.empty((count, bands))
        padded = np.zeros(TRIED_STEPS, np.float32)
        padded[: len(wider)] = wider
        self._functions["lattice_fits"](numbers, count, lines, edges, bands, units, padded, len(wider), best)
        return best

    def to_half(self, samples: NDArray[np.float32]) -> NDArray[np.float16]:
        """Samples [shape=(n,)] rounded to float16, those beyond +-65504 as these; see ``decode.resample``."""
        halves = np.empty(samples.shape, np.float16)
        self._functions["to_half"](samples, samples.size, halves)
        return halves

    def from_half(self, halves: NDArray[np.float16]) -> NDArray[np.float32]:
        """The same numbers as float32."""
        samples = np.empty(halves.shape, np.float32)
        self._functions["from_half"](halves, halves.size, samples)
        return samples

    def pack(self, samples: NDArray[np.float32], scale: float, bytes_each: int) -> NDArray[np.uint8]:
        """Samples times `scale` as signed integers of 1, 2 or 3 bytes, the lowest first [shape=(n * bytes_each,)]."""
        if bytes_each not in (1, 2, 3):
            raise ValueError(f"integers of {bytes_each} bytes are not packed")
        packed = np.empty(samples.size * bytes_each, np.uint8)
        self._functions["pack"](samples, samples.size, scale, bytes_each, packed)
        return packed
