"""The quantizer's steps of MP3 and AAC in decoded samples.

Both encoders raise the magnitudes of their coefficients to the power of 3/4 and round them to whole numbers of a step,
which is the same for all coefficients of a scale factor band and a power of the fourth root of 2. The same transform of
the decoded samples, on the encoder's own frame grid, finds the coefficients on that lattice again, but for the rounding
of the samples; at every other offset they lie anywhere. It takes no coefficients that were rounded to 0, so it also
tells of high bit rates.

Input: samples and some offsets of the grid. Output: for each offset and band how well the best step fits.

Sources
-------
MP3: ISO/IEC 11172-3, 2.4.3.4 (dequantization, alias reduction, hybrid filterbank). AAC: ISO/IEC 14496-3, 4.6.1 and
4.6.2. The idea: O. Derrien, "Detection of genuine lossless audio files", J. Audio Eng. Soc. 67 (2019); J. Herre and
M. Schug, "Analysis of Decompressed Audio - The Inverse Decoder", AES 109 (2000).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from playlista.features.health.codecs.bases import MP3_FRAMES, reduce_alias, subband_filter, subband_weights
from playlista.native.kernels import Kernels

POWER = 0.75
#: The largest coefficient of a band is so many steps to the power, at most; and how many steps are tried, each a
#: quarter of an octave above the one before: down to where it is one step.
MOST_STEPS, TRIED = 24.0, 25
LARGER_STEPS = np.exp2(-0.25 * POWER * np.arange(TRIED)).astype(np.float32)
#: A band of which the largest coefficient is below so many times the rounding of 16 bits tells nothing.
LEAST_MAGNITUDE = 4.0 / 32768
#: Fewer coefficients of a band tell nothing.
LEAST_COEFFICIENTS = 4
#: The variance of the fits of one band at any offset, at least.
LEAST_VARIANCE = 0.35
#: So many standard deviations one band may add.
MOST_BETTER = 6.0
#: Scale factor bands that are looked at, by their first lines: those of long blocks, 1.5 to 9 and to 16 kHz.
AAC_BANDS = (*(64, 72, 80, 88, 96, 108, 120, 132, 144, 160, 176, 196, 216, 240, 264, 292, 320, 352, 384, 416),)
MP3_BANDS = {
    44_100: (44, 52, 62, 74, 90, 110, 134, 162, 196, 238, 288, 342, 418),
    48_000: (42, 50, 60, 72, 88, 106, 128, 156, 190, 230, 276, 330, 384),
}
#: The step of an MP3 is a power of the fourth root of 2 times the norm of its synthesis, 3 times the root of 32.
MP3_NORM = 3.0 * 32.0**0.5


class Transform(Protocol):
    """The transform of an encoder.

    Attributes
    ----------
    frames : samples that one frame needs.
    bands : the first line of each band, and the line behind the last one, counted from the first that is computed.
    norm : the smallest step is this times a power of the fourth root of 2.
    """

    @property
    def frames(self) -> int: ...

    @property
    def bands(self) -> tuple[int, ...]: ...

    @property
    def norm(self) -> float: ...

    def coefficients(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of `samples` [shape=(n, frames)]; np.ndarray [shape=(n, lines)]."""


