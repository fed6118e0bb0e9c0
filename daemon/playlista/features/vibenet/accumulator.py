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

from playlista.features.frames import FrameStream
from playlista.features.vibenet.bands import FRAME_SAMPLES, HOP_SAMPLES, VibenetBands
from playlista.features.vibenet.pieces import PIECE_FRAMES, SpreadPieces
from playlista.tracks import Vibenet

#: Version of the values in ``Vibenet``; rises when they change.
VERSION = 1

#: Frames computed at once; they do not cross the end of a piece.
_BATCH_FRAMES = PIECE_FRAMES // 4
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
        self._frames = FrameStream(FRAME_SAMPLES, HOP_SAMPLES, _BATCH_FRAMES)
        self._bands = VibenetBands(_BATCH_FRAMES)
        self.reset()

    def reset(self) -> None:
        """As new."""
        self._frames.reset()
        self._pieces = SpreadPieces()

    @property
    def retained_bytes(self) -> int:
        """Bytes of left-over samples and of the frames that are kept."""
        return self._frames.retained_bytes + self._pieces.retained_bytes

    def update(self, chunk: NDArray[np.floating]) -> None:
        """Take samples [shape=(n,), mono, 16 kHz, -1..1]."""
        for frames in self._frames.push(chunk):
            self._pieces.put(self._bands.bands(frames))

    def result(self) -> Vibenet | None:
        """The values; None for silence and where there was not one sample."""
        for frames in self._frames.flush():
            self._pieces.put(self._bands.bands(frames))
        if self._pieces.is_empty:
            return None
        levels = self._pieces.frames()
        greatest = levels.max()
        if greatest <= _SILENT_DB:
            return None
        np.maximum(levels, greatest - _RANGE_DB, out=levels)
        return Vibenet(**self._network.values(levels.T, self._checkpoint))
