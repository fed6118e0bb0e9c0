"""Faults that were put into sound, each by the definition in its module, and sound that has none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from playlista.features.health.accumulator import HealthAccumulator
from playlista.tracks import Health
from tests import signals
from tests.kernels import way

RATE_HZ = 44100

pytestmark = pytest.mark.usefixtures("each_way")


def health(samples: NDArray[np.floating], rate_hz: int = RATE_HZ) -> Health:
    accumulator = HealthAccumulator(rate_hz, samples.shape[1], kernels=way.kernels)
    accumulator.update(samples.astype(np.float32))
    return accumulator.result()


def music(seconds: float = 8.0, seed: int = 1) -> NDArray[np.float32]:
    """Chords under a beat, with something of its own on each side [shape=(n, 2)]."""
    own = np.stack([signals.noise(seconds, peak=0.02, seed=seed + side) for side in range(2)], axis=1)
    return signals.song(seconds, bpm=97) + own


def silence(seconds: float) -> NDArray[np.float32]:
    return np.zeros((round(seconds * RATE_HZ), 2), np.float32)


def test_music_without_a_fault_has_none() -> None:
    found = health(music())
    assert (found.clipped_runs, found.positions) == (0, {})
    assert [found.dead_channel, found.polarity_inverted, found.is_mono] == [False, False, False]
    assert abs(found.dc_offset) < 1e-3
    assert found.silence_start_seconds == pytest.approx(0, abs=0.01)
    assert found.longest_silence_seconds == 0.0


def test_an_offset_is_measured_to_a_hundredth_of_a_percent_on_the_channel_that_has_it() -> None:
    without = health(music())
    found = health(music() + np.array([0.0, -0.03], np.float32))
    assert found.dc_offset == pytest.approx(-0.03 + without.dc_offset, abs=1e-3)


def test_a_mean_that_comes_and_goes_with_the_notes_is_no_offset() -> None:
    note = np.abs(signals.sine(220.0, 2, peak=0.1))[:, np.newaxis] * np.ones((1, 2), np.float32)
    phrases = np.concatenate([note, silence(2), note, silence(2)])
    assert phrases.mean() > 0.02
    assert health(phrases).dc_offset == 0.0


@pytest.mark.parametrize("hiss", [0.0, 1e-4])
@pytest.mark.parametrize("side", [0, 1])
def test_a_channel_that_is_silent_or_hisses_beside_music_is_dead(side: int, hiss: float) -> None:
    samples = music()
    samples[:, side] = signals.noise(8, peak=hiss)
    assert health(samples).dead_channel


def test_a_weak_channel_is_not_dead_and_its_difference_is_stated() -> None:
    samples = music()
    before = health(samples).channel_difference_db
    assert before is not None
    samples[:, 1] *= 0.05  # 26 dB
    found = health(samples)
    assert found.channel_difference_db == pytest.approx(before + 26.02, abs=0.1)
    assert not found.dead_channel


@pytest.mark.parametrize("gain", [1.0, 0.7])
def test_the_same_on_both_channels_is_mono_whatever_its_level(gain: float) -> None:
    one = music()[:, :1]
    assert health(np.hstack([one, gain * one])).is_mono
    assert not health(one).is_mono  # a mono file is what it says


def test_a_channel_upside_down_is_inverted_and_nothing_else_is() -> None:
    samples = music()
    assert not health(samples).polarity_inverted
    samples[:, 1] *= -1
    found = health(samples)
    assert found.polarity_inverted
    assert not found.is_mono


def test_without_bass_the_rest_decides_whether_a_channel_is_inverted() -> None:
    """What both have in common is above 2 kHz; the bass is the hiss of each side."""
    hz = np.fft.rfftfreq(5 * RATE_HZ, 1 / RATE_HZ)
    shared = np.fft.irfft(np.fft.rfft(signals.noise(5, seed=3)) * (hz > 2_000), 5 * RATE_HZ)
    own = [0.02 * signals.noise(5, seed=seed) for seed in (1, 2)]
    both = np.stack([shared + own[0], own[1] - shared], axis=1)
    assert health(both).polarity_inverted
    both[:, 1] *= -1
    assert not health(both).polarity_inverted


def test_channels_that_have_nothing_in_common_are_not_inverted() -> None:
    both = np.stack([signals.noise(5, seed=1), signals.noise(5, seed=2)], axis=1)
    assert not health(both).polarity_inverted


def test_silence_is_measured_at_the_start_the_end_and_inside() -> None:
    found = health(np.concatenate([silence(4), music(3), silence(6), music(3), silence(2), music(2), silence(7)]))
    assert found.silence_start_seconds == pytest.approx(4, abs=0.02)
    assert found.silence_end_seconds == pytest.approx(7, abs=0.1)
    assert found.longest_silence_seconds == pytest.approx(6, abs=0.1)
    assert found.positions["silence"] == (pytest.approx(7, abs=0.1),)


def test_a_track_of_silence_is_silence_from_its_start_on() -> None:
    found = health(silence(9))
    assert (found.silence_start_seconds, found.silence_end_seconds, found.longest_silence_seconds) == (9.0, 0.0, 0.0)
    assert not found.dead_channel
    assert not found.is_mono


@pytest.mark.parametrize("turned_down", [1.0, 0.5])
def test_clipped_music_has_runs_at_its_ceiling_also_when_it_was_turned_down(turned_down: float) -> None:
    loud = music() / np.abs(music()).max() * 2.0
    found = health(np.clip(loud, -1, 1) * turned_down)
    assert found.clipped_runs > 20
    assert found.longest_clipped_samples >= 3
    assert found.clipped_runs_per_minute == pytest.approx(found.clipped_runs * 60 / 8)
    assert 1 <= len(found.positions["clipped"]) <= 8


def test_runs_are_counted_one_by_one() -> None:
    """Ten crests of a loud tone, each cut to a flat of known length."""
    samples = np.zeros((RATE_HZ, 1), np.float32)
    for crest in range(10):
        start = 2000 + 4000 * crest
        samples[start - 4 : start + 9, 0] = (0.2, 0.5, 0.7, 0.9, 1, 1, 1, 1, 1, 0.9, 0.7, 0.5, 0.2)
    found = health(samples)
    assert (found.clipped_runs, found.longest_clipped_samples) == (10, 5)
    assert found.positions["clipped"] == (
        pytest.approx(2000 / RATE_HZ, abs=1e-3),
        pytest.approx(26000 / RATE_HZ, abs=1e-3),
    )


@pytest.mark.parametrize("frequency_hz", [30.0, 97.0, 440.0, 3000.0])
def test_a_tone_at_full_scale_is_not_clipped(frequency_hz: float) -> None:
    tone = signals.sine(frequency_hz, 3, peak=1.0)[:, np.newaxis]
    assert health(tone).clipped_runs == 0


def test_the_square_wave_of_a_sound_chip_is_not_clipped() -> None:
    square = np.sign(signals.sine(440.7, 3))[:, np.newaxis]
    assert health(0.9 * square).clipped_runs == 0


@pytest.mark.parametrize("bits", [8, 12, 16, 20, 24])
def test_bits_that_no_sample_uses_are_not_counted(bits: int) -> None:
    samples = np.round(music(2) * 2 ** (bits - 1)) / 2 ** (bits - 1)
    assert health(samples).effective_bits == bits


def test_floats_that_are_no_integers_have_no_bits_to_count() -> None:
    assert health(music(2) / 3).effective_bits is None
    assert health(music(2) * 4).effective_bits is None


@pytest.mark.parametrize("channels", [1, 2, 6, 70])
def test_any_number_of_channels_can_be_measured(channels: int) -> None:
    found = health(np.stack([signals.noise(1, seed=number) for number in range(channels)], axis=1))
    assert [found.is_mono, found.dead_channel] == [False, False]


def test_what_is_kept_does_not_grow_with_the_track() -> None:
    accumulator = HealthAccumulator(RATE_HZ, 2, kernels=way.kernels)
    accumulator.update(music(2))
    before = accumulator.retained_bytes
    for _ in range(10):
        accumulator.update(music(2))
    assert accumulator.retained_bytes == before


def test_a_stream_without_a_sample_is_healthy() -> None:
    assert HealthAccumulator(RATE_HZ, 2, kernels=way.kernels).result() == Health()
