"""From a path to a result object: the loader's stream through the features, with everything said that happened.

Input: a path. Output: an ``Analysis`` that is analyzed or partial, or a ``TrackError`` with its reason.
It neither knows the queue nor the database; the daemon's worker, ``analyze`` and the tests all come through here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from playlista.analysis.group_settings import group_settings, made_otherwise
from playlista.analysis.loader import NO_SIGNALS, MemoryOptimizedLoader
from playlista.analysis.track_run import TrackRun, audio_of
from playlista.analysis.track_stream import Assembly, Signals, TrackStream
from playlista.config import Settings
from playlista.decode.chapters import read_chapters
from playlista.decode.metadata import read_metadata
from playlista.decode.opening import needs_child
from playlista.decode.readers.ffmpeg_child import ffmpeg_health
from playlista.decode.storage import fault_of, storage_fault
from playlista.errors import DecodeError, FailureReason, Interrupted, TrackError
from playlista.features.analyzer import VERSIONS, FeatureAnalyzer
from playlista.features.tags.accumulator import TagsAccumulator
from playlista.features.vibenet.accumulator import VibenetNetwork
from playlista.memory.cgroup import Cgroup
from playlista.memory.child import NEED_BYTES
from playlista.memory.configuration import NETWORK_BYTES, Configuration
from playlista.native.library import choose_kernels
from playlista.system.callbacks import noop
from playlista.tracks import FEATURE_GROUPS, Analysis, Audio, Chapter, GroupSettings
from playlista.tracks.origin import Origin

#: Containers of samples as they are; to decode them is a twentieth of the work, of other formats it is a third.
UNCOMPRESSED = frozenset({"WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF"})


@dataclass(frozen=True, slots=True)
class Pass:
    """How one track is to be analyzed.

    groups : feature groups to compute.
    is_known : told the hash of the first seconds of sound, says whether a stored result begins so; if it does, the
        analysis ends with ``KnownOpening`` before it has cost anything, and ``identify`` can tell whether the rest is
        known, too. None analyzes whatever it is.
    configuration : chunk and batch, smaller where memory is short; None for what the settings say.
    """

    groups: Collection[str] = FEATURE_GROUPS
    configuration: Configuration | None = None
    is_known: Callable[[bytes], bool] | None = None


EVERYTHING = Pass()


@dataclass(frozen=True, slots=True)
class Identified:
    """Which music a file holds, without any feature of it."""

    origin: Origin
    music_hash: str
    audio: Audio


class AudioAnalyzer:
    """Analyzes one track at a time.

    Parameters
    ----------
    tagger : accumulator of tags; None where there is no model or MUSICNN_RUNTIME is off.
    network : carries VibeNet; None where MOOD_MODEL is off.
    stop : asked before every chunk; true ends the track with ``Interrupted``.
    cleanup : called after every chunk.
    clock : seconds, monotonic.
    has_hung_since : whether the storage let somebody wait without an answer at any time after that moment.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        tagger: TagsAccumulator | None = None,
        network: VibenetNetwork | None = None,
        cgroup: Cgroup | None = None,
        stop: Callable[[], bool] = noop,
        cleanup: Callable[[], object] = noop,
        clock: Callable[[], float] = time.monotonic,
        has_hung_since: Callable[[float], bool] = lambda _moment: False,
    ) -> None:
        self._cgroup = cgroup or Cgroup()
        self._loader = MemoryOptimizedLoader(settings, self._cgroup)
        self._kernels = choose_kernels(settings.native_kernels).kernels
        self._settings = settings
        self._tagger = tagger
        self._network = network
        self._stop = stop
        self._cleanup = cleanup
        self._clock = clock
        self._has_hung_since = has_hung_since

    def analyze(self, path: str, *, shown_as: str | None = None, how: Pass = EVERYTHING) -> Analysis:
        """Analyze the file at `path`, to be called `shown_as` in the result.

        Raises
        ------
        TrackError : nothing could be analyzed, with the reason.
        Interrupted : the stop signal came first.
        KnownOpening : the track may be known already.
        """
        started = self._clock()
        try:
            return self._analyze(path, shown_as or path, how, started)
        except DecodeError as error:
            if error.reason is FailureReason.DECODE_TIMEOUT and self._has_hung_since(started):
                raise storage_fault("it did not answer for a long time").of_track(path) from error
            raise

    def _analyze(self, path: str, name: str, how: Pass, started: float) -> Analysis:
        signals = Signals(
            analysis=not {"rhythm", "tonal", "spectral", "fingerprint"}.isdisjoint(how.groups),
            model=not (self.versions.keys() & {"tags", "vibenet"}).isdisjoint(how.groups),
        )
        budget = self._loader.budget()
        chunk_seconds = how.configuration.chunk_seconds if how.configuration else None
        if self._tagger is not None and how.configuration is not None:
            self._tagger.batch_size = max(1, how.configuration.batch_patches)
        opened = self._loader.open(
            path,
            signals=signals,
            budget=budget,
            chunk_seconds=chunk_seconds,
            stop=self._stop,
            cleanup=self._cleanup,
            ahead=self._has_second_cpu(chunk_seconds),
            checks_integrity="health" in how.groups,
        )
        with opened as stream, _second_thread(stream) as executor:
            run = TrackRun(name, stream, self._features(stream, how, executor), budget, how.is_known)
            run.feed(lambda: self._clock() - started > self._settings.track_timeout_seconds)
            run.require_end_of_track(self._has_hung_since(started))
            results = run.features.result()
        analysis = run.analysis(results, self.settings, self._clock() - started)
        length = stream.frames_decoded / stream.info.sample_rate_hz
        return replace(
            analysis,
            chapters=read_chapters(path, stream.info.chapters, length),
            metadata=read_metadata(path, shown_as=name),
        )

    def extra_bytes(self, path: str) -> int:
        """What the file at `path` takes on top of chunks: its array if it is not streamed, an ffmpeg child, VibeNet."""
        network = 0 if self._network is None else NETWORK_BYTES
        return self._array_bytes(path) + network + (NEED_BYTES if needs_child(path) else 0)

    def recheck_ffmpeg(self) -> str | None:
        """Try ffmpeg again if it did not work; why it still does not."""
        return ffmpeg_health().recheck(self._loader.child_memory_bytes())

    def _array_bytes(self, path: str) -> int:
        """The capped array, or at least the file's own size when it is loaded whole.

        0 where the file cannot be looked at: the attempt to open it will say why.
        """
        with suppress(OSError):
            assembly = self._loader.assembly(path)
            if assembly is Assembly.CAPPED:
                return self._loader.budget().budget_bytes
            return os.stat(path).st_size if assembly is Assembly.WHOLE else 0
        return 0

    @property
    def versions(self) -> dict[str, int]:
        """Versions of the feature groups that this analyzer computes; without a model there is none of its group."""
        absent = {"tags": self._tagger is None, "vibenet": self._network is None}
        return {group: number for group, number in VERSIONS.items() if not absent.get(group, False)}

    @property
    def settings(self) -> GroupSettings:
        """What the values of each feature group depend on today."""
        return group_settings(self._settings)

    def outdated_groups(self, versions: Mapping[str, int], settings: Mapping[str, Mapping[str, int]]) -> frozenset[str]:
        """The groups that would come out otherwise today, or at all.

        Parameters
        ----------
        versions, settings : what a stored result says of its groups. With ON_SETTINGS_CHANGE=keep the settings do not
            count.
        """
        newer = frozenset(group for group, number in self.versions.items() if versions.get(group, 0) < number)
        if self._settings.on_settings_change == "keep":
            return newer
        return newer | (made_otherwise(settings, self.settings) & self.versions.keys())

    def music_hash(self, path: str) -> str:
        """Identity of the mono mix of the decoded audio, without analyzing it; see ``identify``."""
        return self.identify(path).music_hash

    def identify(self, path: str) -> Identified:
        """Identity of the decoded audio, without analyzing it.

        Raises
        ------
        TrackError : the file cannot be decoded to its end.
        """
        try:
            with self._loader.open(path, signals=NO_SIGNALS, stop=self._stop) as stream:
                for _chunk in stream:
                    pass
                if stream.decode_error:
                    raise stream.decode_error
                return Identified(stream.origin, stream.music_hash, audio_of(stream))
        except OSError as error:
            raise fault_of(error).of_track(path) from error

    def chapters(self, path: str, length_seconds: float) -> tuple[Chapter, ...]:
        """The chapters of the file at `path`, whose sound is known and lasts `length_seconds`; nothing is analyzed.

        Only an ffmpeg child knows of chapters besides the tags, so only a file for one is opened by its reader.

        Raises
        ------
        Interrupted : the stop signal came first.
        """
        known: tuple[Chapter, ...] = ()
        if needs_child(path):
            with suppress(TrackError, OSError), self._loader.open(path, signals=NO_SIGNALS, stop=self._stop) as stream:
                known = stream.info.chapters
        return read_chapters(path, known, length_seconds)

    def _has_second_cpu(self, chunk_seconds: float | None) -> bool:
        """Whether a second CPU is ours right now, and memory not so short that chunks are smaller than configured."""
        configured = self._settings.memory_optimized_chunk_duration_seconds
        return (chunk_seconds or configured) >= configured and self._cgroup.cpu_threads() > 1

    def _features(self, stream: TrackStream, how: Pass, executor: Executor | None) -> FeatureAnalyzer:
        return FeatureAnalyzer(
            stream.info.sample_rate_hz,
            stream.info.channels,
            stream.analysis_rate_hz,
            layout=stream.info.layout,
            is_lossless=stream.info.is_lossless,
            tagger=self._tagger,
            network=self._network,
            groups=how.groups,
            checkpoint=self._checkpoint,
            tempo_range=self._settings.tempo_range,
            tags_executor=executor,
            kernels=self._kernels,
        )

    def _checkpoint(self) -> None:
        """The end of a ten-hour track takes seconds in itself: a stop has to get through there, too."""
        if self._stop():
            raise Interrupted("asked to stop")


@contextmanager
def _second_thread(stream: TrackStream) -> Iterator[Executor | None]:
    """A thread for the tags where decoding leaves the second CPU half idle; else two threads are enough for two."""
    if not (stream.is_ahead and stream.info.format in UNCOMPRESSED):
        yield None
        return
    with ThreadPoolExecutor(1, "tags") as thread:
        yield thread
