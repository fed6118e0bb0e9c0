"""Harmonic pitch class profile: which of the twelve notes sound, from the spectral peaks of frames.

In: batches of frames. Out: the weight of every pitch class, in steps of a cent, and from that the twelve-note
profile for any tuning. Choosing a key is the business of ``features.tonal``.

The arithmetic is that of essentia's ``SpectralPeaks``, ``SpectralWhitening`` and ``HPCP`` as ``KeyExtractor`` sets
them up (E. Gómez, "Tonal description of polyphonic audio for music content processing", INFORMS J. Computing 18(3),
2006), on whole batches. An HPCP without normalization is a sum over peaks of a window around each peak and its
subharmonics; so the peaks of a track can be collected first, in one fine histogram, and the window be laid over it
at the end, when the tuning of the whole track is known. That is what makes a streaming estimate of the tuning
usable from the first frame on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from playlista.features.frames import Spectra, amplitude_window
from playlista.features.tonal.peaks import NumpyPeaks
from playlista.native.kernels import Kernels
from playlista.native.spectra import SpectrumPeaks

#: Peaks are looked for between these frequencies, as in KeyExtractor. All analysis rates from 8 kHz hold the band.
LOWEST_HZ = 25.0
HIGHEST_HZ = 3500.0
CENTS = 1200
REFERENCE_HZ = 440.0
#: A peak also counts for the notes of which it is the 2nd to 5th harmonic.
HARMONICS = 5

_ENVELOPE_STEP_HZ = 100.0
_TINY = np.float32(1e-30)


@dataclass(frozen=True, slots=True)
class Peaks:
    """Spectral peaks of some frames, in no order that matters.

    Attributes
    ----------
    frequency_hz : np.ndarray [shape=(n,), float32]
    weight : np.ndarray [shape=(n,), float32]
        Squared amplitude relative to the spectral envelope, 0..1.
    stands_out : np.ndarray [shape=(n,), bool]
        True where the peak's power is at least 10 dB above the mean of its surroundings.
    """

    frequency_hz: NDArray[np.float32]
    weight: NDArray[np.float32]
    stands_out: NDArray[np.bool_]


class PeakFinder:
    """Finds, whitens and judges the spectral peaks of frames of one length at one sample rate."""

    def __init__(self, sample_rate_hz: int, frame_length: int, kernels: Kernels | None = None) -> None:
        self._bin_hz = sample_rate_hz / frame_length
        self._spectra = Spectra(amplitude_window(frame_length), kernels)
        weights = _envelope_weights(sample_rate_hz, frame_length // 2 + 1)
        search = NumpyPeaks(int(np.ceil(LOWEST_HZ / self._bin_hz)), int(HIGHEST_HZ / self._bin_hz), weights)
        self._peaks_of = partial(kernels.spectrum.peaks, layout=search.layout()) if kernels else search.of

    def find(self, frames: NDArray[np.float32]) -> Peaks:
        """Peaks of all `frames` [shape=(frames, frame_length), float32] at the bins between 25 and 3500 Hz."""
        found = self._peaks_of(self._spectra.of(frames))
        offset, amplitude = _interpolate(found.powers)
        frequency_hz = ((found.bins + offset) * self._bin_hz).astype(np.float32)
        return Peaks(frequency_hz, _whiten(found, frequency_hz, amplitude), found.stands_out)


def pitch_class_histogram(frequency_hz: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float64]:
    """Weights of peaks by pitch class [shape=(1200,)], in cents above A at 440 Hz; shared between adjacent cents."""
    cents = (CENTS * np.log2(frequency_hz.astype(np.float64) / REFERENCE_HZ)) % CENTS
    left = cents.astype(np.intp)
    right_share = cents - left
    histogram = np.zeros(CENTS)
    histogram += np.bincount(left % CENTS, weight * (1 - right_share), CENTS)
    histogram += np.bincount((left + 1) % CENTS, weight * right_share, CENTS)
    return histogram


def profile(histogram: NDArray[np.float64], tuning_cents: float) -> NDArray[np.float64]:
    """The HPCP of a pitch class histogram, for notes `tuning_cents` above those of A = 440 Hz.

    Returns
    -------
    np.ndarray [shape=(12,), float64]
        A, A#, B ... G#: sums of squared whitened amplitudes within a quarter tone of each note, under a cosine,
        subharmonics included. Not normalized.
    """
    return profile_weights(tuning_cents) @ histogram


def profile_weights(tuning_cents: float) -> NDArray[np.float64]:
    """How much each cent of a pitch class histogram counts for each note of its `profile` [shape=(12, 1200)]."""
    notes_cents = tuning_cents + 100.0 * np.arange(12)
    distance = (np.arange(CENTS) - notes_cents[:, np.newaxis] + CENTS / 2) % CENTS - CENTS / 2
    response = np.zeros_like(distance)
    for shift_cents, strength in _harmonic_strengths().items():
        away = (distance - shift_cents + CENTS / 2) % CENTS - CENTS / 2
        response += strength**2 * np.where(abs(away) <= 50, np.cos(np.pi * away / 100), 0.0)
    return response


def _harmonic_strengths() -> dict[float, float]:
    """Strength of the first harmonics by their cents above the note, octaves folded together."""
    strengths: dict[float, float] = {}
    for harmonic in range(1, HARMONICS + 1):
        octaves = np.log2(harmonic)
        shift_cents = round(CENTS * octaves % CENTS, 3)
        strengths[shift_cents] = strengths.get(shift_cents, 0.0) + 1.0 / max(1.0, octaves / 2)
    return strengths


def _interpolate(powers: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Top of the parabola through the levels in dB of peaks and their neighbours: offset in bins, amplitude.

    For a sinusoid under a Hann window the offset is right within 0.016 bins, a quarter of the error of a parabola
    through amplitudes.
    """
    below, here, above = np.log(np.maximum(powers.T, _TINY))
    curvature = (below - here) + (above - here)
    slope = below - above
    offset = np.where(curvature < 0, 0.5 * slope / np.where(curvature < 0, curvature, -1), 0)
    return offset, np.exp(0.5 * (here - 0.25 * slope * offset))


