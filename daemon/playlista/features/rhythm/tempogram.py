"""How salient each tempo is in each window of an onset envelope.

Input: ``OnsetEnvelope``. Output: ``Tempogram.windows``. What to make of it is the business of
``features.tempo``; the method is weighed against others in docs/adr/0005-tempo.md.

Windows of 12 s, every 6 s, give each tempo a salience, the product of

- *repetition*: the autocorrelation of the window at the beat, the bar and more bars, on average. It is high where the
  music repeats itself after so many beats, and at whole multiples of such a period too;
- *pulse*: the magnitude of the window's spectrum at the frequencies of the beat and of its parts, on average. It
  is high at the tempo and its multiples, and nil at a dotted rhythm, however strong, that does not divide the bar.
  Where the beat's own frequency is all but absent, nothing tells one beat from a half, and pulse is less in
  proportion;
- *preference*: people tap near 115 beats a minute (van Noorden and Moelants, JNMR 28, 1999).

How many beats make a bar and into how many parts a beat divides is the metre (`METRES`); each tempo has the salience of
the metre that suits it best.

Autocorrelation errs towards slow tempi and the spectrum towards fast ones; their product keeps what both have (Peeters,
"Template-based estimation of time-varying tempo", EURASIP JASP 2007).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.features.frames import overlapping
from playlista.features.rhythm.onsets import OnsetEnvelope
from playlista.tracks import FASTEST_BPM, SLOWEST_BPM

WINDOW_SECONDS = 12.0
WINDOW_HOP_SECONDS = 6.0

#: Neighbours on the grid of tempi are 0.4 % apart.
GRID_STEP = 0.004
PREFERRED_BPM = 115.0
PREFERENCE_OCTAVES = 0.85
#: Share of the beat's own frequency among them under which it counts as absent; in 98 of 100 tracks it is higher.
LEAST_OWN_SHARE = 0.02
#: Products near the end of the window are few; their mean is taken over a quarter of the window at least.
LEAST_OVERLAP = 0.25

#: Repetition counts from 3 standard deviations above what independent frames would show. Frames overlap by two thirds:
#: n of them are about n / 2 independent ones.
CHANCE_DEVIATIONS = 3.0
FRAMES_PER_INDEPENDENT = 2.0

_BATCH_WINDOWS = 32
#: Batches that are kept for whoever asks again, 0.2 MB each: all of a song of six minutes.
_KEPT_BATCHES = 2
_TINY = np.finfo(np.float32).tiny


@dataclass(frozen=True, slots=True)
class Metre:
    """A way in which beats may be grouped and divided.

    beats : after how many beats the music is asked to repeat itself.
    harmonics : of the beat's frequency, which the spectrum should have.
    weight : of its salience; the rarer metres must be better by as much.
    """

    beats: tuple[int, ...]
    harmonics: tuple[int, ...]
    weight: float


#: Bars of two or four beats; of three (waltz); beats of three parts (jig, slow blues).
METRES = (
    Metre((1, 2, 4, 8), (1, 2, 4), 1.0),
    Metre((1, 3, 6, 12), (1, 2), 0.95),
    Metre((1, 2, 4), (1, 3), 0.85),
)


@dataclass(frozen=True, slots=True)
class WindowTempi:
    """What some windows say of each tempo.

    starts : [shape=(windows,)], first frames.
    salience, repetition : [shape=(windows, tempi)]; the first >= 0, the second -1..1.
    activity : [shape=(windows,)], standard deviation of the envelope, in nepers.
    """

    starts: NDArray[np.intp]
    salience: NDArray[np.float64]
    repetition: NDArray[np.float64]
    activity: NDArray[np.float64]


class Tempogram:
    """Saliences of the tempi ``grid_bpm``, window by window; those of the first minutes are computed once.

    Tempi outside `tempo_range`, if it is given, have none.
    """

    def __init__(self, envelope: OnsetEnvelope, tempo_range: tuple[int, int] | None = None) -> None:
        self._envelope = envelope
        self.frame_rate_hz = envelope.frame_rate_hz
        self.grid_bpm = np.exp(np.arange(np.log(SLOWEST_BPM), np.log(FASTEST_BPM), GRID_STEP))
        self.hop_frames = round(WINDOW_HOP_SECONDS * self.frame_rate_hz)
        longest = round(WINDOW_SECONDS * self.frame_rate_hz)
        self.window_frames = min(longest, len(envelope))
        self._kept: list[WindowTempi] = []
        self._padded = 1 << (2 * longest).bit_length()
        self._beat_frames = 60.0 * self.frame_rate_hz / self.grid_bpm
        self._preference = np.exp(-0.5 * (np.log2(self.grid_bpm / PREFERRED_BPM) / PREFERENCE_OCTAVES) ** 2)
        if tempo_range is not None:
            slowest, fastest = tempo_range
            self._preference[(self.grid_bpm < slowest) | (self.grid_bpm > fastest)] = 0.0

    @property
    def chance(self) -> float:
        """Repetition that independent frames may reach in one window."""
        independent = min(len(metre.beats) for metre in METRES) * self.window_frames / FRAMES_PER_INDEPENDENT
        return CHANCE_DEVIATIONS / float(np.sqrt(max(independent, 1.0)))

    def windows(self) -> Iterator[WindowTempi]:
        """The windows in order, some at a time; a track that is shorter than a window is one window."""
        count = 1 + (len(self._envelope) - self.window_frames) // self.hop_frames if self.window_frames else 0
        yield from self._kept
        for first in range(len(self._kept) * _BATCH_WINDOWS, count, _BATCH_WINDOWS):
            measured = self._measure(self.hop_frames * np.arange(first, min(first + _BATCH_WINDOWS, count)))
            if len(self._kept) < _KEPT_BATCHES and first == len(self._kept) * _BATCH_WINDOWS:
                self._kept.append(measured)
            yield measured

    def _measure(self, starts: NDArray[np.intp]) -> WindowTempi:
        """The windows that begin at `starts`, a hop apart."""
        stretch = self._envelope.read(int(starts[0]), int(starts[-1]) + self.window_frames)
        windows = overlapping(stretch, self.window_frames, self.hop_frames)
        centred = windows - windows.mean(axis=1, keepdims=True)
        correlation, magnitude = self._correlation(centred), self._magnitude(centred)
        shape = (len(starts), len(self.grid_bpm))
        salience, repetition = np.full(shape, -1.0), np.zeros(shape)
        for metre in METRES:
            repeated = np.mean([_at(correlation, self._beat_frames * beats) for beats in metre.beats], axis=0)
            of_metre = metre.weight * np.maximum(repeated, 0.0) * self._pulse(magnitude, metre.harmonics)
            repetition = np.where(of_metre > salience, repeated, repetition)
            salience = np.maximum(of_metre, salience)
        return WindowTempi(starts, salience * self._preference, repetition, centred.std(axis=1, dtype=np.float64))

    def _correlation(self, windows: NDArray[np.float32]) -> NDArray[np.floating]:
        """Autocorrelation of each window, corrected for the overlap [shape=(windows, lags)]."""
        power = np.abs(np.fft.rfft(windows, self._padded, axis=1, norm="forward")) ** 2
        products = np.fft.irfft(power, self._padded, axis=1)[:, : self._padded // 2]
        overlap = np.maximum(1.0 - np.arange(products.shape[1]) / self.window_frames, LEAST_OVERLAP)
        correlation: NDArray[np.floating] = products / (overlap * np.maximum(products[:, :1], _TINY))
        return correlation

    def _magnitude(self, windows: NDArray[np.float32]) -> NDArray[np.floating]:
        """Magnitude of each window's spectrum, relative to its root mean square [shape=(windows, bins)]."""
        tapered = windows * np.hanning(self.window_frames).astype(np.float32)
        magnitude = np.abs(np.fft.rfft(tapered, 2 * self._padded, axis=1, norm="forward"))
        level = np.sqrt(np.mean(np.square(magnitude), axis=1, keepdims=True))
        relative: NDArray[np.floating] = magnitude / np.maximum(level, _TINY)
        return relative

    def _pulse(self, magnitude: NDArray[np.floating], harmonics: tuple[int, ...]) -> NDArray[np.float64]:
        """Mean magnitude at the harmonics of each tempo [shape=(windows, tempi)]."""
        of_beat = 2 * self._padded / self._beat_frames
        each = [_at(magnitude, of_beat * harmonic) for harmonic in harmonics]
        total = sum(each, np.zeros_like(each[0]))
        own_share = each[0] / np.maximum(total, _TINY)
        return total / len(each) * np.minimum(own_share / LEAST_OWN_SHARE, 1.0)


def _at(rows: NDArray[np.floating], position: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row, interpolated linearly at `position` [shape=(tempi,)] [shape=(rows, tempi)]."""
    whole = np.minimum(position.astype(np.intp), rows.shape[1] - 2)
    part = position - whole
    interpolated: NDArray[np.float64] = rows[:, whole] * (1.0 - part) + rows[:, whole + 1] * part
    return interpolated
