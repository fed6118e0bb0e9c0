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

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from playlista.features.health import codec_bases

POWER = 0.75
#: The largest coefficient of a band is so many steps to the power, at most; and how many steps are tried, each a
#: quarter of an octave above the one before: down to where it is one step.
MOST_STEPS, TRIED = 32.0, 28
#: A band of which the largest coefficient is below so many times the rounding of 16 bits tells nothing.
LEAST_MAGNITUDE = 4.0 / 32768
#: The variance of the fits of one band at any offset, at least.
LEAST_SPREAD = 0.35
#: Scale factor bands that are looked at, by their first lines: those of long blocks at 44.1 and 48 kHz, 1.5 to 15 kHz.
AAC_BANDS = (
    *(64, 72, 80, 88, 96, 108, 120, 132, 144, 160, 176, 196, 216, 240, 264, 292, 320, 352, 384, 416, 448, 480, 512),
    *(544, 576, 608, 640),
)
MP3_BANDS = (44, 52, 62, 74, 90, 110, 134, 162, 196, 238, 288, 342, 418)
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
    """The transform of AAC under `window` [shape=(2 * hop,)], by one complex Fourier transform."""

    norm = 1.0

    def __init__(self, window: NDArray[np.float64]) -> None:
        self.frames = len(window)
        self.bands = tuple(line - AAC_BANDS[0] for line in AAC_BANDS)
        hop = len(window) // 2
        lines = np.arange(AAC_BANDS[0], AAC_BANDS[-1])
        self._lines = slice(AAC_BANDS[0], AAC_BANDS[-1])
        self._before = (window * np.exp(-0.5j * np.pi / hop * np.arange(2 * hop))).astype(np.complex64)
        turns = np.exp(-0.5j * np.pi / hop * (hop + 1) * (lines + 0.5)) * np.sqrt(2.0 / hop)
        self._behind = turns.astype(np.complex64)

    def coefficients(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Transform`."""
        spectrum = np.fft.fft(samples * self._before, axis=1)[:, self._lines]
        return np.ascontiguousarray((spectrum * self._behind).real, np.float32)


class Hybrid:
    """The transform of MP3: 32 subbands, an MDCT of 36 samples of each, and the reduction of their alias."""

    norm = MP3_NORM
    frames = codec_bases.MP3_FRAMES

    def __init__(self) -> None:
        first, last = MP3_BANDS[0] // 18, -(-MP3_BANDS[-1] // 18)
        self.bands = tuple(line - 18 * first for line in MP3_BANDS)
        subbands = range(first - 1, last + 1)  # their neighbours' alias comes from outside
        self._polyphase = np.stack([codec_bases.subband_filter(subband) for subband in subbands], axis=1)
        self._polyphase = np.ascontiguousarray(self._polyphase, np.float32)
        weights = [[codec_bases.subband_weights(subband, line) for line in range(18)] for subband in subbands]
        self._weights = np.ascontiguousarray(np.moveaxis(weights, 2, 1), np.float32)  # subbands, 36, 18

    def coefficients(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Transform`."""
        slots = np.lib.stride_tricks.sliding_window_view(samples, 512, axis=1)[:, ::32]
        subbands = (slots.reshape(-1, 512) @ self._polyphase).reshape(len(samples), 36, -1)
        lines = np.matmul(np.moveaxis(subbands, 2, 0), self._weights)  # subbands, n, 18
        codec_bases.reduce_alias(lines)
        return np.ascontiguousarray(np.moveaxis(lines[1:-1], 0, 1).reshape(len(samples), -1))


def fits(transform: Transform, samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """How well the coefficients of each frame lie on a lattice, band by band.

    Parameters
    ----------
    samples : np.ndarray [shape=(n, transform.frames)], one frame at each of some offsets.

    Returns
    -------
    np.ndarray [shape=(n, bands)]: the sum over the band's coefficients of the cosine of their place between two points
    of the lattice, by its standard deviation where they lie anywhere; that of the step that fits best. Bands without
    sound in them are left out.
    """
    powers = np.abs(transform.coefficients(samples)) ** np.float32(POWER)
    starts, widths = np.array(transform.bands[:-1]), np.diff(transform.bands)
    powers = powers[:, starts[0] : starts[-1] + widths[-1]]
    largest = np.maximum.reduceat(powers, starts - starts[0], axis=1)
    sounding = largest.max(axis=0) >= LEAST_MAGNITUDE**POWER
    scales = np.repeat(_scales(largest, transform.norm), widths, axis=1)
    places = np.multiply(powers[:, :, np.newaxis], scales, out=scales)
    sums = np.add.reduceat(np.cos(places, out=places), starts - starts[0], axis=1).max(axis=2)
    return np.asarray((sums * np.sqrt(2.0 / widths))[:, sounding])


def _scales(largest: NDArray[np.float32], norm: float) -> NDArray[np.float32]:
    """The steps that the largest coefficients of some bands allow, as factors of their powers that give an angle."""
    largest = np.maximum(largest, LEAST_MAGNITUDE**POWER)
    smallest = np.log2((largest / MOST_STEPS) ** (1.0 / POWER) / norm)
    quarters = np.ceil(4.0 * smallest)[..., np.newaxis] + np.arange(TRIED, dtype=np.float32)
    return np.asarray(np.float32(2.0 * np.pi * norm**-POWER) * np.exp2(-0.25 * POWER * quarters), np.float32)


@dataclass(slots=True)
class Differences:
    """How much better each of some offsets fits than the others, added up over frames and bands."""

    sums: NDArray[np.float64]
    squares: NDArray[np.float64]

    @staticmethod
    def none(offsets: int) -> Differences:
        """Before the first frame."""
        return Differences(np.zeros(offsets), np.zeros(offsets))

    def add(self, found: NDArray[np.float64]) -> None:
        """Take the fits of a frame [shape=(offsets, bands)]."""
        count = len(found)
        others = (found.sum(axis=0) - found) / (count - 1)
        squares = (np.square(found).sum(axis=0) - np.square(found)) / (count - 1)
        spread = np.maximum((squares - np.square(others)) * (count - 1) / (count - 2), LEAST_SPREAD)
        self.sums += (found - others).sum(axis=1)
        self.squares += (spread * count / (count - 1)).sum(axis=1)

    def deviations(self) -> NDArray[np.float64]:
        """By how many standard deviations each offset fits better than the others [shape=(offsets,)]."""
        return np.asarray(self.sums / np.sqrt(np.maximum(self.squares, 1.0)))
