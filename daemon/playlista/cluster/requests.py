"""The worker's side of one attempt: what it takes, and how it makes it on its own mount.

Input: the text of a `Request`. Output: the text of an `Answer`. No library is here: what is stored of the file comes
with the request.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.analysis.file_attempt import FileAttempt, FileAttempts
from playlista.analysis.reuse import Reuse
from playlista.analysis.track_analysis import TrackAnalysis
from playlista.cluster.kinship import Kinship
from playlista.cluster.messages import Answer, Refusal, Request, analysis_in, analysis_text
from playlista.errors import Blame, Interrupted
from playlista.library.jobs import Job
from playlista.memory.admission import Admission
from playlista.tracks import Analysis, TrackFile

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OneResult:
    """What is known of one file, asked as a library is; see ``analysis.reuse.KnownResults``."""

    known: Analysis | None

    def readable(self, file_id: int) -> Analysis | None:  # noqa: ARG002 - there is one file
        """The result of the file itself."""
        return self.known

    def with_content(self, content: bytes) -> list[Analysis]:
        """Results of these bytes."""
        return [one for one in self._all() if one.origin.content == content]

    def with_encoded(self, encoded: bytes) -> list[Analysis]:
        """Results of this encoded audio."""
        return [one for one in self._all() if one.origin.encoded == encoded]

    def with_opening(self, opening: bytes) -> list[Analysis]:
        """Results of music that begins so."""
        return [one for one in self._all() if one.origin.opening == opening]

    def _all(self) -> list[Analysis]:
        return [] if self.known is None else [self.known]


class Requests:
    """Answers the requests of daemons, one at a time.

    Parameters
    ----------
    music_dir : absolute path of the music folder on this machine.
    stop : asked before every chunk; true gives the track back.
    ended : called after each attempt with its result, for metrics and memory.
    """

    def __init__(
        self,
        music_dir: str,
        kinship: Kinship,
        *,
        analyzer: AudioAnalyzer,
        admission: Admission,
        stop: Callable[[], bool],
        began: Callable[[], object],
        ended: Callable[[FileAttempt | None], object],
    ) -> None:
        self._music_dir = music_dir
        self._kinship = kinship
        self._analyzer = analyzer
        self._admission = admission
        self._stop = stop
        self._began = began
        self._ended = ended
        # The scheduler may come back before the thread of a former connection has ended its track.
        self._one_at_a_time = threading.Lock()
        self._is_closed = False
        #: The path of the track at work, for other threads.
        self.current: str | None = None

    def close(self) -> None:
        """Begin no track any more; the one at work goes on."""
        self._is_closed = True

    def greet(self, text: str) -> str:
        """Whether this worker serves a daemon with this `Kinship`."""
        different = self._kinship.difference(Kinship.from_text(text))
        if different is None:
            return Answer().to_text()
        log.warning("daemon.refused", reason=different[0], detail=different[1])
        return Answer(refusal=different[0], detail=different[1]).to_text()

    def attempt(self, text: str) -> str:
        """Make the attempt that is asked for."""
        request = Request.from_text(text)
        with self._one_at_a_time:
            if self._is_closed or self._stop():
                return Answer(released=True, detail="the worker is stopping").to_text()
            answer = self._refusal(request)
            if answer is not None:
                log.warning("track.refused", path=request.path, reason=answer.refusal, detail=answer.detail)
                return answer.to_text()
            return self._attempt(request).to_text()

    def _refusal(self, request: Request) -> Answer | None:
        if request.kinship != self._kinship.digest:
            return Answer(refusal=Refusal.VERSION, detail="asked by a daemon that this worker does not serve")
        if _leads_outside(request.path):
            return Answer(refusal=Refusal.MISSING, detail="asked for a path that is not in the music folder")
        path = os.path.join(self._music_dir, request.path)
        try:
            found = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            detail = f"{self._music_dir} on this worker does not have the file; mount the same music there"
            return Answer(refusal=Refusal.MISSING, detail=detail)
        except OSError:
            return None  # the attempt will say what is wrong, and whose fault it is
        if (found.st_size, found.st_mtime_ns) == (request.size_bytes, request.mtime_ns):
            return None
        detail = (
            f"the file has {found.st_size} bytes of {found.st_mtime_ns} on this worker, the daemon saw "
            f"{request.size_bytes} of {request.mtime_ns}; it changed, or another folder is mounted there"
        )
        return Answer(refusal=Refusal.CHANGED, detail=detail)

    def _attempt(self, request: Request) -> Answer:
        self.current = request.path
        self._began()
        done = None
        try:
            done = self._attempts(request).run(_job_of(request))
        except Interrupted as error:
            return Answer(released=True, detail=str(error))
        finally:
            self.current = None
            self._ended(done)
        attempt = done.attempt
        if attempt.blame is not Blame.TRACK:
            log.warning("attempt.failed", path=request.path, blame=attempt.blame, detail=attempt.analysis.detail)
        return Answer(
            analysis=analysis_text(attempt.analysis),
            has_result=done.seen is not None,
            kept=done.kept,
            retryable=attempt.retryable,
            blame=Blame(attempt.blame),
        )

    def _attempts(self, request: Request) -> FileAttempts:
        known = None if request.known is None else analysis_in(request.known)
        return FileAttempts(
            self._music_dir,
            analysis=TrackAnalysis(Reuse(OneResult(known), self._analyzer), self._analyzer),
            analyzer=self._analyzer,
            admission=self._admission,
            stop=self._stop,
        )


def _leads_outside(path: str) -> bool:
    """Whether the path names something else than what is below the music folder; symbolic links are the owner's."""
    return os.path.isabs(path) or ".." in path.split("/") or "\0" in path


def _job_of(request: Request) -> Job:
    file = TrackFile(request.path, 0, 0, request.size_bytes, request.mtime_ns)
    groups = None if request.groups is None else frozenset(request.groups)
    return Job(0, file, request.attempts, request.alone_reduced, groups)
