"""Which stored result holds for a file: by its bytes, by the encoded audio in them, or by the sound that comes of it.

Input: a file's hashes. Output: a result that is true of it, its own or another file's, or None. So a retag, a rename, a
copy, a hard link and a restored backup cost no analysis, and no name, size or time is believed (ADR 13, 14).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from playlista.analysis.audio_analyzer import AudioAnalyzer, Identified
from playlista.errors import FailureReason, TrackError
from playlista.tracks import Analysis, Status
from playlista.tracks.origin import Origin


class KnownResults(Protocol):
    """Where results are looked for: the library, or what a worker of a cluster was told of one file."""

    def readable(self, file_id: int) -> Analysis | None:
        """The result of the file itself; None also where it is damaged."""

    def with_content(self, content: bytes) -> list[Analysis]:
        """Results of these bytes."""

    def with_encoded(self, encoded: bytes) -> list[Analysis]:
        """Results of this encoded audio."""

    def with_opening(self, opening: bytes) -> list[Analysis]:
        """Results of music that begins so."""


class Reuse:
    """Looks for results in one library."""

    def __init__(self, store: KnownResults, analyzer: AudioAnalyzer) -> None:
        self._store = store
        self._analyzer = analyzer

    def by_content(self, file_id: int, read: Origin) -> Analysis | None:
        """The result of the bytes that were `read`, that of the file itself before all others'."""
        if read.content is None:
            return None
        own = self._store.readable(file_id)
        if own is not None and own.origin.content == read.content and holds(own.status, own.reason, own=True):
            return own
        return self._best([twin for twin in self._store.with_content(read.content) if holds(twin.status, twin.reason)])

    def by_encoded(self, read: Origin) -> Analysis | None:
        """The result of the encoded audio of a file that was `read`; the machine that decoded it does not matter.

        Only of a track that was analyzed whole: what became of a damaged or cut one may lie in the bytes around it.
        """
        if read.encoded is None:
            return None
        twins = self._store.with_encoded(read.encoded)
        return self._best([twin for twin in twins if twin.status is Status.ANALYZED and twin.music_hash is not None])

    def is_known_opening(self, opening: bytes) -> bool:
        """Whether some result is of music that begins so."""
        return bool(self._store.with_opening(opening))

    def by_sound(self, path: str) -> Analysis | None:
        """The result of the sound in the file at `path`, which is decoded for it but not analyzed."""
        found = self._identified(path)
        if found is None or found.origin.opening is None:
            return None
        alike = [
            twin
            for twin in self._store.with_opening(found.origin.opening)
            if twin.origin.sound == found.origin.sound and twin.status is Status.ANALYZED and _fits(twin, found)
        ]
        best = self._best(alike)
        return best and _told_of(best, found)

    def old_result(self, file_id: int) -> Analysis | None:
        """The file's own result if it is of version 0.1, which knows of its sound the hash of the mono mix alone."""
        own = self._store.readable(file_id)
        if own is None or own.status is not Status.ANALYZED or own.music_hash is None or own.origin.sound is not None:
            return None
        return own

    def old_result_of(self, file_id: int, path: str) -> Analysis | None:
        """The file's own result of version 0.1 if the music in the file at `path` is still the same."""
        own = self.old_result(file_id)
        found = None if own is None else self._identified(path)
        if own is None:
            return None
        if found is None or found.music_hash != own.music_hash or not _fits(own, found):
            return None
        return _told_of(own, found)

    def as_result_of(self, stored: Analysis, path: str) -> Analysis:
        """`stored` for the file at `path`, whose tags may give other chapters, as may a cue sheet at its side.

        A file that took the process down is not opened for them again.

        Raises
        ------
        Interrupted : the stop signal came first.
        """
        if stored.audio is None or stored.status is Status.QUARANTINED:
            return stored
        return replace(stored, chapters=self._analyzer.chapters(path, stored.audio.analyzed_seconds))

    def _identified(self, path: str) -> Identified | None:
        try:
            return self._analyzer.identify(path)
        except TrackError:
            return None  # the analysis that follows will say why

    def _best(self, alike: list[Analysis]) -> Analysis | None:
        """The one with the least to be computed anew."""

        def outdated(analysis: Analysis) -> int:
            return len(self._analyzer.outdated_groups(analysis.versions, analysis.settings))

        return min(alike, key=outdated, default=None)


def holds(status: Status | None, reason: FailureReason | None, *, own: bool = False) -> bool:
    """Whether a result with this verdict is true of the same bytes at any time.

    What is damaged stays so. A file that took the process down stays in its quarantine, whatever chmod or touch do to
    it. Every other failure may end otherwise today.
    """
    if status is Status.PARTIAL:
        return reason is FailureReason.CORRUPT
    return status is Status.ANALYZED or (own and status is Status.QUARANTINED)


def _fits(stored: Analysis, found: Identified) -> bool:
    """The same samples in another container may be another thing, such as a lossy file's in a WAV."""
    audio = stored.audio
    if audio is None:
        return False
    mine, theirs = ((one.format, one.channels, one.channel_layout) for one in (audio, found.audio))
    return mine == theirs


def _told_of(stored: Analysis, found: Identified) -> Analysis:
    """The stored result, with what the file at hand says of itself."""
    return replace(stored, audio=found.audio, music_hash=found.music_hash, origin=found.origin)
