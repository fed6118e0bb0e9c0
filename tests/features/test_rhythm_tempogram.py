"""Saliences of tempi on envelopes whose repetition is known by arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from playlista.features.rhythm.onsets import OnsetEnvelope
from playlista.features.rhythm.tempo import accents, beat_periods, estimate_tempo
from playlista.features.rhythm.tempogram import FASTEST_BPM, SLOWEST_BPM, Tempogram
from tests.features.rhythm_signals import RATE_HZ, clicks, drums


def heard(samples: NDArray[np.floating]) -> OnsetEnvelope:
    envelope = OnsetEnvelope(RATE_HZ)
    envelope.update(samples)
    envelope.close()
    return envelope


def at(tempogram: Tempogram, rows: NDArray[np.float64], bpm: float) -> NDArray[np.float64]:
    """The column of the tempo nearest to `bpm`."""
    return rows[:, np.abs(tempogram.grid_bpm - bpm).argmin()]


def test_the_grid_goes_from_the_slowest_to_the_fastest_tempo_in_small_steps() -> None:
    grid = Tempogram(heard(clicks(120, 20).samples)).grid_bpm
    assert grid[0] == pytest.approx(SLOWEST_BPM)
    assert grid[-1] == pytest.approx(FASTEST_BPM, rel=0.005)
    assert np.diff(np.log(grid)) == pytest.approx(0.004)


def test_a_metronome_repeats_itself_at_its_tempo_and_not_between() -> None:
    tempogram = Tempogram(heard(clicks(125, 30).samples))
    (windows,) = tempogram.windows()
    # 125 a minute is 30 frames of 16 ms, so that no click falls between two frames: every repetition is whole.
    assert at(tempogram, windows.repetition, 125) == pytest.approx(1, abs=0.2)
    # At half as many again, one beat misses the clicks; bars of three beats fall on them, but the pulse is not there.
    assert np.all(at(tempogram, windows.repetition, 187.5) < 0.75)
    assert np.all(at(tempogram, windows.salience, 187.5) < 0.1 * at(tempogram, windows.salience, 125))


def test_windows_overlap_by_half_and_a_short_track_is_one_window() -> None:
    long, short = Tempogram(heard(clicks(120, 50).samples)), Tempogram(heard(clicks(120, 5).samples))
    starts = np.concatenate([windows.starts for windows in long.windows()])
    assert np.diff(starts) == pytest.approx(long.window_frames / 2, abs=1)
    assert starts[-1] + long.window_frames <= 50 * long.frame_rate_hz
    assert [windows.starts.tolist() for windows in short.windows()] == [[0]]


def test_who_asks_again_hears_the_same_whether_windows_were_kept_or_not() -> None:
    samples = np.tile(drums(120, 60).samples, 8)
    tempogram = Tempogram(heard(samples))
    first, again = (list(tempogram.windows()) for _ in range(2))
    assert len(first) == 3, "more than are kept"
    assert again[0] is first[0]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.starts, other.starts)
        np.testing.assert_array_equal(one.salience, other.salience)


def test_chance_falls_with_the_length_of_the_window() -> None:
    # 3 deviations of the mean of 3 coefficients, the fewest of a metre, each of variance 1 / n for n independent frames
    # (every second).
    long = Tempogram(heard(clicks(120, 50).samples))
    assert long.chance == pytest.approx(3 / np.sqrt(3 * 12 * 62.5 / 2), rel=0.01)
    assert Tempogram(heard(clicks(120, 3).samples)).chance == pytest.approx(2 * long.chance, rel=0.05)


def test_accents_are_the_strong_onsets() -> None:
    pattern = drums(100, 40)
    onsets = heard(pattern.samples).onsets()
    assert len(onsets.frames) == pytest.approx(2 * len(pattern.beats), abs=3)
    assert len(accents(onsets)) <= len(onsets.frames)
    assert set(accents(onsets)) <= set(onsets.frames)


def test_beat_periods_follow_the_tempo_along_the_track() -> None:
    samples = np.concatenate([drums(110, 30).samples, drums(124, 30).samples])
    envelope = heard(samples)
    tempogram = Tempogram(envelope)
    tempo = estimate_tempo(tempogram, envelope.onsets())
    periods = beat_periods(tempogram, tempo.bpm)
    first, last = periods.at(np.array([0, len(envelope) - 1]))
    assert 60 * tempogram.frame_rate_hz / first == pytest.approx(110, rel=0.01)
    assert 60 * tempogram.frame_rate_hz / last == pytest.approx(124, rel=0.01)
