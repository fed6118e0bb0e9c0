"""Samples as float16 and back: the compiled kernels against NumPy, for every float16 and around each."""

from __future__ import annotations

import numpy as np

from playlista.decode.resample import MonoResampler
from playlista.native.kernels import Kernels

HALVES = np.arange(2**16, dtype=np.uint16).view(np.float16)
IS_NUMBER = ~np.isnan(HALVES)


def test_every_half_comes_back_as_numpy_widens_it(kernels: Kernels) -> None:
    wide = kernels.from_half(HALVES)
    np.testing.assert_array_equal(wide.view(np.uint32)[IS_NUMBER], HALVES.astype(np.float32).view(np.uint32)[IS_NUMBER])
    assert np.isnan(wide[~IS_NUMBER]).all()


def test_floats_at_around_and_halfway_between_all_halves_are_rounded_as_numpy_does(kernels: Kernels) -> None:
    ordered = np.sort(HALVES[np.isfinite(HALVES)].astype(np.float32))
    between = (ordered[1:] + ordered[:-1]) / 2  # exact in float32: halves have 13 bits less
    near = np.concatenate([ordered, between])
    samples = np.concatenate([near, np.nextafter(near, np.float32(np.inf)), np.nextafter(near, np.float32(-np.inf))])
    random = np.random.default_rng(1).integers(0, 2**32, 200_000, np.uint64).astype(np.uint32).view(np.float32)
    for floats in (samples, random[np.isfinite(random)]):
        expected = np.clip(floats, -65504, 65504).astype(np.float16)
        np.testing.assert_array_equal(kernels.to_half(floats).view(np.uint16), expected.view(np.uint16))


def test_what_is_beyond_is_the_last_number_and_what_is_none_stays_none(kernels: Kernels) -> None:
    odd = np.array([np.inf, -np.inf, 1e30, 65520, np.nan, -0.0], np.float32)
    with np.errstate(invalid="ignore"):
        found = kernels.to_half(odd)
    np.testing.assert_array_equal(found, [65504, -65504, 65504, 65504, np.nan, -0.0])
    assert np.signbit(found[-1])


def test_a_resampled_stream_is_the_same_to_the_bit(kernels: Kernels) -> None:
    noise = np.random.default_rng(2).standard_normal(50_000).astype(np.float32)
    ways = (MonoResampler(44_100, 22_050, dtype=np.float16, kernels=way) for way in (kernels, None))
    native, numpy = (np.concatenate([way.process(noise), way.finish()]) for way in ways)
    assert native.dtype == numpy.dtype == np.float16
    np.testing.assert_array_equal(native, numpy)
