"""The spectral descriptors of frames, each a function of spectra or samples.

In: batches of magnitudes M or powers P = M², ``[shape=(frames, bins), float32]``, of bins at the frequencies f, and
of samples. Out: one value (or one row) a frame. Windowing, silence and means are the business of
``features.spectral``. Every frame must have some power.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROLLOFF_SHARE = 0.85
#: Bins more than 80 dB below the loudest of their frame count as 80 dB below it: there lies the rounding of float16.
FLOOR_RATIO = np.float32(1e-8)
CONTRAST_EDGES_HZ = (0.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, 6400.0)
CONTRAST_SHARE = 0.02
#: Signs are compared as often as this, whatever the rate, so that the rate of crossings has one unit.
CROSSINGS_RATE_HZ = 22_050

_ROLLOFF_BLOCK = 32


def centroid_hz(magnitude: NDArray[np.float32], bin_hz: NDArray[np.float32]) -> NDArray[np.float32]:
    """Centre of gravity of the spectrum, in Hz: sum(f M) / sum(M).

    As ``librosa.feature.spectral_centroid`` and essentia's ``Centroid`` (G. Peeters, "A large set of audio features
    for sound description", CUIDADO, 2004).
    """
    centroid: NDArray[np.float32] = magnitude @ bin_hz / magnitude.sum(axis=1)
    return centroid


def rolloff_hz(power: NDArray[np.float32], bin_hz: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lowest frequency, in Hz, up to which 85 % of the energy lies: least f with sum(P up to f) >= 0.85 sum(P).

    As essentia's ``RollOff`` (Peeters 2004); librosa takes the sum of magnitudes instead, which gives more.
    """
    # Two steps, first over sums of 32 bins: a cumulative sum over every bin costs three times as much. In float64, lest
    # the order in which a machine adds up decide between two bins.
    blocks = np.add.reduceat(power, np.arange(0, power.shape[1], _ROLLOFF_BLOCK), axis=1, dtype=np.float64)
    upto = np.cumsum(blocks, axis=1)
    target = ROLLOFF_SHARE * upto[:, -1]
    block = np.count_nonzero(upto < target[:, np.newaxis], axis=1)
    frame = np.arange(len(power))
    rest = target - (upto[frame, block] - blocks[frame, block])
    inside = (block * _ROLLOFF_BLOCK)[:, np.newaxis] + np.arange(_ROLLOFF_BLOCK)
    within = power[frame[:, np.newaxis], np.minimum(inside, power.shape[1] - 1)]
    steps = np.count_nonzero(np.cumsum(within, axis=1, dtype=np.float64) < rest[:, np.newaxis], axis=1)
    rolloff: NDArray[np.float32] = bin_hz[np.minimum(block * _ROLLOFF_BLOCK + steps, len(bin_hz) - 1)]
    return rolloff


def with_floor(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """The powers, but none more than 80 dB below the greatest of its frame."""
    floored: NDArray[np.float32] = np.maximum(power, FLOOR_RATIO * power.max(axis=1, keepdims=True))
    return floored


def flatness(floored_power: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much like noise: geometric over arithmetic mean of P; 1 for a flat spectrum, about 0.56 for white noise.

    As ``librosa.feature.spectral_flatness`` with its ``amin`` 80 dB under the greatest power (J. Johnston, "Transform
    coding of audio signals using perceptual noise criteria", IEEE JSAC 6(2), 1988).
    """
    flat: NDArray[np.float32] = np.exp(np.log(floored_power).mean(axis=1)) / floored_power.mean(axis=1)
    return flat


def flux(unit: NDArray[np.float32], unit_before: NDArray[np.float32]) -> NDArray[np.float32]:
    """Change since the frame before: Euclidean distance of magnitude spectra of unit Euclidean norm, 0..sqrt(2).

    As essentia's ``Flux`` of such spectra (G. Tzanetakis, P. Cook, "Multifeature audio segmentation for browsing and
    annotation", WASPAA 1999).
    """
    change = unit - unit_before
    distance: NDArray[np.float32] = np.sqrt(np.einsum("fb,fb->f", change, change))
    return distance


def contrast_bands(bin_hz: NDArray[np.float32]) -> list[slice]:
    """Bins of the bands between 0, 200, 400 ... 6400 Hz and the last bin; fewer where the bins end before."""
    spacing_hz = float(bin_hz[1] - bin_hz[0])
    first = round(float(bin_hz[0]) / spacing_hz)
    starts = [max(0, int(edge / spacing_hz) - first) for edge in CONTRAST_EDGES_HZ if edge < bin_hz[-1]]
    return [slice(start, stop) for start, stop in zip(starts, [*starts[1:], len(bin_hz)], strict=True)]


def extreme_bins(band: slice) -> int:
    """Of how many bins of a band its peak and its valley are."""
    return int(np.ceil(CONTRAST_SHARE * (band.stop - band.start)))


def contrast_db(floored_power: NDArray[np.float32], bands: list[slice]) -> NDArray[np.float32]:
    """Peaks over valleys in each octave, in dB [shape=(frames, bands)].

    Ten times the logarithm of the mean of the greatest 2 % of the powers in a band over that of the least 2 %, one
    bin at least. As ``librosa.feature.spectral_contrast`` of a power spectrum (D. Jiang et al., "Music type
    classification by spectral contrast feature", ICME 2002).
    """
    contrast = np.empty((len(floored_power), len(bands)), np.float32)
    for index, band in enumerate(bands):
        ordered = np.sort(floored_power[:, band], axis=1)
        count = extreme_bins(band)
        contrast[:, index] = ordered[:, -count:].mean(axis=1) / ordered[:, :count].mean(axis=1)
    level_db: NDArray[np.float32] = 10 * np.log10(contrast)
    return level_db


def zero_crossing_rate(frames: NDArray[np.float32], sample_rate_hz: int) -> NDArray[np.float64]:
    """Share of the samples, taken at 22 050 Hz, whose sign differs from that of the one before, 0..1.

    At that rate as ``librosa.zero_crossings`` and essentia's ``ZeroCrossingRate``. From higher rates every second
    (third ...) sample is taken, so that a sinusoid of f Hz has 2 f / 22 050 at every rate.
    """
    stride = crossings_step(sample_rate_hz)
    negative = np.signbit(frames[:, ::stride])
    crossings = np.count_nonzero(negative[:, 1:] != negative[:, :-1], axis=1)
    rate: NDArray[np.float64] = crossings * rate_of_crossing(frames.shape[1], sample_rate_hz)
    return rate


def crossings_step(sample_rate_hz: int) -> int:
    """Every how many-th sample is compared."""
    return max(1, round(sample_rate_hz / CROSSINGS_RATE_HZ))


def rate_of_crossing(frame_length: int, sample_rate_hz: int) -> float:
    """What one change of sign in a frame counts."""
    step = crossings_step(sample_rate_hz)
    return sample_rate_hz / step / CROSSINGS_RATE_HZ / len(range(0, frame_length, step))
