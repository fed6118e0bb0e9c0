"""Streaming mean and variance against those of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playlista.features.moments import RunningMoments


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
