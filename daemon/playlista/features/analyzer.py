"""All features of one track side by side, fed from one stream of chunks.

Input: ``AudioChunk``s. Output: the feature groups of the result object, the seconds each took and what
all of them retained. Files, budgets and clocks of the wall are not its business.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor, wait
from dataclasses import dataclass
from time import thread_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playlista.features.accumulator import Accumulator, noop
from playlista.features.fingerprint import accumulator as fingerprint
from playlista.features.health import accumulator as health
from playlista.features.loudness import accumulator as loudness
from playlista.features.rhythm import accumulator as rhythm
from playlista.features.spectral import accumulator as spectral
from playlista.features.tags import accumulator as tags
from playlista.features.tonal import accumulator as tonal
from playlista.features.vibenet import accumulator as vibenet
from playlista.native.kernels import Kernels
from playlista.tracks import FEATURE_GROUPS, Fingerprint, Health, Loudness, Rhythm, Spectral, Tagging, Tonal, Vibenet
from playlista.tracks.chunks import AudioChunk

#: Version of each feature group; when one rises, that group alone is computed anew.
VERSIONS: dict[str, int] = {
    "rhythm": rhythm.VERSION,
    "tonal": tonal.VERSION,
    "loudness": loudness.VERSION,
    "spectral": spectral.VERSION,
    "tags": tags.VERSION,
    "health": health.VERSION,
    "fingerprint": fingerprint.VERSION,
    "vibenet": vibenet.VERSION,
}


#: Samples of the analysis signal that are widened to float32 at once: 0.5 MB.
PIECE_SAMPLES = 131_072


@dataclass(frozen=True, slots=True)
class Features:
    """What was asked for; the groups that were not are None."""

    rhythm: Rhythm | None = None
    tonal: Tonal | None = None
    loudness: Loudness | None = None
    spectral: Spectral | None = None
    tags: Tagging | None = None
    health: Health | None = None
    fingerprint: Fingerprint | None = None
    vibenet: Vibenet | None = None


class FeatureAnalyzer:
    """Runs the accumulators of one track.

    Parameters
    ----------
    sample_rate_hz, channels : of the native signal.
    analysis_rate_hz : of the analysis signal.
    tagger : the accumulator of tags, which outlives tracks because its model is dear to load; None without a model.
    network : carries VibeNet; None where it is not asked for.
    layout : the loudspeaker of each native channel; empty where it is not known.
    is_lossless : of the file's format: of lossless ones it is asked whether they were lossy once.
    groups : which groups to compute; those of ``FEATURE_GROUPS``.
    checkpoint : called now and then while the end of a long track is worked out; what it raises ends ``result``.
    tempo_range : the slowest and the fastest tempo to count in; None for what most people tap to.
    tags_executor : runs the tags of each chunk in another thread; None for one after the other. No accumulator is ever
        touched by two threads at a time, so the results are the same.
    kernels : compiled kernels to compute with; None for NumPy.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        channels: int,
        analysis_rate_hz: int,
        *,
        tagger: Accumulator[Tagging | None] | None,
        network: vibenet.VibenetNetwork | None = None,
        layout: Sequence[str] = (),
        is_lossless: bool = True,
        groups: Collection[str] = FEATURE_GROUPS,
        checkpoint: Callable[[], None] = noop,
        tempo_range: tuple[int, int] | None = None,
        tags_executor: Executor | None = None,
        kernels: Kernels | None = None,
    ) -> None:
        makers: dict[str, Callable[[], Accumulator[Any] | None]] = {
            "rhythm": lambda: rhythm.RhythmAccumulator(
                analysis_rate_hz, tempo_range=tempo_range, checkpoint=checkpoint, kernels=kernels
            ),
            "tonal": lambda: tonal.TonalAccumulator(analysis_rate_hz, kernels=kernels),
            "loudness": lambda: loudness.LoudnessAccumulator(sample_rate_hz, channels, layout, kernels=kernels),
            "spectral": lambda: spectral.SpectralAccumulator(analysis_rate_hz, kernels=kernels),
            "tags": lambda: tagger,
            "health": lambda: health.HealthAccumulator(
                sample_rate_hz, channels, layout, is_lossless=is_lossless, kernels=kernels
            ),
            "fingerprint": lambda: fingerprint.FingerprintAccumulator(analysis_rate_hz, kernels=kernels),
            "vibenet": lambda: vibenet.VibenetAccumulator(network, checkpoint) if network else None,
        }
        made = {group: make() for group, make in makers.items() if group in groups}
        self._accumulators = {group: accumulator for group, accumulator in made.items() if accumulator is not None}
        self.seconds = dict.fromkeys(FEATURE_GROUPS, 0.0)
        self._tags_executor = tags_executor
        self._kernels = kernels
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
        """Give each accumulator its signal of `chunk`."""
        if self._tags_executor is None:
            self._update_tags(chunk)
            self._update_others(chunk)
            return
        tags = self._tags_executor.submit(self._update_tags, chunk)
        try:
            self._update_others(chunk)
        finally:
            wait((tags,))  # the tagger outlives the track: it must not be at work when the next one resets it
        tags.result()

    def _update_tags(self, chunk: AudioChunk) -> None:
        for group in self._on("tags", "vibenet"):
            self._feed(group, chunk.model)

    def _update_others(self, chunk: AudioChunk) -> None:
        for group in self._on("loudness", "health"):
            self._feed(group, chunk.native)
        if groups := self._on("rhythm", "tonal", "spectral", "fingerprint"):
            for start in range(0, len(chunk.analysis), PIECE_SAMPLES):
                # Widened once for all of them; a piece at a time, since a capped array is a whole track.
                piece = self._widened(chunk.analysis[start : start + PIECE_SAMPLES])
                for group in groups:
                    self._feed(group, piece)

    def _widened(self, samples: NDArray[np.floating]) -> NDArray[np.floating]:
        """`samples` as float32; NumPy widens one by one."""
        if self._kernels and samples.dtype == np.float16:
            return self._kernels.from_half(samples)
        return samples.astype(np.float32, copy=False)

    def result(self) -> Features:
        """Close every accumulator."""
        results = {}
        for group, accumulator in self._accumulators.items():
            started = thread_time()
            results[group] = accumulator.result()
            self.seconds[group] += thread_time() - started
        return Features(**results)

    def _on(self, *groups: str) -> list[str]:
        """Those of `groups` that are being computed."""
        return [group for group in groups if group in self._accumulators]

    def _feed(self, group: str, samples: NDArray[np.floating]) -> None:
        if len(samples):
            started = thread_time()
            self._accumulators[group].update(samples)
            self.seconds[group] += thread_time() - started
