"""Beat grids for DJ programs: the times that a grid gives are those of the beats."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import pytest

from playlista.outputs.tempo_markers import TempoMarker, tempo_markers
from playlista.tracks import Rhythm
from playlista.tracks.beat_grid import encode_beats


def markers_of(times: Sequence[float], *changes: tuple[float, float], bpm: float | None = 120.0) -> list[TempoMarker]:
    return tempo_markers(Rhythm(bpm, 0.9, len(times), 2.0, 1.0, (), changes, encode_beats(times)))


def time_of(beat: int, markers: Sequence[TempoMarker]) -> float:
    """When a DJ program has the beat of this number."""
    marker = markers[max(bisect_right([one.beat for one in markers], beat) - 1, 0)]
    return marker.start_seconds + (beat - marker.beat) * 60 / marker.bpm


def test_a_track_of_one_tempo_has_one_marker_at_its_first_beat() -> None:
    (marker,) = markers_of([0.25 + 0.5 * beat for beat in range(200)], (0.0, 120.3))
    assert (marker.start_seconds, marker.bpm, marker.beat) == (pytest.approx(0.25, abs=1e-6), 120.0, 0)


def test_beats_that_rest_in_a_break_are_counted() -> None:
    played = [beat for beat in range(200) if not 60 <= beat < 93]
    (marker,) = markers_of([0.25 + 0.5 * beat for beat in played], (0.0, 120.3))
    assert (marker.start_seconds, marker.bpm) == (pytest.approx(0.25, abs=1e-6), 120.0)


def test_each_tempo_has_a_marker_at_its_first_beat_and_beats_are_counted_on() -> None:
    slow = [1.0 + 0.6 * beat for beat in range(42)]  # 100 a minute, up to 25.6 s
    fast = [26.2 + 0.4 * beat for beat in range(50)]  # 150 a minute
    first, second = markers_of([*slow, *fast], (0.0, 100.0), (26.0, 150.0))
    assert (first.start_seconds, first.bpm, first.beat) == (pytest.approx(1.0, abs=1e-6), 100.0, 0)
    assert (second.start_seconds, second.bpm, second.beat) == (pytest.approx(26.2, abs=1e-6), 150.0, 42)


def test_the_grid_follows_a_band_that_gets_faster() -> None:
    times = list(accumulate((0.52 - 0.0001 * beat for beat in range(600)), initial=0.3))
    markers = markers_of(times, (0.0, 118.0))
    assert 1 < len(markers) <= len(times) // 16
    # The distance of x² from its best line, x² - 1/3 for -1..1, is 0.31 in the median and 0.67 at the ends. Without the
    # ends the line lies a little flatter, and they are up to another half farther off.
    assert max(abs(time_of(beat, markers) - seconds) for beat, seconds in enumerate(times)) < 1.5 * 0.020 * 0.67 / 0.31
    assert [one.start_seconds for one in markers] == sorted(one.start_seconds for one in markers)


def test_a_tempo_of_two_decimals_drifts_by_no_more_than_half_of_what_it_must() -> None:
    times = [0.1 + beat * 60 / 123.456 for beat in range(1235)]  # ten minutes
    markers = markers_of(times, (0.0, 123.5))
    assert [one.bpm for one in markers] == [123.46]
    drift = times[-1] * (1 - 123.456 / 123.46)
    assert max(abs(time_of(beat, markers) - seconds) for beat, seconds in enumerate(times)) < drift / 2 + 0.001


def test_a_grid_does_not_begin_before_the_track() -> None:
    late = [0.0, *(0.5 * beat - 0.015 for beat in range(1, 100))]
    (marker,) = markers_of(late, (0.0, 120.0))
    assert (marker.start_seconds, marker.beat) == (pytest.approx(0.485, abs=0.002), 1)


def test_beats_beside_the_beat_neither_move_the_grid_nor_count_twice() -> None:
    times = [0.25 + 0.5 * beat for beat in range(200)]
    for beat in range(10, 190, 9):
        times[beat] += 0.27  # the off-beat and a little
    (marker,) = markers_of(times, (0.0, 120.3))
    assert (marker.start_seconds, marker.bpm, marker.beat) == (pytest.approx(0.25, abs=0.002), 120.0, 0)


def test_a_few_beats_have_the_tempo_of_the_track() -> None:
    (marker,) = markers_of([1.0, 1.49, 2.0], (0.0, 121.0))
    assert marker.bpm == 121.0


def test_without_beats_or_a_tempo_there_is_no_grid() -> None:
    assert markers_of([]) == []
    assert markers_of([1.0, 2.0], bpm=None) == []
    assert tempo_markers(Rhythm(120.0, 0.9, 10, 2.0, 1.0)) == [], "a result of an old version"


def test_beats_without_tempo_changes_have_the_tempo_of_the_track() -> None:
    (marker,) = markers_of([0.5 * beat for beat in range(1, 60)])
    assert (marker.start_seconds, marker.bpm) == (pytest.approx(0.5, abs=1e-6), 120.0)
