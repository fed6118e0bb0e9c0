"""The passes of health by the compiled kernels against the same by NumPy: places and counts exactly, sums to 1e-6."""

from __future__ import annotations

import hashlib
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from playlista.decode.integrity.flac_md5 import SampleMd5, StatedMd5
from playlista.features.health.accumulator import HealthAccumulator
from playlista.features.health.passes import NumpyPasses
from playlista.native.kernels import Kernels
from playlista.native.results import Sharpness
from playlista.tracks import Health
from tests import signals
from tests.exhaustive import examples

KINDS = ("noise", "integers", "held", "silence", "clipped", "denormal", "huge")
NUMPY = NumpyPasses(200_000)


def planar(kind: str, channels: int, frames: int, seed: int) -> NDArray[np.float32]:
    """Samples of a kind [shape=(channels, frames)]."""
    random = np.random.default_rng(seed)
    noise = random.uniform(-1, 1, (channels, frames))
    made = {
        "noise": lambda: noise,
        "integers": lambda: np.round(noise * 32767) / 32768,
        "held": lambda: np.repeat(noise, 1 + seed % 90, axis=1)[:, :frames],
        "silence": lambda: np.zeros((channels, frames)),
        "clipped": lambda: np.clip(2 * noise, -0.9, 0.9),
        "denormal": lambda: noise * 1e-40,
        "huge": lambda: noise * 3e38,
    }
    return np.ascontiguousarray(made[kind](), np.float32)


SAMPLES = st.builds(
    planar, st.sampled_from(KINDS), st.sampled_from([1, 2, 3, 6]), st.integers(0, 12).map(lambda n: n * 1024),
    st.integers(0, 1_000),
)  # fmt: skip
CHANNELS = st.builds(
    planar, st.sampled_from(KINDS), st.sampled_from([1, 2, 3]), st.integers(1, 9_000), st.integers(0, 1_000),
)  # fmt: skip


@given(samples=SAMPLES.filter(lambda samples: samples.size > 0), rest=st.integers(0, 5), end=st.integers(1, 1_024))
def test_surveys_and_sounding_spans_are_equal_also_of_rows_that_lie_apart(
    kernels: Kernels, samples: NDArray[np.float32], rest: int, end: int
) -> None:
    apart = np.ascontiguousarray(np.pad(samples, ((0, 0), (0, rest))))[:, : samples.shape[1]]
    ours, theirs = kernels.survey(apart, end), NUMPY.survey(samples, end)
    np.testing.assert_array_equal(ours.peaks, theirs.peaks)
    assert ours.extremes == theirs.extremes
    for level in (0.0, 1e-3, 0.9, 2.0):
        assert kernels.sounding(apart, level) == NUMPY.sounding(samples, level)


@given(samples=SAMPLES)
def test_levels_are_equal_to_a_millionth(kernels: Kernels, samples: NDArray[np.float32]) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        found = [way.levels(samples, (0, len(samples) - 1)) for way in (kernels, NUMPY)]
    scale = max(float(np.abs(samples).max(initial=0.0)), 1e-30) * max(samples.shape[1], 1)
    if scale < 1e15:  # squares of larger ones leave float32, in both
        np.testing.assert_allclose(found[0].sums, found[1].sums, atol=1e-6 * scale)
        np.testing.assert_allclose(found[0].energies, found[1].energies, rtol=1e-6)
        np.testing.assert_allclose(found[0].front, found[1].front, rtol=1e-5, atol=1e-6 * scale**2)


SHARPNESS = st.builds(
    Sharpness, least=st.sampled_from([0.0, 0.02, 0.5]), of_stretches=st.sampled_from([0.5, 1.0, 1.5]),
    ratio=st.sampled_from([0.5, 1.0, 2.0]), near=st.integers(2, 128), width=st.integers(0, 1),
)  # fmt: skip


