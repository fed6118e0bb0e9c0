"""The tempo of a track, how sure it is, and how it changes along the track.

What enters: ``Tempogram`` and the rate of accents. What leaves: :class:`Tempo`, and :class:`BeatPeriods` for the beat
tracker.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.features.tempogram import GRID_STEP, Tempogram

#: Two tempi are the same within 4 % (the tolerance of MIREX), and rivals from 6 % on: a peak is not its own rival.
SAME_OCTAVES = float(np.log2(1.04))
RIVAL_OCTAVES = float(np.log2(1.06))
#: An accent is an onset of 0.4 times the strength that one onset in ten exceeds.
ACCENT_SHARE = 0.4
#: A beat that is not struck by an accent every other time at least is not heard.
FEWEST_ACCENTS_PER_BEAT = 0.5
#: Tempi along the track are preferred within a quarter of an octave of its own, so that the beat keeps its level.
NEAR_OCTAVES = 0.25


@dataclass(frozen=True, slots=True)
class Tempo:
    """Tempo in beats a minute, None where there is no beat; confidence 0..1, then 0."""

    bpm: float | None
    confidence: float


NO_TEMPO = Tempo(None, 0.0)


@dataclass(frozen=True, slots=True)
class BeatPeriods:
    """Frames from beat to beat [shape=(windows,)]; each holds for `hop_frames` around the middle of its window."""

    frames: NDArray[np.float64]
    hop_frames: int

    def at(self, frames: NDArray[np.intp]) -> NDArray[np.float64]:
        """Frames from beat to beat around each of `frames` [shape=(n,)]."""
        windows = (frames - self.hop_frames // 2) // self.hop_frames
        period: NDArray[np.float64] = self.frames[np.clip(windows, 0, len(self.frames) - 1)]
        return period


class Votes:
    """The windows of a tempogram, added up; each counts by its activity.

    A tempo of more beats than there are accents loses salience in proportion: not all of its beats would be struck.
    """

    def __init__(self, tempogram: Tempogram, accents_per_second: float) -> None:
        struck = np.minimum(60.0 * accents_per_second / tempogram.grid_bpm, 1.0)
        self.salience = np.zeros(len(tempogram.grid_bpm))
        winners = [np.zeros(0, np.intp)]
        repetitions, activities = [np.zeros(0)], [np.zeros(0)]
        for window in tempogram.windows():
            salience = window.salience * struck
            self.salience += window.activity @ salience
            winners.append(salience.argmax(axis=1))
            repetitions.append(np.take_along_axis(window.repetition, winners[-1][:, np.newaxis], axis=1)[:, 0])
            activities.append(window.activity)
        self.winners = np.concatenate(winners)
        self.repetitions = np.concatenate(repetitions)
        self.activities = np.concatenate(activities)


def accents(onset_strengths: NDArray[np.float32]) -> int:
    """How many of the onsets [shape=(n,)] are accents."""
    if not len(onset_strengths):
        return 0
    return int(np.count_nonzero(onset_strengths >= ACCENT_SHARE * np.quantile(onset_strengths, 0.9)))


def estimate_tempo(tempogram: Tempogram, accents_per_second: float) -> Tempo:
    """Tempo of the whole track: the one of the highest salience over all windows.

    Returns
    -------
    Tempo
        ``bpm`` 45..220; None where the windows repeat themselves no more than chance would make them, and where there
        are fewer accents than every other beat.
        ``confidence`` is the geometric mean of three shares: *repetition* in the windows, at the best tempo of each,
        above chance; *agreement*, how much of the track, by activity, has this tempo, half or twice it as its best;
        *distinction*, by how much the salience of any other tempo stays below. Steady drums reach 0.9, a clear beat in
        a mix 0.6 to 0.8, expressive playing 0.2 to 0.5. A track of two tempi has at most half the agreement.
    """
    votes = Votes(tempogram, accents_per_second)
    if not votes.activities.any():
        return NO_TEMPO
    best = int(votes.salience.argmax())
    repetition = float(np.average(votes.repetitions, weights=votes.activities)) - tempogram.chance
    if repetition <= 0.0 or accents_per_second * 60.0 < FEWEST_ACCENTS_PER_BEAT * tempogram.grid_bpm[best]:
        return NO_TEMPO
    apart = _octaves_apart(tempogram.grid_bpm, tempogram.grid_bpm[best])
    agreement = float(np.average(apart[votes.winners] < SAME_OCTAVES, weights=votes.activities))
    distinction = 1.0 - float(votes.salience[apart > RIVAL_OCTAVES].max() / votes.salience[best])
    return Tempo(_peak_bpm(tempogram, votes.salience, best), float(np.cbrt(repetition * agreement * distinction)))


def beat_periods(tempogram: Tempogram, bpm: float) -> BeatPeriods:
    """The beat's period along the track, near that of `bpm`."""
    near = np.exp(-0.5 * (np.log2(tempogram.grid_bpm / bpm) / NEAR_OCTAVES) ** 2)
    best = np.concatenate([(window.salience * near).argmax(axis=1) for window in tempogram.windows()])
    return BeatPeriods(60.0 * tempogram.frame_rate_hz / tempogram.grid_bpm[best], tempogram.hop_frames)


def _octaves_apart(bpm: NDArray[np.float64], other_bpm: float) -> NDArray[np.float64]:
    """Octaves between each tempo and the nearest of the other, its half and its double."""
    octaves = np.log2(bpm / other_bpm)
    apart: NDArray[np.float64] = np.abs(octaves - np.clip(np.rint(octaves), -1.0, 1.0))
    return apart


def _peak_bpm(tempogram: Tempogram, salience: NDArray[np.float64], best: int) -> float:
    """Tempo at the top of the parabola through the best point of the grid and its neighbours."""
    if not 0 < best < len(salience) - 1:
        return float(tempogram.grid_bpm[best])
    left, top, right = salience[best - 1 : best + 2]
    shift = 0.5 * (left - right) / (left - 2.0 * top + right)
    return float(tempogram.grid_bpm[best] * np.exp(GRID_STEP * shift))
