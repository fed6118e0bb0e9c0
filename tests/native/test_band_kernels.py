"""Bands of spectra by the compiled kernel against the matrix product, and what is made of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from playlista.features.band_powers import BandPowers
from playlista.features.rhythm.accumulator import RhythmAccumulator
from playlista.features.tags.musicnn_mel import MusicnnMel, mel_triangles
from playlista.features.triangles import triangles
from playlista.native.kernels import Kernels
from tests import signals


def spectra(frames: int, bins: int, seed: int) -> NDArray[np.complex64]:
    random = np.random.default_rng(seed)
    made = random.standard_normal((2, frames, bins)) * 10.0 ** random.uniform(-6, 4, (1, frames, bins))
    return (made[0] + 1j * made[1]).astype(np.complex64)


@given(
    frames=st.integers(0, 20), bins=st.integers(1, 300), corners=st.lists(st.floats(0, 300), min_size=3, max_size=40),
    seed=st.integers(0, 1_000),
)  # fmt: skip
def test_bands_are_equal_to_a_millionth(
    kernels: Kernels, frames: int, bins: int, corners: list[float], seed: int
) -> None:
    rising = np.unique(corners)
    if len(rising) < 3 or np.diff(rising).min() < 1e-3:
        return
    bank = triangles(np.arange(bins), rising).astype(np.float32)
    found = BandPowers(bank, kernels).of(spectra(frames, bins, seed))
    np.testing.assert_allclose(found, BandPowers(bank).of(spectra(frames, bins, seed)), rtol=1e-6, atol=1e-30)


def test_spectra_of_another_length_are_refused(kernels: Kernels) -> None:
    with pytest.raises(ValueError, match="257 bins"):
        BandPowers(mel_triangles(), kernels).of(spectra(2, 256, 1))


def test_mel_bands_and_rhythm_agree_to_rounding(kernels: Kernels) -> None:
    block = signals.song(1, 16_000)[: 58 * 256 + 512, 0].copy()
    # Where a band is a millionth of the greatest, its transform is off by a few 1e-7 of that: 1e-5 behind a logarithm.
    np.testing.assert_allclose(MusicnnMel(59, kernels).bands(block), MusicnnMel(59).bands(block), atol=1e-5)
    found = []
    for way in (kernels, None):
        accumulator = RhythmAccumulator(22_050, kernels=way)
        accumulator.update(signals.song(30, 22_050)[:, 0])
        found.append(accumulator.result())
    native, numpy = found
    assert native.bpm == pytest.approx(numpy.bpm, abs=1e-4)
    assert native.beats_count == numpy.beats_count
    assert native.danceability == pytest.approx(numpy.danceability, abs=1e-5)
