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

from playlista.features.health.authenticity import authenticity, of_lossy
from playlista.features.health.bit_depth import BitDepth
from playlista.features.health.blocks import TAIL_FRAMES, Block, PlanarBlocks, block_frames
from playlista.features.health.channels import ChannelLevels
from playlista.features.health.clipping import ClippingMeter
from playlista.features.health.codecs.search import GridSearch
from playlista.features.health.continuity import ContinuityMeter
from playlista.features.health.passes import NumpyPasses, Passes
from playlista.features.health.silence import SilenceMeter
from playlista.features.health.spectrum import SpectrumLooks
from playlista.native.kernels import Kernels
from playlista.tracks.findings import SUSPICION
from playlista.tracks.health import Health

#: Raised when values change.
VERSION: int = 2


class HealthAccumulator:
    """Measures the health of one track.

    Parameters
    ----------
    sample_rate_hz : any.
    channels : at least 1.
    layout : the loudspeaker of each channel ("FL", "LFE"), in the order of the samples; empty where it is not known.
    is_lossless : of the format; of the others it is known where they come from.
    kernels : compiled kernels to compute with; None for NumPy.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        channels: int,
        layout: Sequence[str] = (),
        *,
        is_lossless: bool = True,
        kernels: Kernels | None = None,
    ) -> None:
        self._is_lossless = is_lossless
        self._sample_rate_hz = sample_rate_hz
        most = max(channels * block_frames(channels), TAIL_FRAMES + block_frames(channels))
        self._passes: Passes = kernels or NumpyPasses(most)
        self._blocks = PlanarBlocks(channels, self._passes)
        self._levels = ChannelLevels(channels, self._passes, layout)
        self._silence = SilenceMeter(sample_rate_hz, self._passes)
        self._clipping = ClippingMeter(sample_rate_hz, channels)
        self._bits = BitDepth(self._passes)
        self._continuity = ContinuityMeter(sample_rate_hz, channels, self._passes)
        self._grid = GridSearch(sample_rate_hz, kernels)
        self._looks = SpectrumLooks(sample_rate_hz, channels, self._grid.update if is_lossless else None)
        self._measures = (self._levels, self._silence, self._clipping, self._bits, self._continuity, self._looks)
        self.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of the block, of what is kept of the one before, and of the sums; constant after the first block."""
        parts = (self._blocks, self._levels, self._grid, self._looks)
        return self._passes.work_bytes + sum(part.retained_bytes for part in parts)

    def reset(self) -> None:
        """Forget the track."""
        self._frames = 0
        self._blocks.reset()
        self._grid.reset()
        for measure in self._measures:
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
        breaks = self._continuity.breaks()
        looks = self._looks
        origin = authenticity(looks.average(), self._grid.best()) if self._is_lossless else of_lossy(looks.mean())
        positions = {
            "clipped": clipping.positions,
            "silence": silences.positions,
            "dropouts": breaks.dropout_positions,
            "clicks": breaks.click_positions,
        }
        health = Health(
            lossy_suspicion=origin.suspicion,
            suspicion_evidence=origin.evidence,
            bandwidth_hz=origin.bandwidth_hz,
            upsampled_from_hz=origin.upsampled_from_hz,
            dropouts=breaks.dropouts,
            clicks=breaks.clicks,
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
        # An encoder ends the spectrum where it likes, from frame to frame.
        is_original = self._is_lossless and (origin.suspicion or 0.0) < SUSPICION
        joins = self._looks.joins() if is_original else []
        return health.with_rate_changes([join / self._sample_rate_hz for join in joins])

    def _measure(self, block: Block) -> None:
        self._frames += block.frames
        for measure in self._measures:
            measure.update(block)

    def _per_minute(self, count: int) -> float:
        return round(60.0 * count * self._sample_rate_hz / self._frames, 3) if self._frames else 0.0
