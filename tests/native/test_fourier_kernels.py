"""Fourier transforms by the compiled kernel against NumPy's in float64, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from playlista.features.frames import Spectra
from playlista.native.kernels import Kernels

#: A transform of n float32 in passes is off by a few times 2^-24 log2(n) of the greatest bin at most (Gentleman and
#: Sande, 1966); NumPy's own is so, too.
TOLERANCE = 5e-7


@given(power=st.integers(1, 13), hop=st.integers(1, 700), frames=st.integers(1, 9), seed=st.integers(0, 1_000))
def test_spectra_are_numpys_to_rounding(kernels: Kernels, power: int, hop: int, frames: int, seed: int) -> None:
    length = 2**power
    random = np.random.default_rng(seed)
    samples = random.standard_normal((frames - 1) * hop + length).astype(np.float32)
    window = random.uniform(0, 2 / length, length).astype(np.float32)
    views = sliding_window_view(samples, length)[::hop]
    exact = np.fft.rfft(views.astype(np.float64) * window, axis=1)
    greatest = np.abs(exact).max(axis=1, keepdims=True)
    for way in (kernels, None):
        assert np.max(np.abs(Spectra(window, way).of(views) - exact) / greatest) < TOLERANCE


def test_a_frame_has_the_same_bits_wherever_it_stands(kernels: Kernels) -> None:
    samples = np.random.default_rng(1).standard_normal(3 * 353 + 1_024).astype(np.float32)
    window = np.hanning(1_024).astype(np.float32)
    together = kernels.spectra(sliding_window_view(samples, 1_024)[::353], window)
    for number, spectrum in enumerate(together):
        frame = samples[353 * number : 353 * number + 1_024]
        np.testing.assert_array_equal(kernels.spectra(frame[np.newaxis], window)[0], spectrum)


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_a_frame_with_no_number_in_it_spoils_no_other(kernels: Kernels, odd: float) -> None:
    samples = np.ones((3, 256), np.float32)
    samples[1, 7] = odd
    found = kernels.spectra(samples, np.ones(256, np.float32))
    assert np.isfinite(found).all(axis=1).tolist() == [True, False, True]


def test_what_the_kernel_does_not_know_is_refused(kernels: Kernels) -> None:
    for length in (64, 96, 384):
        with pytest.raises(ValueError, match="power of two"):
            kernels.spectra(np.zeros((2, length), np.float32), np.ones(length, np.float32))
    with pytest.raises(ValueError, match="window of 256"):
        kernels.spectra(np.zeros((2, 256), np.float32), np.ones(128, np.float32))
    for frames in (np.zeros((2, 256)), np.zeros((2, 512), np.float32)[:, ::2]):
        with pytest.raises(TypeError, match="side by side"):
            kernels.spectra(frames, np.ones(256, np.float32))
