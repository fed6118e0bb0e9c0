"""What the API shows of the library: tracks, failures, files; and another try for tracks.

Input: two connections to the library, one for reading and the daemon's own for changes. Output: plain types, from
whatever thread asks.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from playlista.config import Settings
from playlista.daemon.remedies import REMEDIES, RETRYABLE
from playlista.daemon.status import failure_reports
from playlista.errors import FailureReason
from playlista.library.database import Database
from playlista.library.files import Library
from playlista.library.health_report import findings_at
from playlista.library.queue import JobQueue
from playlista.library.result_text import of_nine_digits, result_text
from playlista.library.results import Store
from playlista.library.retries import Retries
from playlista.library.stored_results import StoredResult, StoredResults
from playlista.library.summaries import Overview
from playlista.library.track_summaries import TrackLookup
from playlista.serve.views import ResultText, RetryRequest, TrackName
from playlista.tracks import Status

#: Failures that the API and the page show.
SHOWN_FAILURES = 100
#: Tracks that a stream of events tells of at a time.
SHOWN_FINISHED = 50
#: Results in memory at a time while a list of them is sent, some 50 KB each.
STREAMED_ROWS = 20


class LibraryViews:
    """Answers of the library.

    Parameters
    ----------
    reader : a connection of its own, so that no answer waits for the worker's writes.
    queue, writer : the daemon's queue, and the connection that it writes over.
    wake : tells the worker that there is something to do.
    """

    def __init__(
        self, settings: Settings, reader: Database, *, queue: JobQueue, writer: Database, wake: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._overview = Overview(reader)
        self._store = Store(reader, clock=time.time)
        self._stored = StoredResults(reader, in_one_row=True)
        self._library = Library(reader)
        self._lookup = TrackLookup(reader)
        self._queue = queue
        self._retries = Retries(writer, queue)
        self._wake = wake

    def track(self, name: TrackName) -> dict[str, Any] | None:
        """Everything that is known of one track; None where there is no result of it."""
        known = self._library.by_id(name) if isinstance(name, int) else self._library.get(name)
        analysis = None if known is None else self._store.of_file(known.file_id)
        if known is None or analysis is None:
            return None
        return {"id": known.file_id, **analysis.to_json()}

    def findings(self, path: str) -> dict[str, str]:
        """What is wrong with one track, with the evidence; empty if nothing."""
        return findings_at(self._reader, path)

    def tracks(self, status: Status | None, after: str, limit: int) -> Iterator[ResultText]:
        """At most `limit` result objects, with STREAMED_ROWS of them in memory."""
        found = self._stored.iterate(status=status, after=after, page_rows=min(limit, STREAMED_ROWS))
        return (ResultText(one.path, _text(one)) for one in islice(found, limit))

    def results(self, ids: Sequence[int]) -> Iterator[ResultText]:
        """Those of some tracks, each with its id, in the order of the ids; STREAMED_ROWS of them in memory."""
        found = self._stored.of_ids(ids, page_rows=STREAMED_ROWS)
        return (ResultText(one.path, f'{{"id": {one.file_id}, {_text(one)[1:]}') for one in found)

    def failures(self) -> list[dict[str, Any]]:
        """The latest, with what to do."""
        return failure_reports(self._overview, limit=SHOWN_FAILURES)

    def failure_groups(self) -> list[dict[str, Any]]:
        """All by reason, the most frequent first."""
        counts = sorted(self._overview.reasons().items(), key=lambda pair: -pair[1])
        return [_failure_group(reason, count) for reason, count in counts]

    def retry(self, request: RetryRequest) -> int:
        """Put tracks back into the queue; how many."""
        if request.everything:
            queued = self._queue.retry_all()
        elif request.reason is not None:
            queued = self._retries.of_reason(request.reason)
        else:
            queued = self._retries.of_ids(request.ids)
        self._wake()
        return queued

    def finished(self, after: float) -> list[dict[str, Any]]:
        """The latest results since `after`."""
        ids = [one.file_id for one in self._overview.finished(after=after, limit=SHOWN_FINISHED)]
        return [one.to_json() for one in self._lookup.summaries(ids)]

    def file(self, file_id: int) -> str | None:
        """The file of a track, where it is below the music folder or links may lead out of it."""
        known = self._library.by_id(file_id)
        if known is None:
            return None
        music = os.path.realpath(self._settings.music_dir)
        path = os.path.join(music, known.file.path)
        inside = os.path.realpath(path).startswith(os.path.join(music, ""))
        return path if inside or self._settings.follow_symlinks else None


def _text(stored: StoredResult) -> str:
    return result_text(stored, write_numbers=of_nine_digits)


def _failure_group(reason: FailureReason, count: int) -> dict[str, Any]:
    return {"reason": reason, "count": count, "remedy": REMEDIES[reason], "retryable": reason in RETRYABLE}
