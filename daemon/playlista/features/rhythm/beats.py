"""When the beats of a track fall, given its onset envelope and how fast it is in each piece of it.

Input: ``OnsetEnvelope`` and the beat's period along the track. Output: the best sequence of beats, and the times of
those that sound, in seconds.

Source: Ellis, "Beat tracking by dynamic programming" (JNMR 36, 2007). Of all sequences of beats, the best has the
strongest onsets at its beats and the steadiest intervals between them. Its frames are solved in blocks of half a beat,
in which none can precede another; and the track in stretches of about a minute. Each stretch begins at the last beat
of the one before and looks 16 s beyond its own end, so that only the beats themselves grow with the track.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.features.rhythm.onsets import OnsetEnvelope
from playlista.features.rhythm.tempo import BeatPeriods

STRETCH_FRAMES = 4096
LOOKAHEAD_FRAMES = 1024
#: Weight of a steady beat against strong onsets, these in units of the envelope's standard deviation.
TIGHTNESS = 100.0

#: A beat sounds when, within 32 ms, it has half the median strength of them all.
AUDIBLE_SHARE = 0.5
_SLACK_FRAMES = 2
#: Beats that do not sound are counted between two that do, 4 bars apart at most: a break, but not a silence.
LONGEST_BREAK_BEATS = 16
#: Swing: what sounds at the beat's last third belongs to the next beat. Found beats are taken for those thirds where a
#: third later as much sounds, within this factor, and half a beat and two thirds later not nearly as much.
SWING_ALIKE = 0.45
SWING_EMPTY = 0.5

_FIRST_BEAT = -1
_BEATS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class BeatPath:
    """The best sequence of beats through a track, with those that do not sound.

    frames : [shape=(beats,)], ascending.
    strengths : [shape=(beats,), nepers], the highest value of the envelope within 32 ms of each.
    """

    frames: NDArray[np.intp]
    strengths: NDArray[np.float32]


NO_BEATS = BeatPath(np.zeros(0, np.intp), np.zeros(0, np.float32))


def follow_beats(envelope: OnsetEnvelope, periods: BeatPeriods) -> BeatPath:
    """The best sequence of beats through the track, a stretch at a time."""
    beats, strengths = [NO_BEATS.frames], [NO_BEATS.strengths]
    start, anchored, ended = 0, False, len(envelope) == 0
    while not ended:
        onsets = envelope.read(start, start + STRETCH_FRAMES + LOOKAHEAD_FRAMES)
        ended = start + len(onsets) == len(envelope)
        path = best_path(onsets, periods.at(start + np.arange(len(onsets))), anchored=anchored)
        kept = path if ended else path[path < STRETCH_FRAMES]
        fresh = kept[1:] if anchored else kept
        beats.append(start + fresh)
        strengths.append(_highest_around(onsets)[fresh])
        anchored = len(fresh) > 0
        start += int(fresh[-1]) if anchored else STRETCH_FRAMES
    return BeatPath(np.concatenate(beats), np.concatenate(strengths))


def beat_times(envelope: OnsetEnvelope, path: BeatPath) -> NDArray[np.float64]:
    """Times of the beats that sound [shape=(beats,), float64, seconds, ascending]."""
    frames = path.frames.astype(np.float64)
    if _are_swung_upbeats(envelope, path.frames):
        frames[:-1] += np.diff(path.frames) / 3.0
    return frames[_sounding(path.strengths)] / envelope.frame_rate_hz


def _are_swung_upbeats(envelope: OnsetEnvelope, beats: NDArray[np.intp]) -> bool:
    """Whether these beats are upbeats in swing, a third of a beat before each true one.

    A long note is heard on the beat and a short one before it (Povel and Essens, "Perception of temporal patterns",
    Music Perception 2, 1985). In swing, two onsets a beat are a third and two thirds apart; the path may follow either.
    """
    on, third, half, two_thirds = mean_strengths_at(envelope, beats, (0.0, 1 / 3, 1 / 2, 2 / 3))
    return third >= SWING_ALIKE * on and max(half, two_thirds) <= SWING_EMPTY * third


def mean_strengths_at(envelope: OnsetEnvelope, beats: NDArray[np.intp], phases: Sequence[float]) -> list[float]:
    """For each of `phases` of the way to the next beat the mean, over the beats, of the highest value around it."""
    totals, count = np.zeros(len(phases)), len(beats) - 1
    for first in range(0, count, _BEATS_AT_ONCE):
        some = beats[first : first + _BEATS_AT_ONCE + 1]
        start = int(some[0])
        highest = _highest_around(envelope.read(start, int(some[-1]) + 1))
        frames = np.rint(some[:-1] + np.array(phases)[:, np.newaxis] * np.diff(some)).astype(np.intp) - start
        totals += highest[frames].sum(axis=1)
    means: list[float] = (totals / max(count, 1)).tolist()
    return means


def best_path(onsets: NDArray[np.float32], periods: NDArray[np.float64], *, anchored: bool) -> NDArray[np.intp]:
    """Frames of the best sequence of beats through a stretch, empty where nothing sounds.

    Parameters
    ----------
    onsets : [shape=(frames,)], the envelope.
    periods : [shape=(frames,)], frames from beat to beat around each frame.
    anchored : whether the first frame is known to be a beat and no other can be the first.
    """
    score, before = _solve(onsets, periods, anchored=anchored)
    last_period = round(periods[-1])
    frame = max(len(onsets) - last_period, 0) + int(score[-last_period:].argmax())
    if score[frame] <= 0.0:
        return np.zeros(0, np.intp)
    path = [frame]
    while before[path[-1]] != _FIRST_BEAT:
        path.append(int(before[path[-1]]))
    return np.array(path[::-1], np.intp)


def _solve(
    onsets: NDArray[np.float32], periods: NDArray[np.float64], *, anchored: bool
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Score of the best sequence that ends at each frame, and the beat before it there."""
    farthest_ever = round(2 * periods.max())
    score = np.full(farthest_ever + len(onsets), -np.inf)
    score[farthest_ever:] = onsets / max(float(onsets.std()), float(np.finfo(np.float32).tiny))
    choices, reaches, best = (
        np.zeros(len(onsets), np.intp),
        np.zeros(len(onsets), np.intp),
        np.full(len(onsets), -np.inf),
    )
    gain_of_first = -np.inf if anchored else 0.0
    numbers = np.arange(len(onsets))
    start, period = int(anchored), 0.0
    while start < len(onsets):
        if periods[start] != period:  # which it is every few seconds only
            period = float(periods[start])
            nearest, farthest = max(round(period / 2), 1), round(2 * period)
            gaps = np.arange(farthest, nearest - 1, -1)
            penalty = TIGHTNESS * np.log(gaps / period) ** 2
            earlier = np.lib.stride_tricks.sliding_window_view(score, len(gaps))
        stop = min(start + nearest, len(onsets))
        first = farthest_ever + start - farthest
        gains = earlier[first : first + stop - start] - penalty
        gains.argmax(axis=1, out=choices[start:stop])
        gain = gains[numbers[: stop - start], choices[start:stop]]
        score[farthest_ever + start : farthest_ever + stop] += np.maximum(gain, gain_of_first)
        best[start:stop], reaches[start:stop] = gain, farthest
        start = stop
    return score[farthest_ever:], np.where(best > gain_of_first, numbers - reaches + choices, _FIRST_BEAT)


def _highest_around(onsets: NDArray[np.float32]) -> NDArray[np.float32]:
    """For each frame the highest value within `_SLACK_FRAMES` [shape=(frames,)]."""
    padded = np.pad(onsets, _SLACK_FRAMES)
    highest: NDArray[np.float32] = onsets.copy()
    for offset in range(2 * _SLACK_FRAMES + 1):
        np.maximum(highest, padded[offset : offset + len(onsets)], out=highest)
    return highest


def _sounding(strengths: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which beats sound, or lie in a short break between two that do."""
    threshold = AUDIBLE_SHARE * np.median(strengths) if len(strengths) else 0.0
    sounding = np.flatnonzero(strengths > threshold)
    numbers = np.arange(len(strengths))
    after = np.searchsorted(sounding, numbers)
    bounded = np.concatenate(([-np.inf], sounding, [np.inf]))
    next_sounding = bounded[after + 1]
    last_sounding = np.where(next_sounding == numbers, numbers, bounded[after])
    within: NDArray[np.bool_] = next_sounding - last_sounding <= LONGEST_BREAK_BEATS
    return within
