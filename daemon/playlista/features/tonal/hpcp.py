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
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from playlista.features.frames import Spectra, amplitude_window

#: Peaks are looked for between these frequencies, as in KeyExtractor. All analysis rates from 8 kHz hold the band.
LOWEST_HZ = 25.0
HIGHEST_HZ = 3500.0
#: Strongest peaks of a frame that count, as in KeyExtractor, and the least power of one against the strongest of its
#: frame. With a limit in dBFS, as there, the noise between the notes would count in loud recordings alone.
PEAKS_PER_FRAME = 60
LEAST_SHARE_OF_STRONGEST = np.float32(1e-6)
#: Power of a sinusoid at -100 dBFS; a frame whose peaks are all weaker is silent. The dither of 16 bits stays below it.
SILENT_POWER = 1e-10
#: Beyond this (+160 dBFS) squared powers leave float32; no recording is there, but a hostile float file may be.
GREATEST_POWER = 1e16
#: A peak stands out from 10 dB above its surroundings. A bin of Gaussian noise does with probability exp(-10).
STANDS_OUT_RATIO = 10.0
#: The surroundings: bins within 12 % of the peak's frequency (two semitones), 8 at least, without its main lobe.
SURROUNDINGS = 0.12
LEAST_SURROUNDING_BINS = 8
MAIN_LOBE_BINS = 2

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

    def __init__(self, sample_rate_hz: int, frame_length: int) -> None:
        self._bin_hz = sample_rate_hz / frame_length
        self._spectra = Spectra(amplitude_window(frame_length))
        self._lowest_bin = int(np.ceil(LOWEST_HZ / self._bin_hz))
        self._highest_bin = int(HIGHEST_HZ / self._bin_hz)
        self._envelope_weights = _envelope_weights(sample_rate_hz, frame_length // 2 + 1)
        self._bins = len(self._envelope_weights)
        self._from_bin, self._to_bin = self._surroundings()

    def find(self, frames: NDArray[np.float32]) -> Peaks:
        """Peaks of all `frames` [shape=(frames, frame_length), float32] at the bins between 25 and 3500 Hz."""
        power = self._power(frames)
        row, column = np.divmod(np.flatnonzero(self._peak_power(power)), self._highest_bin - self._lowest_bin + 1)
        center = column + self._lowest_bin
        offset, amplitude = _interpolate(power, row, center)
        frequency_hz = ((center + offset) * self._bin_hz).astype(np.float32)
        return Peaks(
            frequency_hz,
            self._whiten(power, row, frequency_hz, amplitude),
            self._stands_out(power, row, center),
        )

    def _power(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Power spectra of the frames that sound; a sinusoid of amplitude a on a bin has power a² there."""
        with np.errstate(over="ignore", invalid="ignore"):
            spectrum = self._spectra.of(frames)[:, : self._bins]
            power = np.square(spectrum.real) + np.square(spectrum.imag)
        strongest = power[:, self._lowest_bin : self._highest_bin + 1].max(axis=1)
        sounds = (strongest > SILENT_POWER) & (power.max(axis=1) < GREATEST_POWER)
        return power if sounds.all() else power[sounds]

    def _peak_power(self, power: NDArray[np.float32]) -> NDArray[np.float32]:
        """Power at the bins that are among the strongest local maxima of their frame, 0 elsewhere."""
        low, high = self._lowest_bin, self._highest_bin + 1
        below, here, above = power[:, low - 1 : high - 1], power[:, low:high], power[:, low + 1 : high + 1]
        least = LEAST_SHARE_OF_STRONGEST * here.max(axis=1, keepdims=True)
        peaks = np.where((here > below) & (here >= above) & (here > least), here, np.float32(0))
        if peaks.shape[1] > PEAKS_PER_FRAME:
            weakest = np.sort(peaks, axis=1)[:, -PEAKS_PER_FRAME]
            peaks = np.where(peaks >= weakest[:, np.newaxis], peaks, np.float32(0))
        return peaks

    def _whiten(
        self,
        power: NDArray[np.float32],
        row: NDArray[np.intp],
        frequency_hz: NDArray[np.float32],
        amplitude: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """Squared amplitude relative to the envelope of the frame, tilted by -20 dB in 4 kHz; 0 from -30 dB down."""
        point = frequency_hz / np.float32(_ENVELOPE_STEP_HZ)
        left = point.astype(np.intp)
        envelope_db = self._envelope_db(power)
        here_db = envelope_db[row, left] + (point - left) * (envelope_db[row, left + 1] - envelope_db[row, left])
        above_db = np.minimum(20 * np.log10(amplitude) - here_db, 0)
        tilted = np.power(np.float32(10), (above_db - frequency_hz / 200) / 10)
        weight: NDArray[np.float32] = np.where(above_db > -30, tilted, np.float32(0))
        return weight

    def _envelope_db(self, power: NDArray[np.float32]) -> NDArray[np.float32]:
        """Spectral envelope every 100 Hz [shape=(frames, points), dB]: means of power that favour the strong bins."""
        weight = power @ self._envelope_weights
        envelope = (power * power) @ self._envelope_weights / np.maximum(weight, _TINY)
        level_db: NDArray[np.float32] = 10 * np.log10(np.maximum(envelope, np.float32(1e-20)))
        return level_db

    def _stands_out(
        self, power: NDArray[np.float32], row: NDArray[np.intp], center: NDArray[np.intp]
    ) -> NDArray[np.bool_]:
        # float64, because the sums of bass and treble differ by more than float32 resolves.
        sums = np.zeros((len(power), self._bins + 1))
        np.cumsum(power, axis=1, dtype=np.float64, out=sums[:, 1:])
        start, stop = self._from_bin[center], self._to_bin[center]
        lobe_start, lobe_stop = center - MAIN_LOBE_BINS, center + MAIN_LOBE_BINS + 1
        around = (sums[row, stop] - sums[row, start]) - (sums[row, lobe_stop] - sums[row, lobe_start])
        bins = stop - start - (2 * MAIN_LOBE_BINS + 1)
        stands_out: NDArray[np.bool_] = power[row, center] * bins > STANDS_OUT_RATIO * around
        return stands_out

    def _surroundings(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """First bin, and the one after the last, around each bin."""
        center = np.arange(self._bins)
        reach = np.maximum(LEAST_SURROUNDING_BINS, (center * SURROUNDINGS).astype(np.intp))
        return np.maximum(center - reach, 1), np.minimum(center + reach + 1, self._bins)


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


def _interpolate(
    power: NDArray[np.float32], row: NDArray[np.intp], center: NDArray[np.intp]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Top of the parabola through the levels in dB of a peak and its neighbours: offset in bins, amplitude.

    For a sinusoid under a Hann window the offset is right within 0.016 bins, a quarter of the error of a parabola
    through amplitudes.
    """
    below, here, above = (np.log(np.maximum(power[row, center + step], _TINY)) for step in (-1, 0, 1))
    curvature = (below - here) + (above - here)
    slope = below - above
    offset = np.where(curvature < 0, 0.5 * slope / np.where(curvature < 0, curvature, -1), 0)
    return offset, np.exp(0.5 * (here - 0.25 * slope * offset))


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
