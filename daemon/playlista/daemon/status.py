"""How far the library is, as one report: what ``status`` prints and ``/api/v1/status`` answers.

Input: a library, also one that a running daemon uses, and the time. Output: plain types.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from playlista.config import Settings
from playlista.daemon.remedies import remedy_of
from playlista.library.database import Database
from playlista.library.due_moods import count_due_moods
from playlista.library.due_tags import count_due_tags
from playlista.library.files import IGNORED_FACT, Library
from playlista.library.instance_lock import running_pid
from playlista.library.scrubs import Scrubs
from playlista.library.statistics import read_audio_seconds
from playlista.library.summaries import Overview, Retry, Summary
from playlista.library.tag_jobs import count_tag_jobs
from playlista.memory.cgroup import Cgroup
from playlista.memory.process import resident_memory
from playlista.system.mountinfo import why_read_only

if TYPE_CHECKING:
    import psutil

#: The rate is taken over this long, or since the daemon started.
RATE_WINDOW_SECONDS = 900.0


def read_progress(database: Database, settings: Settings, *, now: float) -> dict[str, Any]:
    """The report at `now`, in seconds since the epoch.

    Keys: ``music_dir``, ``daemon`` (pid or None), ``tracks`` by status with ``total``,
    ``audio_seconds_done`` and ``audio_seconds_total`` (estimated; None before the first result),
    ``gone`` (tracks no longer on disk whose results are kept), ``tags_due`` (tracks whose tags are still to be read),
    ``tag_writes`` (what is written into the files: ``fields``; ``pending`` tracks still to be looked at, ``refused`` by
    reason, ``trouble`` that keeps all from being written, or None),
    ``moods_due`` (tracks whose mood is still to be derived),
    ``scrub`` (see `scrub_report`), ``queue`` by state, ``rate`` (None where nothing was finished lately),
    ``ignored`` (what the last scan left out; None before the first),
    ``last_failure``, ``memory`` of the daemon (None: none runs).
    """
    overview = Overview(database)
    pid = running_pid(os.fspath(settings.data_dir))
    process = _process(pid)
    tracks, queue = overview.counts(), overview.job_counts()
    started = process.create_time() if process else now - RATE_WINDOW_SECONDS
    return {
        "music_dir": os.fspath(settings.music_dir),
        "daemon": {"pid": pid},
        "tracks": {"total": sum(tracks.values()), **tracks},
        "gone": overview.gone(),
        "tags_due": count_due_tags(database),
        "tag_writes": _tag_writes(database, settings),
        "moods_due": count_due_moods(database),
        **_audio(database, tracks["unanalyzed"]),
        "scrub": scrub_report(database, settings),
        "queue": queue,
        "rate": _rate(overview, max(started, now - RATE_WINDOW_SECONDS), now, sum(queue.values())),
        "ignored": json.loads(Library(database).recall(IGNORED_FACT) or "null"),
        "last_failure": next((failure_report(one) for one in overview.failures(limit=1)), None),
        "memory": _memory(process),
    }


def _tag_writes(database: Database, settings: Settings) -> dict[str, Any]:
    counts = count_tag_jobs(database)
    return {
        "fields": list(settings.tag_write),
        "pending": counts.pending,
        "refused": counts.refused,
        "trouble": why_read_only(os.path.abspath(settings.music_dir)) if settings.tag_write else None,
    }


def scrub_report(database: Database, settings: Settings) -> dict[str, Any]:
    """How far the scrub is: times in Unix seconds, None where no pass began or ended yet; files that rotted."""
    progress = Scrubs(database).progress()
    return {"interval_days": settings.scrub_interval_days, **asdict(progress)}


def failure_report(failure: Summary) -> dict[str, Any]:
    """One failure in plain types."""
    return {
        "id": failure.file_id,
        "path": failure.path,
        "status": failure.status,
        "reason": failure.reason,
        "detail": failure.detail,
        "attempts": failure.attempts,
        "finished_at": failure.finished_at,
        "due_at": None,
        "remedy": remedy_of(failure.reason),
    }


def retry_report(retry: Retry) -> dict[str, Any]:
    """One track that failed so far and is tried again, with the same keys as a failure."""
    return {
        "id": retry.file_id,
        "path": retry.path,
        "status": "waiting",
        "reason": retry.reason,
        "detail": retry.detail,
        "attempts": retry.attempts,
        "finished_at": None,
        "due_at": retry.due_at,
        "remedy": remedy_of(retry.reason),
    }


def failure_reports(overview: Overview, *, limit: int) -> list[dict[str, Any]]:
    """At most `limit` tracks each of those that are tried again and of those that failed for good, latest first."""
    retries = [retry_report(one) for one in overview.retries(limit=limit)]
    return retries + [failure_report(one) for one in overview.failures(limit=limit)]


def _rate(overview: Overview, since: float, now: float, waiting: int) -> dict[str, float | None]:
    done = overview.throughput(since=since)
    per_hour = done.tracks / max(1.0, now - done.since) * 3600
    return {
        "tracks_per_hour": per_hour or None,
        "times_real_time": done.audio_seconds / done.busy_seconds if done.busy_seconds else None,
        "seconds_left": waiting / per_hour * 3600 if per_hour and waiting else None,
    }


def _audio(database: Database, unanalyzed: int) -> dict[str, float | None]:
    """Seconds of audio that are done, and of the whole library: what is not analyzed yet counts as long as the mean."""
    tracks, seconds = read_audio_seconds(database)
    total = None if tracks == 0 else seconds + unanalyzed * seconds / tracks
    return {"audio_seconds_done": seconds, "audio_seconds_total": total}


def _process(pid: int | None) -> psutil.Process | None:
    if pid is None:
        return None
    import psutil  # noqa: PLC0415 - only of use where a daemon runs

    try:
        return psutil.Process(pid)
    except psutil.Error:
        return None


def _memory(process: psutil.Process | None) -> dict[str, int] | None:
    if process is None:
        return None
    memory = resident_memory(pid=process.pid)
    return {
        "resident_bytes": memory.resident_bytes,
        "peak_bytes": memory.peak_bytes,
        "limit_bytes": Cgroup().memory_limit().bytes,
    }
