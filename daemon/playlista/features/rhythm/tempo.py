"""The tempo of a track, how sure it is, and how it changes along the track.

Input: ``Tempogram`` and the onsets. Output: :class:`Tempo`, and :class:`BeatPeriods` for the beat
tracker.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.features.rhythm.onsets import Onsets
from playlista.features.rhythm.tempogram import GRID_STEP, Tempogram

#: Two tempi are the same within 4 % (the tolerance of MIREX).
SAME_OCTAVES = float(np.log2(1.04))
#: Share of certainty that is gone where twice the tempo is as salient.
DOUBLE_WEIGHT = 0.5
#: The octave is open where twice or half the tempo has at least this share of its salience.
OPEN_SHARE = 0.6
#: The weights of open tempi go with this power of their salience: with the plain share the second tempo weighed half as
#: much again as it was right. How often either is right is in docs/appendix/quality.md.
CANDIDATE_POWER = 3
#: A change of tempo lasts this long at least; a track of free playing is told by this many changes at most.
SHORTEST_TEMPO_SECONDS = 18.0
MOST_TEMPO_CHANGES = 100
#: An accent is an onset of 0.4 times the strength that one onset in ten exceeds.
ACCENT_SHARE = 0.4
#: A beat that no accent strikes every third time is not heard, and one struck two times in three at least is.
FEWEST_ACCENTS_PER_BEAT = 1 / 3
CERTAIN_ACCENTS_PER_BEAT = 2 / 3
#: Strings and winds begin softly: music that repeats itself this many times as clearly as chance has a beat all the
#: same, where at least every fifth is accented.
CLEAR_REPETITION = 2.0
FEWEST_SOFT_ACCENTS_PER_BEAT = 0.2
SOFT_HEARD_SHARE = 0.6
#: From so many times chance on, repetition is certainly none.
CERTAIN_TIMES_CHANCE = 3.5
#: Tempi along the track are preferred within a quarter of an octave of its own, so that the beat keeps its level.
NEAR_OCTAVES = 0.25


@dataclass(frozen=True, slots=True)
class Tempo:
    """Tempo in beats a minute, None where there is no beat; the rest is then 0.

    clearness : 0..1, how clearly the track has this tempo, see `estimate_tempo`; ``confidence`` makes more of it.
    agreement : 0..1, how much of the track, by activity, has this tempo as its best.
    heard : 0..1, 0 at the limit of having a beat, 1 where it certainly has one.
    octave_share : 0..1, salience of twice or half the tempo, whichever is greater, as a share of its own.
    candidates : tempi between which the octave is open, each with its weight; see ``Rhythm.bpm_candidates``.
    """

    bpm: float | None
    clearness: float = 0.0
    agreement: float = 0.0
    heard: float = 0.0
    octave_share: float = 0.0
    candidates: tuple[tuple[float, float], ...] = ()


NO_TEMPO = Tempo(None)


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


@dataclass(frozen=True, slots=True)
class Votes:
    """What the windows of a track say, each with the weight of its activity.

    salience : [shape=(tempi,)], the weighted sum over the windows.
    bpm, repetition, accents_per_second, activity : [shape=(windows,)], of each window: its best tempo, the repetition
        there, how many accents it has, and its weight.
    """

    salience: NDArray[np.float64]
    bpm: NDArray[np.float64]
    repetition: NDArray[np.float64]
    accents_per_second: NDArray[np.float64]
    activity: NDArray[np.float64]

    def mean(self, of_windows: NDArray[np.floating] | NDArray[np.bool_]) -> float:
        """Weighted mean of one number for each window."""
        return float(np.average(of_windows, weights=self.activity))


def count_votes(tempogram: Tempogram, accent_frames: NDArray[np.int32]) -> Votes:
    """Ask every window.

    A tempo of more beats than the window has accents loses salience in proportion: not all of them would be struck.
    """
    total = np.zeros(len(tempogram.grid_bpm))
    rows = [np.zeros((4, 0))]
    for window in tempogram.windows():
        edges = np.stack((window.starts, window.starts + tempogram.window_frames))
        accents = np.diff(np.searchsorted(accent_frames, edges), axis=0)[0]
        accents_per_second = accents * tempogram.frame_rate_hz / tempogram.window_frames
        salience = window.salience * np.minimum(60.0 * accents_per_second[:, np.newaxis] / tempogram.grid_bpm, 1.0)
        total += window.activity @ salience
        best = salience.argmax(axis=1)
        repetition = window.repetition[np.arange(len(best)), best]
        rows.append(np.stack((tempogram.grid_bpm[best], repetition, accents_per_second, window.activity)))
    return Votes(total, *np.concatenate(rows, axis=1))


def estimate_tempo(tempogram: Tempogram, onsets: Onsets) -> Tempo:
    """Tempo of the whole track: the one of the highest salience over all windows.

    Returns
    -------
    Tempo
        ``bpm`` 45..220; None where the windows repeat themselves no more than chance would make them, and where there
        are fewer accents than every third beat, or every fifth in music that repeats itself clearly.
        ``clearness`` is the geometric mean of three shares: *repetition* in the windows, at the best tempo of each;
        *agreement*, how much of the track, by activity, has this tempo as its best; *certainty* of the octave, which
        is less where twice the tempo is nearly as salient: an estimate that is wrong is mostly too slow. It fades out
        as accents grow too few or repetition comes near chance.
    """
    votes = count_votes(tempogram, accents(onsets))
    if not votes.salience.any():
        return NO_TEMPO
    best = int(votes.salience.argmax())
    bpm = float(tempogram.grid_bpm[best])
    repetition = votes.mean(votes.repetition)
    heard = _heard_share(votes.mean(votes.accents_per_second) * 60.0 / bpm, repetition / tempogram.chance)
    if heard <= 0.0:
        return NO_TEMPO
    agreement = votes.mean(np.abs(np.log2(votes.bpm / bpm)) < SAME_OCTAVES)
    double, half = (_salience_share(bpm * octave, tempogram, votes) for octave in (2.0, 0.5))
    certainty = 1.0 - DOUBLE_WEIGHT * double
    found_bpm = _peak_bpm(tempogram, votes.salience, best)
    return Tempo(
        found_bpm,
        clearness=float(np.cbrt(min(repetition, 1.0) * agreement**1.5 * certainty * heard)),
        agreement=agreement,
        heard=heard,
        octave_share=max(double, half),
        candidates=_candidates(found_bpm, tempogram, votes),
    )


def _candidates(bpm: float, tempogram: Tempogram, votes: Votes) -> tuple[tuple[float, float], ...]:
    """`bpm` and its double and half as far as they are open, with weights that add up to 1; empty if none is."""
    shares = {bpm * octave: _salience_share(bpm * octave, tempogram, votes) for octave in (2.0, 0.5)}
    weights = {tempo: share**CANDIDATE_POWER for tempo, share in shares.items() if share >= OPEN_SHARE}
    total = 1.0 + sum(weights.values())
    ranked = sorted(weights.items(), key=lambda each: -each[1])
    return tuple((round(tempo, 2), round(weight / total, 3)) for tempo, weight in ((bpm, 1.0), *ranked) if weights)


def _salience_share(bpm: float, tempogram: Tempogram, votes: Votes) -> float:
    """The highest salience of the tempi that are the same as `bpm`, as a share of the highest of all."""
    same = np.abs(np.log2(tempogram.grid_bpm / bpm)) < SAME_OCTAVES
    return float(votes.salience.max(where=same, initial=0.0) / votes.salience.max())


def _heard_share(accents_per_beat: float, times_chance: float) -> float:
    """0 where a beat is not heard or nothing repeats itself but by chance, 1 where it certainly is."""
    above = accents_per_beat - FEWEST_ACCENTS_PER_BEAT
    share = min(above / (CERTAIN_ACCENTS_PER_BEAT - FEWEST_ACCENTS_PER_BEAT), 1.0)
    certain = min(max((times_chance - 1.0) / (CERTAIN_TIMES_CHANCE - 1.0), 0.0), 1.0)
    is_soft = times_chance >= CLEAR_REPETITION and accents_per_beat > FEWEST_SOFT_ACCENTS_PER_BEAT
    return certain * max(share, SOFT_HEARD_SHARE if is_soft else 0.0)


def accents(onsets: Onsets) -> NDArray[np.int32]:
    """Frames of the accents [shape=(n,)]."""
    if not len(onsets.frames):
        return onsets.frames
    return onsets.frames[onsets.strengths >= ACCENT_SHARE * np.quantile(onsets.strengths, 0.9)]


def beat_periods(tempogram: Tempogram, bpm: float) -> BeatPeriods:
    """The beat's period along the track, near that of `bpm`."""
    near = np.exp(-0.5 * (np.log2(tempogram.grid_bpm / bpm) / NEAR_OCTAVES) ** 2)
    best = np.concatenate([(window.salience * near).argmax(axis=1) for window in tempogram.windows()])
    return BeatPeriods(60.0 * tempogram.frame_rate_hz / tempogram.grid_bpm[best], tempogram.hop_frames)


