"""Reads a track's file for pictures of its health: the average spectrum, and the waveform around its first faults.

Input: a file that was analyzed, and the places of its faults. Output: `Evidence`. The file is read from its start, in
blocks, no further than needed, and within a deadline; what was not reached by then is left out and counted. A block,
the sums of the spectrum and a few windows of samples are in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playlista.decode.opening import open_source
from playlista.errors import DecodeError
from playlista.features.health.blocks import PlanarBlocks, block_frames
from playlista.features.health.passes import NumpyPasses
from playlista.features.health.pictures import WINDOWS, SpectrumCurve, Waveform, WaveformWindow, spectrum_curve
from playlista.features.health.spectrum import SpectrumLooks
from playlista.system.callbacks import noop

#: Sound that the spectrum is an average of, at most; a look at it is taken every few seconds.
HEARD_SECONDS = 300.0
#: Faults of each kind whose waveform is shown.
SHOWN_PLACES = 2
#: Well below what a client waits for an answer.
DEADLINE_SECONDS = 10.0
BLOCK_SECONDS = 1.0
MAX_BLOCK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Evidence:
    """Pictures of a track's health.

    heard_seconds : of sound that was read from the start.
    spectrum : None where there was too little sound.
    waveforms : around the first faults, in the order of time.
    left_out : faults that were to be shown and were not reached in time.
    """

    heard_seconds: float
    spectrum: SpectrumCurve | None
    waveforms: tuple[Waveform, ...]
    left_out: int

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return asdict(self)


def read_evidence(
    path: str,
    positions: Mapping[str, Sequence[float]],
    *,
    deadline_seconds: float = DEADLINE_SECONDS,
    stop: Callable[[], bool] = noop,
) -> Evidence:
    """Read the file at `path`.

    Parameters
    ----------
    positions : seconds of faults by kind, as in ``Health.positions``; kinds without a waveform are passed over.
    deadline_seconds : wall time after which no more is read.
    stop : true once the program wants to end.

    Raises
    ------
    DecodeError : nothing of the file can be decoded.
    Interrupted : the stop signal came.
    """
    with open_source(
        path,
        block_seconds=BLOCK_SECONDS,
        max_block_bytes=MAX_BLOCK_BYTES,
        mapping_min_bytes=None,
        timeout_seconds=deadline_seconds,
        stop=stop,
    ) as source:
        listener = _Listener(source.info.sample_rate_hz, source.info.channels, positions)
        with suppress(DecodeError):  # damaged, or out of time: what came before is shown
            for block in source.blocks():
                if listener.update(block):
                    break
    return listener.evidence()


class _Listener:
    """Takes the frames of one track as long as it needs more of them."""

    def __init__(self, sample_rate_hz: int, channels: int, positions: Mapping[str, Sequence[float]]) -> None:
        self._rate = sample_rate_hz
        self._frames = 0
        self._blocks = PlanarBlocks(channels, NumpyPasses(channels * block_frames(channels)))
        self._looks = SpectrumLooks(sample_rate_hz, channels, _not_searched)
        self._windows = [
            WaveformWindow(kind, seconds, sample_rate_hz, channels) for seconds, kind in sorted(_places(positions))
        ]
        self._end = max(round(HEARD_SECONDS * sample_rate_hz), *(window.end for window in self._windows), 0)

    def update(self, frames: NDArray[np.float32]) -> bool:
        """Take `frames` [shape=(n, channels), float32]; whether these were enough."""
        if self._frames < HEARD_SECONDS * self._rate:
            for block in self._blocks.cut(frames):
                self._looks.update(block)
        for window in self._windows:
            window.update(self._frames, frames)
        self._frames += len(frames)
        return self._frames >= self._end

    def evidence(self) -> Evidence:
        """What was found, once there are no more frames."""
        for block in self._blocks.rest():
            self._looks.update(block)
        spectrum = self._looks.average()
        shown = [waveform for window in self._windows if (waveform := window.waveform()) is not None]
        return Evidence(
            heard_seconds=round(self._frames / self._rate, 3),
            spectrum=None if spectrum is None else spectrum_curve(spectrum),
            waveforms=tuple(shown),
            left_out=len(self._windows) - len(shown),
        )


def _not_searched(_samples: NDArray[np.float32], _start: int) -> None:
    """Nobody looks for an encoder's grid here: the analysis did."""


def _places(positions: Mapping[str, Sequence[float]]) -> Iterator[tuple[float, str]]:
    for kind in WINDOWS:
        for seconds in positions.get(kind, ())[:SHOWN_PLACES]:
            yield seconds, kind
