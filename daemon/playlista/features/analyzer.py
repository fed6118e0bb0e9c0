"""All features of one track side by side, fed from one stream of chunks.

What enters: ``AudioChunk``s. What leaves: the feature groups of the result object, the seconds each took and what
all of them retained. Files, budgets and clocks of the wall are not its business.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from time import thread_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playlista.features import loudness, rhythm, spectral, tags, tonal
from playlista.features.accumulator import Accumulator
from playlista.tracks import FEATURE_GROUPS, AudioChunk, Loudness, Rhythm, Spectral, Tagging, Tonal

#: Version of each feature group; when one rises, that group alone is computed anew.
VERSIONS: dict[str, int] = {
    "rhythm": rhythm.VERSION,
    "tonal": tonal.VERSION,
    "loudness": loudness.VERSION,
    "spectral": spectral.VERSION,
    "tags": tags.VERSION,
}


@dataclass(frozen=True, slots=True)
class Features:
    """What was asked for; the groups that were not are None."""

    rhythm: Rhythm | None = None
    tonal: Tonal | None = None
    loudness: Loudness | None = None
    spectral: Spectral | None = None
    tags: Tagging | None = None


class FeatureAnalyzer:
    """Runs the accumulators of one track.

    Parameters
    ----------
    sample_rate_hz, channels : of the native lane.
    analysis_rate_hz : of the analysis lane.
    tagger : the accumulator of tags, which outlives tracks because its model is dear to load; None without a model.
    groups : which groups to compute; those of ``FEATURE_GROUPS``.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        channels: int,
        analysis_rate_hz: int,
        *,
        tagger: Accumulator[Tagging | None] | None,
        groups: Collection[str] = FEATURE_GROUPS,
    ) -> None:
        made: dict[str, Accumulator[Any] | None] = {
            "rhythm": rhythm.RhythmAccumulator(analysis_rate_hz) if "rhythm" in groups else None,
            "tonal": tonal.TonalAccumulator(analysis_rate_hz) if "tonal" in groups else None,
            "loudness": loudness.LoudnessAccumulator(sample_rate_hz, channels) if "loudness" in groups else None,
            "spectral": spectral.SpectralAccumulator(analysis_rate_hz) if "spectral" in groups else None,
            "tags": tagger if "tags" in groups else None,
        }
        self._accumulators = {group: accumulator for group, accumulator in made.items() if accumulator is not None}
        self.seconds = dict.fromkeys(FEATURE_GROUPS, 0.0)
        if "tags" in self._accumulators:
            self._accumulators["tags"].reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes that all accumulators hold right now."""
        return sum(accumulator.retained_bytes for accumulator in self._accumulators.values())

    @property
    def versions(self) -> dict[str, int]:
        """Versions of the groups that are being computed."""
        return {group: VERSIONS[group] for group in self._accumulators}

    def update(self, chunk: AudioChunk) -> None:
        """Give each accumulator its lane of `chunk`."""
        for group, accumulator in self._accumulators.items():
            samples = self._lane(group, chunk)
            if len(samples):
                started = thread_time()
                accumulator.update(samples)
                self.seconds[group] += thread_time() - started

    def result(self) -> Features:
        """Close every accumulator."""
        results = {}
        for group, accumulator in self._accumulators.items():
            started = thread_time()
            results[group] = accumulator.result()
            self.seconds[group] += thread_time() - started
        return Features(**results)

    @staticmethod
    def _lane(group: str, chunk: AudioChunk) -> NDArray[np.floating]:
        if group == "loudness":
            return chunk.native
        return chunk.model if group == "tags" else chunk.analysis
