"""What kernels take and give, beside plain arrays: the same in C and in NumPy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Floats that the kernel of bands takes at once.
SIDE_BY_SIDE = 8
#: Taps of the interpolator that ``true_peak`` knows.
TAPS = 32
#: Widths of a lattice that ``lattice_fits`` can try at once.
TRIED_STEPS = 32
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


class Extremes(NamedTuple):
    """Samples of a channel: the highest, the lowest, the first, the last; and the lowest of the peaks of stretches."""

    highest: float
    lowest: float
    first: float
    last: float
    softest_peak: float


class Survey(NamedTuple):
    """What one look at all samples of a block tells.

    peaks : np.ndarray [shape=(channels, stretches), float32]: the largest magnitude of each STRETCH_FRAMES.
    extremes : of each channel.
    """

    peaks: NDArray[np.float32]
    extremes: list[Extremes]


class Runs(NamedTuple):
    """First and last sample of each run, or of each pair [shape=(runs,), int64]."""

    firsts: NDArray[np.int64]
    lasts: NDArray[np.int64]


class SharpBends(NamedTuple):
    """Where a channel bends more sharply than around [shape=(n,), int64], and how many times so [float64]."""

    places: NDArray[np.int64]
    ratios: NDArray[np.float64]


class Sharpness(NamedTuple):
    """Which bends count; see ``features.health.passes.NumpyPasses.sharp_bends``."""

    least: float
    of_stretches: float
    ratio: float
    near: int
    width: int


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
        lengths = np.where((bank != 0).any(axis=0), -(-(ends - starts) // SIDE_BY_SIDE) * SIDE_BY_SIDE, 0)
        padded = np.pad(bank, ((0, SIDE_BY_SIDE), (0, 0)))
        bands = zip(padded.T, starts, lengths, strict=True)
        weights = [band[start : start + length] for band, start, length in bands]
        return cls(len(bank), starts.astype(np.int64), lengths.astype(np.int64), np.concatenate(weights))
