"""Mixing down and resampling: the answer must not depend on how a signal was cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playlista.decode.resample import MonoResampler, downmix
from tests.exhaustive import examples
from tests.signals import noise, sine


def resampled(resampler: MonoResampler, chunks: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([*(resampler.process(chunk) for chunk in chunks), resampler.finish()])


@pytest.mark.parametrize("channels", range(1, 9))
def test_the_mix_is_the_mean_of_the_channels(channels: int) -> None:
    block = noise(0.1 * channels).reshape(-1, channels)

    # Float32 sums of 8 terms are off by a few units in the last place at most.
    np.testing.assert_allclose(downmix(block), block.mean(axis=1, dtype=np.float64), atol=4e-7)


@pytest.mark.parametrize("channels", [2, 5, 8])
def test_a_mix_of_pieces_equals_the_mix_of_the_whole_to_the_bit(channels: int) -> None:
    block = noise(0.1 * channels).reshape(-1, channels)
    pieces = np.split(block, [1, 7, 8, 1000, 1003])

    np.testing.assert_array_equal(np.concatenate([downmix(piece) for piece in pieces]), downmix(block))


@settings(max_examples=examples(20))
@given(cuts=st.lists(st.integers(0, 44100), max_size=8), rate_hz=st.sampled_from([22050, 16000, 44100, 48000]))
def test_any_split_of_a_signal_gives_one_answer_to_the_bit(cuts: list[int], rate_hz: int) -> None:
    signal = noise(1.0)
    whole = resampled(MonoResampler(44100, rate_hz), [signal])

    np.testing.assert_array_equal(resampled(MonoResampler(44100, rate_hz), np.split(signal, sorted(cuts))), whole)


@pytest.mark.parametrize("source_hz", [8000, 11025, 32000, 44100, 48000, 96000, 192000])
@pytest.mark.parametrize("target_hz", [16000, 22050])
def test_a_tone_keeps_its_pitch_amplitude_and_length(source_hz: int, target_hz: int) -> None:
    tone = resampled(MonoResampler(source_hz, target_hz), [sine(1000, 2, source_hz)])

    assert len(tone) == pytest.approx(2 * target_hz, abs=1)
    middle = slice(target_hz // 2, 3 * target_hz // 2)  # the filter rings at both ends, where the tone begins and stops
    np.testing.assert_allclose(tone[middle], sine(1000, 2, target_hz)[middle], atol=1e-4)


def test_what_lies_above_the_new_nyquist_frequency_is_gone() -> None:
    hiss = resampled(MonoResampler(44100, 16000), [sine(12000, 1)])

    assert np.abs(hiss[2000:-2000]).max() < 1e-4


def test_equal_rates_pass_the_samples_through_untouched() -> None:
    signal = noise(0.1)

    np.testing.assert_array_equal(resampled(MonoResampler(44100, 44100), [signal]), signal)


def test_float16_is_the_rounded_float32_and_saturates() -> None:
    signal = np.concatenate([noise(0.1), np.full(4410, 1e6, np.float32), np.full(4410, -1e6, np.float32)])

    half = resampled(MonoResampler(44100, 44100, dtype=np.float16), [signal])

    assert half.dtype == np.float16
    assert np.isfinite(half).all()
    np.testing.assert_array_equal(half[:4410], signal[:4410].astype(np.float16))
    assert (half.max(), half.min()) == (65504, -65504)


def test_nothing_comes_of_nothing() -> None:
    assert len(resampled(MonoResampler(44100, 22050), [np.zeros(0, np.float32)])) == 0
