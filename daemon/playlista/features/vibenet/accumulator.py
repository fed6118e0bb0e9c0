"""Seven values of a track from VibeNet, which is asked once, when the track has come to its end.

Input: mono samples at 16 kHz in chunks of any length, and what carries the network. Output: a
:class:`~playlista.tracks.Vibenet`. Frames are the network's authors' own: the first begins at the first sample, the end
that fills no frame is left out, a track shorter than a frame is padded with zeros.

The network's gates depend on the mean over all that it is given, so that windows of a track have other answers than the
track. Frames are kept for it (``pieces``), as float16, whose step of 0.06 dB moves no answer by 0.001.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from playlista.features.vibenet.bands import FRAME_SAMPLES, HOP_SAMPLES, VibenetBands
from playlista.features.vibenet.pieces import PIECE_FRAMES, SpreadPieces
from playlista.tracks import Vibenet

#: Version of the values in ``Vibenet``; rises when they change.
VERSION = 1

#: Frames computed at once.
_BLOCK_FRAMES = PIECE_FRAMES // 4
#: Bands count for no less than so many dB under the greatest of the track.
_RANGE_DB = np.float32(80)
#: All of it is silent: the least level that there is.
_SILENT_DB = -100.0


class VibenetNetwork(Protocol):
    """What carries the network."""

    def values(self, bands: NDArray[np.float32], checkpoint: Callable[[], None]) -> Mapping[str, float]:
        """The values by their names, of bands [shape=(128, columns), dB]."""


class VibenetAccumulator:
    """Collects what the network listens to.

    Parameters
    ----------
    network : asked once, by ``result``.
    checkpoint : called now and then while it is asked; what it raises ends ``result``.
    """

    def __init__(self, network: VibenetNetwork, checkpoint: Callable[[], None]) -> None:
        self._network = network
        self._checkpoint = checkpoint
        self._bands = VibenetBands(_BLOCK_FRAMES)
        self._samples = np.zeros(self._bands.block_samples, dtype=np.float32)
        self.reset()

    def reset(self) -> None:
        """As new."""
        self._filled = self._seen_samples = self._seen_frames = 0
        self._pieces = SpreadPieces()

    @property
    def retained_bytes(self) -> int:
        """Bytes of left-over samples and of the frames that are kept."""
        return self._samples.nbytes + self._pieces.retained_bytes

    def update(self, chunk: NDArray[np.floating]) -> None:
        """Take samples [shape=(n,), mono, 16 kHz, -1..1]."""
        self._seen_samples += len(chunk)
        position = 0
        while position < len(chunk):
            taken = min(len(chunk) - position, len(self._samples) - self._filled)
            self._samples[self._filled : self._filled + taken] = chunk[position : position + taken]
            self._filled += taken
            position += taken
            if self._filled == len(self._samples):
                self._take_block(_BLOCK_FRAMES)

    def result(self) -> Vibenet | None:
        """The values; None for silence and where there was not one sample."""
        if self._seen_samples == 0:
            return None
        frames = 1 + max(0, self._seen_samples - FRAME_SAMPLES) // HOP_SAMPLES
        if missing := frames - self._seen_frames:
            self._samples[self._filled :] = 0.0
            self._take_block(missing)
        levels = self._pieces.frames()
        greatest = levels.max()
        if greatest <= _SILENT_DB:
            return None
        np.maximum(levels, greatest - _RANGE_DB, out=levels)
        return Vibenet(**self._network.values(levels.T, self._checkpoint))

    def _take_block(self, frames: int) -> None:
        """The first `frames` frames of the sample buffer; what overlaps the next block stays in it."""
        self._pieces.put(self._bands.bands(self._samples)[:frames])
        consumed = _BLOCK_FRAMES * HOP_SAMPLES
        kept = len(self._samples) - consumed
        self._samples[:kept] = self._samples[consumed:]
        self._filled = max(0, self._filled - consumed)
        self._seen_frames += frames
