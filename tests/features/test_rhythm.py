"""Tempo, beats and their absence, on signals whose beats are known by construction."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from playlista.errors import Interrupted
from playlista.features.rhythm.accumulator import RhythmAccumulator
from playlista.tracks import Rhythm
from tests import signals
from tests.exhaustive import examples
from tests.features.rhythm_signals import RATE_HZ, Pattern, clicks, drums, random_strokes
from tests.features.tones import coloured_noise

#: Where two levels of the beat are as good as one another, tappers differ too: MIREX accepts either, within 4 %.
SAME_TEMPO = 0.04


def measure(samples: NDArray[np.floating], rate_hz: int = RATE_HZ) -> tuple[Rhythm, NDArray[np.float64]]:
    accumulator = RhythmAccumulator(rate_hz)
    accumulator.update(samples)
    return accumulator.result(), accumulator.beat_times()


def f_measure(truth: NDArray[np.float64], beats: NDArray[np.float64]) -> float:
    """mir_eval's, within 70 ms."""
    import mir_eval  # here: collecting the tests is no reason to import it, which takes a second

    return float(mir_eval.beat.f_measure(truth, beats))


@pytest.mark.parametrize("bpm", [60, 66.6, 75, 90, 111, 120, 133.3, 150, 174, 190])
def test_a_metronome_is_found_at_its_own_tempo(bpm: float) -> None:
    pattern = clicks(bpm, 40)
    found, beats = measure(pattern.samples.astype(np.float16))
    assert found.bpm == pytest.approx(bpm, rel=0.002)
    assert found.bpm_confidence > 0.7  # nothing divides its beats: they might be halves of others
    assert found.beats_count == len(beats) == pytest.approx(len(pattern.beats), abs=1)
    assert f_measure(pattern.beats, beats) >= 0.98
    assert found.onset_rate_hz == pytest.approx(len(pattern.beats) / 40, rel=0.03)


@pytest.mark.parametrize("swing", [0.5, 0.6, 2 / 3])
@pytest.mark.parametrize("bpm", [80, 93, 104, 117, 128, 141, 160])
def test_drums_are_found_at_their_tempo_straight_and_swung(bpm: float, swing: float) -> None:
    pattern = drums(bpm, 40, swing=swing, jitter_seconds=0.005)
    found, beats = measure(pattern.samples.astype(np.float16))
    assert found.bpm == pytest.approx(bpm, rel=0.01)
    assert found.bpm_confidence > 0.5
    assert f_measure(pattern.beats, beats) >= 0.95


@pytest.mark.parametrize("bpm", [60, 70, 175, 190])
def test_slow_and_fast_drums_are_found_at_one_of_their_levels(bpm: float) -> None:
    found, _ = measure(drums(bpm, 40).samples)
    assert min(abs(found.bpm / (bpm * level) - 1) for level in (0.5, 1, 2)) < SAME_TEMPO


@pytest.mark.parametrize("bpm", [75, 90, 112, 128, 160])
def test_music_under_a_click_has_the_tempo_and_the_beats_of_the_click(bpm: float) -> None:
    found, beats = measure(signals.song(40, RATE_HZ, bpm)[:, 0].astype(np.float16))
    assert found.bpm == pytest.approx(bpm, rel=0.005)
    assert f_measure(np.arange(0, 40, 60 / bpm), beats) >= 0.95


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 32000, 44100, 48000])
def test_tempo_is_the_same_at_every_rate(rate_hz: int) -> None:
    assert measure(signals.song(30, rate_hz, 124)[:, 0], rate_hz)[0].bpm == pytest.approx(124, rel=0.005)


def test_half_rate_in_float16_hears_what_full_rate_in_float32_hears() -> None:
    full, full_beats = measure(signals.song(30, 44100, 104)[:, 0], 44100)
    half, half_beats = measure(signals.song(30, 22050, 104)[:, 0].astype(np.float16))
    assert half.bpm == pytest.approx(full.bpm, rel=0.001)
    assert half.bpm_confidence == pytest.approx(full.bpm_confidence, abs=0.05)
    assert f_measure(full_beats, half_beats) == 1.0


