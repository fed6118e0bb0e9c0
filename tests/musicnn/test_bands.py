"""A widened kernel moved in steps must give the very sums of the narrow one moved one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from playlista.musicnn.bands import BANDS_AT_ONCE, FRAMES_AT_ONCE, widen_in_frequency, widen_in_time

SIZES = st.integers(1, 6)


@given(taps=SIZES, width=SIZES, filters=SIZES, count=SIZES, steps=SIZES)
def test_widening_in_frequency_answers_neighbouring_places_side_by_side(
    taps: int, width: int, filters: int, count: int, steps: int
) -> None:
    rng = np.random.default_rng(taps + 10 * width + 100 * filters)
    kernel = rng.integers(-9, 9, (taps, width, filters)).astype(np.float32)
    image = rng.integers(-9, 9, (taps, width + count * steps - 1)).astype(np.float32)
    narrow = np.tensordot(sliding_window_view(image, (taps, width))[0], kernel, axes=((1, 2), (0, 1)))
    wide = widen_in_frequency(kernel, count)
    stepped = sliding_window_view(image, wide.shape[:2])[0, ::count]
    answer = np.tensordot(stepped, wide, axes=((1, 2), (0, 1))).reshape(-1, filters)
    np.testing.assert_array_equal(answer, narrow)  # sums of small integers are exact


@given(taps=SIZES, width=SIZES, filters=SIZES, count=SIZES)
def test_widening_in_time_is_widening_in_frequency_turned(taps: int, width: int, filters: int, count: int) -> None:
    kernel = np.random.default_rng(0).normal(size=(taps, width, filters)).astype(np.float32)
    turned = widen_in_frequency(kernel.transpose(1, 0, 2), count).transpose(1, 0, 2)
    np.testing.assert_array_equal(widen_in_time(kernel, count), turned)


def test_a_patch_is_a_whole_number_of_steps_in_time_and_the_widest_kernel_has_one_in_frequency() -> None:
    assert 187 % FRAMES_AT_ONCE == 0
    assert (96 - 67 + 1) % BANDS_AT_ONCE == 0
