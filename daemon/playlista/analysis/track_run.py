"""One track on its way through the features, and the result object that comes of it.

Input: an open stream and the accumulators. Output: an ``Analysis``, or the error that is not the
track's fault.
"""

from __future__ import annotations

from collections.abc import Callable

from playlista.analysis.track_stream import Assembly, TrackStream, Truncation
from playlista.decode.layouts import layout_name
from playlista.errors import Blame, DecodeError, FailureReason, PlaylistaError
from playlista.features.analyzer import FeatureAnalyzer, Features
from playlista.memory.budget import TrackBudget
from playlista.memory.process import peak_resident_bytes
from playlista.tracks import Analysis, Audio, GroupSettings, Health, MemoryUse, Status, Timings
from playlista.tracks.origin import Origin


class KnownOpening(PlaylistaError):
    """The track begins as one whose result is stored: see ``Pass.is_known``."""


class TrackRun:
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
                self._stream.decode_error = DecodeError(
                    self._name, FailureReason.DECODE_TIMEOUT, message, retryable=False
                )
                break

    def require_end_of_track(self, storage_hung: bool) -> None:
        """A track whose storage or decoder program failed in the middle has no result yet: there is more of it.

        Where the storage hung, a deadline that passed says nothing of the track.

        Raises
        ------
        DecodeError : so it ended.
        """
        decode_error = self._stream.decode_error
        if decode_error is None:
            return
        if decode_error.blame is not Blame.TRACK or (
            storage_hung and decode_error.reason is FailureReason.DECODE_TIMEOUT
        ):
            raise decode_error

    def _compare_opening(self) -> None:
        """Once, as soon as enough of the track was decoded."""
        if self._is_known is None or (opening := self._stream.opening) is None:
            return
        is_known, self._is_known = self._is_known, None
        if is_known(opening):
            raise KnownOpening(f"{self._name}: begins as a track that was analyzed before")

    def analysis(self, features: Features, settings: GroupSettings, total_seconds: float) -> Analysis:
        """The result object."""
        stream = self._stream
        return Analysis(
            path=self._name,
            status=Status.PARTIAL if stream.decode_error else Status.ANALYZED,
            reason=stream.decode_error.reason if stream.decode_error else None,
            detail=stream.decode_error.message if stream.decode_error else None,
            audio=audio_of(stream),
            rhythm=features.rhythm,
            tonal=features.tonal,
            loudness=features.loudness,
            spectral=features.spectral,
            tagging=features.tags,
            health=self._health(features.health),
            fingerprint=features.fingerprint,
            vibenet=features.vibenet,
            versions=self.features.versions,
            settings={group: settings[group] for group in self.features.versions},
            timings=self._timings(total_seconds),
            memory=MemoryUse(peak_resident_bytes(), self._retained_bytes, self._budget.limit_bytes),
            music_hash=None if stream.truncation else stream.music_hash,
            origin=Origin() if stream.truncation else stream.origin,
        )

    def _health(self, measured: Health | None) -> Health | None:
        """What was measured, with what the decoder knows of the file."""
        if measured is None:
            return None
        changes = [frame / self._stream.info.sample_rate_hz for frame in self._stream.rate_changes]
        return measured.with_integrity(self._stream.integrity).with_rate_changes(changes)

    def _timings(self, total_seconds: float) -> Timings:
        stages = {f"{group}_seconds": round(seconds, 6) for group, seconds in self.features.seconds.items()}
        return Timings(
            decode_seconds=round(self._stream.decode_seconds, 6),
            resample_seconds=round(self._stream.resample_seconds, 6),
            total_seconds=round(total_seconds, 6),
            **stages,
        )


def audio_of(stream: TrackStream) -> Audio:
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
