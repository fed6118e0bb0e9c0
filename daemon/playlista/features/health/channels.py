"""The channels against each other: offset, difference of level, dead, the same twice, one upside down.

Input: planar blocks. Output: `ChannelFacts`. Of a track of more than two channels only the two at the front are
compared with each other: the others are silent for long in sound mixes, and rightly.

Thresholds
----------
dead channel
    The weaker front channel is `DEAD_DB` below the other, over the whole track: silence, or the hiss of a cable that
    was not plugged in. Of music panned hard to one side some reverberation reaches the other.
mono
    What the channels do not share holds at most `SAME_ENERGY` of the energy, -50 dB: the same signal twice, whatever
    its level in each, and rounded or dithered apart.
inverted polarity
    The correlation of the channels is below `INVERTED_CORRELATION`, and below `INVERTED_BASS_CORRELATION` in the bass
    (means of `BASS_FRAMES`, below some 300 Hz), which is the same on both sides of nearly every recording. Wide
    stereo, phasing and reverberation have negative moments, not a negative track.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.features.health.blocks import STEP_FRAMES, Block

DEAD_DB = 50.0
SAME_ENERGY = 1e-5
INVERTED_CORRELATION = -0.25
INVERTED_BASS_CORRELATION = -0.5
BASS_FRAMES = 128
#: Mean squares below this, -90 dB, are silence: nothing is said of channels without sound.
SILENT_ENERGY = 1e-9


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """See the module for what each means, and ``tracks.Health`` for units."""

    dc_offset: float = 0.0
    difference_db: float | None = None
    dead_channel: bool = False
    polarity_inverted: bool = False
    is_mono: bool = False


class ChannelLevels:
    """Sums and products of the channels of one track.

    Parameters
    ----------
    channels : at least 1.
    layout : the loudspeaker of each channel; empty where it is not known: then the first two are taken for the front.
    """

    def __init__(self, channels: int, layout: Sequence[str] = ()) -> None:
        self._channels = channels
        self._front = [layout.index("FL"), layout.index("FR")] if {"FL", "FR"} <= set(layout) else [0, 1]
        self._ones = np.ones(BASS_FRAMES, np.float32)
        self.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of the sums; constant."""
        return self._sums.nbytes + self._energies.nbytes + self._products.nbytes + self._bass.nbytes + self._ones.nbytes

    def reset(self) -> None:
        """Forget the track."""
        self._frames = 0
        self._bass_steps = 0
        self._sums = np.zeros(self._channels)
        self._energies = np.zeros(self._channels)
        self._products = np.zeros(1)
        self._bass = np.zeros(5)  # sums of left and right, of their squares, of their product

    def update(self, block: Block) -> None:
        """Take the next block."""
        steps = block.padded.reshape(self._channels, -1, STEP_FRAMES)
        # As products, a thousand samples at a time: exact enough in float32, and numpy's sum of short rows is slow.
        bass = block.padded.reshape(self._channels, -1, BASS_FRAMES) @ self._ones
        self._frames += block.frames
        self._sums += bass.sum(axis=1, dtype=np.float64)
        self._energies += np.vecdot(steps, steps).sum(axis=1, dtype=np.float64)
        if self._channels > 1:
            left, right = self._front
            self._products += np.vecdot(steps[left], steps[right]).sum(dtype=np.float64)
            self._update_bass(bass[left].astype(np.float64), bass[right].astype(np.float64))

    def _update_bass(self, left: NDArray[np.float64], right: NDArray[np.float64]) -> None:
        self._bass_steps += len(left)
        self._bass += (left.sum(), right.sum(), left @ left, right @ right, left @ right)

    def facts(self) -> ChannelFacts:
        """What is known at the end of the track."""
        if not self._frames:
            return ChannelFacts()
        means = self._sums / self._frames
        offset = float(means[np.abs(means).argmax()])
        energies = self._energies / self._frames - means**2  # an offset is no sound
        if self._channels == 1 or max(energies[self._front]) < SILENT_ENERGY:
            return ChannelFacts(dc_offset=offset)
        return self._compared(offset, means[self._front], energies[self._front])

    def _compared(self, offset: float, means: NDArray[np.float64], energies: NDArray[np.float64]) -> ChannelFacts:
        strong, weak = max(energies), max(*[min(energies)], 1e-30)
        if 10.0 * math.log10(strong / weak) >= DEAD_DB:
            return ChannelFacts(dc_offset=offset, dead_channel=True)
        difference_db = 10.0 * math.log10(max(energies[0], 1e-30) / max(energies[1], 1e-30))
        product = self._products[0] / self._frames - means[0] * means[1]
        correlation = product / math.sqrt(energies[0] * energies[1])
        is_same = 1.0 - correlation**2 <= SAME_ENERGY
        is_inverted = correlation < INVERTED_CORRELATION and self._bass_correlation() < INVERTED_BASS_CORRELATION
        return ChannelFacts(
            dc_offset=offset,
            difference_db=difference_db,
            polarity_inverted=bool(is_inverted),
            is_mono=bool(is_same and correlation > 0.0),
        )

    def _bass_correlation(self) -> float:
        """Correlation of the channels in the bass; -1 where there is no bass to tell."""
        left, right, left_energy, right_energy, product = self._bass / max(self._bass_steps, 1)
        energies = (left_energy - left**2) * (right_energy - right**2)
        return float((product - left * right) / math.sqrt(energies)) if energies > 0.0 else -1.0
