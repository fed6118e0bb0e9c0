"""One attempt at one track, whatever happens in it: the place where every exception becomes a verdict.

Input is an analyzer and a path. Output is a result object, also for a failure, with the reason from the closed list
and whose fault it is. ``Interrupted`` and ``KnownOpening`` pass through, since they are no verdict on the track.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from playlista.analysis.audio_analyzer import EVERYTHING, AudioAnalyzer, Pass
from playlista.analysis.track_run import KnownOpening
from playlista.decode.storage import fault_of
from playlista.errors import Blame, FailureReason, Interrupted, ModelError, TrackError
from playlista.tracks import Analysis, Status

log = logging.getLogger(__name__)  # not structlog: see `playlista.logs`


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt ended.

    ``retryable`` when the same bytes may end otherwise another time; ``blame`` says whose fault a failure is.
    """

    analysis: Analysis
    retryable: bool = False
    blame: Blame = Blame.TRACK


def attempt(analyzer: AudioAnalyzer, path: str, *, shown_as: str | None = None, how: Pass = EVERYTHING) -> Attempt:
    """Analyze `path`, or say why not.

    Raises
    ------
    Interrupted : the stop signal came first.
    KnownOpening : the track may be known already, see ``Pass.is_known``.
    """
    name = shown_as or path
    try:
        return Attempt(analyzer.analyze(path, shown_as=name, how=how))
    except (Interrupted, KnownOpening):
        raise
    except TrackError as error:
        # Its traceback leads to frames that hold it and the track's resamplers; such a circle outlives the track where
        # the collector does not look, and soxr complains of it on stderr when the process ends.
        return refused(name, error.with_traceback(None))
    except OSError as error:
        return refused(name, fault_of(error).of_track(name))
    except ModelError as error:  # its file was whole when it was opened: since then cut, replaced, or on a lost share
        log.warning("model.failed", extra={"why": str(error)})
        return Attempt(failed(name, FailureReason.INTERNAL, str(error)), blame=Blame.INSTALLATION)
    except MemoryError:
        detail = "ran out of memory; raise the limit or lower the chunk duration"
        return Attempt(failed(name, FailureReason.OVER_BUDGET, detail), retryable=True)
    except Exception as error:
        return broken(name, error)


def refused(name: str, error: TrackError) -> Attempt:
    """The attempt that ended with a verdict."""
    return Attempt(failed(name, error.reason, error.message), error.retryable, error.blame)


def broken(name: str, error: Exception) -> Attempt:
    """The attempt that ended with an error that nobody thought of; to be called while the error is handled."""
    log.exception("track.broke", extra={"path": name})
    detail = f"{type(error).__name__}: {error}; please report it with the log"
    return Attempt(failed(name, FailureReason.INTERNAL, detail), retryable=True)


def failed(name: str, reason: FailureReason, detail: str) -> Analysis:
    """The result object of a track of which nothing is known but why."""
    return Analysis(path=name, status=Status.FAILED, reason=reason, detail=detail)
