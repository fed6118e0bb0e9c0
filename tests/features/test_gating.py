"""Distributions of loudness against the full list of windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playlista.features.loudness.gating import LoudnessDistribution, loudness_lufs

levels_lufs = st.lists(st.floats(-90, 5), min_size=1, max_size=300)


def energies_of(levels: list[float]) -> np.ndarray:
    """Energies that have these levels."""
    return 10 ** ((np.array(levels) + 0.691) / 10)


def gated(levels: list[float], relative_gate_lu: float) -> np.ndarray:
    """The energies above both gates, by the text of BS.1770-5."""
    energies = energies_of(levels)
    energies = energies[energies > energies_of([-70.0])]
    return energies[energies > energies.mean() * 10 ** (relative_gate_lu / 10)] if len(energies) else energies


def distribution_of(levels: list[float]) -> LoudnessDistribution:
    """A distribution filled at one go."""
    distribution = LoudnessDistribution()
    distribution.add(energies_of(levels))
    return distribution


@given(levels_lufs)
def test_the_gated_mean_is_that_of_the_full_list_but_for_the_bin_of_the_gate(levels: list[float]) -> None:
    mean = distribution_of(levels).gated_mean_lufs(-10.0)
    # The bin that the gate falls into is 0.01 LU wide: the truth lies between those with the gate moved by that much.
    bounds = [loudness_lufs(kept.mean()) for gate in (-10.01, -10.0, -9.99) if len(kept := gated(levels, gate))]
    if mean is None:
        assert not bounds
    else:
        assert min(bounds) - 1e-9 <= mean <= max(bounds) + 1e-9


@given(levels_lufs)
def test_the_range_is_that_of_the_full_list_to_the_width_of_a_bin(levels: list[float]) -> None:
    spread = distribution_of(levels).spread_lu(-20.0, 0.10, 0.95)
    candidates = []
    for gate in (-20.01, -20.0, -19.99):
        kept = np.sort(gated(levels, gate))
        if len(kept):
            low, high = (kept[round((len(kept) - 1) * share)] for share in (0.10, 0.95))
            candidates.append(loudness_lufs(high) - loudness_lufs(low))
    if spread is None:
        assert not candidates
    else:
        assert min(abs(spread - candidate) for candidate in candidates) <= 0.02


def test_what_is_quieter_than_the_absolute_gate_does_not_count() -> None:
    assert distribution_of([-70.1, -80.0]).gated_mean_lufs(-10.0) is None
    assert distribution_of([-69.9, -80.0]).gated_mean_lufs(-10.0) == pytest.approx(-69.9)


def test_silence_and_nothing_have_no_mean_and_no_range() -> None:
    distribution = LoudnessDistribution()
    distribution.add(np.zeros(3))
    distribution.add(np.zeros(0))
    assert distribution.gated_mean_lufs(-10.0) is None
    assert distribution.spread_lu(-20.0, 0.10, 0.95) is None


def test_windows_far_above_full_scale_keep_their_energy() -> None:
    assert distribution_of([300.0, 302.0]).gated_mean_lufs(-10.0) == pytest.approx(
        loudness_lufs(energies_of([300.0, 302.0]).mean())
    )


def test_memory_does_not_grow_with_windows() -> None:
    distribution = LoudnessDistribution()
    before = distribution.retained_bytes
    distribution.add(energies_of(list(np.linspace(-80, 10, 10_000))))
    assert distribution.retained_bytes == before
