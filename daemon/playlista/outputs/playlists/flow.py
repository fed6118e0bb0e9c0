"""A smooth order of tracks: neighbours have nearly the same tempo, and keys that are near on the Camelot wheel.

Input: tracks. Output: the same tracks in another order, always the same one for the same tracks.

One step on the wheel counts as much as 6 % of tempo, which is what the pitch fader of a turntable moves. A path through
all tracks is begun at the slowest, led to the nearest each time, and improved by turning parts of it round for as long
as that makes it shorter ("2-opt", Croes 1958).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from playlista.library.track_rows import CAMELOT
from playlista.library.track_summaries import TrackSummary

#: The change of tempo that counts as one step on the wheel, as a ratio.
TEMPO_STEP = 1.06
#: What stands for a tempo or a key that is not known, in steps: neither near nor far.
UNKNOWN_STEPS = 3.0
#: Longer paths are not improved further after so many passes; each costs n² operations.
_PASSES = 20

Floats = NDArray[np.float64]


def in_flow(tracks: Sequence[TrackSummary]) -> list[TrackSummary]:
    """`tracks`, of which each is followed by one that mixes with it."""
    if len(tracks) < 3:
        return sorted(tracks, key=lambda one: (one.bpm is None, one.bpm, one.path))
    start = min(range(len(tracks)), key=lambda one: (tracks[one].bpm is None, tracks[one].bpm or 0.0, tracks[one].path))
    distances = _distances(tracks)
    return [tracks[one] for one in _improved(_nearest_each_time(distances, start), distances)]


def _distances(tracks: Sequence[TrackSummary]) -> Floats:
    """Steps between every two tracks [shape=(n, n)]."""
    tempo = np.array([np.nan if one.bpm is None else np.log(one.bpm) for one in tracks]) / np.log(TEMPO_STEP)
    number = np.array([np.nan if one.camelot is None else CAMELOT.index(one.camelot) // 2 for one in tracks])
    letter = np.array([np.nan if one.camelot is None else CAMELOT.index(one.camelot) % 2 for one in tracks])
    around = np.abs(number[:, None] - number[None])
    keys = np.minimum(around, 12 - around) + np.abs(letter[:, None] - letter[None])
    return _known(np.abs(tempo[:, None] - tempo[None])) + _known(keys)


def _known(steps: Floats) -> Floats:
    return np.nan_to_num(steps, nan=UNKNOWN_STEPS)


def _nearest_each_time(distances: Floats, start: int) -> list[int]:
    path, waiting = [start], np.ones(len(distances), bool)
    waiting[start] = False
    while waiting.any():
        nearest = int(np.argmin(np.where(waiting, distances[path[-1]], np.inf)))
        path.append(nearest)
        waiting[nearest] = False
    return path


def _improved(path: list[int], distances: Floats) -> list[int]:
    """The path with parts turned round; its first track stays."""
    order = np.array(path)
    for _ in range(_PASSES):
        if not _turn_round(order, distances):
            break
    return [int(one) for one in order]


def _turn_round(order: NDArray[np.int64], distances: Floats) -> bool:
    """One pass over all places: turn the part round that saves most, and say whether any did."""
    improved = False
    for first in range(1, len(order) - 1):
        before, head, lasts = order[first - 1], order[first], order[first + 1 :]
        saved = distances[before, head] - distances[before, lasts]
        saved[:-1] += distances[lasts[:-1], lasts[1:]] - distances[head, lasts[1:]]  # the last track has none behind it
        best = int(np.argmax(saved))
        if saved[best] > 1e-9:
            order[first : first + best + 2] = order[first : first + best + 2][::-1].copy()
            improved = True
    return improved