class Mdct:
    """The transform of AAC under `window` [shape=(2 * hop,)]: folded, and a cosine transform (DCT-IV) of the half."""

    norm = 1.0

    def __init__(self, window: NDArray[np.float64]) -> None:
        self.frames = len(window)
        self.bands = tuple(line - AAC_BANDS[0] for line in AAC_BANDS)
        hop = len(window) // 2
        self._window = window.astype(np.float32)
        self._turns = np.exp(-1j * np.pi / hop * (np.arange(hop // 2) + 0.125)).astype(np.complex64)
        self._scaled_turns = (self._turns * np.sqrt(2.0 / hop)).astype(np.complex64)

    def coefficients(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Transform`."""
        quarters = (samples * self._window).reshape(len(samples), 4, -1)
        a, b, c, d = (quarters[:, nth] for nth in range(4))
        folded = np.concatenate([-c[:, ::-1] - d, a - b[:, ::-1]], axis=1)
        # By one complex Fourier transform of half the length, of the even ones and the odd ones from behind. In
        # float64: in float32 the rounding of a loud coefficient moves soft ones on their lattice.
        spectrum = np.fft.fft((folded[:, ::2] + 1j * folded[:, ::-2]) * self._turns, axis=1) * self._scaled_turns
        found = np.empty_like(folded)
        found[:, ::2], found[:, ::-2] = spectrum.real, -spectrum.imag
        return np.ascontiguousarray(found[:, AAC_BANDS[0] : AAC_BANDS[-1]])


class Hybrid:
    """The transform of MP3: 32 subbands, an MDCT of 36 samples of each, and the reduction of their alias."""

    norm = MP3_NORM
    frames = MP3_FRAMES

    def __init__(self, sample_rate_hz: int) -> None:
        bands = MP3_BANDS[sample_rate_hz]
        first, last = bands[0] // 18, -(-bands[-1] // 18)
        self.bands = tuple(line - 18 * first for line in bands)
        subbands = range(first - 1, last + 1)  # their neighbours' alias comes from outside
        self._polyphase = np.stack([subband_filter(subband) for subband in subbands], axis=1)
        self._polyphase = np.ascontiguousarray(self._polyphase, np.float32)
        weights = [[subband_weights(subband, line) for line in range(18)] for subband in subbands]
        self._weights = np.ascontiguousarray(np.swapaxes(np.array(weights), 1, 2), np.float32)  # subbands, 36, 18

    def coefficients(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Transform`."""
        slots = np.lib.stride_tricks.sliding_window_view(samples, 512, axis=1)[:, ::32]
        subbands = (slots.reshape(-1, 512) @ self._polyphase).reshape(len(samples), 36, -1)
        lines = np.matmul(np.moveaxis(subbands, 2, 0), self._weights)  # subbands, n, 18
        reduce_alias(lines)
        return np.ascontiguousarray(np.moveaxis(lines[1:-1], 0, 1).reshape(len(samples), -1))


def fits(transform: Transform, samples: NDArray[np.float32], kernels: Kernels | None = None) -> NDArray[np.float64]:
    """How well the coefficients of each frame lie on a lattice, band by band.

    Parameters
    ----------
    samples : np.ndarray [shape=(n, transform.frames)], one frame at each of some offsets.
    kernels : compiled kernels to compute with; None for NumPy.

    Returns
    -------
    np.ndarray [shape=(n, bands)]: see `lattice_fits`; bands without sound are left out.
    """
    edges = np.array(transform.bands)
    powers = np.abs(transform.coefficients(samples)[:, edges[0] : edges[-1]]) ** np.float32(POWER)
    edges -= edges[0]
    largest = np.maximum.reduceat(powers, edges[:-1], axis=1)
    compute = kernels.lattice_fits if kernels else lattice_fits
    best = compute(powers, edges, _smallest_steps(largest, transform.norm), LARGER_STEPS)
    return np.asarray(best[:, largest.max(axis=0) >= LEAST_MAGNITUDE**POWER])


def lattice_fits(
    numbers: NDArray[np.float32], edges: NDArray[np.int64], units: NDArray[np.float32], wider: NDArray[np.float32]
) -> NDArray[np.float64]:
    """How well the numbers of each band lie on the lattice that fits them best.

    Parameters
    ----------
    numbers : np.ndarray [shape=(n, lines), float32], not below 0.
    edges : np.ndarray [shape=(bands + 1,), int64], the first line of each band, and the line behind the last one.
    units : np.ndarray [shape=(n, bands), float32]: what the numbers of a band are multiplied by to give angles, a turn
        for a step, on the lattice with the narrowest steps.
    wider : np.ndarray [shape=(tried,), float32]: what these angles are multiplied by for wider steps.

    Returns
    -------
    np.ndarray [shape=(n, bands), float64]: the sum over the band's numbers of the cosine of their place between two
    points of the lattice, by its standard deviation where they lie anywhere; that of the step that fits best. Numbers
    that would be rounded to 0 do not count, since those of steady tones would, too, nor do bands with few others.
    """
    starts, widths = edges[:-1], np.diff(edges)
    angles = (numbers * np.repeat(units, widths, axis=1))[:, :, np.newaxis] * wider
    is_zero = angles < np.float32(np.pi)
    np.copyto(angles, np.float32(0.5 * np.pi), where=is_zero)  # of which the cosine is 0
    sums = np.add.reduceat(np.cos(angles, out=angles), starts, axis=1)
    counts = widths[:, np.newaxis] - np.add.reduceat(is_zero, starts, axis=1, dtype=np.int16)
    best = np.where(counts >= LEAST_COEFFICIENTS, sums / np.sqrt(np.maximum(counts, 1) / 2.0), 0.0).max(axis=2)
    return np.asarray(best, np.float64)


def _smallest_steps(largest: NDArray[np.float32], norm: float) -> NDArray[np.float32]:
    """The smallest step that the largest coefficient of a band allows, as the factor of its powers to an angle."""
    largest = np.maximum(largest, LEAST_MAGNITUDE**POWER)
    quarters = np.ceil(4.0 * np.log2((largest / MOST_STEPS) ** (1.0 / POWER) / norm))
    return np.asarray(2.0 * np.pi * norm**-POWER * np.exp2(-0.25 * POWER * quarters), np.float32)


def compared(found: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much better each offset fits than the others, with the variance of that, summed over the bands.

    In music as soft as the rounding of its samples, and at high bit rates, few bands have steps that can be seen. So
    only what stands out by more than a standard deviation counts.

    Parameters
    ----------
    found : np.ndarray [shape=(offsets, bands)], as `fits` gives them.

    Returns
    -------
    np.ndarray [shape=(2, offsets)]
    """
    means, variances = _of_the_others(found)
    better = np.clip((found - means) / np.sqrt(np.maximum(variances, LEAST_VARIANCE)) - 1.0, 0.0, MOST_BETTER)
    means, variances = _of_the_others(better)
    of_difference = variances.sum(axis=1).mean() * len(found) / (len(found) - 1)
    return np.stack([(better - means).sum(axis=1), np.full(len(found), of_difference)])


def _of_the_others(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of the other rows, for each row."""
    others = len(values) - 1
    means = (values.sum(axis=0) - values) / others
    squares = (np.square(values).sum(axis=0) - np.square(values)) / others
    return means, np.maximum(squares - np.square(means), 0.0) * others / (others - 1)
