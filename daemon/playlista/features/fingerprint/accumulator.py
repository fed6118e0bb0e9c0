"""Acoustic fingerprint of a track, from its first two minutes.

Input: mono chunks at the analysis rate. Output: :class:`playlista.tracks.Fingerprint`. Nothing is compared here; see
``library.duplicates``.

It is Chromaprint's algorithm 2 as AcoustID uses it: spectra of 0.37 s, their energy by pitch class, smoothed over five
frames and brought to one norm, and sixteen classifiers over the last 16 rows (``classifiers``). Chromaprint brings
the signal to 11 025 Hz first; here a frame is as long in seconds at any rate, and only the bins below 3520 Hz count,
which are the same ones. What differs are single bits at thresholds: 0.1 % of them on music (docs/duplicates.md).

A fingerprint hears which notes sound when, and nothing of how they were mixed and mastered. So the powers of eight
bands are kept as well, a row every two seconds.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from playlista.features.band_powers import BandPowers
from playlista.features.fingerprint.classifiers import PITCH_CLASSES, sub_fingerprints
from playlista.features.frames import FrameStream, Spectra
from playlista.native.kernels import Kernels
from playlista.tracks import Fingerprint
from playlista.tracks.fingerprint import BANDS, FRAMES_PER_LEVEL, fingerprint_of

#: Version of the values in ``Fingerprint``; rises when they change.
VERSION = 1

#: Chromaprint's rate, frame and hop: all that follows is measured in them.
RATE_HZ, FRAME_SAMPLES, HOP_SAMPLES = 11025, 4096, 1365
#: As much of a track is looked at as AcoustID's own clients send.
SECONDS = 120.0

#: Band in which pitch classes are heard, and the frequency at which one of them, A, begins.
_LOWEST_HZ, _HIGHEST_HZ, _BASE_HZ = 28, 3520, 27.5
#: Where the bands of the levels begin and end. No encoder that is in use cuts below 5 kHz.
_BAND_EDGES_HZ = (40, 110, 220, 440, 880, 1400, 2200, 3500, 5000)
#: Weights of five neighbouring frames.
_SMOOTHING = (0.25, 0.75, 1.0, 0.75, 0.25)
#: A row of less than this norm is silence.
_SILENCE = 0.01
#: Frames that are taken together: more would cost more memory than they save calls.
_BATCH_FRAMES = 12


class FingerprintAccumulator:
    """Fingerprint of one track, from chunks of any length.

    Parameters
    ----------
    sample_rate_hz : int
        Rate of the chunks, 8000 or more.
    kernels : compiled kernels to compute with; None for NumPy.
    """

    def __init__(self, sample_rate_hz: int, *, kernels: Kernels | None = None) -> None:
        scale = sample_rate_hz / RATE_HZ
        length = round(FRAME_SAMPLES * scale)
        self._frames = FrameStream(length, round(HOP_SAMPLES * scale), _BATCH_FRAMES)
        self._samples_left = self._samples_looked_at = round(SECONDS * sample_rate_hz)
        # As loud as in Chromaprint's own frame, where the least norm of a row was chosen.
        self._spectra = Spectra((np.hamming(length) / scale).astype(np.float32), kernels)
        bands = _bands(2 / np.hamming(FRAME_SAMPLES).sum())[: length // 2 + 1]
        semitones = _semitones()[: len(bands)]
        # Semitones lie side by side, as the kernel needs them; a product of matrices is faster with the classes.
        classes = semitones.reshape(len(bands), -1, PITCH_CLASSES).sum(axis=1)
        bank = np.hstack([semitones if kernels else classes, bands])
        self._powers = BandPowers(bank.astype(np.float32), kernels)
        self._heard: list[NDArray[np.float32]] = []

    @property
    def retained_bytes(self) -> int:
        """Bytes of left-over samples and of what was heard: 80 for each 0.12 s, up to 78 kB."""
        return self._frames.retained_bytes + sum(sums.nbytes for sums in self._heard)

    def update(self, chunk: NDArray[np.floating]) -> None:
        """Take the next samples; those after the first two minutes are passed over.

        Parameters
        ----------
        chunk : np.ndarray [shape=(n,), float16 or float32, mono, -1..1]
        """
        taken = chunk[: self._samples_left]
        self._samples_left -= len(taken)
        for batch in self._frames.push(taken):
            self._heard.append(self._sums_of(batch))

    def result(self) -> Fingerprint | None:
        """Close the stream and answer.

        Returns
        -------
        Fingerprint
            None of a track that is too short for one: less than 2.8 s.
        """
        for batch in self._frames.flush():
            self._heard.append(self._sums_of(batch))
        heard = np.concatenate([np.zeros((0, PITCH_CLASSES + BANDS)), *self._heard])
        np.nan_to_num(heard, copy=False, nan=0.0, posinf=0.0)  # a hostile file's infinities are taken for silence
        numbers = sub_fingerprints(_normalized(_smoothed(heard[:, :PITCH_CLASSES])))
        if not len(numbers):
            return None
        rows = len(heard) // FRAMES_PER_LEVEL
        levels = heard[: rows * FRAMES_PER_LEVEL, PITCH_CLASSES:].reshape(rows, FRAMES_PER_LEVEL, BANDS)
        return fingerprint_of(numbers, levels.mean(axis=1))

    def reset(self) -> None:
        """Forget the track."""
        self._frames.reset()
        self._samples_left = self._samples_looked_at
        self._heard = []

    def _sums_of(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Energy of the pitch classes and power of the bands [shape=(frames, PITCH_CLASSES + BANDS)]."""
        with np.errstate(over="ignore", invalid="ignore"):
            powers = self._powers.of(self._spectra.of(batch))
            octaves = powers[:, :-BANDS].reshape(len(powers), -1, PITCH_CLASSES)
            return np.hstack([octaves.sum(axis=1), powers[:, -BANDS:]])


