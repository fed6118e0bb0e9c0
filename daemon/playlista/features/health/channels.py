"""The channels against each other: offset, difference of level, dead, the same twice, one upside down.

Input: planar blocks. Output: `ChannelFacts`. Of a track of more than two channels only the two at the front are
compared with each other: the others are silent for long in sound mixes, and rightly.

Thresholds
----------
offset
    The mean of a channel, if it is `STEADY_RATIO` times the deviation of the means of blocks (some 0.7 s in stereo):
    an offset is there all the time. One that comes and goes with a voice or a note is its waveform.
dead channel
    The weaker front channel is `DEAD_DB` below the other, over the whole track: silence, or the hiss of a cable that
    was not plugged in. Of music panned hard to one side some reverberation reaches the other.
mono
    What the channels do not share holds at most `SAME_ENERGY` of the energy, -50 dB: the same signal twice, whatever
    its level in each, and rounded or dithered apart.
inverted polarity
    The correlation of the channels is below `INVERTED_CORRELATION`, and below `INVERTED_BASS_CORRELATION` in the bass
    (means of `BASS_FRAMES`, below some 300 Hz), which is the same on both sides of nearly every recording; without
    bass, the first condition decides alone. Wide stereo, phasing and reverberation have negative moments, not a
    negative track. Of channels with little in common nobody can tell: they sound the same either way up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.features.health.blocks import Block
from playlista.features.health.passes import Passes
from playlista.native.results import BASS_FRAMES

DEAD_DB = 50.0
SAME_ENERGY = 1e-5
INVERTED_CORRELATION = -0.25
INVERTED_BASS_CORRELATION = -0.5
#: Means hold one in `BASS_FRAMES` of the energy of sound without bass; less than so many times that is no bass.
NO_BASS = 2.0
STEADY_RATIO = 2.0
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

    def __init__(self, channels: int, passes: Passes, layout: Sequence[str] = ()) -> None:
        self._channels = channels
        self._passes = passes
        known = {"FL", "FR"} <= set(layout)
        self._front = [layout.index("FL"), layout.index("FR")] if known else [0, int(channels > 1)]
        self.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of the sums; constant."""
        return self._sums.nbytes + self._squared_means.nbytes + self._energies.nbytes + self._products.nbytes

    def reset(self) -> None:
        """Forget the track."""
        self._frames = 0
        self._bass_steps = 0
        self._sums = np.zeros(self._channels)
        self._squared_means = np.zeros(self._channels)  # of blocks, times their frames
        self._energies = np.zeros(self._channels)
        self._products = np.zeros(6)  # see ``Levels.front``

    def update(self, block: Block) -> None:
        """Take the next block."""
        levels = self._passes.levels(block.padded, self._front)
        self._frames += block.frames
        self._bass_steps += block.padded.shape[1] // BASS_FRAMES
        self._sums += levels.sums
        self._squared_means += levels.sums**2 / block.frames
        self._energies += levels.energies
        self._products += levels.front

    def facts(self) -> ChannelFacts:
        """What is known at the end of the track."""
        if not self._frames:
            return ChannelFacts()
        means = self._sums / self._frames
        energies = self._energies / self._frames - means**2  # an offset is no sound
        offset = self._offset(means)
        if self._channels == 1 or max(energies[self._front]) < SILENT_ENERGY:
            return ChannelFacts(dc_offset=offset)
        return self._compared(offset, means[self._front], energies[self._front])

    def _offset(self, means: NDArray[np.float64]) -> float:
        """The steady mean that is farthest from 0; 0 where none is steady."""
        variances = np.maximum(self._squared_means / self._frames - means**2, 0.0)
        steady = np.where(np.abs(means) >= STEADY_RATIO * np.sqrt(variances), means, 0.0)
        return float(steady[np.abs(steady).argmax()])

    def _compared(self, offset: float, means: NDArray[np.float64], energies: NDArray[np.float64]) -> ChannelFacts:
        strong, weak = max(energies), max(*[min(energies)], 1e-30)
        if 10.0 * math.log10(strong / weak) >= DEAD_DB:
            return ChannelFacts(dc_offset=offset, dead_channel=True)
        difference_db = 10.0 * math.log10(max(energies[0], 1e-30) / max(energies[1], 1e-30))
        product = self._products[0] / self._frames - means[0] * means[1]
        correlation = product / math.sqrt(energies[0] * energies[1])
        is_same = 1.0 - correlation**2 <= SAME_ENERGY
        is_inverted = correlation < INVERTED_CORRELATION and self._is_bass_inverted(energies)
        return ChannelFacts(
            dc_offset=offset,
            difference_db=difference_db,
            polarity_inverted=bool(is_inverted),
            is_mono=bool(is_same and correlation > 0.0),
        )

    def _is_bass_inverted(self, energies: NDArray[np.float64]) -> bool:
        """Whether the bass is opposed, too; true where there is no bass to tell."""
        scale = np.array([1, 1, BASS_FRAMES, BASS_FRAMES, BASS_FRAMES]) * BASS_FRAMES  # of means, and of their products
        means = self._products[1:] / scale / max(self._bass_steps, 1)
        left, right, left_energy, right_energy, product = means
        bass = np.array([left_energy - left**2, right_energy - right**2])
        if (bass * BASS_FRAMES < NO_BASS * energies).any():
            return True
        return bool((product - left * right) / math.sqrt(bass[0] * bass[1]) < INVERTED_BASS_CORRELATION)
