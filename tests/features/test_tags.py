"""How a track is cut into patches and averaged, with a runtime whose answers say what it was given."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from playlista.features.tags.accumulator import TagsAccumulator
from playlista.features.tags.musicnn_mel import MusicnnMel
from playlista.tracks import Tagging
from tests.exhaustive import examples
from tests.signals import noise, song

RATE_HZ = 16_000
HOP = 256
PATCH = 187
LABELS = ("mean", "first", "last")


class Probe:
    """At the model's edge: answers the mean of each patch and of its first and last frame, and keeps the patches."""

    name = "probe"

    def __init__(self) -> None:
        self.patches: list[NDArray[np.float32]] = []
        self.batches: list[int] = []

    def activations(self, patches: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self.patches.extend(patches.copy())
        self.batches.append(len(patches))
        means = [(patch.mean(), patch[0].mean(), patch[-1].mean()) for patch in patches]
        return np.array(means, np.float32), patches.mean(axis=1)[:, :5]


def tagging(samples: NDArray[np.float32], *, chunk: int | None = None, **parameters: int) -> tuple[Tagging, Probe]:
    probe = Probe()
    accumulator = TagsAccumulator(probe, LABELS, **parameters)
    for start in range(0, len(samples), chunk or max(1, len(samples))):
        accumulator.update(samples[start : start + chunk] if chunk else samples)
    result = accumulator.result()
    assert result is not None
    return result, probe


def all_frames(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Frame k centred on sample 256 k, with zeros outside: the definition, computed in one go."""
    count = 1 + len(samples) // HOP
    mel = MusicnnMel(count)
    padded = np.zeros(mel.block_samples + 512, np.float32)
    padded[256 : 256 + len(samples)] = samples
    return mel.bands(padded[: mel.block_samples])


def test_frames_are_centred_and_patches_follow_one_another() -> None:
    samples = noise(10, RATE_HZ)
    frames = all_frames(samples)
    _, probe = tagging(samples)
    assert len(frames) == 626
    for patch, start in zip(probe.patches, (0, 187, 374, 626 - 187), strict=True):
        np.testing.assert_allclose(patch, frames[start : start + PATCH], atol=1e-5)


def test_the_end_counts_by_the_share_of_a_hop_that_it_newly_covers() -> None:
    samples = np.concatenate([noise(9, RATE_HZ, 0.1), noise(1, RATE_HZ, 1.0)])
    result, probe = tagging(samples)
    frames = 1 + len(samples) // HOP
    weights = np.array([1, 1, 1, (frames - 3 * PATCH) / PATCH])
    means = np.array([patch.mean() for patch in probe.patches], np.float64)
    assert result.tags["mean"] == pytest.approx(weights @ means / weights.sum(), rel=1e-6)
    assert (result.patches, result.padded, result.runtime) == (4, False, "probe")


def test_where_frames_end_with_a_patch_there_is_none_more() -> None:
    result, probe = tagging(noise(20, RATE_HZ)[: (3 * PATCH - 1) * HOP])
    assert (result.patches, len(probe.patches)) == (3, 3)


@pytest.mark.parametrize("hop", [1, 46, 93, 187])
def test_patches_begin_every_hop_and_the_last_lies_flush_with_the_end(hop: int) -> None:
    samples = noise(5, RATE_HZ)
    frames = all_frames(samples)
    result, probe = tagging(samples, patch_hop_frames=hop)
    starts = list(range(0, len(frames) - PATCH + 1, hop))
    if starts[-1] + PATCH < len(frames):
        starts.append(len(frames) - PATCH)
    assert result.patches == len(starts)
    for patch, start in zip(probe.patches, starts, strict=True):
        np.testing.assert_allclose(patch, frames[start : start + PATCH], atol=1e-5)


def test_a_track_shorter_than_a_patch_is_repeated_and_says_that_it_was_padded() -> None:
    samples = noise(2, RATE_HZ)
    frames = all_frames(samples)
    result, probe = tagging(samples)
    assert (result.patches, result.padded) == (1, True)
    np.testing.assert_allclose(probe.patches[0], np.resize(frames, (PATCH, 96)), atol=1e-5)


@pytest.mark.parametrize("samples", [1, 255, 256, 511, 512, 513, 47_615, 47_616, 47_617, 48_128])
def test_any_length_from_one_sample_on_has_tags(samples: int) -> None:
    result, probe = tagging(noise(4, RATE_HZ)[:samples])
    assert result.padded == (1 + samples // HOP < PATCH)
    assert all(np.isfinite(patch).all() for patch in probe.patches)


def test_no_sample_at_all_has_none() -> None:
    accumulator = TagsAccumulator(Probe(), LABELS)
    accumulator.update(np.zeros(0, np.float32))
    assert accumulator.result() is None


SIGNAL = song(11.3, RATE_HZ)[:, 0]
WHOLE = tagging(SIGNAL)[0]


@settings(max_examples=examples(25))
@given(cuts=st.lists(st.integers(0, len(SIGNAL)), max_size=40))
def test_any_split_of_one_signal_gives_the_same_bits(cuts: list[int]) -> None:
    accumulator = TagsAccumulator(Probe(), LABELS)
    for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), len(SIGNAL)], strict=True):
        accumulator.update(SIGNAL[start:stop])
    assert accumulator.result() == WHOLE


@pytest.mark.parametrize("chunk", [1, 160, 48_000])
def test_chunks_of_any_length_give_the_same_bits(chunk: int) -> None:
    short = SIGNAL[:70_000]
    assert tagging(short, chunk=chunk)[0] == tagging(short)[0]


@pytest.mark.parametrize("batch_size", [2, 3, 64])
def test_the_batch_size_changes_how_often_the_runtime_is_asked_and_no_tag(batch_size: int) -> None:
    result, probe = tagging(SIGNAL, batch_size=batch_size)
    assert result == WHOLE
    assert probe.batches == [batch_size] * (4 // batch_size) + ([4 % batch_size] if 4 % batch_size else [])


def test_after_reset_it_is_as_new_whatever_it_heard() -> None:
    accumulator = TagsAccumulator(Probe(), LABELS, batch_size=3)
    for _ in range(2):
        accumulator.update(noise(3.7, RATE_HZ))
        accumulator.reset()
        accumulator.update(SIGNAL)
        assert accumulator.result() == WHOLE
        accumulator.reset()


def test_half_precision_chunks_are_widened() -> None:
    halves = SIGNAL.astype(np.float16)
    assert tagging(halves)[0] == tagging(halves.astype(np.float32))[0]


def test_what_it_keeps_does_not_grow_with_the_track() -> None:
    probe = Probe()
    accumulator = TagsAccumulator(probe, LABELS)
    held = []
    minute = noise(60, RATE_HZ)
    for _ in range(5):
        accumulator.update(minute)
        probe.patches.clear()
        held.append(accumulator.retained_bytes)
    assert max(held) - min(held) <= PATCH * 96 * 4  # a patch's worth of frames more or less
    assert max(held) < 1_000_000


@pytest.mark.parametrize("parameters", [{"patch_hop_frames": 0}, {"patch_hop_frames": 188}, {"batch_size": 0}])
def test_parameters_out_of_range_are_refused(parameters: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="allowed"):
        TagsAccumulator(Probe(), LABELS, **parameters)
