"""Rhythm of signals whose beats are known by construction."""

from __future__ import annotations

import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from playlista.features.rhythm import RhythmAccumulator
from playlista.tracks import Rhythm
from tests import signals

RATE_HZ = 22050


def measure(samples: NDArray[np.floating], rate_hz: int = RATE_HZ) -> tuple[Rhythm, NDArray[np.float64]]:
    accumulator = RhythmAccumulator(rate_hz)
    accumulator.update(samples)
    return accumulator.result(), accumulator.beat_times()


@pytest.mark.parametrize("bpm", [75, 90, 100, 112, 120, 128, 140, 160])
def test_tempo_and_beats_of_music_with_a_click_are_found(bpm: float) -> None:
    found, beats = measure(signals.song(40, RATE_HZ, bpm)[:, 0].astype(np.float16))
    assert found.bpm == pytest.approx(bpm, rel=0.005)
    assert found.bpm_confidence > 0.6
    assert found.beats_count == len(beats)
    truth = mir_eval.beat.trim_beats(np.arange(0, 40, 60 / bpm))
    assert mir_eval.beat.f_measure(truth, mir_eval.beat.trim_beats(beats)) >= 0.95
    assert found.onset_rate_hz == pytest.approx(bpm / 60, rel=0.1)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 44100, 48000])
def test_tempo_is_the_same_at_every_rate(rate_hz: int) -> None:
    assert measure(signals.song(30, rate_hz, 124)[:, 0], rate_hz)[0].bpm == pytest.approx(124, rel=0.005)


def test_an_hour_of_a_steady_beat_keeps_its_tempo_in_few_bytes() -> None:
    minute = signals.song(64, RATE_HZ, 120)[:, 0].astype(np.float16)
    accumulator = RhythmAccumulator(RATE_HZ)
    before = accumulator.retained_bytes
    for _ in range(56):
        accumulator.update(minute)
    grown = accumulator.retained_bytes - before
    found = accumulator.result()
    assert found.bpm == pytest.approx(120, rel=0.005)
    assert found.beats_count == pytest.approx(56 * 128, rel=0.01)
    assert grown <= 70 * 56 * 64, "the envelope takes 62.5 bytes a second"


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0, np.float32),
        np.ones(1, np.float32),
        np.zeros(20 * RATE_HZ, np.float32),
        signals.noise(20, RATE_HZ),
        signals.sine(220, 20, RATE_HZ),
        signals.noise(0.2, RATE_HZ),
    ],
    ids=["nothing", "one sample", "silence", "noise", "tone", "a burst"],
)
def test_what_has_no_beat_has_no_tempo(samples: NDArray[np.float32]) -> None:
    found, beats = measure(samples)
    assert (found.bpm, found.bpm_confidence, found.beats_count, len(beats)) == (None, 0.0, 0, 0)


def test_a_change_of_tempo_lowers_the_confidence_and_the_longer_part_wins() -> None:
    steady = signals.song(60, RATE_HZ, 120)[:, 0]
    changing = np.concatenate([signals.song(60, RATE_HZ, 120)[:, 0], signals.song(30, RATE_HZ, 94)[:, 0]])
    whole, _ = measure(steady)
    broken, _ = measure(changing)
    assert broken.bpm == pytest.approx(120, rel=0.01)
    assert broken.bpm_confidence < whole.bpm_confidence - 0.05


@settings(max_examples=12, deadline=None, database=None)
@given(st.lists(st.integers(0, 40_000), max_size=12))
def test_every_split_of_a_signal_gives_one_answer(cuts: list[int]) -> None:
    samples = signals.song(4, RATE_HZ, 130)[:, 0]
    accumulator = RhythmAccumulator(RATE_HZ)
    for piece in np.split(samples, sorted(min(cut, len(samples)) for cut in cuts)):
        accumulator.update(piece)
    whole, beats = measure(samples)
    assert accumulator.result() == whole
    np.testing.assert_array_equal(accumulator.beat_times(), beats)


def test_after_reset_it_is_as_new() -> None:
    samples = signals.song(20, RATE_HZ, 110)[:, 0]
    accumulator = RhythmAccumulator(RATE_HZ)
    accumulator.update(signals.noise(15, RATE_HZ))
    accumulator.result()
    accumulator.reset()
    accumulator.update(samples)
    assert accumulator.result() == measure(samples)[0]
