"""How salient each tempo is in each window of an onset envelope.

Input: ``OnsetEnvelope``. Output: ``Tempogram.windows``. What to make of it is the business of
``features.tempo``; the method is weighed against others in docs/adr/0005-tempo.md.

Windows of 12 s, every 6 s, give each tempo a salience, the product of

- *repetition*: the autocorrelation of the window at 1, 2, 4 and 8 beats, on average. It is high where the music repeats
  itself at beat, half bar, bar and two bars, and at whole multiples of such a period too;
- *pulse*: the magnitude of the window's spectrum at the frequencies of beat, half beat and quarter beat, on average. It
  is high at the tempo and its multiples, and nil at a dotted rhythm, however strong, that does not divide the bar.
  Where the beat's own frequency is all but absent, nothing tells one beat from a half, and pulse is less in
  proportion;
- *preference*: people tap near 110 beats a minute (van Noorden and Moelants, JNMR 28, 1999).

Autocorrelation errs towards slow tempi and the spectrum towards fast ones; their product keeps what both have (Peeters,
"Template-based estimation of time-varying tempo", EURASIP JASP 2007).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.features.rhythm.onsets import OnsetEnvelope

WINDOW_SECONDS = 12.0
WINDOW_HOP_SECONDS = 6.0

SLOWEST_BPM = 45.0
FASTEST_BPM = 220.0
#: Neighbours on the grid of tempi are 0.4 % apart.
GRID_STEP = 0.004
PREFERRED_BPM = 110.0
PREFERENCE_OCTAVES = 0.7
#: Beats after which the music is asked to repeat itself, and harmonics of the beat that its spectrum should have.
REPETITION_BEATS = (1, 2, 4, 8)
PULSE_HARMONICS = (1, 2, 4)
#: Share of the beat's own frequency among them under which it counts as absent; in 98 of 100 tracks it is higher.
LEAST_OWN_SHARE = 0.02
#: Products near the end of the window are few; their mean is taken over a quarter of the window at least.
LEAST_OVERLAP = 0.25

#: Repetition counts from 3 standard deviations above what independent frames would show. Frames overlap by two thirds:
#: n of them are about n / 2 independent ones.
CHANCE_DEVIATIONS = 3.0
FRAMES_PER_INDEPENDENT = 2.0

_BATCH_WINDOWS = 32
_TINY = np.finfo(np.float32).tiny


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
    """Saliences of the tempi ``grid_bpm``, window by window; computed anew at each call of ``windows``."""

    def __init__(self, envelope: OnsetEnvelope) -> None:
        self._envelope = envelope
        self.frame_rate_hz = envelope.frame_rate_hz
        self.grid_bpm = np.exp(np.arange(np.log(SLOWEST_BPM), np.log(FASTEST_BPM), GRID_STEP))
        self.hop_frames = round(WINDOW_HOP_SECONDS * self.frame_rate_hz)
        longest = round(WINDOW_SECONDS * self.frame_rate_hz)
        self.window_frames = min(longest, len(envelope))
        self._padded = 1 << (2 * longest).bit_length()
        beat_frames = 60.0 * self.frame_rate_hz / self.grid_bpm
        self._lags = [beat_frames * beats for beats in REPETITION_BEATS]
        self._bins = [2 * self._padded / beat_frames * harmonic for harmonic in PULSE_HARMONICS]
        self._preference = np.exp(-0.5 * (np.log2(self.grid_bpm / PREFERRED_BPM) / PREFERENCE_OCTAVES) ** 2)

    @property
    def chance(self) -> float:
        """Repetition that independent frames may reach in one window."""
        independent = len(REPETITION_BEATS) * self.window_frames / FRAMES_PER_INDEPENDENT
        return CHANCE_DEVIATIONS / float(np.sqrt(max(independent, 1.0)))

    def windows(self) -> Iterator[WindowTempi]:
        """The windows in order, some at a time; a track that is shorter than a window is one window."""
        count = 1 + (len(self._envelope) - self.window_frames) // self.hop_frames if self.window_frames else 0
        for first in range(0, count, _BATCH_WINDOWS):
            starts = self.hop_frames * np.arange(first, min(first + _BATCH_WINDOWS, count))
            stretch = self._envelope.read(int(starts[0]), int(starts[-1]) + self.window_frames)
            windows = np.lib.stride_tricks.sliding_window_view(stretch, self.window_frames)[:: self.hop_frames]
            yield self._measure(starts, windows)

    def _measure(self, starts: NDArray[np.intp], windows: NDArray[np.float32]) -> WindowTempi:
        centred = windows - windows.mean(axis=1, keepdims=True)
        repetition = self._repetition(centred)
        salience = np.maximum(repetition, 0.0) * self._pulse(centred) * self._preference
        return WindowTempi(starts, salience, repetition, centred.std(axis=1, dtype=np.float64))

    def _repetition(self, windows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Mean autocorrelation at the beats of each tempo, corrected for the overlap."""
        power = np.abs(np.fft.rfft(windows, self._padded, axis=1, norm="forward")) ** 2
        products = np.fft.irfft(power, self._padded, axis=1)[:, : self._padded // 2]
        overlap = np.maximum(1.0 - np.arange(products.shape[1]) / self.window_frames, LEAST_OVERLAP)
        correlation = products / (overlap * np.maximum(products[:, :1], _TINY))
        repetition: NDArray[np.float64] = np.mean([_at(correlation, lags) for lags in self._lags], axis=0)
        return repetition

    def _pulse(self, windows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Mean magnitude at the harmonics of each tempo, relative to the root mean square over the spectrum."""
        tapered = windows * np.hanning(self.window_frames).astype(np.float32)
        magnitude = np.abs(np.fft.rfft(tapered, 2 * self._padded, axis=1, norm="forward"))
        level = np.sqrt(np.mean(np.square(magnitude), axis=1, keepdims=True))
        harmonics = [_at(magnitude / np.maximum(level, _TINY), bins) for bins in self._bins]
        total = sum(harmonics, np.zeros_like(harmonics[0]))
        own_share = harmonics[0] / np.maximum(total, _TINY)
        return total / len(harmonics) * np.minimum(own_share / LEAST_OWN_SHARE, 1.0)


def _at(rows: NDArray[np.floating], position: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row, interpolated linearly at `position` [shape=(tempi,)] [shape=(rows, tempi)]."""
    whole = np.minimum(position.astype(np.intp), rows.shape[1] - 2)
    part = position - whole
    interpolated: NDArray[np.float64] = rows[:, whole] * (1.0 - part) + rows[:, whole + 1] * part
    return interpolated
