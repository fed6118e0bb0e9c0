"""Loudness of signals whose loudness follows from the text of the standard, and one answer for every split."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from playlista.features.loudness.accumulator import LoudnessAccumulator
from playlista.features.loudness.gating import loudness_lufs
from playlista.features.loudness.k_weighting import STANDARD_HIGH_PASS, STANDARD_SHELF
from playlista.tracks import Loudness
from tests.exhaustive import examples
from tests.kernels import way
from tests.signals import noise, sine, song

pytestmark = pytest.mark.usefixtures("each_way")

ONE_SIDE_DB = 10 * math.log10(1.41)


def made(rate_hz: int, channels: int, layout: Sequence[str] = ()) -> LoudnessAccumulator:
    """By NumPy, then by the compiled kernels."""
    return LoudnessAccumulator(rate_hz, channels, layout, kernels=way.kernels)


def measure(samples: NDArray[np.floating], rate_hz: int = 44_100) -> Loudness:
    """Loudness of a whole signal [shape=(n,) or (n, channels)], fed at one go."""
    samples = samples.reshape(len(samples), samples.shape[-1] if samples.ndim > 1 else 1)
    accumulator = made(rate_hz, samples.shape[1])
    accumulator.update(samples)
    return accumulator.result()


def measured_by_the_text(stereo: NDArray[np.float32]) -> tuple[float, float]:
    """Integrated loudness and range at 48 kHz with every window kept: BS.1770-5 annex 1 and Tech 3342 literally."""
    from scipy import signal  # here: collecting the tests is no reason to import it, which takes a second

    filtered = signal.lfilter(
        *STANDARD_HIGH_PASS, signal.lfilter(*STANDARD_SHELF, stereo.astype(np.float64), axis=0), axis=0
    )
    steps = (filtered[: len(filtered) // 4_800 * 4_800].reshape(-1, 4_800, 2) ** 2).mean(axis=1).sum(axis=1)
    kept = {}
    for windows, gate in ((4, 0.1), (30, 0.01)):
        energies = np.lib.stride_tricks.sliding_window_view(steps, windows).mean(axis=1)
        energies = energies[energies > 10 ** ((-70 + 0.691) / 10)]
        kept[windows] = np.sort(energies[energies > gate * energies.mean()])
    low, high = (kept[30][round((len(kept[30]) - 1) * share)] for share in (0.10, 0.95))
    return loudness_lufs(kept[4].mean()), loudness_lufs(high) - loudness_lufs(low)


@settings(max_examples=examples(15))
@given(levels_db=st.lists(st.floats(-75, 0), min_size=8, max_size=40), seed=st.integers(0, 1_000))
def test_music_that_changes_level_reads_as_with_every_window_kept(levels_db: list[float], seed: int) -> None:
    envelope = np.repeat(10 ** (np.array(levels_db) / 20), 24_000)
    track = np.stack([noise(len(levels_db) / 2, 48_000, 1.0, seed), sine(220, len(levels_db) / 2, 48_000)], axis=1)
    track = (track * envelope[:, np.newaxis]).astype(np.float32)
    integrated_lufs, range_lu = measured_by_the_text(track)
    measured = measure(track, 48_000)
    assert measured.integrated_lufs == pytest.approx(integrated_lufs, abs=0.02)
    assert measured.range_lu == pytest.approx(range_lu, abs=0.02)


@pytest.mark.parametrize(
    "rate_hz",
    [4_000, 8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 35_467, 44_100, 48_000, 88_200, 96_000, 192_000, 768_000],
)
def test_the_calibration_tone_reads_its_own_power_at_every_rate(rate_hz: int) -> None:
    # BS.1770-5: 997 Hz at 0 dBFS in one front channel is -3.01 LKFS. The start of the filter costs 0.005 over 2 s.
    assert measure(sine(997, 2, rate_hz, 1.0), rate_hz).integrated_lufs == pytest.approx(-3.01, abs=0.01)


@pytest.mark.parametrize(
    ("layout", "weights_db"),
    [
        ("", [0, 0, 0, 0]),
        ("FC", [0]),
        ("FL FR", [0, 0]),
        ("FL FR LFE", [0, 0, None]),
        ("FL FC FR BL BR LFE", [0, 0, 0, ONE_SIDE_DB, ONE_SIDE_DB, None]),
        ("FL FR FC LFE SL SR", [0, 0, 0, None, ONE_SIDE_DB, ONE_SIDE_DB]),
        ("FL FR FC LFE BC", [0, 0, 0, None, ONE_SIDE_DB]),
        ("FLC FRC WL WR DL DR", [0] * 6),
        ("TC TFL TFC TFR TSL TSR", [0] * 6),
        ("TBL TBC TBR SDL SDR", [ONE_SIDE_DB] * 5),
        ("LFE2 BFC BFL BFR", [None, 0, 0, 0]),
    ],
)
def test_each_channel_counts_with_the_weight_of_its_loudspeaker(layout: str, weights_db: list[float | None]) -> None:
    # The weights are those of ffmpeg's ebur128, which were measured there with one sounding channel after the other.
    tone = sine(997, 1, 48_000, 0.1)
    for channel, weight_db in enumerate(weights_db):
        track = np.zeros((len(tone), len(weights_db)), np.float32)
        track[:, channel] = tone
        accumulator = made(48_000, len(weights_db), layout.split())
        accumulator.update(track)
        expected = None if weight_db is None else pytest.approx(-23.01 + weight_db, abs=0.02)
        assert accumulator.result().integrated_lufs == expected


def test_a_mono_file_reads_three_units_less_than_the_same_on_two_channels() -> None:
    tone = sine(997, 2)
    stereo = measure(np.stack([tone, tone], axis=1))
    assert stereo.integrated_lufs - measure(tone).integrated_lufs == pytest.approx(10 * math.log10(2), abs=1e-6)


def test_replaygain_is_what_brings_the_track_to_minus_18_lufs() -> None:
    track = song(5)
    gain_db = measure(track).replaygain_track_gain_db
    played = measure(track * np.float32(10 ** (gain_db / 20)))
    assert played.integrated_lufs == pytest.approx(-18.0, abs=1e-4)


def test_true_peak_is_in_decibels_over_full_scale() -> None:
    assert measure(sine(100, 1, peak=0.5)).true_peak_dbtp == pytest.approx(20 * math.log10(0.5), abs=0.01)
    assert measure(sine(100, 1, peak=2.0)).true_peak_dbtp == pytest.approx(20 * math.log10(2.0), abs=0.01)


def test_silence_has_no_loudness_no_range_and_no_peak() -> None:
    assert measure(np.zeros((44_100 * 4, 2), np.float32)) == Loudness(None, None, None, None)


def test_a_track_under_the_gate_has_a_peak_but_no_loudness() -> None:
    quiet = measure(sine(997, 4, peak=10 ** (-75 / 20)))
    assert (quiet.integrated_lufs, quiet.range_lu, quiet.replaygain_track_gain_db) == (None, None, None)
    assert quiet.true_peak_dbtp == pytest.approx(-75, abs=0.01)


def test_an_empty_track_has_nothing() -> None:
    assert measure(np.zeros((0, 2), np.float32)) == Loudness(None, None, None, None)


def test_loudness_begins_with_one_window_and_the_range_with_three_seconds() -> None:
    tone = sine(997, 4, 48_000)
    assert measure(tone[:19_199], 48_000).integrated_lufs is None
    assert measure(tone[:19_200], 48_000).integrated_lufs == pytest.approx(-9.03, abs=0.05)
    assert measure(tone[: 3 * 48_000 - 1], 48_000).range_lu is None
    assert measure(tone[: 3 * 48_000], 48_000).range_lu == 0.0


def test_a_window_that_is_not_full_at_the_end_does_not_count() -> None:
    # 50 ms of full scale after a steady tone: by the standard they belong to no window, but they have a peak.
    track = np.concatenate([sine(997, 4, 48_000, 0.01), sine(1_000, 0.05, 48_000, 1.0)])
    assert measure(track, 48_000).integrated_lufs == pytest.approx(-43.01, abs=0.02)
    assert measure(track, 48_000).true_peak_dbtp == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize("rate_hz", [1, 100, 3_999])
def test_at_rates_too_low_for_the_filter_only_the_peak_is_measured(rate_hz: int) -> None:
    measured = measure(np.resize([0.5, 0.5, -0.5, -0.5], 20_000).astype(np.float32), rate_hz)
    assert measured.integrated_lufs is None
    assert measured.true_peak_dbtp > -6.1


@pytest.mark.parametrize("channels", [64, 1_000])
def test_absurd_numbers_of_channels_are_measured_in_the_same_memory(channels: int) -> None:
    accumulator = made(8_000, channels)
    for _ in range(4):
        accumulator.update(np.full((1_000, channels), 0.1, np.float32))
    assert accumulator.retained_bytes < 4_000_000
    assert math.isfinite(accumulator.result().true_peak_dbtp)


def test_samples_at_the_end_of_float32_give_finite_values() -> None:
    track = np.resize([3e38, -3e38, -3e38, 3e38], (44_100, 2)).astype(np.float32)
    measured = measure(track)
    assert 700 < measured.integrated_lufs < 800
    assert 769 < measured.true_peak_dbtp < 780


@settings(max_examples=examples(25))
@given(cuts=st.lists(st.integers(0, 5 * 44_100), max_size=12))
def test_every_split_of_a_track_gives_the_same_bits(cuts: list[int]) -> None:
    track = song(5)
    accumulator = made(44_100, 2)
    for chunk in np.split(track, sorted(cuts)):
        accumulator.update(chunk)
    assert accumulator.result() == measure(track)


def test_the_width_of_the_thread_pool_of_blas_changes_no_bit(
    clean_environment: dict[str, str], project_root: Path
) -> None:
    script = (
        "import numpy as np; from playlista.features.loudness.accumulator import LoudnessAccumulator;"
        "meter = LoudnessAccumulator(44100, 2);"
        "meter.update(np.random.default_rng(0).uniform(-1, 1, (100_000, 2)).astype(np.float32)); print(meter.result())"
    )
    answers = set()
    for threads in ("1", "2", "4"):
        environment = {**clean_environment, "OPENBLAS_NUM_THREADS": threads, "PYTHONPATH": str(project_root / "daemon")}
        answers.add(subprocess.check_output([sys.executable, "-c", script], env=environment, text=True))
    assert len(answers) == 1


def test_chunks_of_one_sample_give_the_same_bits() -> None:
    track = song(1, rate_hz=8_000)
    accumulator = made(8_000, 2)
    for frame in range(len(track)):
        accumulator.update(track[frame : frame + 1])
    assert accumulator.result() == measure(track, 8_000)


def test_after_a_reset_the_track_before_is_forgotten() -> None:
    track = song(4)
    accumulator = made(44_100, 2)
    accumulator.update(np.stack([noise(7, seed=1), noise(7, seed=2)], axis=1))
    accumulator.reset()
    accumulator.update(track)
    assert accumulator.result() == measure(track)
    accumulator.reset()
    accumulator.update(track)
    assert accumulator.result() == measure(track)


def test_half_precision_is_widened_before_arithmetic() -> None:
    track = song(3).astype(np.float16)
    assert measure(track) == measure(track.astype(np.float32))


def test_memory_does_not_grow_with_the_track() -> None:
    accumulator = made(44_100, 2)
    minute = song(60)
    accumulator.update(minute)
    after_one = accumulator.retained_bytes
    for _ in range(4):
        accumulator.update(minute)
    assert accumulator.retained_bytes == after_one < 3_000_000
