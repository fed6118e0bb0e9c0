"""The budget of one track: the least of two bounds, exact to the sample, with the reason for a cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playlista.memory.budget import CapReason, TrackBudget
from tests.memory.trees import GIB, MIB


def test_on_a_large_machine_the_fixed_bound_is_the_least() -> None:
    budget = TrackBudget.of(max_mb=100, limit_percent=10, limit_bytes=16 * GIB)
    assert (budget.budget_bytes, budget.reason) == (100 * MIB, CapReason.MAX_MB_PER_TRACK)


def test_in_a_small_container_the_share_of_its_limit_is_the_least() -> None:
    budget = TrackBudget.of(max_mb=100, limit_percent=10, limit_bytes=192 * MIB)
    assert (budget.budget_bytes, budget.reason) == (20_132_659, CapReason.LIMIT_PERCENT)  # floor of 19.2 MiB


def test_on_a_tie_the_fixed_bound_is_named_since_a_larger_limit_would_not_help() -> None:
    assert TrackBudget.of(max_mb=100, limit_percent=10, limit_bytes=1000 * MIB).reason is CapReason.MAX_MB_PER_TRACK


def test_the_guides_hundred_megabytes_hold_39_minutes_and_37_seconds_at_float16() -> None:
    budget = TrackBudget.of(max_mb=100, limit_percent=100, limit_bytes=16 * GIB)
    assert budget.samples_that_fit(2) == 100 * 1024 * 1024 // 2
    assert budget.samples_that_fit(2) / 22050 == pytest.approx(2377.7, abs=0.1)


def test_a_day_of_streaming_fits_the_smallest_container_that_we_promise() -> None:
    budget = TrackBudget.of(max_mb=100, limit_percent=10, limit_bytes=192 * MIB)
    assert budget.budget_bytes > 24 * 3600 * 100  # accumulators keep at most 100 bytes a second


def test_the_names_of_the_reasons_are_the_labels_of_the_metric() -> None:
    assert [str(reason) for reason in CapReason] == ["max_mb_per_track", "limit_percent"]


@given(
    max_mb=st.floats(0.1, 1e6),
    limit_percent=st.floats(0.1, 100),
    limit_bytes=st.integers(1 * MIB, 1 << 50),
    itemsize=st.sampled_from([2, 4]),
)
def test_what_fits_fits_and_one_sample_more_does_not(
    max_mb: float, limit_percent: float, limit_bytes: int, itemsize: int
) -> None:
    budget = TrackBudget.of(max_mb=max_mb, limit_percent=limit_percent, limit_bytes=limit_bytes)
    bound = min(max_mb * MIB, limit_bytes * limit_percent / 100)
    samples = budget.samples_that_fit(itemsize)
    assert samples * itemsize <= bound
    assert (samples + 1) * itemsize > bound - 1  # the budget itself is in whole bytes