@pytest.mark.parametrize("gain_db", [-60, -30, 12])
def test_the_level_of_a_recording_does_not_matter(gain_db: float) -> None:
    samples = drums(104, 30).samples
    there, here = measure(samples)[0], measure((samples * 10 ** (gain_db / 20)).astype(np.float32))[0]
    assert here.bpm == pytest.approx(there.bpm, rel=1e-4)
    assert here.onset_rate_hz == pytest.approx(there.onset_rate_hz, rel=0.05)


#: Made when they are asked for: every worker imports this file.
NO_BEAT: dict[str, Callable[[], NDArray[np.float32]]] = {
    "nothing": lambda: np.zeros(0, np.float32),
    "one sample": lambda: np.ones(1, np.float32),
    "silence": lambda: np.zeros(20 * RATE_HZ, np.float32),
    "dither": lambda: np.random.default_rng(0).integers(-1, 2, 20 * RATE_HZ).astype(np.float32) / 32768,
    "white noise": lambda: coloured_noise(60, 0, RATE_HZ),
    "pink noise": lambda: coloured_noise(60, 1, RATE_HZ),
    "brown noise": lambda: coloured_noise(60, 2, RATE_HZ),
    "short noise": lambda: coloured_noise(2, 0, RATE_HZ),
    "tone": lambda: signals.sine(220, 20, RATE_HZ),
    "drone of three": lambda: sum(signals.sine(hz, 20, RATE_HZ, 0.2) for hz in (110, 110.7, 220.3)),
    "burst": lambda: signals.noise(0.2, RATE_HZ),
    "one hit in silence": lambda: np.pad(signals.noise(0.2, RATE_HZ), 10 * RATE_HZ),
    "full scale of the type": lambda: np.full(5 * RATE_HZ, np.finfo(np.float32).max),
}


@pytest.mark.parametrize("name", NO_BEAT)
def test_what_has_no_beat_has_no_tempo(name: str) -> None:
    found, beats = measure(NO_BEAT[name]())
    assert (found.bpm, found.bpm_confidence, found.beats_count, len(beats)) == (None, 0.0, 0, 0)


@pytest.mark.parametrize("per_second", [1, 3, 8])
def test_strokes_without_a_beat_are_not_trusted(per_second: float) -> None:
    assert measure(random_strokes(per_second, 60))[0].bpm_confidence < 0.2


def followed_by(first: Pattern, second: Pattern) -> NDArray[np.float32]:
    return np.concatenate([first.samples, second.samples])


@pytest.mark.parametrize(("longer_bpm", "shorter_bpm"), [(120, 94), (100, 140), (87, 128)])
def test_of_two_tempi_the_longer_wins_with_less_confidence(longer_bpm: float, shorter_bpm: float) -> None:
    steady = measure(drums(longer_bpm, 60).samples)[0]
    for parts in ((longer_bpm, 60), (shorter_bpm, 30)), ((shorter_bpm, 30), (longer_bpm, 60)):
        found = measure(followed_by(*(drums(bpm, seconds) for bpm, seconds in parts)))[0]
        assert found.bpm == pytest.approx(longer_bpm, rel=0.01)
        assert found.bpm_confidence < 0.9 * steady.bpm_confidence


def test_beats_follow_a_tempo_that_drifts() -> None:
    first, second, third = drums(118, 20), drums(124, 20), drums(130, 20)
    samples = np.concatenate([first.samples, second.samples, third.samples])
    truth = np.concatenate([first.beats, 20 + second.beats, 40 + third.beats])
    assert f_measure(truth, measure(samples)[1]) >= 0.9


def test_beats_are_counted_through_a_break_but_not_through_a_silence() -> None:
    pattern = drums(120, 20)
    for gap_seconds, gap_beats in (4, 8), (90, 0):
        gap = np.zeros(gap_seconds * RATE_HZ, np.float32)
        found = measure(np.concatenate([pattern.samples, gap, pattern.samples]))[0]
        assert found.bpm == pytest.approx(120, rel=0.01)
        # The pattern itself leaves out the last beat before its end.
        assert found.beats_count == pytest.approx(2 * len(pattern.beats) + gap_beats, abs=3)