def tempo_changes(periods: BeatPeriods, frame_rate_hz: float) -> tuple[tuple[float, float], ...]:
    """From which second on the track has which tempo, one entry where it keeps its tempo.

    A stretch ends where the tempo leaves its median by more than 4 % for `SHORTEST_TEMPO_SECONDS`.
    """
    bpm = 60.0 * frame_rate_hz / periods.frames
    hop_seconds = periods.hop_frames / frame_rate_hz
    least = max(round(SHORTEST_TEMPO_SECONDS / hop_seconds), 1)
    starts = [0]
    for window in range(least, len(bpm) - least + 1):
        present = float(np.median(bpm[starts[-1] : window]))
        leaves = np.abs(np.log2(bpm[window : window + least] / present)) > SAME_OCTAVES
        if window - starts[-1] >= least and leaves.all() and len(starts) < MOST_TEMPO_CHANGES:
            starts.append(window)
    ends = [*starts[1:], len(bpm)]
    # A window is twice as long as its hop. The first one to differ holds the new tempo wholly, or for the most part.
    return tuple(
        (round((start + 0.5 * (start > 0)) * hop_seconds, 2), round(float(np.median(bpm[start:end])), 2))
        for start, end in zip(starts, ends, strict=True)
    )


def _peak_bpm(tempogram: Tempogram, salience: NDArray[np.float64], best: int) -> float:
    """Tempo at the top of the parabola through the best point of the grid and its neighbours."""
    if not 0 < best < len(salience) - 1:
        return float(tempogram.grid_bpm[best])
    left, top, right = salience[best - 1 : best + 2]
    shift = 0.5 * (left - right) / (left - 2.0 * top + right)
    return float(tempogram.grid_bpm[best] * np.exp(GRID_STEP * shift))
