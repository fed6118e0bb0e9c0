"""Spectral descriptors of sounds whose values arithmetic gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from playlista.features.spectral.accumulator import SpectralAccumulator
from playlista.tracks import Spectral
from tests.exhaustive import examples
from tests.features.tones import cadence, coloured_noise, drums
from tests.signals import sine

BIN_HZ = 22050 / 2048
BAND_HZ = 10_000


def spectral(signal: NDArray[np.floating], rate_hz: int = 22050) -> Spectral:
    """The answer to one signal in one chunk."""
    accumulator = SpectralAccumulator(rate_hz)
    accumulator.update(signal)
    return accumulator.result()


def values(answer: Spectral) -> NDArray[np.float64]:
    """All numbers of an answer in one row."""
    return np.concatenate([np.atleast_1d(getattr(answer, name)) for name in answer.__slots__])


@pytest.mark.parametrize("frequency_hz", [200 * BIN_HZ, 1000, 4321, 9500])
def test_a_sinusoid_lies_at_its_frequency(frequency_hz: float) -> None:
    answer = spectral(sine(frequency_hz, 3, 22050))
    assert answer.centroid_hz == pytest.approx(frequency_hz, rel=0.005)
    assert answer.rolloff_hz == pytest.approx(frequency_hz, abs=2 * BIN_HZ)


def test_a_sinusoid_crosses_zero_twice_a_period() -> None:
    assert spectral(sine(1000, 3, 22050)).zero_crossing_rate == pytest.approx(2 * 1000 / 22050, rel=0.01)


def test_a_sinusoid_is_neither_flat_nor_changing() -> None:
    answer = spectral(sine(200 * BIN_HZ, 3, 22050))
    assert answer.flatness < 1e-4
    assert answer.flux < 1e-3


def test_white_noise_is_even() -> None:
    answer = spectral(coloured_noise(30, 0))
    assert answer.centroid_hz == pytest.approx(BAND_HZ / 2, rel=0.01)
    assert answer.rolloff_hz == pytest.approx(0.85 * BAND_HZ, rel=0.01)
    assert answer.zero_crossing_rate == pytest.approx(0.5, abs=0.01)
    # The powers of a bin are exponentially distributed: exp(E[ln P]) / E[P] = exp(-Euler's constant).
    assert answer.flatness == pytest.approx(np.exp(-np.euler_gamma), abs=0.01)


def test_two_independent_spectra_of_noise_differ_by_the_distance_of_rayleigh_magnitudes() -> None:
    # Unit vectors of independent Rayleigh magnitudes have the inner product (E[M])² / E[M²] = pi/4. Neighbouring
    # frames share a quarter of their samples, at the feet of the Hann window, where little remains.
    assert spectral(coloured_noise(30, 0)).flux == pytest.approx(np.sqrt(2 - np.pi / 2), rel=0.02)


def test_two_tones_in_turn_are_as_far_apart_as_spectra_can_be() -> None:
    hop = 1536
    tones = [sine(frequency_hz, 2 * hop / 22050, 22050) for frequency_hz in (1000, 6000)] * 20
    # Of two hops to a tone, one changes wholly at most; the other passes within.
    assert 0.4 * np.sqrt(2) < spectral(np.concatenate(tones)).flux < np.sqrt(2)


def test_a_change_between_two_batches_of_frames_is_not_missed() -> None:
    batch = 64 * 1536
    change = np.concatenate([sine(100 * BIN_HZ, batch / 22050, 22050), sine(700 * BIN_HZ, batch / 22050, 22050)])
    frames = (2 * batch - 2048) // 1536 + 1
    # The frame before the change has a quarter of the new tone under the foot of its window, worth a tenth.
    assert spectral(change).flux * (frames - 1) == pytest.approx(np.sqrt(2), rel=0.15)


def test_contrast_is_high_for_tones_and_that_of_random_powers_for_noise() -> None:
    tones = spectral(cadence(0, "major"))
    noise = spectral(coloured_noise(30, 0))
    assert len(tones.contrast) == len(noise.contrast) == 7
    assert np.all(np.array(tones.contrast[1:5]) > np.array(noise.contrast[1:5]) + 5)
    # Mean of the greatest 2 % of exponential powers: 1 + ln 50; of the least 2 %: about 0.01. Hann's window lets
    # neighbouring bins follow one another, but not so far as to move these quantiles by more than 1.5 dB.
    assert noise.contrast[5] == pytest.approx(10 * np.log10((1 + np.log(50)) / 0.01), abs=1.5)


def test_mfccs_of_white_noise_are_flat_but_for_the_level() -> None:
    mean = np.array(spectral(coloured_noise(30, 0)).mfcc_mean)
    # The logarithm of bands averaged over few bins lies lower, so the low bands bend the rest by a few dB.
    assert np.abs(mean[1:]).max() < 4
    assert mean[0] < -300


def test_twice_the_amplitude_moves_only_the_first_mfcc_by_twelve_decibels_a_band() -> None:
    song = 0.4 * cadence(0, "minor") + 0.01 * coloured_noise(7, 0)[: len(cadence(0, "minor"))]
    soft, loud = spectral(song), spectral(2 * song)
    # dB of power twice over (20 log10), summed over 40 bands under the constant row of an orthonormal DCT.
    assert loud.mfcc_mean[0] - soft.mfcc_mean[0] == pytest.approx(20 * np.log10(4) * np.sqrt(40), abs=0.5)
    same = [each for index, each in enumerate(values(soft)) if index != 12]
    assert same == pytest.approx([each for index, each in enumerate(values(loud)) if index != 12], rel=0.01, abs=0.05)


def test_a_steady_sound_has_no_variance_and_a_changing_one_has() -> None:
    steady, changing = spectral(sine(100 * BIN_HZ, 3, 22050)), spectral(drums(5))
    assert changing.mfcc_var[0] > 1000 * max(1e-6, steady.mfcc_var[0])


def test_an_offset_is_no_sound() -> None:
    assert spectral(np.full(50_000, 0.5, np.float32)) is None
    song = 0.3 * cadence(2, "major")
    assert spectral(song + np.float32(0.2)).centroid_hz == pytest.approx(spectral(song).centroid_hz, rel=0.02)


# Dither of 16 bits and the rounding behind it are half a step of 2 ** -15, RMS.
@pytest.mark.parametrize("level", [0.0, 0.5 * 2**-15], ids=["silence", "dither"])
def test_silence_has_no_spectrum(level: float) -> None:
    assert spectral((level * np.random.default_rng(0).standard_normal(50_000)).astype(np.float32)) is None


def test_no_samples_have_no_spectrum() -> None:
    assert spectral(np.zeros(0, np.float16)) is None


def test_silence_within_a_track_counts_for_nothing() -> None:
    sound = coloured_noise(20, 1)
    pauses = np.zeros(100 * 1536, np.float32)  # whole hops, so that the frames within the sound are the same
    alone, with_pauses = spectral(sound), spectral(np.concatenate([pauses, sound, pauses]))
    assert values(with_pauses)[:11] == pytest.approx(values(alone)[:11], rel=0.01)


@pytest.mark.parametrize("gain_db", [-25, -20, -3, 20])
def test_only_the_mfccs_depend_on_the_level(gain_db: float) -> None:
    # Pauses full of noise 65 dB below the music: gated at every level, and not only where they end under -90 dBFS.
    noise = 0.3 * 10 ** (-65 / 20) * coloured_noise(20, 0)
    sound = noise + np.pad(0.3 * cadence(2, "major"), len(noise))[len(noise) :][: len(noise)]
    there, here = spectral(sound.astype(np.float32)), spectral((sound * 10 ** (gain_db / 20)).astype(np.float32))
    assert values(here)[:-26] == pytest.approx(values(there)[:-26], rel=1e-3)


def test_a_sound_shorter_than_a_frame_is_still_described() -> None:
    assert spectral(sine(1000, 0.05, 22050)).rolloff_hz == pytest.approx(1000, abs=5 * BIN_HZ)


def test_the_flux_of_a_single_frame_is_zero() -> None:
    assert spectral(coloured_noise(0.1, 0)).flux == 0.0


def test_half_rate_in_float16_gives_the_values_of_full_rate() -> None:
    full = 0.5 * cadence(4, "minor", 44100) + 0.02 * coloured_noise(7, 1, 44100)[: len(cadence(4, "minor", 44100))]
    half = 0.5 * cadence(4, "minor", 22050) + 0.02 * at_half_rate(coloured_noise(7, 1, 44100))[: len(full) // 2]
    ours, theirs = values(spectral(half.astype(np.float16))), values(spectral(full, 44100))
    assert ours[:25] == pytest.approx(theirs[:25], rel=0.01, abs=0.3)


def at_half_rate(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """Every second sample after an ideal low-pass."""
    return np.fft.irfft(np.fft.rfft(signal)[: len(signal) // 4 + 1], len(signal) // 2).astype(np.float32) / 2


@pytest.mark.parametrize(("rate_hz", "octaves"), [(8000, 6), (16000, 7), (32000, 7), (44100, 7), (48000, 7)])
def test_every_rate_of_the_settings_describes_a_tone(rate_hz: int, octaves: int) -> None:
    answer = spectral(sine(1000, 2, rate_hz), rate_hz)
    assert answer.centroid_hz == pytest.approx(1000, rel=0.01)
    assert answer.zero_crossing_rate == pytest.approx(2 * 1000 / 22050, rel=0.02)
    assert len(answer.contrast) == octaves
    assert len(answer.mfcc_mean) == len(answer.mfcc_var) == 13


@pytest.mark.parametrize("factor", [1e18, 1e30, np.inf])
def test_absurd_samples_neither_fail_nor_warn(factor: float) -> None:
    with np.errstate(all="ignore"):
        absurd = (coloured_noise(1, 0) * factor).astype(np.float32)
    assert spectral(absurd) is None


SONG = np.concatenate([cadence(3, "minor"), np.zeros(9000), drums(4)]).astype(np.float16)
WHOLE = spectral(SONG)


@settings(max_examples=examples(25))
@given(st.lists(st.integers(0, len(SONG)), max_size=40))
def test_any_split_gives_one_answer_to_the_bit(splits: list[int]) -> None:
    accumulator = SpectralAccumulator(22050)
    for chunk in np.split(SONG, sorted(splits)):
        accumulator.update(chunk)
    assert accumulator.result() == WHOLE


def test_chunks_of_one_sample_give_the_same_answer() -> None:
    accumulator = SpectralAccumulator(22050)
    for index in range(20_000):
        accumulator.update(SONG[index : index + 1])
    assert accumulator.result() == spectral(SONG[:20_000])


def test_after_a_reset_nothing_is_left_of_the_track_before() -> None:
    accumulator = SpectralAccumulator(22050)
    accumulator.update(coloured_noise(3, 2))
    accumulator.reset()
    accumulator.update(SONG)
    assert accumulator.result() == WHOLE


def test_the_memory_does_not_grow_with_the_track() -> None:
    accumulator = SpectralAccumulator(22050)
    before = accumulator.retained_bytes
    for _ in range(60):
        accumulator.update(SONG)
    assert accumulator.retained_bytes == before < 500_000
