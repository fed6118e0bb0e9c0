"""The transforms of lossy codecs, as waveforms: what one coefficient of one frame adds to the sound.

Output: for each codec some coefficients over its band [shape=(lines, length), float64], each of energy 1. Nothing is
analyzed here.

Sources
-------
MP3: ISO/IEC 11172-3, 2.4.3.4 (hybrid filterbank). Its prototype filter is a table there; a Kaiser-windowed sinc of the
same length and cutoff stands for it, which is near enough to find zeros by. AAC: ISO/IEC 14496-3, 4.6.11 (windows,
MDCT). Vorbis: Vorbis I specification, 1.3.2 and 4.3. Opus: RFC 6716, 4.3.7 (MDCT of CELT, window, de-emphasis).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bases = NDArray[np.float64]

#: The coefficients that are looked at, in kHz at 44.1 kHz, and how many.
LOWEST_KHZ, HIGHEST_KHZ, LINES = 0.8, 19.8, 40
#: MP3: the subbands that are looked at, from 5.5 kHz to 20 kHz of 44.1 kHz, and the lines of each: those that the
#: alias reduction hardly mixes with the next subband's. From 16 kHz on, where its steps are coarsest, all such lines.
MP3_LINES = (
    *((subband, line) for subband in range(8, 20) for line in (8,)),
    *((subband, line) for subband in range(20, 29) for line in (4, 8, 13)),
)
#: Prototype filter of MP3: shape of the Kaiser window, and cutoff by half the spacing of the subbands.
PROTOTYPE_BETA, PROTOTYPE_CUTOFF = 9.6, 1.15
#: Samples of one frame of MP3: 36 samples of each subband, one in 32, and the filter's length.
MP3_FRAMES = 512 + 35 * 32
#: Between neighbouring subbands the encoder turns the lines next to the edge by these tangents.
ALIAS_TANGENTS = np.array((-0.6, -0.535, -0.33, -0.185, -0.095, -0.041, -0.0142, -0.0037), np.float32)
#: Samples of one frame of CELT (20 ms at its 48 kHz) that overlap with the next.
CELT_OVERLAP = 120
#: Its window has steep edges: below this a strong bass would show.
CELT_LOWEST_KHZ = 5.0


def mdct_bases(window: NDArray[np.float64]) -> Bases:
    """Lines of the MDCT under `window` [shape=(2 * hop,)], denser in the bass: much music has nothing else."""
    return _mdct_bases(window, np.geomspace(LOWEST_KHZ, HIGHEST_KHZ, LINES))


def celt_bases(hop: int) -> Bases:
    """Lines of the MDCT of Opus."""
    return _mdct_bases(_celt_window(hop), np.linspace(CELT_LOWEST_KHZ, HIGHEST_KHZ, LINES))


def _mdct_bases(window: NDArray[np.float64], khz: NDArray[np.float64]) -> Bases:
    hop = len(window) // 2
    lines = np.unique(np.round(khz / 44.1 * 2 * hop))
    phases = np.pi / hop * (np.arange(2 * hop) + 0.5 + hop / 2)
    return np.asarray(window * np.cos(phases * (lines[:, np.newaxis] + 0.5)) * np.sqrt(2.0 / hop))


def sine_window(hop: int) -> NDArray[np.float64]:
    """One of the two windows of AAC."""
    return np.asarray(np.sin(np.pi / (2 * hop) * (np.arange(2 * hop) + 0.5)))


def kaiser_bessel_window(hop: int) -> NDArray[np.float64]:
    """The other window of AAC: Kaiser-Bessel-derived with an alpha of 4."""
    sums = np.cumsum(np.kaiser(hop + 1, 4.0 * np.pi))
    rising = np.sqrt(sums[:hop] / sums[hop])
    return np.concatenate([rising, rising[::-1]])


def vorbis_window(hop: int) -> NDArray[np.float64]:
    """The window of Vorbis, whose slope that of CELT has, too."""
    return np.asarray(np.sin(np.pi / 2 * sine_window(hop) ** 2))


def _celt_window(hop: int) -> NDArray[np.float64]:
    """Flat but for CELT_OVERLAP samples on both sides, with zeros outside."""
    rising = vorbis_window(CELT_OVERLAP)[:CELT_OVERLAP]
    zeros, flat = np.zeros((hop - CELT_OVERLAP) // 2), np.ones(hop - CELT_OVERLAP)
    return np.concatenate([zeros, rising, flat, rising[::-1], zeros])


def mp3_bases() -> Bases:
    """Long blocks: 32 subbands, one sample of each in 32; then an MDCT of 36 samples of one subband."""
    bases = []
    for subband, line in MP3_LINES:
        basis = np.zeros(MP3_FRAMES)
        for step, weight in enumerate(subband_weights(subband, line)):
            basis[32 * step : 32 * step + 512] += weight * subband_filter(subband)
        bases.append(basis / np.sqrt(basis @ basis))
    return np.array(bases)


def subband_filter(subband: int) -> NDArray[np.float64]:
    """What one sample of a subband adds to the sound [shape=(512,)], of energy 1.

    The phase is as in the standard.
    """
    places = np.arange(512)
    window = np.concatenate([[0.0], np.kaiser(511, PROTOTYPE_BETA)])
    prototype = window * np.sinc((places - 256) * PROTOTYPE_CUTOFF / 64)
    band = (prototype * np.cos((2 * subband + 1) * (places - 16) * np.pi / 64))[::-1]
    return np.asarray(band / np.sqrt(band @ band))


def subband_weights(subband: int, line: int) -> NDArray[np.float64]:
    """What one line of a long block adds to the samples of its subband [shape=(36,)], of energy 1.

    The frequency inversion of every other sample of every other subband is undone.
    """
    steps = np.arange(36)
    inversion = np.where((steps % 2 == 1) & (subband % 2 == 1), -1.0, 1.0)
    weights = np.sin(np.pi / 36 * (steps + 0.5)) * np.cos(np.pi / 72 * (2 * steps + 19) * (2 * line + 1))
    return np.asarray(weights * inversion / 3.0)


def reduce_alias(lines: NDArray[np.float32]) -> None:
    """Turn the lines next to the edges of neighbouring subbands as an encoder does, in place.

    Parameters
    ----------
    lines : np.ndarray [shape=(subbands, n, 18)].
    """
    cosines = 1.0 / np.sqrt(1.0 + ALIAS_TANGENTS**2)
    sines = ALIAS_TANGENTS * cosines
    high, low = lines[:-1, :, :9:-1].copy(), lines[1:, :, :8].copy()
    lines[:-1, :, :9:-1] = high * cosines + low * sines
    lines[1:, :, :8] = low * cosines - high * sines
