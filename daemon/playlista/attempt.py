"""One attempt at one track, whatever happens in it: the only place where every exception is caught.

What enters: an analyzer and a path. What leaves: a result object, also for a failure, with the reason from the closed
list. ``Interrupted`` alone passes through, since it is no verdict on the track.
"""

from __future__ import annotations

import structlog

from playlista.audio_analyzer import EVERYTHING, AudioAnalyzer, Pass
from playlista.errors import FailureReason, Interrupted, TrackError
from playlista.tracks import Analysis, Status

log = structlog.get_logger(__name__)


def attempt(analyzer: AudioAnalyzer, path: str, *, shown_as: str | None = None, how: Pass = EVERYTHING) -> Analysis:
    """Analyze `path`, or say why not.

    Raises
    ------
    Interrupted : the stop signal came first.
    """
    name = shown_as or path
    try:
        return analyzer.analyze(path, shown_as=name, how=how)
    except Interrupted:
        raise
    except TrackError as error:
        return failed(name, error.reason, error.message)
    except MemoryError:
        return failed(name, FailureReason.OVER_BUDGET, "ran out of memory; raise the limit or lower the chunk duration")
    except Exception as error:
        log.exception("track.broke", path=name)
        return failed(name, FailureReason.INTERNAL, f"{type(error).__name__}: {error}; please report it with the log")


def failed(name: str, reason: FailureReason, detail: str) -> Analysis:
    """The result object of a track of which nothing is known but why."""
    return Analysis(path=name, status=Status.FAILED, reason=reason, detail=detail)
