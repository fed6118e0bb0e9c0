"""One attempt at one file on disk, from its bytes to what is to be stored: the same in the daemon and on a worker.

Input: a job and the path of its file. Output: a ``FileAttempt``. No queue is touched here, and nothing is stored.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from playlista.analysis.attempt import Attempt, broken, failed, refused
from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.analysis.track_analysis import Outcome, TrackAnalysis
from playlista.decode.content import hash_file
from playlista.decode.metadata import read_metadata
from playlista.decode.storage import fault_of
from playlista.errors import Blame, FailureReason, Interrupted, StoreError, TrackError
from playlista.library.jobs import Job
from playlista.memory.admission import Admission
from playlista.memory.configuration import Configuration
from playlista.tracks import TrackFile


@dataclass(frozen=True, slots=True)
class FileAttempt:
    """How an attempt at a file ended.

    attempt : its result, or why there is none.
    seen : the identity of the bytes that were read; None where there is no result to store.
    kept : a stored result was true of the file, and nothing was computed.
    """

    attempt: Attempt
    seen: TrackFile | None = None
    kept: bool = False


class FileAttempts:
    """Makes attempts, one at a time.

    Parameters
    ----------
    music_dir : absolute path of the music folder.
    stop : asked before every chunk; true ends the attempt with ``Interrupted``.
    """

    def __init__(
        self,
        music_dir: str,
        *,
        analysis: TrackAnalysis,
        analyzer: AudioAnalyzer,
        admission: Admission,
        stop: Callable[[], bool],
    ) -> None:
        self._music_dir = music_dir
        self._analysis = analysis
        self._analyzer = analyzer
        self._admission = admission
        self._stop = stop

    @property
    def shortage(self) -> str | None:
        """Why the track waits for memory, in one line; None while none does."""
        return self._admission.shortage

    def path_of(self, job: Job) -> str:
        """Where the file of `job` lies."""
        return os.path.join(self._music_dir, job.file.path)

    def run(self, job: Job) -> FileAttempt:
        """Make the attempt; whatever happens in it becomes a verdict.

        Raises
        ------
        Interrupted : the stop signal came first.
        StoreError : what is stored could not be read.
        """
        try:
            return self._run(job, self.path_of(job))
        except (Interrupted, StoreError):
            raise
        except TrackError as error:
            return FileAttempt(refused(job.file.path, error))
        except Exception as error:
            return FileAttempt(broken(job.file.path, error))

    def _run(self, job: Job, path: str) -> FileAttempt:
        try:
            seen = TrackFile.from_stat(job.file.path, os.stat(path))
            read = hash_file(path, stop=self._stop)
        except OSError as error:
            raise fault_of(error).of_track(path) from error
        outcome = self._analysis.run(job, path, read, lambda: self._admit(job, path))
        done = outcome.attempt
        if done.blame is not Blame.TRACK:
            return FileAttempt(done)  # first: where the storage is away, every look at the file fails, too
        if not _is_still(seen, path):
            # What was read is neither the old file nor the new one. It is no fault of the file: nothing is counted.
            changed = failed(job.file.path, FailureReason.VANISHED, "replaced or rewritten while it was read")
            return FileAttempt(Attempt(changed, retryable=True))
        analysis = replace(done.analysis, origin=done.analysis.origin.read_from(read))
        if analysis.metadata is None or outcome.kept:
            analysis = replace(analysis, metadata=read_metadata(path, shown_as=job.file.path))
        return _ended(replace(done, analysis=analysis), outcome, seen)

    def _admit(self, job: Job, path: str) -> Configuration:
        """Wait until there is memory for an analysis."""
        extra_bytes = self._analyzer.extra_bytes(path)
        return self._admission.admit(path, extra_bytes=extra_bytes, reduced=job.alone_reduced).configuration


def _ended(done: Attempt, outcome: Outcome, seen: TrackFile) -> FileAttempt:
    has_result = done.analysis.audio is not None or outcome.kept
    return FileAttempt(done, seen if has_result else None, outcome.kept)


def _is_still(seen: TrackFile, path: str) -> bool:
    try:
        return TrackFile.from_stat(seen.path, os.stat(path)) == seen
    except OSError:
        return False