def _whiten(
    peaks: SpectrumPeaks, frequency_hz: NDArray[np.float32], amplitude: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Squared amplitude relative to the envelope of the frame, tilted by -20 dB in 4 kHz; 0 from -30 dB down."""
    point = frequency_hz / np.float32(_ENVELOPE_STEP_HZ)
    left = point.astype(np.intp)
    envelope_db = _envelope_db(peaks.envelope)
    left_db, right_db = envelope_db[peaks.frames, left], envelope_db[peaks.frames, left + 1]
    above_db = np.minimum(20 * np.log10(amplitude) - (left_db + (point - left) * (right_db - left_db)), 0)
    tilted = np.power(np.float32(10), (above_db - frequency_hz / 200) / 10)
    weight: NDArray[np.float32] = np.where(above_db > -30, tilted, np.float32(0))
    return weight


def _envelope_db(sums: NDArray[np.float32]) -> NDArray[np.float32]:
    """Spectral envelope every 100 Hz [shape=(frames, points), dB]: means of power that favour the strong bins.

    `sums` : of powers and of their squares [shape=(2, frames, points)].
    """
    envelope = sums[1] / np.maximum(sums[0], _TINY)
    level_db: NDArray[np.float32] = 10 * np.log10(np.maximum(envelope, np.float32(1e-20)))
    return level_db


@lru_cache(maxsize=4)
def _envelope_weights(sample_rate_hz: int, bins: int) -> NDArray[np.float32]:
    """Weight of each bin at each point of the envelope [shape=(bins used, points)], as in SpectralWhitening.

    The points are 100 Hz apart, up to the one above the highest peak. A point sees from 34 % below to 58 % above
    itself, 50 Hz at least on either side, under a triangle to the fourth power.
    """
    nyquist_hz = sample_rate_hz / 2
    point_hz = np.arange(0, HIGHEST_HZ + 2 * _ENVELOPE_STEP_HZ, _ENVELOPE_STEP_HZ)
    first = np.floor((point_hz - np.maximum(50, 0.34 * point_hz)) / nyquist_hz * (bins - 1) + 0.5).clip(0, bins - 1)
    last = np.floor((point_hz + np.maximum(50, 0.58 * point_hz)) / nyquist_hz * (bins - 1) + 0.5)
    last = np.minimum(np.maximum(last, first + 1), bins)
    middle, reach = (first + last) / 2, (last - first) / 2
    bin_number = np.arange(int(last.max()))[:, np.newaxis]
    triangle = 1 - abs(bin_number - middle) / reach
    inside = (bin_number >= first) & (bin_number < last)
    return np.ascontiguousarray(np.where(inside, triangle**4, 0), dtype=np.float32)
