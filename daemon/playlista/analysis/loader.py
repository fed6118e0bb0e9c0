"""Opens a track as the memory settings say; `playlista.memory_optimized_loader` offers it under the guide's name.

Input: a path and the settings. Output: ``AudioChunk``s, in one of three ways that the settings choose:

streaming
    chunks of ``MEMORY_OPTIMIZED_CHUNK_DURATION_SECONDS``, nothing kept (the default);
capped array
    ``MEMORY_STREAMING_ENABLED=false``: the analysis signal becomes one array, cut at the track's budget; so does that
    of a file under ``MEMORY_OPTIMIZED_MIN_FILE_MB``, at 44.1 kHz float32, for 600 KB of FLAC may be ten hours;
whole
    optimization off: all of it in memory at 44.1 kHz float32, without a bound.

The guide's calls (``load_audio_streaming``, ``load_audio_memory_capped``, ``get_memory_info``) stand on the same
stream that the daemon reads.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playlista.analysis.track_stream import Assembly, Signals, TrackStream
from playlista.config import Settings, settings_from_process
from playlista.decode.blocks import AudioSource
from playlista.decode.opening import open_source
from playlista.decode.resample import MonoResampler
from playlista.memory.budget import TrackBudget
from playlista.memory.cgroup import Cgroup
from playlista.memory.child import child_limit
from playlista.memory.headroom import HIGH_WATERMARK, headroom
from playlista.memory.monitor import read_memory
from playlista.native.library import choose_kernels
from playlista.system.callbacks import either, noop
from playlista.system.units import MEBIBYTE

FULL_RATE_HZ = 44100
#: A block of native samples is never larger, whatever the rate and the number of channels.
MAX_BLOCK_BYTES = 4 * MEBIBYTE
ALL_SIGNALS = Signals()
ANALYSIS_SIGNAL = Signals(model=False)
NO_SIGNALS = Signals(analysis=False, model=False)

logger = logging.getLogger("playlista.memory_optimized_loader")


class MemoryOptimizedLoader:
    """Opens tracks as the settings say, and answers the guide's calls."""

    def __init__(self, settings: Settings, cgroup: Cgroup | None = None) -> None:
        self._settings = settings
        self._cgroup = cgroup or Cgroup()
        self._kernels = choose_kernels(settings.native_kernels).kernels

    @property
    def sample_rate(self) -> int:
        """Hz of the analysis signal."""
        return self._settings.analysis_rate_hz

    def assembly(self, path: str | Path) -> Assembly:
        """The guide's rule: optimization on and the file not below the threshold is streamed, else it is loaded."""
        if not self._settings.memory_optimization_enabled:
            return Assembly.WHOLE
        streamed = self._settings.memory_streaming_enabled and not self._is_small(path)
        return Assembly.STREAMED if streamed else Assembly.CAPPED

    def _is_small(self, path: str | Path) -> bool:
        threshold = self._settings.memory_optimized_min_file_mb * MEBIBYTE
        return threshold > 0 and os.stat(path).st_size < threshold

    def budget(self, max_mb: float | None = None) -> TrackBudget:
        """What one track may retain right now; limits are read anew at every call."""
        return TrackBudget.of(
            max_mb=self._settings.memory_optimized_max_mb_per_track if max_mb is None else max_mb,
            limit_percent=self._settings.memory_optimized_memory_limit_percent,
            limit_bytes=self._cgroup.memory_limit().bytes,
        )

    def child_memory_bytes(self) -> int:
        """What an ffmpeg child may allocate right now."""
        return child_limit(headroom(self._cgroup.occupancies(), HIGH_WATERMARK).free_bytes)

    def open(
        self,
        path: str | Path,
        *,
        assembly: Assembly | None = None,
        signals: Signals = ALL_SIGNALS,
        budget: TrackBudget | None = None,
        chunk_seconds: float | None = None,
        stop: Callable[[], bool] = noop,
        cleanup: Callable[[], object] = noop,
        ahead: bool = False,
        checks_integrity: bool = False,
    ) -> TrackStream:
        """Open `path` for one pass.

        Parameters
        ----------
        assembly, budget, chunk_seconds : None for what the settings say of this file now.
        stop : asked before every block; true ends the pass with ``Interrupted``.
        cleanup : called after every chunk, when the consumer is done with it.
        ahead : decode the next chunk in another thread while the consumer has the last; it holds one chunk more.
        checks_integrity : compare the file's own checksums on the way.

        Raises
        ------
        DecodeError : the file cannot be opened as audio, with the reason.
        """
        budget, leaving = budget or self.budget(), Event()
        stop_or_leave = either(leaving.is_set, stop)
        rate_hz, dtype = self._analysis_format(path, assembly)
        return TrackStream(
            self._source(str(path), budget, chunk_seconds, stop_or_leave, checks_integrity=checks_integrity),
            analysis_rate_hz=rate_hz,
            analysis_dtype=dtype,
            assembly=assembly or self.assembly(path),
            budget=budget,
            signals=signals,
            stop=stop_or_leave,
            cleanup=cleanup,
            leaving=leaving,
            ahead=ahead,
            kernels=self._kernels,
        )

    def _analysis_format(self, path: str | Path, assembly: Assembly | None) -> tuple[int, type[np.floating]]:
        """Rate in Hz and type of the analysis signal: 44.1 kHz float32 for what is loaded whole."""
        if assembly is Assembly.WHOLE or (assembly is None and self._is_small(path)):
            return FULL_RATE_HZ, np.float32
        return self._settings.analysis_rate_hz, np.float16 if self._settings.analysis_is_float16 else np.float32

    def _source(
        self,
        path: str,
        budget: TrackBudget,
        chunk_seconds: float | None,
        stop: Callable[[], bool],
        *,
        checks_integrity: bool,
    ) -> AudioSource:
        settings = self._settings
        mapped = settings.memory_optimization_enabled and settings.memory_mapping_enabled
        return open_source(
            path,
            block_seconds=chunk_seconds or settings.memory_optimized_chunk_duration_seconds,
            max_block_bytes=min(MAX_BLOCK_BYTES, budget.budget_bytes // 4),
            mapping_min_bytes=int(settings.memory_mapping_min_mb * MEBIBYTE) if mapped else None,
            timeout_seconds=settings.track_timeout_seconds,
            child_memory_bytes=self.child_memory_bytes,
            stop=stop,
            checks_integrity=checks_integrity,
            kernels=self._kernels,
        )

    def load_audio_streaming(self, path: str | Path) -> Iterator[tuple[NDArray[np.floating], float, float]]:
        """The guide's streaming: (chunk, start_time, end_time) of the analysis signal, times in seconds."""
        position = 0
        with self.open(path, assembly=Assembly.STREAMED, signals=ANALYSIS_SIGNAL) as stream:
            for chunk in stream:
                if len(chunk.analysis):
                    start, position = position, position + len(chunk.analysis)
                    yield chunk.analysis, start / stream.analysis_rate_hz, position / stream.analysis_rate_hz

    def load_audio_memory_capped(
        self, path: str | Path, max_mb: float | None = None
    ) -> tuple[NDArray[np.floating], int]:
        """The guide's capped array: (audio, sample_rate), cut at `max_mb` MB or at the configured budget.

        Returns
        -------
        audio : [shape=(n,), float16 or float32, mono, sample_rate Hz]
        """
        with self.open(path, assembly=Assembly.CAPPED, signals=ANALYSIS_SIGNAL, budget=self.budget(max_mb)) as stream:
            for chunk in stream:
                audio = chunk.analysis  # the last chunk is the array; those before it have an empty signal
            if stream.truncation:
                cut = stream.truncation
                logger.warning("%s: cut after %d samples (%s)", path, cut.kept_samples, cut.reason)
            logger.debug("%s: %d samples, %.1f MB", path, len(audio), audio.nbytes / MEBIBYTE)
            return audio, stream.analysis_rate_hz

    def get_memory_info(self) -> dict[str, Any]:
        """Memory as the system sees it, in bytes, with ``current_usage`` as the guide names resident memory."""
        snapshot = read_memory(self._cgroup)
        return {
            "current_usage": snapshot.resident_bytes,
            **asdict(snapshot),
            "budget_bytes": self.budget().budget_bytes,
        }


@cache
def get_memory_optimized_loader() -> MemoryOptimizedLoader:
    """The loader of this process, from its configuration file and environment."""
    return MemoryOptimizedLoader(settings_from_process())


def safe_essentia_load(path: str | Path, sample_rate: int = FULL_RATE_HZ) -> tuple[NDArray[np.float32], int]:
    """The conventional way that the guide compares with: the whole file, mono float32, in one array.

    Raises
    ------
    DecodeError : the file cannot be decoded.
    """
    loader = MemoryOptimizedLoader(Settings(memory_optimization_enabled=False))
    with loader.open(path, assembly=Assembly.WHOLE, signals=ANALYSIS_SIGNAL) as stream:
        (chunk,) = stream
    audio = chunk.analysis.astype(np.float32, copy=False)
    if sample_rate != FULL_RATE_HZ:
        resampler = MonoResampler(FULL_RATE_HZ, sample_rate)
        audio = np.concatenate([resampler.process(audio), resampler.finish()])
    return audio, sample_rate
