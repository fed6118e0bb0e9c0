"""The tempo of a track, and how sure it is, from the onset envelope.

What enters: ``OnsetEnvelope``. What leaves: :class:`Tempo`, and the tempo in each stretch of the track for the beat
tracker. The method is described and weighed in docs/adr/0005-tempo.md.

Windows of 12 s, every 6 s, each give every tempo a salience, the product of

- *repetition*: the autocorrelation of the window at 1, 2, 4 and 8 beats, on average. It is high where the music repeats
  itself at beat, half bar, bar and two bars, and at multiples of the tempo's period only;
- *pulse*: the magnitude of the window's spectrum at the beat, half beat and quarter beat. It is high at the tempo and at
  its multiples only, and nil at a dotted rhythm, however strong, that does not divide the bar;
- *preference*: people tap near 110 beats a minute, log-normally (van Noorden and Moelants, JNMR 28, 1999).

Autocorrelation errs towards slow tempi and the spectrum towards fast ones; their product keeps what both have (Peeters,
"Template-based estimation of time-varying tempo", EURASIP JASP 2007). The windows' saliences are added, each weighted
by how much happens in it; the tempo of the track is at the maximum of the sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.features.onsets import OnsetEnvelope

WINDOW_SECONDS = 12.0
WINDOW_HOP_SECONDS = 6.0

SLOWEST_BPM = 45.0
FASTEST_BPM = 220.0
#: Neighbours on the grid of tempi are 0.4 % apart; the peak is interpolated between them.
GRID_STEP = 0.004
PREFERRED_BPM = 110.0
PREFERENCE_OCTAVES = 0.7
#: Beats after which the music is asked to repeat itself, and harmonics of the beat that its spectrum should have.
REPETITION_BEATS = (1, 2, 4, 8)
PULSE_HARMONICS = (1, 2, 4)

#: Two tempi are the same within 4 % (the MIREX tolerance) and one metrical level apart when a factor of 2 apart.
SAME_TEMPO_OCTAVES = float(np.log2(1.04))
#: A local tempo is looked for within half an octave of the track's, so that the beat does not change its level.
_LOCAL_OCTAVES = 0.25

#: Standard deviations by which repetition must exceed what independent frames would show.
CHANCE_DEVIATIONS = 3.0
#: Neighbouring frames share two thirds of their samples: an envelope of n frames has about n / 2 independent ones.
_FRAMES_PER_INDEPENDENT = 2.0
_BATCH_WINDOWS = 32


@dataclass(frozen=True, slots=True)
class Tempo:
    """Tempo in beats a minute, None where there is no beat; confidence 0..1, then 0."""

    bpm: float | None
    confidence: float


NO_TEMPO = Tempo(None, 0.0)


class Tempogram:
    """Saliences of the tempi of the grid, window by window, of one onset envelope."""

    def __init__(self, envelope: OnsetEnvelope) -> None:
        self._envelope = envelope
        rate_hz = envelope.frame_rate_hz
        self.grid_bpm = np.exp(np.arange(np.log(SLOWEST_BPM), np.log(FASTEST_BPM), GRID_STEP))
        self.window_frames = round(WINDOW_SECONDS * rate_hz)
        self.hop_frames = round(WINDOW_HOP_SECONDS * rate_hz)
        self._preference = np.exp(-0.5 * (np.log2(self.grid_bpm / PREFERRED_BPM) / PREFERENCE_OCTAVES) ** 2)
        self._lags = [60.0 * rate_hz / self.grid_bpm * beats for beats in REPETITION_BEATS]
        self._padded = 1 << (2 * self.window_frames - 1).bit_length()
        self._spectrum_length = 4 * self._padded
        self._bins = [self.grid_bpm / 60.0 / rate_hz * self._spectrum_length * k for k in PULSE_HARMONICS]

    def starts(self) -> NDArray[np.intp]:
        """First frames of the windows; the last ends with the track. A short track has one, cut off."""
        last = max(len(self._envelope) - self.window_frames, 0)
        return np.unique(np.append(np.arange(0, last + 1, self.hop_frames), last))

    def batches(self) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]:
        """Salience, repetition [shape=(windows, tempi)] and activity [shape=(windows,)] of some windows at a time."""
        starts = self.starts()
        for first in range(0, len(starts), _BATCH_WINDOWS):
            yield self._measure(self._windows(starts[first : first + _BATCH_WINDOWS]))

    def chance(self) -> float:
        """Repetition that independent frames reach by chance."""
        independent = len(self._envelope) / _FRAMES_PER_INDEPENDENT * len(REPETITION_BEATS)
        return CHANCE_DEVIATIONS / float(np.sqrt(max(independent, 1.0)))

    def _windows(self, starts: NDArray[np.intp]) -> NDArray[np.float32]:
        """Zero-mean windows [shape=(windows, frames)]."""
        stretch = self._envelope.read(int(starts[0]), int(starts[-1]) + self.window_frames)
        frames = min(self.window_frames, len(stretch))
        windows = np.lib.stride_tricks.sliding_window_view(stretch, frames)[starts - starts[0]]
        centred: NDArray[np.float32] = windows - windows.mean(axis=1, keepdims=True)
        return centred

    def _measure(
        self, windows: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        repetition = self._repetition(windows)
        activity = windows.std(axis=1, dtype=np.float64)
        salience = np.maximum(repetition, 0.0) * self._pulse(windows) * self._preference
        return salience, repetition, activity

    def _repetition(self, windows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Mean autocorrelation at the beats of each tempo, corrected for the overlap, -1..1."""
        frames = windows.shape[1]
        power = np.abs(np.fft.rfft(windows, self._padded, axis=1)) ** 2
        products = np.fft.irfft(power, self._padded, axis=1)[:, : self._padded // 2]
        overlap = np.maximum(1.0 - np.arange(products.shape[1]) / frames, 0.25)
        energy = np.maximum(products[:, :1], np.finfo(np.float32).tiny)
        return _mean_at(products / overlap / energy, self._lags)

    def _pulse(self, windows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Mean magnitude at the harmonics of each tempo, relative to the root mean square over the spectrum."""
        tapered = windows * np.hanning(windows.shape[1]).astype(np.float32)
        magnitude = np.abs(np.fft.rfft(tapered, self._spectrum_length, axis=1))
        level = np.sqrt(np.mean(magnitude**2, axis=1, keepdims=True))
        return _mean_at(magnitude / np.maximum(level, np.finfo(np.float32).tiny), self._bins)


def _mean_at(rows: NDArray[np.floating], positions: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Mean over `positions` (each [shape=(tempi,)]) of linear interpolations into each row [shape=(rows, tempi)]."""
    total = np.zeros((len(rows), len(positions[0])))
    for position in positions:
        whole = np.minimum(position.astype(np.intp), rows.shape[1] - 2)
        part = position - whole
        total += rows[:, whole] * (1.0 - part) + rows[:, whole + 1] * part
    return total / len(positions)


def estimate_tempo(tempogram: Tempogram) -> Tempo:
    """Tempo of the whole track.

    Returns
    -------
    Tempo
        ``bpm`` 45..220, None where the envelope repeats itself no more than chance would make it.
        ``confidence`` 0..1 is the geometric mean of three shares: *repetition* at the tempo, above chance; *agreement*,
        how much of the track, by activity, has this tempo in its own window, or half or twice it; *distinction*, what the
        best tempo that is not half or twice it lacks to its salience.
    """
    salience, repetition, activity = np.zeros(len(tempogram.grid_bpm)), np.zeros(len(tempogram.grid_bpm)), 0.0
    winners: list[NDArray[np.intp]] = []
    weights: list[NDArray[np.float64]] = []
    for window_salience, window_repetition, window_activity in tempogram.batches():
        salience += window_activity @ window_salience
        repetition += window_activity @ window_repetition
        activity += float(window_activity.sum())
        winners.append(window_salience.argmax(axis=1))
        weights.append(window_activity)
    if activity == 0.0:
        return NO_TEMPO
    best = int(salience.argmax())
    repeated = repetition[best] / activity - tempogram.chance()
    if repeated <= 0.0:
        return NO_TEMPO
    off = _octaves_apart(tempogram.grid_bpm, tempogram.grid_bpm[best])
    agreement = np.average(off[np.concatenate(winners)] < SAME_TEMPO_OCTAVES, weights=np.concatenate(weights))
    distinction = 1.0 - salience[off > 1.5 * SAME_TEMPO_OCTAVES].max() / salience[best]
    confidence = float(np.cbrt(repeated * agreement * max(distinction, 0.0)))
    return Tempo(_peak_bpm(tempogram.grid_bpm, salience, best), confidence)


def _octaves_apart(bpm: NDArray[np.float64], other_bpm: float) -> NDArray[np.float64]:
    """Octaves between each tempo and the nearest of the other, its half and its double."""
    octaves = np.log2(bpm / other_bpm)
    apart: NDArray[np.float64] = np.abs(octaves - np.clip(np.rint(octaves), -1, 1))
    return apart


def _peak_bpm(grid_bpm: NDArray[np.float64], salience: NDArray[np.float64], best: int) -> float:
    """Tempo at the top of the parabola through the best point of the grid and its neighbours."""
    if not 0 < best < len(grid_bpm) - 1:
        return float(grid_bpm[best])
    left, top, right = salience[best - 1 : best + 2]
    shift = 0.5 * (left - right) / (left - 2 * top + right)
    return float(grid_bpm[best] * np.exp(GRID_STEP * shift))


def local_bpm(tempogram: Tempogram, track_bpm: float) -> NDArray[np.float64]:
    """Tempo in each window, within a quarter of an octave of the track's [shape=(windows,)].

    Where the window's best is not near, which a break or a solo can make so, the track's own holds.
    """
    near = np.flatnonzero(np.abs(np.log2(tempogram.grid_bpm / track_bpm)) <= _LOCAL_OCTAVES)
    found = []
    for salience, _, _ in tempogram.batches():
        best = salience[:, near].argmax(axis=1)
        at_edge = (best == 0) | (best == len(near) - 1)
        found.append(np.where(at_edge, track_bpm, tempogram.grid_bpm[near[best]]))
    return np.concatenate(found)
