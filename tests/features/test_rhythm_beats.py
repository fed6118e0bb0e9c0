"""The beat tracker's dynamic programming, against the same recursion written frame by frame."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from playlista.features.rhythm.beats import TIGHTNESS, best_path
from tests.exhaustive import examples

PERIOD_FRAMES = 31.0


def ellis_score(onsets: NDArray[np.float32], period: float) -> NDArray[np.float64]:
    """The recursion of Ellis (2007): own strength, plus the best of no predecessor and any half to two beats before."""
    reward = onsets / onsets.std()
    score = np.zeros(len(onsets))
    for frame in range(len(onsets)):
        gaps = np.arange(round(period / 2), min(round(2 * period), frame) + 1)
        gains = score[frame - gaps] - TIGHTNESS * np.log(gaps / period) ** 2
        score[frame] = reward[frame] + max(0.0, gains.max(initial=0.0))
    return score


def path_score(onsets: NDArray[np.float32], path: NDArray[np.intp], period: float) -> float:
    reward = float(np.sum(onsets[path] / onsets.std()))
    return reward - float(np.sum(TIGHTNESS * np.log(np.diff(path) / period) ** 2))


@settings(max_examples=examples(30))
@given(st.integers(0, 2**32 - 1), st.floats(17, 80))
def test_no_sequence_that_ends_as_late_is_better(seed: int, period: float) -> None:
    onsets = np.random.default_rng(seed).random(500).astype(np.float32) ** 4
    path = best_path(onsets, np.full(500, period), anchored=False)
    best = ellis_score(onsets, period)[-round(period) :].max()
    assert path_score(onsets, path, period) == pytest.approx(best, rel=1e-6)


@settings(max_examples=examples(30))
@given(st.integers(0, 2**32 - 1))
def test_an_anchored_sequence_begins_at_the_first_frame(seed: int) -> None:
    onsets = np.random.default_rng(seed).random(500).astype(np.float32) ** 4
    path = best_path(onsets, np.full(500, PERIOD_FRAMES), anchored=True)
    assert path[0] == 0
    assert np.all(np.diff(path) >= round(PERIOD_FRAMES / 2))
    assert np.all(np.diff(path) <= round(2 * PERIOD_FRAMES))


def test_the_sequence_follows_the_periods_along_the_stretch() -> None:
    truth = np.concatenate([np.arange(10, 1000, 30), np.arange(1010, 2000, 40)])
    onsets = np.zeros(2000, np.float32)
    onsets[truth] = 1
    periods = np.where(np.arange(2000) < 1000, 30.0, 40.0)
    assert best_path(onsets, periods, anchored=False).tolist() == truth.tolist()


@pytest.mark.parametrize("anchored", [False, True])
def test_silence_has_no_beats(anchored: bool) -> None:
    assert best_path(np.zeros(300, np.float32), np.full(300, PERIOD_FRAMES), anchored=anchored).size == 0
