"""From a job to its result: what is known is kept, what is missing computed, no two contents are mixed.

Input: a job, its file and what was read from the file. Output: the attempt, and whether it cost an analysis. The
queue, metrics and failures are the worker's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from playlista.analysis.attempt import Attempt, attempt
from playlista.analysis.audio_analyzer import AudioAnalyzer, Pass
from playlista.analysis.reuse import Reuse
from playlista.analysis.track_run import KnownOpening
from playlista.library.jobs import Job
from playlista.memory.configuration import Configuration
from playlista.tracks import FEATURE_GROUPS, Analysis
from playlista.tracks.origin import Origin

ALL_GROUPS = frozenset(FEATURE_GROUPS)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended; ``kept`` if a stored result was true of the file and nothing was computed."""

    attempt: Attempt
    kept: bool = False


class TrackAnalysis:
    """Finds out what a job needs, and does it."""

    def __init__(self, reuse: Reuse, analyzer: AudioAnalyzer) -> None:
        self._reuse = reuse
        self._analyzer = analyzer

    def run(self, job: Job, path: str, read: Origin, admit: Callable[[], Configuration | None]) -> Outcome:
        """The job's result, each group of which was computed from these bytes or from this sound.

        Parameters
        ----------
        read : `hash_file` of the file at `path`.
        admit : waits for memory for an analysis, and says how it may be configured.

        Raises
        ------
        Interrupted : the stop signal came first.
        """
        stored = self._reuse.by_content(job.file_id, read) or self._reuse.by_encoded(read)
        if stored is None and job.groups is not None:
            stored = self._reuse.old_result(job.file_id)  # the sound that is decoded will tell whether it holds
        elif stored is None:
            stored = self._reuse.old_result_of(job.file_id, path)
        if stored is None and job.groups is None:
            done = self._analyzed_unless_known(job, path, admit)
            if done is not None:
                return done
            stored = self._reuse.by_sound(path)
        return self._completed(job, path, stored, read, admit)

    def _analyzed_unless_known(self, job: Job, path: str, admit: Callable[[], Configuration | None]) -> Outcome | None:
        """All groups; None where the music begins as some that is known."""
        how = Pass(ALL_GROUPS, admit(), self._reuse.is_known_opening)
        try:
            return Outcome(attempt(self._analyzer, path, shown_as=job.file.path, how=how))
        except KnownOpening:
            return None

    def _completed(
        self,
        job: Job,
        path: str,
        stored: Analysis | None,
        read: Origin,
        admit: Callable[[], Configuration | None],
    ) -> Outcome:
        """`stored` with the groups that are outdated or asked for computed anew; everything where nothing is stored."""
        if stored is None:
            return self._analyzed(job, path, ALL_GROUPS, admit)
        outdated = self._analyzer.outdated_groups(stored.versions, stored.settings)
        groups = outdated | (job.groups or frozenset())
        if not groups:
            found = self._reuse.as_result_of(stored, path)
            return Outcome(Attempt(replace(found, path=job.file.path)), kept=True)
        done = self._analyzed(job, path, groups, admit)
        if done.attempt.analysis.audio is None:
            return done
        if _is_same_sound(stored, done.attempt.analysis, read):
            return Outcome(replace(done.attempt, analysis=merged(stored, done.attempt.analysis)))
        return done if groups >= self._analyzer.versions.keys() else self._analyzed(job, path, ALL_GROUPS, admit)

    def _analyzed(
        self, job: Job, path: str, groups: frozenset[str], admit: Callable[[], Configuration | None]
    ) -> Outcome:
        return Outcome(attempt(self._analyzer, path, shown_as=job.file.path, how=Pass(groups, admit())))


def merged(stored: Analysis, fresh: Analysis) -> Analysis:
    """`fresh`, with what it did not compute taken from `stored`, which is of the same sound."""
    kept = {field: getattr(stored, field) for field in _group_fields() if getattr(fresh, field) is None}
    return replace(
        fresh,
        **kept,
        versions={**stored.versions, **fresh.versions},
        settings={**stored.settings, **fresh.settings},
    )


def _is_same_sound(stored: Analysis, fresh: Analysis, read: Origin) -> bool:
    """Decoded anew, the bytes gave what they gave then: no other decoder, no cut, no change that went unnoticed.

    On another machine the last bits of the samples differ; there the same encoded audio, and as much of it, will do.
    """
    if stored.origin.sound is not None and stored.origin.sound == fresh.origin.sound:
        return True
    if stored.origin.sound is None and stored.music_hash is not None and stored.music_hash == fresh.music_hash:
        return True
    is_whole = stored.music_hash is not None and fresh.music_hash is not None and stored.audio == fresh.audio
    return is_whole and read.encoded is not None and stored.origin.encoded == read.encoded


def _group_fields() -> list[str]:
    return ["tagging" if group == "tags" else group for group in FEATURE_GROUPS]
