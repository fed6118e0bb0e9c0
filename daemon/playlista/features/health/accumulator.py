"""The health of one track: its faults, and signs of a lossy past.

Input: chunks of the native stream, interleaved float32, at native rate and channels. Output: ``tracks.Health``, but for
its integrity, which the file's own checksums tell.

Chunks are re-cut to blocks on a grid that is fixed from the first sample, so every split of one signal gives the same
answer. Each measure has a module of its own, which states its thresholds; what all of them keep does not grow with the
track.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from playlista.features.health.bit_depth import BitDepth
from playlista.features.health.blocks import Block, PlanarBlocks
from playlista.features.health.channels import ChannelLevels
from playlista.features.health.clipping import ClippingMeter
from playlista.features.health.silence import SilenceMeter
from playlista.tracks.health import Health

#: Raised when values change.
VERSION: int = 1


class HealthAccumulator:
    """Measures the health of one track.

    Parameters
    ----------
    sample_rate_hz : any.
    channels : at least 1.
    layout : the loudspeaker of each channel ("FL", "LFE"), in the order of the samples; empty where it is not known.
    """

    def __init__(self, sample_rate_hz: int, channels: int, layout: Sequence[str] = ()) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._blocks = PlanarBlocks(channels)
        self._levels = ChannelLevels(channels, layout)
        self._silence = SilenceMeter(sample_rate_hz)
        self._clipping = ClippingMeter(sample_rate_hz, channels)
        self._bits = BitDepth()
        self.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of the block and of the sums; constant."""
        return self._blocks.retained_bytes + self._levels.retained_bytes

    def reset(self) -> None:
        """Forget the track."""
        self._frames = 0
        self._blocks.reset()
        for measure in (self._levels, self._silence, self._clipping, self._bits):
            measure.reset()

    def update(self, chunk: NDArray[np.floating]) -> None:
        """Take the next samples.

        Parameters
        ----------
        chunk : np.ndarray [shape=(n, channels), float32, native rate], finite; full scale is -1..1, more is legal.
        """
        for block in self._blocks.cut(chunk):
            self._measure(block)

    def result(self) -> Health:
        """Close the stream and answer; see ``tracks.Health``."""
        for block in self._blocks.rest():
            self._measure(block)
        channels, silences, clipping = self._levels.facts(), self._silence.silences(), self._clipping.clipping()
        positions = {"clipped": clipping.positions, "silence": silences.positions}
        return Health(
            effective_bits=self._bits.effective_bits(),
            clipped_runs=clipping.runs,
            longest_clipped_samples=clipping.longest_samples,
            clipped_runs_per_minute=self._per_minute(clipping.runs),
            dc_offset=channels.dc_offset,
            channel_difference_db=channels.difference_db,
            dead_channel=channels.dead_channel,
            polarity_inverted=channels.polarity_inverted,
            is_mono=channels.is_mono,
            silence_start_seconds=silences.start_seconds,
            silence_end_seconds=silences.end_seconds,
            longest_silence_seconds=silences.longest_seconds,
            positions={kind: found for kind, found in positions.items() if found},
        )

    def _measure(self, block: Block) -> None:
        self._frames += block.frames
        for measure in (self._levels, self._silence, self._clipping, self._bits):
            measure.update(block)

    def _per_minute(self, count: int) -> float:
        return round(60.0 * count * self._sample_rate_hz / self._frames, 3) if self._frames else 0.0
