"""When the beats of a track fall, given its onset envelope and how fast it is in each piece of it.

What enters: ``OnsetEnvelope`` and the beat's period along the track. What leaves: times in seconds.

Source: Ellis, "Beat tracking by dynamic programming" (JNMR 36, 2007). Of all sequences of beats, the best has the
strongest onsets at its beats and the steadiest intervals between them. Its frames are solved in blocks of half a beat,
in which none can precede another; and the track in stretches of about a minute. Each stretch begins at the last beat
of the one before and looks 16 s beyond its own end, so that only the beats themselves grow with the track.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playlista.features.onsets import OnsetEnvelope

STRETCH_FRAMES = 4096
LOOKAHEAD_FRAMES = 1024
#: Weight of a steady beat against strong onsets, these in units of the envelope's standard deviation.
TIGHTNESS = 100.0
#: Leading and trailing beats under this share of the beats' root mean square strength are not heard.
AUDIBLE_SHARE = 0.5
#: How far from its beat an onset may be, in frames of 16 ms.
_SLACK_FRAMES = 2

_FIRST_BEAT = -1


def track_beats(envelope: OnsetEnvelope, piece_periods: NDArray[np.float64], piece_frames: int) -> NDArray[np.float64]:
    """Times of the beats.

    Parameters
    ----------
    envelope : of the whole track.
    piece_periods : [shape=(n,)], frames from beat to beat in each piece of `piece_frames`; the last holds to the end.

    Returns
    -------
    [shape=(beats,), float64, seconds, ascending]
    """
    beats = [np.zeros(0, np.intp)]
    strengths = [np.zeros(0, np.float32)]
    start, anchored = 0, False
    while start < len(envelope):
        onsets = envelope.read(start, start + STRETCH_FRAMES + LOOKAHEAD_FRAMES)
        pieces = np.minimum((start + np.arange(len(onsets))) // piece_frames, len(piece_periods) - 1)
        path = best_path(onsets, piece_periods[pieces], anchored=anchored)
        if start + len(onsets) < len(envelope):
            path = path[: np.searchsorted(path, STRETCH_FRAMES)]
        fresh = path[anchored:]
        beats.append(start + fresh)
        strengths.append(_strength(onsets)[fresh])
        if start + len(onsets) == len(envelope):
            break
        anchored = len(fresh) > 0
        start += int(fresh[-1]) if anchored else STRETCH_FRAMES
    heard = _audible(np.concatenate(strengths))
    return np.concatenate(beats)[heard] / envelope.frame_rate_hz


def best_path(onsets: NDArray[np.float32], periods: NDArray[np.float64], *, anchored: bool) -> NDArray[np.intp]:
    """Frames of the best sequence of beats through one stretch.

    Parameters
    ----------
    onsets : [shape=(frames,)], the envelope.
    periods : [shape=(frames,)], frames from beat to beat around each frame.
    anchored : whether the first frame is a beat already.
    """
    reward = onsets / max(float(onsets.std()), np.finfo(np.float32).tiny)
    reach = int(2 * periods.max()) + 1
    score = np.full(reach + len(onsets), -np.inf)
    score[reach:] = reward
    before = np.full(len(onsets), _FIRST_BEAT, np.intp)
    frame = 1 if anchored else 0
    while frame < len(onsets):
        period = periods[frame]
        nearest, farthest = max(round(period / 2), 1), round(2 * period)
        end = min(frame + nearest, len(onsets))
        gaps = np.arange(farthest, nearest - 1, -1)
        window = score[reach + frame - farthest : reach + end - nearest]
        reached = np.lib.stride_tricks.sliding_window_view(window, len(gaps)) - TIGHTNESS * np.log(gaps / period) ** 2
        choice = reached.argmax(axis=1)
        gain = reached[np.arange(end - frame), choice]
        if anchored:
            score[reach + frame : reach + end] += gain
            before[frame:end] = np.where(np.isfinite(gain), np.arange(frame, end) - gaps[choice], _FIRST_BEAT)
        else:
            score[reach + frame : reach + end] += np.maximum(gain, 0.0)
            before[frame:end] = np.where(gain > 0.0, np.arange(frame, end) - gaps[choice], _FIRST_BEAT)
        frame = end
    return _traced(score[reach:], before, round(1.5 * float(periods[-1])))


def _traced(score: NDArray[np.float64], before: NDArray[np.intp], tail_frames: int) -> NDArray[np.intp]:
    """The path that ends at the best score among the last frames, in order."""
    tail = max(len(score) - max(tail_frames, 1), 0)
    frame = tail + int(score[tail:].argmax())
    path = []
    while frame != _FIRST_BEAT:
        path.append(frame)
        frame = int(before[frame])
    return np.asarray(path[::-1], np.intp)


def _strength(onsets: NDArray[np.float32]) -> NDArray[np.float32]:
    """The strongest onset within the slack of each frame."""
    padded = np.pad(onsets, _SLACK_FRAMES)
    strongest: NDArray[np.float32] = np.lib.stride_tricks.sliding_window_view(padded, 2 * _SLACK_FRAMES + 1).max(axis=1)
    return strongest


def _audible(strengths: NDArray[np.float32]) -> slice:
    """From the first beat that is heard to the last."""
    if not len(strengths):
        return slice(0, 0)
    level = float(np.sqrt(np.mean(np.square(strengths, dtype=np.float64))))
    heard = np.flatnonzero(strengths >= AUDIBLE_SHARE * level)
    return slice(int(heard[0]), int(heard[-1]) + 1)
