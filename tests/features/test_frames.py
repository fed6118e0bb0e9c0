"""Frames are cut at the same samples whatever the chunks, and no short signal is lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from playlista.features.frames import FrameStream, frame_length_of


def cut(stream: FrameStream, chunks: list[NDArray[np.floating]]) -> list[NDArray[np.float32]]:
    """Every batch of the stream, copied out of its buffer."""
    batches = [batch.copy() for chunk in chunks for batch in stream.push(chunk)]
    return batches + [batch.copy() for batch in stream.flush()]


def expected_frames(signal: NDArray[np.float32], frame_length: int, hop_length: int) -> NDArray[np.float32]:
    """Frames by plain indexing of the whole signal."""
    if 0 < signal.size < frame_length:
        signal = np.pad(signal, (0, frame_length - signal.size))
    starts = range(0, signal.size - frame_length + 1, hop_length)
    return np.array([signal[start : start + frame_length] for start in starts], np.float32).reshape(-1, frame_length)


@st.composite
def streams(draw: st.DrawFn) -> tuple[int, int, int, int, list[int]]:
    """Frame length, hop, batch, signal length and the places where the signal is split."""
    frame_length = draw(st.integers(1, 16))
    length = draw(st.integers(0, 200))
    splits = draw(st.lists(st.integers(0, length), max_size=30))
    return frame_length, draw(st.integers(1, frame_length)), draw(st.integers(1, 5)), length, sorted(splits)


@given(streams())
def test_any_split_of_a_signal_gives_the_frames_of_the_whole(case: tuple[int, int, int, int, list[int]]) -> None:
    frame_length, hop_length, batch_frames, length, splits = case
    signal = np.arange(1, length + 1, dtype=np.float32)
    batches = cut(FrameStream(frame_length, hop_length, batch_frames), np.split(signal, splits))
    frames = np.concatenate(batches) if batches else np.empty((0, frame_length), np.float32)
    np.testing.assert_array_equal(frames, expected_frames(signal, frame_length, hop_length))


@given(streams())
def test_every_batch_but_the_last_is_full(case: tuple[int, int, int, int, list[int]]) -> None:
    frame_length, hop_length, batch_frames, length, splits = case
    batches = cut(FrameStream(frame_length, hop_length, batch_frames), np.split(np.ones(length, np.float32), splits))
    assert all(len(batch) == batch_frames for batch in batches[:-1])
    assert all(1 <= len(batch) <= batch_frames for batch in batches[-1:])


def test_a_signal_shorter_than_a_frame_is_padded_with_zeros() -> None:
    (batch,) = cut(FrameStream(4, 2, 8), [np.array([1, 2], np.float32)])
    np.testing.assert_array_equal(batch, [[1, 2, 0, 0]])


def test_the_end_of_a_longer_signal_is_not_padded() -> None:
    (batch,) = cut(FrameStream(4, 2, 8), [np.arange(1, 8, dtype=np.float32)])
    np.testing.assert_array_equal(batch, [[1, 2, 3, 4], [3, 4, 5, 6]])


def test_half_precision_is_widened() -> None:
    (batch,) = cut(FrameStream(2, 2, 1), [np.array([0.5, -0.25], np.float16)])
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(batch, [[0.5, -0.25]])


def test_after_a_flush_the_stream_is_as_new() -> None:
    stream = FrameStream(4, 2, 3)
    signal = np.arange(1, 24, dtype=np.float32)
    first, second = cut(stream, [signal]), cut(stream, [signal])
    assert len(first) > 1
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_short_signal_is_padded_after_a_long_one_too() -> None:
    stream = FrameStream(4, 2, 3)
    assert len(cut(stream, [np.ones(23, np.float32)])) > 1
    (batch,) = cut(stream, [np.array([1, 2], np.float32)])
    np.testing.assert_array_equal(batch, [[1, 2, 0, 0]])


def test_a_reset_forgets_what_was_pushed() -> None:
    stream = FrameStream(4, 2, 3)
    assert list(stream.push(np.ones(5, np.float32))) == []
    stream.reset()
    assert list(stream.flush()) == []


def test_the_memory_does_not_grow_with_the_signal() -> None:
    stream = FrameStream(1024, 512, 16)
    before = stream.retained_bytes
    assert sum(len(batch) for batch in stream.push(np.zeros(1_000_000, np.float32))) > 1000
    assert stream.retained_bytes == before == 4 * (15 * 512 + 1024)


def test_a_batch_cannot_be_written_to() -> None:
    (batch,) = FrameStream(2, 1, 1).push(np.ones(2, np.float32))
    with pytest.raises(ValueError, match="read-only"):
        batch[0, 0] = 3.0


@pytest.mark.parametrize(("frame", "hop", "batch"), [(0, 0, 1), (4, 0, 1), (4, 5, 1), (4, 2, 0)])
def test_impossible_lengths_are_refused(frame: int, hop: int, batch: int) -> None:
    with pytest.raises(ValueError, match="no frames of"):
        FrameStream(frame, hop, batch)


@pytest.mark.parametrize(("rate", "length"), [(8000, 2048), (22050, 4096), (44100, 8192), (48000, 8192)])
def test_frames_of_like_duration_at_every_rate(rate: int, length: int) -> None:
    assert frame_length_of(0.186, rate) == length