@settings(max_examples=examples(12))
@given(st.lists(st.integers(0, 90_000), max_size=12))
def test_every_split_of_a_signal_gives_one_answer(cuts: list[int]) -> None:
    samples = drums(130, 4).samples.astype(np.float16)
    accumulator = RhythmAccumulator(RATE_HZ)
    for piece in np.split(samples, sorted(min(cut, len(samples)) for cut in cuts)):
        accumulator.update(piece)
    whole, beats = measure(samples)
    assert accumulator.result() == whole
    np.testing.assert_array_equal(accumulator.beat_times(), beats)


def test_chunks_of_one_sample_give_the_same_answer() -> None:
    samples = drums(150, 2).samples[: RATE_HZ // 4]
    accumulator = RhythmAccumulator(RATE_HZ)
    for sample in samples:
        accumulator.update(np.array([sample]))
    assert accumulator.result() == measure(samples)[0]


def test_after_reset_it_is_as_new() -> None:
    samples = drums(110, 20).samples
    accumulator = RhythmAccumulator(RATE_HZ)
    before = accumulator.retained_bytes
    accumulator.update(signals.noise(15, RATE_HZ))
    accumulator.result()
    accumulator.reset()
    assert accumulator.retained_bytes == before
    accumulator.update(samples)
    assert accumulator.result() == measure(samples)[0]


@pytest.mark.exhaustive
def test_forty_minutes_keep_their_tempo_in_few_bytes_and_are_analyzed_in_few_more() -> None:
    minute = drums(120, 60).samples.astype(np.float16)
    accumulator = RhythmAccumulator(RATE_HZ)
    before = accumulator.retained_bytes
    for _ in range(40):
        accumulator.update(minute)
    assert accumulator.retained_bytes - before <= 63 * 40 * 60 + 4096, "a byte for every frame of 16 ms"
    tracemalloc.start()
    found = accumulator.result()
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.bpm == pytest.approx(120, rel=0.002)
    assert found.beats_count == pytest.approx(2 * 40 * 60, rel=0.01)
    assert peak_bytes < 4_000_000


def test_the_end_of_a_long_track_can_be_left_every_few_minutes_of_it() -> None:
    asked = 0

    def leave_at_the_fifth() -> None:
        nonlocal asked
        asked += 1
        if asked == 5:
            raise Interrupted("asked to stop")

    accumulator = RhythmAccumulator(RATE_HZ, checkpoint=leave_at_the_fifth)
    pattern = drums(120, 40)
    for _ in range(20):  # 800 s
        accumulator.update(pattern.samples)
    with pytest.raises(Interrupted):
        accumulator.result()


def test_the_beats_are_in_the_result_as_text() -> None:
    found, beats = measure(clicks(120, 30).samples)
    assert found.beat_times() == pytest.approx(beats, abs=0.0006)


@pytest.mark.parametrize(("tempo_range", "bpm"), [((70, 140), 90), ((110, 220), 180), (None, 90)])
def test_tempo_is_counted_in_the_range_that_is_asked_for(tempo_range: tuple[int, int] | None, bpm: float) -> None:
    accumulator = RhythmAccumulator(RATE_HZ, tempo_range=tempo_range)
    accumulator.update(drums(90, 40).samples)
    assert accumulator.result().bpm == pytest.approx(bpm, rel=0.01)


def test_a_track_of_one_tempo_has_one_and_one_of_two_says_when_it_changes() -> None:
    steady = measure(drums(118, 60).samples)[0]
    assert steady.tempo_changes == ((0.0, pytest.approx(118, rel=0.01)),)
    faster = measure(followed_by(drums(118, 60), drums(130, 60)))[0]
    assert [bpm for _, bpm in faster.tempo_changes] == pytest.approx([118, 130], rel=0.01)
    assert faster.tempo_changes[1][0] == pytest.approx(60, abs=6)


def test_candidates_of_an_open_octave_weigh_one_together_and_begin_with_the_tempo() -> None:
    found = measure(clicks(66.6, 40).samples)[0]
    for tempo in (found, measure(drums(87, 40).samples)[0]):
        if tempo.bpm_candidates:
            assert tempo.bpm_candidates[0][0] == pytest.approx(tempo.bpm, abs=0.01)
            assert sum(weight for _, weight in tempo.bpm_candidates) == pytest.approx(1, abs=0.002)
