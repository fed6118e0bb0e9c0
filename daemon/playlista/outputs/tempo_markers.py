"""A beat grid as DJ programs keep it: places from which on beats come at one tempo, made from the times of the beats.

Input: the rhythm of a track. Output: one marker for each stretch of one tempo, and more where the beats wander, as
those of a band do. Downbeats are not known here, so beats are counted from the first one of the track.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean, median

from playlista.tracks import Rhythm

#: How far the grid may be from the beats (median).
TOLERANCE_SECONDS = 0.020
#: Beats come in such steps; those farther off than so many medians and a step are left out of the next of the passes.
_STEP_SECONDS = 0.016
_FAR = 3.0
_PASSES = 3
#: A stretch is not divided into parts of fewer beats, nor is a tempo measured from fewer.
FEWEST_BEATS = 16

#: The number of a beat in the track and its time in seconds.
_Beat = tuple[int, float]


@dataclass(frozen=True, slots=True)
class TempoMarker:
    """From `start_seconds` on there is a beat every 60 / `bpm` seconds, up to the next marker.

    bpm : to two decimals, which is what DJ programs keep.
    beat : the number of the beat at `start_seconds`, from 0 for the first beat of the track.
    """

    start_seconds: float
    bpm: float
    beat: int


def tempo_markers(rhythm: Rhythm) -> list[TempoMarker]:
    """The markers of a track, in order; none where no beats are known, as in results of old versions."""
    times = rhythm.beat_times()
    if not times or not rhythm.bpm:
        return []
    changes = rhythm.tempo_changes or ((0.0, rhythm.bpm),)
    found: list[TempoMarker] = []
    for place, beats in groupby(_numbered(times, changes), lambda one: one[0]):
        found += _markers([(number, seconds) for _, number, seconds in beats], changes[place][1])
    return found


def _numbered(times: Sequence[float], changes: Sequence[tuple[float, float]]) -> Iterator[tuple[int, int, float]]:
    """Of each beat the place of its tempo in `changes`, its number and its time; beats left out in a break count."""
    starts = [start for start, _ in changes]
    number, before, late = 0, times[0], 0.0
    for seconds in times:
        place = max(bisect_right(starts, seconds) - 1, 0) if len(starts) > 1 else 0
        # What came late is in part made up for by the next: else an off-beat among the beats would count as one more.
        passed = (seconds - before) * changes[place][1] / 60 + late / 2
        late = passed - round(passed)
        number += round(passed)
        before = seconds
        yield place, number, seconds


def _markers(beats: Sequence[_Beat], usual_bpm: float) -> list[TempoMarker]:
    """One marker where an even grid fits these beats, else those of either half."""
    marker, error_seconds = _fitted(beats, usual_bpm)
    if error_seconds <= TOLERANCE_SECONDS or len(beats) < 2 * FEWEST_BEATS:
        return [marker]
    middle = len(beats) // 2
    return _markers(beats[:middle], usual_bpm) + _markers(beats[middle:], usual_bpm)


def _fitted(beats: Sequence[_Beat], usual_bpm: float) -> tuple[TempoMarker, float]:
    """The even grid with the least squared distance from most of `beats`, and the median distance in seconds.

    Beats that were heard off the beat count as little as possible: the grid is laid again without the farthest, as long
    as these are others.
    """
    first, kept = beats[0][0], list(beats)
    for _ in range(_PASSES):
        start, bpm = _line(kept, first, usual_bpm)
        period = 60 / bpm
        distances = [abs(seconds - start - period * (number - first)) for number, seconds in beats]
        usual = median(distances)
        farthest = _FAR * usual + _STEP_SECONDS
        near = [beat for beat, far in zip(beats, distances, strict=True) if far <= farthest]
        if near == kept:
            break
        kept = near
    skipped = max(0, math.ceil(-start * bpm / 60))  # a grid does not begin before the track
    return TempoMarker(start + skipped * 60 / bpm, bpm, first + skipped), usual


def _line(beats: Sequence[_Beat], first: int, usual_bpm: float) -> tuple[float, float]:
    """When the beat `first` is and the tempo, by least squares."""
    middle_number, middle_seconds = (fmean(values) for values in zip(*beats, strict=True))
    spread = sum((number - middle_number) ** 2 for number, _ in beats)
    bpm = round(usual_bpm, 2)
    if len(beats) >= FEWEST_BEATS and spread:
        slope = sum((number - middle_number) * (seconds - middle_seconds) for number, seconds in beats) / spread
        bpm = round(60 / slope, 2)
    # Laid through the middle, the grid of the rounded tempo is nowhere farther off than half of what it drifts.
    return middle_seconds - 60 / bpm * (middle_number - first), bpm
