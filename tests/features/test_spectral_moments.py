"""Streaming mean and variance against those of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playlista.features.spectral.moments import GatedMoments, RunningMoments


@given(st.lists(st.integers(0, 400), max_size=10), st.floats(-1e6, 1e6))
def test_batches_give_the_mean_and_variance_of_the_whole(splits: list[int], offset: float) -> None:
    rows = offset + np.random.default_rng(0).standard_normal((400, 3)) * [0.1, 1, 10]
    moments = RunningMoments(3)
    for batch in np.split(rows, sorted(splits)):
        moments.add(batch)
    assert moments.count == 400
    assert moments.mean == pytest.approx(rows.mean(axis=0), rel=1e-12, abs=1e-12)
    assert moments.variance == pytest.approx(rows.var(axis=0), rel=1e-6)


def test_a_large_mean_does_not_drown_a_small_spread() -> None:
    moments = RunningMoments(1)
    for _ in range(1000):
        moments.add(np.array([[1e9 - 1], [1e9 + 1]]))
    assert moments.variance == pytest.approx([1.0], rel=1e-9)


def test_half_precision_rows_are_widened() -> None:
    moments = RunningMoments(1)
    moments.add(np.full((5000, 1), 60_000, np.float16))
    assert moments.mean == pytest.approx([60_000])


def test_no_rows_and_one_row_have_no_variance() -> None:
    moments = RunningMoments(2)
    moments.add(np.empty((0, 2)))
    assert (moments.count, list(moments.variance)) == (0, [0, 0])
    moments.add(np.array([[3.0, 4.0]]))
    assert (list(moments.mean), list(moments.variance)) == ([3, 4], [0, 0])


def test_a_reset_forgets() -> None:
    moments = RunningMoments(1)
    moments.add(np.ones((7, 1)))
    moments.reset()
    moments.add(np.array([[2.0]]))
    assert (moments.count, list(moments.mean)) == (1, [2])


def test_merged_moments_are_those_of_all_rows() -> None:
    rows = np.random.default_rng(1).standard_normal((90, 2)) + 1e6
    merged = RunningMoments(2)
    merged.add(rows[:20])
    merged.merge(70, rows[20:].mean(axis=0), 70 * rows[20:].var(axis=0))
    assert merged.count == 90
    assert merged.mean == pytest.approx(rows.mean(axis=0), rel=1e-12)
    assert merged.variance == pytest.approx(rows.var(axis=0), rel=1e-6)


@pytest.mark.parametrize("loudest_db", [-35, 0, 20])
def test_rows_far_below_the_loudest_count_for_nothing_wherever_it_comes(loudest_db: float) -> None:
    levels = np.array([loudest_db - 55, loudest_db - 45, loudest_db - 60, loudest_db, loudest_db - 54])
    rows = np.arange(5.0)[:, np.newaxis]
    moments = GatedMoments(1, 50.0)
    for row, level in zip(rows, levels, strict=True):
        moments.add(row[np.newaxis], np.array([level]))
    assert (moments.result().count, list(moments.result().mean)) == (2, [2.0])


def test_rows_of_many_levels_that_come_at_once_are_those_that_come_one_by_one() -> None:
    random = np.random.default_rng(2)
    rows, levels = random.standard_normal((200, 3)) + 1e3, random.uniform(-40, 20, 200)
    at_once, one_by_one = GatedMoments(3, 50.0), GatedMoments(3, 50.0)
    for part in np.split(np.arange(200), [3, 90, 91]):
        at_once.add(rows[part], levels[part])
    for row, level in zip(rows, levels, strict=True):
        one_by_one.add(row[np.newaxis], np.array([level]))
    counted = rows[levels // 3 >= levels.max() // 3 - round(50 / 3)]
    for moments in (at_once.result(), one_by_one.result()):
        assert moments.count == len(counted)
        assert moments.mean == pytest.approx(counted.mean(axis=0), rel=1e-12)
        assert moments.variance == pytest.approx(counted.var(axis=0), rel=1e-9)


def test_levels_beyond_the_scale_count_with_its_ends() -> None:
    moments = GatedMoments(1, 50.0)
    moments.add(np.array([[1.0], [3.0], [5.0]]), np.array([-400.0, 100.0, 400.0]))
    assert list(moments.result().mean) == [4.0]
    moments.reset()
    assert moments.result().count == 0
