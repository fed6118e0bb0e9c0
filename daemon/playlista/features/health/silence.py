"""Silence before, between and behind the sound.

Input: planar blocks. Output: `Silences`. Silence is where no channel leaves `SILENCE_LEVEL`, -60 dBFS; between sounds
it is measured in stretches of 256 frames, before and behind the sound to the sample. A track that is silent from end to
end has all of its length as silence at the start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.features.health.blocks import Block
from playlista.features.health.passes import Passes
from playlista.features.health.positions import FirstPositions
from playlista.native.results import STRETCH_FRAMES

#: -60 dBFS: below the noise of most analogue recordings, above dither.
SILENCE_LEVEL = 1e-3
LEVEL = float(np.float32(SILENCE_LEVEL))
#: Seconds from which on a silence is one to be named.
LONG_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Silences:
    """Seconds; ``positions`` are the starts of the first long silences between sounds."""

    start_seconds: float
    end_seconds: float
    longest_seconds: float
    positions: tuple[float, ...]


class SilenceMeter:
    """Follows the sound of one track at `sample_rate_hz`."""

    def __init__(self, sample_rate_hz: int, passes: Passes) -> None:
        self._passes = passes
        self._sample_rate_hz = sample_rate_hz
        self.reset()

    def reset(self) -> None:
        """Forget the track."""
        self._frames = 0
        self._first_sound: int | None = None
        self._sound_end = 0  # the frame behind the last sound
        self._longest = 0
        self._positions = FirstPositions(self._sample_rate_hz)

    def update(self, block: Block) -> None:
        """Take the next block."""
        self._frames = block.start + block.frames
        span = self._passes.sounding(block.padded, LEVEL)
        if span is None:
            return
        start = block.start + span[0]
        if self._first_sound is None:
            self._first_sound = start
        else:
            self._note_gap(self._sound_end, start - self._sound_end)
        if all(channel.softest_peak <= LEVEL for channel in block.extremes):
            self._note_gaps_between(np.flatnonzero((block.peaks > LEVEL).any(axis=0)), block.start)
        self._sound_end = block.start + span[1] + 1

    def silences(self) -> Silences:
        """What is known at the end of the track."""
        rate_hz = self._sample_rate_hz
        if self._first_sound is None:
            return Silences(self._frames / rate_hz, 0.0, 0.0, ())
        behind = (self._frames - self._sound_end) / rate_hz
        return Silences(self._first_sound / rate_hz, behind, self._longest / rate_hz, self._positions.seconds())

    @property
    def _long_frames(self) -> float:
        return LONG_SECONDS * self._sample_rate_hz

    def _note_gaps_between(self, sounding: NDArray[np.intp], block_start: int) -> None:
        if len(sounding) > int(sounding[-1] - sounding[0]):
            return
        steps = np.diff(sounding)
        for index in np.flatnonzero(steps > self._long_frames // STRETCH_FRAMES):
            gap_start = block_start + (int(sounding[index]) + 1) * STRETCH_FRAMES
            self._note_gap(gap_start, (int(steps[index]) - 1) * STRETCH_FRAMES)
        self._longest = max(self._longest, (int(steps.max()) - 1) * STRETCH_FRAMES)

    def _note_gap(self, start: int, frames: int) -> None:
        self._longest = max(self._longest, frames)
        if frames >= self._long_frames:
            self._positions.add(np.array([start]))
