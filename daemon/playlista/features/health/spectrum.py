"""The average spectrum of a track, and how steady it is, from short looks that are spread over it.

Input: planar blocks. Output: `AverageSpectrum`. A look is a segment of 8 half-overlapping frames; the looks follow each
other closely at first, silence not counted, so that short tracks have enough of them, then every few seconds. Where
they are depends on the samples alone, not on blocks or length. The looks take turns with the left channel and the mean
of both front ones.

Steadiness is what remains of the levels in dB of one look's bins when the mean of each bin over the frames and the mean
of each frame over a band of 1 kHz are taken away: for noise and for everything that sounds like it 5 dB, for steady
tones less. Lossy encoders round whole groups of coefficients to 0 in one frame and not in the next; that leaves holes,
and 6 to 10 dB.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.features.frames import Spectra, overlapping
from playlista.features.health.blocks import Block
from playlista.features.health.codecs.grid import SEGMENT_FRAMES
from playlista.features.health.joined_rates import JoinedRates

#: Frames of one look, each half a frame behind the one before.
FRAMES = 8
#: Frequency resolution of 2048 samples at 44.1 kHz, at other rates as near as powers of two allow.
FRAME_SECONDS = 2048 / 44100
FIRST_SECONDS = 0.25
#: The first looks with sound in them are so many seconds apart, the others farther, but not more than MOST_LOOKS.
DENSE_LOOKS, DENSE_STEP, LATER_STEP = 22, 0.5, 15.0
MOST_LOOKS = 120
BAND_HZ = 1_000
#: Power below which a bin has nothing in it: -160 dBFS.
NOTHING = 1e-16
#: A look that stays below says nothing of the track, -50 dBFS.
SILENT = 3e-3

#: Told the samples of each look [shape=(channels, frames)] and its first frame.
Listener = Callable[[NDArray[np.float32], int], None]


@dataclass(frozen=True, slots=True)
class MeanSpectrum:
    """The mean power of all looks.

    looks : how many there were.
    bin_hz : distance of the bins.
    mean_db : np.ndarray [shape=(bins,)]: level of the mean power of each bin; a sine of full scale has 0 dB.
    """

    looks: int
    bin_hz: float
    mean_db: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AverageSpectrum(MeanSpectrum):
    """Means over all looks.

    typical_db : np.ndarray [shape=(bins,)]: mean level of each bin.
    steadiness_db : np.ndarray [shape=(bands,)]: see the module; band i goes from i to i + 1 kHz.
    """

    typical_db: NDArray[np.float64]
    steadiness_db: NDArray[np.float64]

    @property
    def rate_hz(self) -> float:
        """Of the track."""
        return 2.0 * (len(self.mean_db) - 1) * self.bin_hz


class SpectrumLooks:
    """Takes the looks of one track.

    Parameters
    ----------
    channels : whose first two are listened to.
    listener : told the samples of each look that is not silent; None where nothing but `mean` will be asked for.
    """

    def __init__(self, sample_rate_hz: int, channels: int, listener: Listener | None) -> None:
        self._rate = sample_rate_hz
        self._length = max(2 ** round(np.log2(FRAME_SECONDS * sample_rate_hz)), 64)
        window = np.hanning(self._length + 1)[:-1]
        self._spectra = Spectra((window * (2.0 / window.sum())).astype(np.float32))
        self._bins = self._length // 2 + 1
        self._band_bins = max(1, round(BAND_HZ * self._length / sample_rate_hz))
        frames = max(self._length * (FRAMES + 1) // 2, SEGMENT_FRAMES)
        self._segment = np.zeros((min(channels, 2), frames), np.float32)
        self._listener = listener
        self._joined = JoinedRates(sample_rate_hz)
        self.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of the sums and of the look that is being filled; constant."""
        return self._segment.nbytes + self._power.nbytes + self._levels.nbytes + self._unsteadiness.nbytes

    def reset(self) -> None:
        """Forget the track."""
        self._joined.reset()
        self._start, self._filled, self._looks = round(FIRST_SECONDS * self._rate), 0, 0
        self._power = np.zeros(self._bins)
        self._levels = np.zeros(self._bins)
        self._unsteadiness = np.zeros(self._bins // self._band_bins)

    def update(self, block: Block) -> None:
        """Take the next block."""
        while self._looks < MOST_LOOKS:
            begin = self._start + self._filled - block.start
            count = min(self._segment.shape[1] - self._filled, block.frames - begin)
            if count <= 0:
                return
            taken = block.samples[: len(self._segment), begin : begin + count]
            self._segment[:, self._filled : self._filled + count] = taken
            self._filled += count
            if self._filled == self._segment.shape[1]:
                self._look()

    def average(self) -> AverageSpectrum | None:
        """What is known at the end of the track; None without a look that was not silent."""
        mean = self.mean()
        if mean is None:
            return None
        typical_db, steadiness_db = self._levels / self._looks, np.sqrt(self._unsteadiness / self._looks)
        return AverageSpectrum(mean.looks, mean.bin_hz, mean.mean_db, typical_db, steadiness_db)

    def mean(self) -> MeanSpectrum | None:
        """What is known of the power alone; None without a look that was not silent."""
        if not self._looks:
            return None
        mean_db = 10.0 * np.log10(self._power / self._looks + NOTHING)
        return MeanSpectrum(self._looks, self._rate / self._length, mean_db)

    def joins(self) -> list[int]:
        """Frames from which on the sound ends where that of another sample rate does, see ``joined_rates``."""
        return self._joined.joins()

    def _look(self) -> None:
        start = self._start
        step = round((DENSE_STEP if self._looks < DENSE_LOOKS else LATER_STEP) * self._rate)
        self._start, self._filled = start + max(step, self._segment.shape[1]), 0
        samples = self._segment[0] if self._looks % 2 == 0 else self._segment.mean(axis=0)
        if float(np.abs(samples).max()) >= SILENT:
            self._looks += 1
            frames = overlapping(samples, self._length, self._length // 2)[:FRAMES]
            power = np.abs(self._spectra.of(frames)).astype(np.float64) ** 2
            self._power += power.mean(axis=0)
            if self._listener:
                self._measure(power, start)
                self._listener(self._segment, start)

    def _measure(self, power: NDArray[np.float64], start: int) -> None:
        """The levels of one look, and how steady they are."""
        levels = 10.0 * np.log10(power + NOTHING)
        look = np.add.reduce(levels) / len(levels)
        self._levels += look
        self._joined.update(look, start)
        bands = levels[:, : len(self._unsteadiness) * self._band_bins].reshape(len(levels), -1, self._band_bins)
        of_frames = np.add.reduce(bands, axis=2) / self._band_bins
        of_bins = look[: bands[0].size].reshape(-1, self._band_bins)
        # The mean square of what remains is that of the levels without those of both means, which have their mean in
        # common; less than 1e-9 of it is rounding.
        rest = (
            np.einsum("ijk,ijk->j", bands, bands) / (len(bands) * self._band_bins)
            - np.einsum("jk,jk->j", of_bins, of_bins) / self._band_bins
            - np.einsum("ij,ij->j", of_frames, of_frames) / len(bands)
            + np.square(of_frames.mean(axis=0))
        )
        self._unsteadiness += np.maximum(rest, 0.0)
