"""Random arrays through every kernel, in a process that may be under sanitizers: ``python -m tests.native.fuzz SO``.

Input: a library, and how many rounds. Output: nothing; what is wrong ends the process, or fails a comparison.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from playlista.features.fingerprint.accumulator import FingerprintAccumulator
from playlista.features.loudness.accumulator import LoudnessAccumulator
from playlista.features.spectral.accumulator import SpectralAccumulator
from playlista.features.tonal.accumulator import TonalAccumulator
from playlista.features.triangles import triangles
from playlista.native.kernels import Kernels
from playlista.native.results import TRIED_STEPS, BandWeights, Sharpness

RATES_HZ = (1_000, 4_000, 8_000, 44_100, 96_000, 192_000)
#: Bit patterns of samples that are no numbers, or are at the ends of what floats can be.
ODD = np.array([np.nan, np.inf, -np.inf, 3.4e38, -3.4e38, 1e-45, -0.0], np.float32)


def frames(random: np.random.Generator, *, finite: bool = False) -> NDArray[np.float32]:
    """Some frames of some channels, in memory of just that size; now and then with odd values."""
    shape = (int(random.choice([0, 1, 2, 31, 32, 33, 511, 512, 513, int(random.integers(0, 5000))])),)
    made = random.uniform(-1, 1, (*shape, int(random.integers(1, 9)))) * 10.0 ** random.uniform(-40, 38)
    samples = made.astype(np.float32)
    if not finite and samples.size and random.random() < 0.3:
        samples.flat[random.integers(0, samples.size, 5)] = random.choice(ODD, 5)
    return samples


def loudness(kernels: Kernels, random: np.random.Generator) -> None:
    """A track in pieces, whatever its samples are."""
    track = frames(random)
    accumulator = LoudnessAccumulator(int(random.choice(RATES_HZ)), track.shape[1], kernels=kernels)
    for piece in np.split(track, np.sort(random.integers(0, len(track) + 1, 4))):
        accumulator.update(np.array(piece))
    with np.errstate(all="ignore"):
        accumulator.result()


def passes(kernels: Kernels, random: np.random.Generator) -> None:
    """Every pass of health, over rows that may lie apart."""
    samples = np.ascontiguousarray(frames(random).T)
    apart = np.pad(samples, ((0, 0), (0, 3)))[:, : samples.shape[1]]
    whole = apart[:, : apart.shape[1] // 1_024 * 1_024]
    stretches = apart[:, : apart.shape[1] // 256 * 256]
    if stretches.shape[1]:
        peaks = kernels.survey(stretches, int(random.integers(1, stretches.shape[1] + 1))).peaks
        kernels.equal_pairs(peaks, 0.0)
    near = int(random.integers(1, 129))
    kernels.sharp_bends(apart, Sharpness(0.0, 0.5, 0.0, near, int(random.integers(0, near))))
    kernels.equal_runs(np.repeat(apart, 3, axis=1), int(random.integers(1, 40)))
    kernels.sounding(apart, float(random.uniform(0, 1)))
    kernels.levels(whole, (0, len(samples) - 1))
    for channel in samples:
        if len(channel):
            kernels.used_bits(channel[np.newaxis])


def bands(kernels: Kernels, random: np.random.Generator) -> None:
    """Spectra of any length through a bank of any width, also of empty bands."""
    bins, count = int(random.integers(1, 600)), int(random.integers(1, 60))
    bank = triangles(np.arange(bins), np.sort(random.uniform(0, bins, count + 2))).astype(np.float32)
    spectra = (random.standard_normal((int(random.integers(0, 9)), 2 * bins)) * 1e3).astype(np.float32)
    kernels.band_powers(spectra.view(np.complex64), BandWeights.of(bank))


def fourier(kernels: Kernels, random: np.random.Generator) -> None:
    """Frames of any length that the kernel knows, next to each other or over each other."""
    length, samples = 2 ** int(random.integers(7, 13)), frames(random)[:, 0].copy()
    if len(samples) >= length:
        views = np.lib.stride_tricks.sliding_window_view(samples, length)[:: int(random.integers(1, 2 * length))]
        kernels.spectra(views, np.ones(length, np.float32))


def lattices(kernels: Kernels, random: np.random.Generator) -> None:
    """Numbers of any size in bands of any width."""
    widths = random.integers(1, 60, int(random.integers(1, 20)))
    shape = int(random.integers(0, 9)), int(widths.sum())
    numbers = np.abs(random.standard_normal(shape) * 10.0 ** random.uniform(-40, 38)).astype(np.float32)
    if numbers.size and random.random() < 0.3:
        numbers.flat[random.integers(0, numbers.size, 5)] = random.choice(ODD, 5)
    units = random.uniform(0, 1e3, (shape[0], len(widths))).astype(np.float32)
    wider = random.uniform(0, 1, int(random.integers(1, TRIED_STEPS + 1))).astype(np.float32)
    kernels.lattice_fits(numbers, np.cumsum([0, *widths]), units, wider)


def packing(kernels: Kernels, random: np.random.Generator) -> None:
    """Samples into planar ones, into halves and back, and into bytes."""
    interleaved = frames(random)
    planar = np.zeros((interleaved.shape[1], len(interleaved) + 7), np.float32)
    kernels.planar(interleaved, planar, int(random.integers(0, 8)))
    kernels.from_half(kernels.to_half(interleaved))
    for bytes_each in (1, 2, 3):
        kernels.pack(interleaved, 2.0 ** (8 * bytes_each - 1), bytes_each)


def spectra(kernels: Kernels, random: np.random.Generator) -> None:
    """Shapes, peaks and bands of spectra at any rate, whatever the samples are."""
    rate_hz = int(random.choice([8_000, 11_025, 16_000, 22_050, 44_100, 96_000]))
    kinds = SpectralAccumulator, TonalAccumulator, FingerprintAccumulator
    accumulators = [kind(rate_hz, kernels=kernels) for kind in kinds]
    with np.errstate(all="ignore"):
        for _ in range(int(random.integers(1, 20))):
            samples = frames(random)[:, 0]
            for accumulator in accumulators:
                accumulator.update(samples)
        for accumulator in accumulators:
            accumulator.result()


TRIALS: tuple[Callable[[Kernels, np.random.Generator], None], ...] = (
    loudness, passes, bands, fourier, lattices, spectra, packing,
)  # fmt: skip


def main(library: str, rounds: int, seed: int) -> None:
    """So many rounds of each trial."""
    kernels = Kernels(ctypes.CDLL(library))
    for number in range(rounds):
        for trial in TRIALS:
            trial(kernels, np.random.default_rng([seed, number]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
