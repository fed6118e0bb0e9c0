"""The steps of quantizers by the compiled kernel against NumPy and against known lattices, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from playlista.features.health.codecs.lattice import LARGER_STEPS, lattice_fits
from playlista.native.kernels import Kernels
from tests.exhaustive import examples


def bands(
    count: int, widths: list[int], seed: int
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
    """Numbers of up to 24 steps of the narrowest lattice, some of them 0; edges; units."""
    random = np.random.default_rng(seed)
    edges = np.cumsum([0, *widths])
    units = random.uniform(0.5, 500, (count, len(widths))).astype(np.float32)
    numbers = random.uniform(0, 24 * 2 * np.pi, (count, edges[-1])) / np.repeat(units, widths, axis=1)
    numbers[random.random(numbers.shape) < 0.2] = 0.0
    return numbers.astype(np.float32), edges, units


@given(
    count=st.integers(0, 7),
    widths=st.lists(st.integers(1, 80), min_size=1, max_size=20),
    tried=st.integers(1, len(LARGER_STEPS)),
    seed=st.integers(0, 1_000),
)
@settings(max_examples=examples(40))
def test_fits_agree_to_a_millionth_for_each_number(
    kernels: Kernels, count: int, widths: list[int], tried: int, seed: int
) -> None:
    numbers, edges, units = bands(count, widths, seed)
    ours = kernels.lattice_fits(numbers, edges, units, LARGER_STEPS[:tried])
    np.testing.assert_allclose(ours, lattice_fits(numbers, edges, units, LARGER_STEPS[:tried]), atol=1e-5)


def test_numbers_on_the_lattice_fit_as_well_as_any_can(kernels: Kernels) -> None:
    """The cosine of each is 1, so of n the sum is n, by a deviation of the root of n / 2."""
    numbers = np.arange(1, 25, dtype=np.float32)[np.newaxis]
    units = np.full((1, 2), 2 * np.pi, np.float32)
    found = kernels.lattice_fits(numbers, np.array([0, 8, 24]), units, LARGER_STEPS)
    np.testing.assert_allclose(found, [[np.sqrt(2 * 8), np.sqrt(2 * 16)]], atol=1e-4)


def test_too_few_numbers_and_numbers_below_half_a_step_tell_nothing(kernels: Kernels) -> None:
    numbers = np.array([[1, 1, 1, 0.4, 0.4, 0.4, 0.4]], np.float32)
    found = kernels.lattice_fits(numbers, np.array([0, 3, 7]), np.full((1, 2), 2 * np.pi, np.float32), LARGER_STEPS)
    assert found.tolist() == [[0.0, 0.0]]


def test_bands_that_do_not_fit_are_refused(kernels: Kernels) -> None:
    numbers, edges, units = bands(2, [4, 8], 1)
    for wrong in (edges + 1, edges[:-1], edges[::-1].copy(), np.array([0, 12, 12])):
        with pytest.raises(ValueError, match="bands do not fit"):
            kernels.lattice_fits(numbers, wrong, units, LARGER_STEPS)
    for steps in (LARGER_STEPS[:0], np.ones(33, np.float32)):
        with pytest.raises(ValueError, match="not tried at once"):
            kernels.lattice_fits(numbers, edges, units, steps)
