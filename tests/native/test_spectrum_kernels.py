"""Spectra by the compiled kernels against the same by NumPy."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from playlista.features.fingerprint.accumulator import FingerprintAccumulator
from playlista.features.frames import frame_length_of
from playlista.features.spectral.accumulator import FRAME_SECONDS, SpectralAccumulator
from playlista.features.spectral.measures import NativeMeasures, NumpyMeasures
from playlista.features.tonal.accumulator import FRAME_SECONDS as TONAL_FRAME_SECONDS
from playlista.features.tonal.accumulator import TonalAccumulator
from playlista.features.tonal.hpcp import PeakFinder
from playlista.native.kernels import Kernels
from playlista.tracks.fingerprint import numbers_of
from tests import signals
from tests.exhaustive import examples

KINDS = ("noise", "tones", "steps", "clicks", "quiet", "faint", "loud", "absurd")


def batch(kind: str, frames: int, length: int, seed: int) -> NDArray[np.float32]:
    """Overlapping frames [shape=(frames, length)] of a kind of sound."""
    random = np.random.default_rng(seed)
    hop = length * 3 // 4
    seconds = np.arange(hop * (frames - 1) + length) / 22_050
    noise = random.uniform(-1, 1, len(seconds))
    tones = sum(np.sin(2 * np.pi * hz * seconds) for hz in random.uniform(30, 9_000, 5)) / 5
    made = {
        "noise": lambda: noise,
        "tones": lambda: tones + 1e-5 * noise,
        "steps": lambda: np.round(4 * tones) / 4,
        "clicks": lambda: np.where(noise > 0.99, 1.0, 1e-3 * noise),
        "quiet": lambda: 1e-3 * noise,
        "faint": lambda: 1e-6 * noise,
        "loud": lambda: 1e6 * tones,
        "absurd": lambda: 1e10 * noise,
    }
    signal = made[kind]().astype(np.float32)
    return np.lib.stride_tricks.sliding_window_view(signal, length)[::hop]


#: A batch of any kind at any rate.
BATCHES = given(
    kind=st.sampled_from(KINDS),
    frames=st.integers(1, 12),
    rate_hz=st.sampled_from([8_000, 16_000, 22_050, 44_100]),
    seed=st.integers(0, 1_000),
)


@settings(max_examples=examples(40))
@BATCHES
def test_shapes_of_spectra_are_equal_to_a_millionth(
    kernels: Kernels, kind: str, frames: int, rate_hz: int, seed: int
) -> None:
    length = frame_length_of(FRAME_SECONDS, rate_hz)
    ways = NativeMeasures(rate_hz, length, kernels), NumpyMeasures(rate_hz, length)
    ways[0]._spectra = ways[1]._spectra  # the same input; transforms have tests of their own
    for part in np.array_split(batch(kind, frames, length, seed), 2):
        ours, theirs = (way.of(part) for way in ways)
        np.testing.assert_array_equal(ours.sounds, theirs.sounds)
        np.testing.assert_allclose(ours.level_db, theirs.level_db, rtol=1e-9)
        # What NumPy has in float32 is itself no closer: sums of a thousand logarithms, and decibels.
        np.testing.assert_allclose(ours.rows, theirs.rows, rtol=3e-6, atol=2e-5)
        np.testing.assert_array_equal(ours.rows[:, 1], theirs.rows[:, 1])
        np.testing.assert_array_equal(ours.rows[:, 3], theirs.rows[:, 3])
        np.testing.assert_allclose(ours.flux, theirs.flux, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100])
def test_a_song_with_pauses_has_one_spectrum(kernels: Kernels, rate_hz: int) -> None:
    song = signals.song(20, rate_hz)[:, 0].copy()
    # As a recording has: else there is nothing between the tones but the rounding of the transforms.
    song += 1e-3 * np.random.default_rng(1).standard_normal(len(song)).astype(np.float32)
    song[3 * rate_hz : 5 * rate_hz] = 0.0
    song[7 * rate_hz : 8 * rate_hz] *= 1e-6
    found = []
    for way in (kernels, None):
        accumulator = SpectralAccumulator(rate_hz, kernels=way)
        accumulator.update(song)
        found.append(accumulator.result())
    native, numpy = found
    assert native is not None
    assert numpy is not None
    for ours, theirs in zip(astuple(native), astuple(numpy), strict=True):
        # A valley is the weakest bin of an octave, in decibels: there the rounding of two transforms shows.
        assert ours == pytest.approx(theirs, rel=5e-6, abs=5e-5)


@pytest.mark.parametrize("odd", [np.nan, np.inf, 3e38, 1e-42])
def test_odd_samples_are_left_out_as_by_numpy(kernels: Kernels, odd: float) -> None:
    samples = signals.song(6, 22_050)[:, 0].astype(np.float32)
    samples[40_000:90_000:7] = odd
    with np.errstate(over="ignore", invalid="ignore"):
        ways = NativeMeasures(22_050, 2_048, kernels), NumpyMeasures(22_050, 2_048)
        ways[0]._spectra = ways[1]._spectra
        frames = np.lib.stride_tricks.sliding_window_view(samples, 2_048)[::1_536]
        ours, theirs = (way.of(frames) for way in ways)
    np.testing.assert_array_equal(ours.sounds, theirs.sounds)
    np.testing.assert_allclose(ours.rows, theirs.rows, rtol=3e-6, atol=2e-5)


@settings(max_examples=examples(40))
@BATCHES
def test_peaks_of_spectra_are_those_that_numpy_finds(
    kernels: Kernels, kind: str, frames: int, rate_hz: int, seed: int
) -> None:
    length = frame_length_of(TONAL_FRAME_SECONDS, rate_hz)
    finder = PeakFinder(rate_hz, length)
    spectra = finder._spectra.of(batch(kind, frames, length, seed))
    search = finder._peaks_of.__self__
    theirs, ours = finder._peaks_of(spectra), kernels.spectrum.peaks(spectra, search.layout())
    heard = np.unique(ours.frames)  # NumPy numbers the frames that sound, the kernel all of them
    np.testing.assert_array_equal(np.searchsorted(heard, ours.frames), theirs.frames)
    np.testing.assert_array_equal(ours.bins, theirs.bins)
    np.testing.assert_array_equal(ours.powers, theirs.powers)
    np.testing.assert_array_equal(ours.stands_out, theirs.stands_out)
    # Sums of hundreds of products in float32, in two orders.
    np.testing.assert_allclose(ours.envelope[:, heard], theirs.envelope, rtol=3e-6)


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100])
def test_a_song_with_pauses_has_one_key(kernels: Kernels, rate_hz: int) -> None:
    song = signals.song(20, rate_hz)[:, 0].copy()
    # As a recording has: else the weakest peaks, which count as others do, are the rounding of the transforms.
    song += 1e-3 * np.random.default_rng(1).standard_normal(len(song)).astype(np.float32)
    song[3 * rate_hz : 5 * rate_hz] = 0.0
    found = []
    for way in (kernels, None):
        accumulator = TonalAccumulator(rate_hz, kernels=way)
        accumulator.update(song)
        found.append(accumulator.result())
    native, numpy = found
    assert (native.key, native.scale, native.key_changes) == (numpy.key, numpy.scale, numpy.key_changes)
    # One peak more or less at a threshold.
    assert native.strength == pytest.approx(numpy.strength, rel=1e-5)
    assert native.tuning_hz == pytest.approx(numpy.tuning_hz, rel=1e-6)


def test_spectra_that_do_not_fit_are_refused(kernels: Kernels) -> None:
    measures = NativeMeasures(22_050, 2_048, kernels)
    with pytest.raises(ValueError, match="numbers of frames or bins"):
        kernels.spectrum.shapes(
            np.zeros((2, 900), np.complex64), np.zeros((2, 2_048), np.float32), measures._layout, measures._unit_before
        )
    with pytest.raises(TypeError, match="float32"):
        kernels.spectrum.shapes(
            np.zeros((2, 1_025), np.complex64), np.zeros((2, 2_048)), measures._layout, measures._unit_before
        )


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100])
def test_a_fingerprint_is_the_same_but_for_bits_at_thresholds(kernels: Kernels, rate_hz: int) -> None:
    found = []
    for way in (kernels, None):
        accumulator = FingerprintAccumulator(rate_hz, kernels=way)
        accumulator.update(signals.song(30, rate_hz)[:, 0])
        found.append(accumulator.result())
    native, numpy = found
    assert native is not None
    assert numpy is not None
    ours, theirs = (numbers_of(one) for one in (native, numpy))
    differing = np.bitwise_count(ours ^ theirs).sum()
    assert differing <= 1e-3 * 32 * len(ours)
