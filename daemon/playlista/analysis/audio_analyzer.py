"""From a path to a result object: the loader's stream through the features, with everything said that happened.

What enters: a path. What leaves: an ``Analysis`` that is analyzed or partial, or a ``TrackError`` with its reason.
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
from playlista.analysis.loader import MemoryOptimizedLoader
from playlista.analysis.track_stream import Assembly, Lanes, TrackStream, Truncation, never, nothing
from playlista.config import Settings
from playlista.decode.chapters import read_chapters
from playlista.decode.layouts import layout_name
from playlista.decode.opening import needs_child
from playlista.decode.readers.ffmpeg_child import ffmpeg_health
from playlista.decode.storage import storage_fault
from playlista.errors import Blame, DecodeError, FailureReason, Interrupted, PlaylistaError
from playlista.features.analyzer import VERSIONS, FeatureAnalyzer, Features
from playlista.features.tags.accumulator import TagsAccumulator
from playlista.memory.budget import TrackBudget
from playlista.memory.cgroup import Cgroup
from playlista.memory.child import NEED_BYTES
from playlista.memory.configuration import Configuration
from playlista.memory.process import peak_resident_bytes
from playlista.tracks import FEATURE_GROUPS, Analysis, Audio, GroupSettings, MemoryUse, Origin, Status, Timings

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


class KnownOpening(PlaylistaError):
    """The track begins as one whose result is stored: see ``Pass.is_known``."""


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
        cgroup: Cgroup | None = None,
        stop: Callable[[], bool] = never,
        cleanup: Callable[[], None] = nothing,
        clock: Callable[[], float] = time.monotonic,
        has_hung_since: Callable[[float], bool] = lambda _moment: False,
    ) -> None:
        self._cgroup = cgroup or Cgroup()
        self._loader = MemoryOptimizedLoader(settings, self._cgroup)
        self._settings = settings
        self._tagger = tagger
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
        lanes = Lanes(
            analysis=not {"rhythm", "tonal", "spectral"}.isdisjoint(how.groups),
            model=self._tagger is not None and "tags" in how.groups,
        )
        budget = self._loader.budget()
        chunk_seconds = how.configuration.chunk_seconds if how.configuration else None
        if self._tagger is not None and how.configuration is not None:
            self._tagger.batch_size = max(1, how.configuration.batch_patches)
        opened = self._loader.open(
            path,
            lanes=lanes,
            budget=budget,
            chunk_seconds=chunk_seconds,
            stop=self._stop,
            cleanup=self._cleanup,
            ahead=self._has_second_cpu(chunk_seconds),
        )
        with opened as stream, _beside(stream) as beside:
            run = _Run(name, stream, self._features(stream, how, beside), budget, how.is_known)
            run.feed(lambda: self._clock() - started > self._settings.track_timeout_seconds)
            run.require_innocent_end(self._has_hung_since(started))
            results = run.features.result()
        seconds, limit_bytes = self._clock() - started, self._cgroup.memory_limit().bytes
        analysis = run.analysis(results, self.settings, seconds, limit_bytes)
        length = stream.frames_decoded / stream.info.sample_rate_hz
        return replace(analysis, chapters=read_chapters(path, stream.info.chapters, length))

    def extra_bytes(self, path: str) -> int:
        """What the file at `path` will take beside chunks: its array where it is not streamed, and an ffmpeg child."""
        return self._array_bytes(path) + (NEED_BYTES if needs_child(path) else 0)

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
        """Versions of the feature groups that this analyzer computes; without a model there is none of tags."""
        return {group: number for group, number in VERSIONS.items() if group != "tags" or self._tagger is not None}

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
        with self._loader.open(path, lanes=Lanes(analysis=False, model=False), stop=self._stop) as stream:
            for _chunk in stream:
                pass
            if stream.broke_off:
                raise stream.broke_off
            return Identified(stream.origin, stream.music_hash, _audio_of(stream))

    def _has_second_cpu(self, chunk_seconds: float | None) -> bool:
        """Whether a second CPU is ours right now, and memory not so short that chunks are smaller than configured."""
        configured = self._settings.memory_optimized_chunk_duration_seconds
        return (chunk_seconds or configured) >= configured and self._cgroup.cpu_threads() > 1

    def _features(self, stream: TrackStream, how: Pass, beside: Executor | None) -> FeatureAnalyzer:
        return FeatureAnalyzer(
            stream.info.sample_rate_hz,
            stream.info.channels,
            stream.analysis_rate_hz,
            layout=stream.info.layout,
            tagger=self._tagger,
            groups=how.groups,
            checkpoint=self._checkpoint,
            tags_executor=beside,
        )

    def _checkpoint(self) -> None:
        """The end of a ten-hour track takes seconds in itself: a stop has to get through there, too."""
        if self._stop():
            raise Interrupted("asked to stop")


@contextmanager
def _beside(stream: TrackStream) -> Iterator[Executor | None]:
    """A thread for the tags where decoding leaves the second CPU half idle; else two threads are enough for two."""
    if not (stream.is_ahead and stream.info.format in UNCOMPRESSED):
        yield None
        return
    with ThreadPoolExecutor(1, "tags") as thread:
        yield thread


class _Run:
    """One track on its way: the stream, its features, and what must be said of both."""

    def __init__(
        self,
        name: str,
        stream: TrackStream,
        features: FeatureAnalyzer,
        budget: TrackBudget,
        is_known: Callable[[bytes], bool] | None,
    ) -> None:
        self.features = features
        self._is_known = is_known
        self._name = name
        self._stream = stream
        self._budget = budget
        self._retained_bytes = 0

    def feed(self, is_late: Callable[[], bool]) -> None:
        """Run the stream through the features until its end, the budget or the deadline."""
        for chunk in self._stream:
            self._compare_opening()
            self.features.update(chunk)
            held = self.features.retained_bytes
            self._retained_bytes = max(self._retained_bytes, held + self._stream.held_bytes)
            # An array is cut by the stream itself, and exact to the sample; here what the features keep is bounded.
            if self._stream.assembly is Assembly.STREAMED and held > self._budget.budget_bytes:
                self._stream.truncation = Truncation(self._budget.reason, self._stream.frames_delivered)
                break
            if is_late():
                message = "took longer than TRACK_TIMEOUT_SECONDS; analyzed as far as it came"
                self._stream.broke_off = DecodeError(self._name, FailureReason.DECODE_TIMEOUT, message, retryable=False)
                break

    def require_innocent_end(self, storage_hung: bool) -> None:
        """A track whose storage or decoder program failed in the middle has no result yet: there is more of it.

        Where the storage hung, a deadline that passed says nothing of the track.

        Raises
        ------
        DecodeError : so it ended.
        """
        broke_off = self._stream.broke_off
        if broke_off is None:
            return
        if broke_off.blame is not Blame.TRACK or (storage_hung and broke_off.reason is FailureReason.DECODE_TIMEOUT):
            raise broke_off

    def _compare_opening(self) -> None:
        """Once, as soon as enough of the track was decoded."""
        if self._is_known is None or (opening := self._stream.opening) is None:
            return
        is_known, self._is_known = self._is_known, None
        if is_known(opening):
            raise KnownOpening(f"{self._name}: begins as a track that was analyzed before")

    def analysis(self, features: Features, settings: GroupSettings, total_seconds: float, limit_bytes: int) -> Analysis:
        """The result object."""
        stream = self._stream
        return Analysis(
            path=self._name,
            status=Status.PARTIAL if stream.broke_off else Status.ANALYZED,
            reason=stream.broke_off.reason if stream.broke_off else None,
            detail=stream.broke_off.message if stream.broke_off else None,
            audio=_audio_of(stream),
            rhythm=features.rhythm,
            tonal=features.tonal,
            loudness=features.loudness,
            spectral=features.spectral,
            tagging=features.tags,
            versions=self.features.versions,
            settings={group: settings[group] for group in self.features.versions},
            timings=self._timings(total_seconds),
            memory=MemoryUse(peak_resident_bytes(), self._retained_bytes, limit_bytes),
            music_hash=None if stream.truncation else stream.music_hash,
            origin=Origin() if stream.truncation else stream.origin,
        )

    def _timings(self, total_seconds: float) -> Timings:
        stages = {f"{group}_seconds": round(seconds, 6) for group, seconds in self.features.seconds.items()}
        return Timings(
            decode_seconds=round(self._stream.decode_seconds, 6),
            resample_seconds=round(self._stream.resample_seconds, 6),
            total_seconds=round(total_seconds, 6),
            **stages,
        )


def _audio_of(stream: TrackStream) -> Audio:
    """What was decoded, once the stream has come to its end."""
    info, rate = stream.info, stream.info.sample_rate_hz
    decoded = stream.frames_decoded / rate
    declared = None if info.declared_frames is None else info.declared_frames / rate
    truncation = stream.truncation
    return Audio(
        duration_seconds=max(decoded, declared or 0.0) if truncation else decoded,
        analyzed_seconds=stream.frames_delivered / rate,
        declared_seconds=declared,
        sample_rate_hz=rate,
        channels=info.channels,
        format=info.format,
        truncated=truncation is not None,
        truncation_reason=truncation.reason if truncation else None,
        channel_layout=layout_name(info.layout),
    )
