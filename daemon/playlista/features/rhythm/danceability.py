"""How steadily the loudness of a track pulses: danceability by detrended fluctuation analysis.

Input: mono chunks at the analysis rate. Output: one number, usually 0.5..3; higher is more danceable.

Source: Streich and Herrera, "Detrended fluctuation analysis of music signals: danceability estimation and further
semantic characterization" (AES 118th Convention, 2005). The standard deviation of the samples in every frame is summed
up into a walk. Blocks of the walk are detrended by their lines of best fit, and the root mean square of what is left is
the fluctuation at the scale of the blocks' length. It grows with the scale to the power alpha; a strong pulse makes
alpha small at scales longer than its period. Danceability is 1 over the mean of alpha between neighbouring scales,
from 310 ms to 8.8 s and each 1.1 times the one before, as in essentia's ``Danceability``, with which it agrees within
a tenth.

A line of best fit absorbs the mean of the loudness in its block, which in the paper is taken off beforehand; so
blocks can be analyzed as they come, and only sums are kept. Frames are 20 ms long (10 ms in the paper, which at 22
050 Hz is no whole number of samples, and a frame that is half a sample short beats against a steady pulse).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from playlista.features.frames import FrameStream, overlapping

FRAME_SECONDS = 0.02
SHORTEST_SCALE_SECONDS = 0.31
LONGEST_SCALE_SECONDS = 8.8
SCALE_FACTOR = 1.1
#: Added to both scales of a pair by the paper: three frames of its 10 ms.
SCALE_OFFSET_SECONDS = 0.03
#: Blocks start every quarter of their length.
BLOCK_HOPS = 4
#: Under 3 s too few scales fit in.
SHORTEST_SECONDS = 3.0
#: A loop that repeats itself to the sample has an alpha near 0.
HIGHEST = 10.0
#: A walk that at the largest scale strays by less than the mean loudness of 1 ms is that of a held sound.
STEADY_SECONDS = 0.001
#: What is louder than a square wave at +20 dBFS, or overflows, is taken for that.
LOUDEST = 10.0

_BATCH_FRAMES = 64
#: Loudnesses are collected beyond the longest block before blocks are analyzed: 82 s of them.
_COLLECTED_FRAMES = 4096


class DanceabilityAccumulator:
    """Danceability of one track, from chunks of any length, in constant memory."""

    def __init__(self, sample_rate_hz: int) -> None:
        frame_length = round(FRAME_SECONDS * sample_rate_hz)
        self._frames = FrameStream(frame_length, frame_length, _BATCH_FRAMES)
        self._scales = scale_frames(sample_rate_hz / frame_length)
        self._steady_frames = STEADY_SECONDS * sample_rate_hz / frame_length
        self._offset_frames = SCALE_OFFSET_SECONDS * sample_rate_hz / frame_length
        self._recent = np.zeros(int(self._scales[-1]) + _COLLECTED_FRAMES)
        self._shortest_frames = math.ceil(SHORTEST_SECONDS * sample_rate_hz / frame_length)
        self.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of left-over samples, of the latest loudnesses and of the sums; bounded."""
        sums = self._squares.nbytes + self._blocks.nbytes + self._next.nbytes
        return self._frames.retained_bytes + self._recent.nbytes + sums

    def update(self, chunk: NDArray[np.floating]) -> None:
        """Take the next samples [shape=(n,), float16 or float32, mono, -1..1]."""
        for batch in self._frames.push(chunk):
            self._collect(batch)

    def result(self) -> float | None:
        """Close the stream and answer.

        Returns
        -------
        0..10, usually 0.5..3; None for a track under 3 s and for a held tone or chord.
        """
        for batch in self._frames.flush():
            self._collect(batch)
        self._analyze()
        told = self._squares > 0
        if self._frames_seen < self._shortest_frames or np.count_nonzero(told) < 2:
            return None
        fluctuation = np.sqrt(self._squares[told] / self._blocks[told])
        if fluctuation[-1] < self._steady_frames * self._loudness / self._frames_seen:
            return None
        scales = self._scales[told] + self._offset_frames
        alpha = float(np.mean(np.diff(np.log(fluctuation)) / np.diff(np.log(scales))))
        return min(1.0 / alpha, HIGHEST) if alpha > 0 else HIGHEST

    def reset(self) -> None:
        """Forget the track."""
        self._frames.reset()
        self._frames_seen = 0
        self._filled = 0
        self._loudness = 0.0
        self._next = np.zeros(len(self._scales), np.int64)
        self._squares = np.zeros(len(self._scales))
        self._blocks = np.zeros(len(self._scales), np.int64)

    def _collect(self, frames: NDArray[np.float32]) -> None:
        if self._filled + len(frames) > len(self._recent):
            self._analyze()
        with np.errstate(over="ignore", invalid="ignore"):
            centred = frames - frames.mean(axis=1)[:, np.newaxis]
            mean_square = np.vecdot(centred, centred) / np.float32(frames.shape[1])
            loudness = np.fmin(np.sqrt(mean_square), LOUDEST).astype(np.float64)
        self._recent[self._filled : self._filled + len(frames)] = loudness
        self._loudness += float(loudness.sum())
        self._filled += len(frames)
        self._frames_seen += len(frames)

    def _analyze(self) -> None:
        """Add the blocks that have come in, and forget what no block needs any more."""
        recent = self._recent[: self._filled]
        walk = np.cumsum(recent - recent.mean()) if self._filled else recent
        for index, scale in enumerate(self._scales.tolist()):
            self._fluctuate(index, scale, walk)
        unneeded = min(int(self._next.min()), self._filled)
        self._recent[: self._filled - unneeded] = recent[unneeded:].copy()
        self._filled -= unneeded
        self._next -= unneeded

    def _fluctuate(self, index: int, scale: int, walk: NDArray[np.float64]) -> None:
        """Add the blocks of `scale` frames that are whole."""
        hop = max(scale // BLOCK_HOPS, 1)
        rest = walk[self._next[index] :]
        if len(rest) < scale:
            return
        blocks = overlapping(rest, scale, hop)
        self._squares[index] += _mean_squares_off_line(blocks).sum()
        self._blocks[index] += len(blocks)
        self._next[index] += len(blocks) * hop


def _mean_squares_off_line(blocks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean squares of what each block [shape=(blocks, frames)] leaves around its line of best fit."""
    frames = blocks.shape[1]
    position = np.arange(frames) - (frames - 1) / 2
    apart = np.ascontiguousarray(blocks)  # BLAS knows no rows that overlap
    mean, slope = (apart @ np.stack((np.full(frames, 1.0 / frames), position), axis=1)).T
    line = mean**2 + slope**2 / (frames * np.dot(position, position))
    left: NDArray[np.float64] = np.maximum(np.vecdot(apart, apart) / frames - line, 0.0)
    return left


def scale_frames(frame_rate_hz: float) -> NDArray[np.int64]:
    """Lengths of the blocks in frames, in ascending order."""
    count = int(math.log(LONGEST_SCALE_SECONDS / SHORTEST_SCALE_SECONDS) / math.log(SCALE_FACTOR)) + 1
    seconds = SHORTEST_SCALE_SECONDS * SCALE_FACTOR ** np.arange(count)
    return np.unique((seconds * frame_rate_hz).astype(np.int64))