def _bin(frequency_hz: float) -> int:
    """The nearest bin of a frame."""
    return round(FRAME_SAMPLES * frequency_hz / RATE_HZ)


def _semitones() -> NDArray[np.float64]:
    """Which bins add to which semitone above A with 27.5 Hz, in whole octaves [shape=(bins, octaves * PITCH_CLASSES)].

    A pitch class is the twelfth of an octave that begins at its frequency.
    """
    bins = np.arange(_bin(_LOWEST_HZ), _bin(_HIGHEST_HZ))
    semitones = np.floor(PITCH_CLASSES * np.log2(bins * RATE_HZ / FRAME_SAMPLES / _BASE_HZ)).astype(int)
    octaves = int(semitones[-1]) // PITCH_CLASSES + 1
    sums = np.zeros((_bin(_BAND_EDGES_HZ[-1]), octaves * PITCH_CLASSES))
    sums[bins, semitones] = 1.0  # the lowest bin, just below A, is of the last class: -1
    return sums


def _bands(amplitude: float) -> NDArray[np.float64]:
    """Which bins add to which band [shape=(bins, BANDS)]; `amplitude` makes that of a full-scale sinusoid 1."""
    edges = [_bin(frequency) for frequency in _BAND_EDGES_HZ]
    sums = np.zeros((edges[-1], BANDS))
    for band, (first, end) in enumerate(pairwise(edges)):
        sums[first:end, band] = amplitude**2
    return sums


def _smoothed(chroma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted sums of five neighbouring rows, four fewer than there are; none of fewer than five."""
    rows = max(0, len(chroma) - len(_SMOOTHING) + 1)
    smoothed: NDArray[np.float64] = np.sum(
        [weight * chroma[first : first + rows] for first, weight in enumerate(_SMOOTHING)], axis=0
    )
    return smoothed


def _normalized(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of norm 1; zeros where there is no sound."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, norms, out=np.zeros_like(rows), where=norms >= _SILENCE))