@given(samples=CHANNELS, sharpness=SHARPNESS, clicks=st.integers(0, 9))
def test_sharp_bends_are_in_the_same_places_and_as_sharp(
    kernels: Kernels, samples: NDArray[np.float32], sharpness: Sharpness, clicks: int
) -> None:
    samples = np.array(samples * np.float32(0.05))
    samples[:, :: len(samples[0]) // (clicks + 1) + 1] += 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        both = zip(kernels.sharp_bends(samples, sharpness), NUMPY.sharp_bends(samples, sharpness), strict=True)
    for ours, theirs in both:
        np.testing.assert_array_equal(ours.places, theirs.places)
        np.testing.assert_array_equal(ours.ratios, theirs.ratios)


def test_a_single_click_is_found_with_how_much_sharper_it_is(kernels: Kernels) -> None:
    samples = np.zeros((2, 2_048), np.float32)
    samples[:, 1::2] = 0.01  # bends of 0.02
    samples[1, 800] = 1.0
    for way in (kernels, NUMPY):
        none, click = way.sharp_bends(samples, Sharpness(0.5, 1.5, 2.0, 128, 1))
        assert not len(none.places)
        assert click.places.tolist() == [800]
        assert click.ratios[0] == pytest.approx(1.98 / 0.02, rel=1e-4)


@given(samples=CHANNELS, least=st.integers(16, 80))
def test_runs_of_equal_samples_are_equal(kernels: Kernels, samples: NDArray[np.float32], least: int) -> None:
    for both in zip(kernels.equal_runs(samples, least), NUMPY.equal_runs(samples, least), strict=True):
        for ours, theirs in zip(*both, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@given(
    peaks=st.lists(st.sampled_from([0.0, 0.01, 0.25, 0.5, 0.75]), max_size=60), least=st.sampled_from([0.0, 0.02]),
    channels=st.integers(1, 3),
)  # fmt: skip
def test_pairs_of_equal_peaks_are_the_same_ones(
    kernels: Kernels, peaks: list[float], least: float, channels: int
) -> None:
    values = np.array([np.roll(peaks, shift) for shift in range(channels)], np.float32)
    for ours, theirs in zip(kernels.equal_pairs(values, least), NUMPY.equal_pairs(values, least), strict=True):
        assert set(zip(*map(np.ndarray.tolist, ours), strict=True)) == set(
            zip(*map(np.ndarray.tolist, theirs), strict=True)
        )


@given(samples=SAMPLES.filter(lambda samples: samples.size > 0))
def test_bits_in_use_are_equal(kernels: Kernels, samples: NDArray[np.float32]) -> None:
    with np.errstate(over="ignore"):
        assert kernels.used_bits(samples) == NUMPY.used_bits(samples)


@given(
    bits=st.sampled_from([4, 8, 12, 16, 20, 24]), shape=st.tuples(st.integers(0, 3_000), st.integers(1, 3)),
    total=st.integers(0, 3_000), seed=st.integers(0, 1_000),
)  # fmt: skip
def test_the_bytes_that_flac_hashes_are_the_integers_themselves(
    kernels: Kernels, bits: int, shape: tuple[int, int], total: int, seed: int
) -> None:
    scale = 1 << bits - 1
    integers = np.random.default_rng(seed).integers(-scale, scale, shape, dtype=np.int64)
    samples = (integers / scale).astype(np.float32)
    of_each = (bits + 7) // 8
    expected = integers.astype("<i8").reshape(-1, 1).view(np.uint8)[:, :of_each].tobytes()
    assert kernels.pack(samples, float(scale), of_each).tobytes() == expected
    for way in (kernels, None):
        md5 = SampleMd5(StatedMd5(bits, total, hashlib.md5(expected, usedforsecurity=False).digest()), way)
        md5.update(samples)
        assert md5.fits


def health(track: NDArray[np.float32], kernels: Kernels | None) -> Health:
    accumulator = HealthAccumulator(44_100, track.shape[1], kernels=kernels)
    for start in range(0, len(track), 50_000):
        accumulator.update(track[start : start + 50_000])
    return accumulator.result()


def damaged(seed: int) -> NDArray[np.float32]:
    """A few seconds of music with every fault in it at a place of its own [shape=(n, 2)]."""
    random = np.random.default_rng(seed)
    track = signals.song(6, seed=seed) + random.uniform(-0.01, 0.01, (6 * 44_100, 2))
    start = int(random.integers(30_000, 200_000))
    track[start : start + 60] = 0.0
    track[start + 9_000, 0] += 0.7
    track[start + 15_000 : start + 15_700] = track[start + 14_300 : start + 15_000]
    track[start + 20_000 : start + 20_300] = np.clip(3 * track[start + 20_000 : start + 20_300], -1, 1)
    return np.asarray(track[: int(random.integers(250_000, len(track)))], np.float32)


@settings(max_examples=examples(15))
@given(seed=st.integers(0, 10_000))
def test_a_damaged_track_is_found_to_be_so_in_the_same_places(kernels: Kernels, seed: int) -> None:
    track = damaged(seed)
    native, numpy = asdict(health(track, kernels)), asdict(health(track, None))
    for name, value in numpy.items():
        exact = not isinstance(value, float)
        assert native[name] == (value if exact else pytest.approx(value, abs=1e-6)), name


def test_arrays_that_do_not_fit_are_refused_before_c_sees_them(kernels: Kernels) -> None:
    samples = np.zeros((2, 1_024), np.float32)
    refused = (
        lambda: kernels.survey(samples.astype(np.float64), 9),
        lambda: kernels.survey(samples[:, ::2], 9),
        lambda: kernels.survey(np.broadcast_to(samples[:1], (5, 1_024)), 9),
        lambda: kernels.survey(samples, 1_025),
        lambda: kernels.survey(samples[:, :1_000], 9),
        lambda: kernels.equal_runs(samples, 0),
        lambda: kernels.sharp_bends(samples, Sharpness(0.1, 1.5, 2.0, 129, 1)),
        lambda: kernels.levels(samples[:, :1_000], (0, 1)),
        lambda: kernels.levels(samples, (0, 2)),
        lambda: kernels.planar(np.zeros((10, 2), np.float32), samples, 1_015),
        lambda: kernels.planar(np.zeros((10, 3), np.float32), samples, 0),
        lambda: kernels.pack(samples, 1.0, 4),
    )
    for call in refused:
        with pytest.raises((ValueError, TypeError)):
            call()


def test_planar_samples_are_those_of_the_frames(kernels: Kernels) -> None:
    for channels in (1, 2, 3):
        frames = np.arange(30 * channels, dtype=np.float32).reshape(30, channels)
        into = np.full((channels, 40), -1, np.float32)
        kernels.planar(frames[::3], into, 5)
        np.testing.assert_array_equal(into[:, 5:15], frames[::3].T)
        assert (into[:, :5] == -1).all()
        assert (into[:, 15:] == -1).all()
