"""Dropouts and clicks that were put into music, and music that has none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from playlista.features.health.accumulator import HealthAccumulator
from playlista.tracks import Health
from tests import signals
from tests.kernels import way

RATE_HZ = 44100
#: Samples at which something is broken: within blocks, and on the seam of the first two (32,768 frames each).
PLACES = [20_000, 32_768 - 10, 100_123]

pytestmark = pytest.mark.usefixtures("each_way")


def health(samples: NDArray[np.floating]) -> Health:
    accumulator = HealthAccumulator(RATE_HZ, samples.shape[1], kernels=way.kernels)
    accumulator.update(samples.astype(np.float32))
    return accumulator.result()


@pytest.fixture(scope="module")
def music() -> NDArray[np.float32]:
    """Four seconds of chords and a quiet hiss, without drums, rounded to 16 bits [shape=(n, 2)]."""
    chord = sum(signals.sine(note, 4, peak=0.15) for note in (220.3, 277.7, 331.1, 554.9))
    sides = [chord * level + signals.noise(4, peak=0.003, seed=seed) for seed, level in ((1, 1.0), (2, 0.9))]
    rounded: NDArray[np.float32] = (np.round(np.stack(sides, axis=1) * 32768) / 32768).astype(np.float32)
    return rounded


def test_music_has_neither(music: NDArray[np.float32]) -> None:
    found = health(music)
    assert (found.dropouts, found.clicks) == (0, 0)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("length", [64, 500, 4_200, 5_000, 20_000])
def test_zeros_inside_music_are_a_dropout(music: NDArray[np.float32], place: int, length: int) -> None:
    samples = music.copy()
    samples[place : place + length] = 0.0
    found = health(samples)
    assert found.dropouts == 1
    assert found.positions["dropouts"] == (pytest.approx(place / RATE_HZ, abs=0.02),)


@pytest.mark.parametrize("length", [500, 8_000])
def test_zeros_are_a_dropout_though_the_music_is_much_softer_behind_them(
    music: NDArray[np.float32], length: int
) -> None:
    place = 60_000
    samples = music.copy()
    samples[place + length :] *= 0.05  # 26 dB, more than the edges of a hole in steady music differ by
    samples[place : place + length] = 0.0
    assert health(samples).dropouts == 1


@pytest.mark.parametrize("length", [500, 8_000])
def test_music_that_fades_out_and_in_again_has_no_dropout(music: NDArray[np.float32], length: int) -> None:
    place = 60_000
    samples = music.copy()
    ramp = np.linspace(0.0, 1.0, 2_000, dtype=np.float32)[:, np.newaxis]
    samples[place - 2_000 : place] *= ramp[::-1]
    samples[place + length : place + length + 2_000] *= ramp
    samples[place : place + length] = 0.0
    assert health(samples).dropouts == 0


@pytest.mark.parametrize("place", PLACES)
def test_a_channel_that_drops_out_by_itself_is_a_dropout(music: NDArray[np.float32], place: int) -> None:
    samples = music.copy()
    samples[place : place + 300, 1] = 0.0
    assert health(samples).dropouts == 1


def test_a_value_that_stands_still_is_a_dropout(music: NDArray[np.float32]) -> None:
    samples = music.copy()
    place = 50_000 + int(np.abs(music[50_000:50_400, 0]).argmin())  # not at a crest, which would be a clipped one
    samples[place : place + 300] = samples[place]
    assert health(samples).dropouts == 1


def test_a_value_stands_still_also_where_the_music_goes_on_just_there(music: NDArray[np.float32]) -> None:
    samples = music.copy()
    place, later = 50_000, 50_000 + 300 + int(np.abs(music[50_300:50_700, 0] - music[50_000, 0]).argmin())
    samples[place:later, 0] = samples[place, 0]
    assert abs(float(samples[later, 0] - samples[place, 0])) < 0.01
    assert health(samples[:, :1]).dropouts == 1


def test_a_hole_in_a_slow_wave_is_a_dropout_whatever_the_level_on_its_two_sides() -> None:
    slow = signals.sine(40.0, 2, peak=0.8)[:, np.newaxis]
    place = 22_050 + 20  # just behind a crossing of zero
    slow[place : place + 200] = 0.0
    assert health(slow).dropouts == 1


def test_a_drum_that_rises_over_four_samples_does_not_click() -> None:
    rise = np.array([0.05, 0.25, 0.65, 0.9], np.float32)
    hit = np.concatenate([rise, 0.9 * np.exp(-np.arange(8_000) / 900).astype(np.float32)])
    track = np.tile(np.concatenate([hit, np.full(8_000, hit[-1])]), 6) + signals.noise(6, peak=1e-4)[: 6 * 16_004]
    assert health(track[:, np.newaxis]).clicks == 0


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("length", [512, 1_024, 2_048])
def test_a_piece_that_is_played_twice_is_a_dropout(music: NDArray[np.float32], place: int, length: int) -> None:
    samples = np.concatenate([music[:place], music[place - length : place], music[place:]])
    assert health(samples).dropouts == 1


@pytest.mark.parametrize("place", PLACES)
def test_a_step_and_an_impulse_are_clicks(music: NDArray[np.float32], place: int) -> None:
    step, impulse = music.copy(), music.copy()
    step[place:] -= 0.2
    impulse[place, 0] += 0.3
    for samples in (step, impulse):
        found = health(samples)
        assert found.clicks == 1
        assert found.positions["clicks"] == (pytest.approx(place / RATE_HZ, abs=0.001),)


def test_drums_and_tails_that_fade_to_digital_silence_are_no_faults() -> None:
    """Each hit is a burst of noise with a sharp start, its tail ends in zeros."""
    hit = signals.noise(0.2, peak=0.7) * np.exp(-np.linspace(0, 9, round(0.2 * RATE_HZ))).astype(np.float32)
    hit[-2000:] = 0.0
    pause = np.zeros(round(0.25 * RATE_HZ), np.float32)
    track = np.concatenate([np.concatenate([hit * level, pause]) for level in np.linspace(0.3, 1.0, 8)])
    found = health(track[:, np.newaxis])
    assert (found.dropouts, found.clicks) == (0, 0)


def test_the_waves_of_a_synthesizer_repeat_and_step_without_being_broken() -> None:
    period = np.linspace(-0.5, 0.5, 400, dtype=np.float32)
    saw = np.tile(period, 500)[:, np.newaxis]
    found = health(saw)
    assert (found.dropouts, found.clicks) == (0, 0)
