"""What the HTTP server may ask of the rest of the daemon, and what it may ask for.

The daemon fills a ``Views`` in with functions of its parts; the handlers in ``serve.api`` call them, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from playlista.errors import FailureReason
from playlista.tracks import Status

#: A track as a request names it: by the id of its row, or by its path in the music folder.
TrackName = int | str


@dataclass(frozen=True, slots=True)
class RetryRequest:
    """What is to be analyzed again: tracks by their ids, all that failed for a reason, or all that failed."""

    ids: tuple[int, ...] = ()
    reason: FailureReason | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Views:
    """Each is called from threads of the server.

    metrics : the page of ``/metrics``.
    not_ready : why the daemon is not ready, or None.
    status : counts, rate, time left, memory.
    track : the stored result object of a track, or None.
    tracks : at most so many result objects behind a path, by status, in the order of paths; read as they are taken.
    failures : what failed and why, with what to do.
    failure_groups : the same by reason.
    retry : puts tracks back into the queue; how many.
    settings : the settings in force, without secrets.
    file : the file of a track by its id, as a path that can be opened, or None.
    finished : the tracks that ended after a time, in seconds since the epoch, the latest last; bounded.
    """

    metrics: Callable[[], bytes]
    not_ready: Callable[[], str | None]
    status: Callable[[], dict[str, Any]]
    track: Callable[[TrackName], dict[str, Any] | None]
    tracks: Callable[[Status | None, str, int], Iterator[dict[str, Any]]]
    failures: Callable[[], list[dict[str, Any]]]
    failure_groups: Callable[[], list[dict[str, Any]]]
    retry: Callable[[RetryRequest], int]
    settings: Callable[[], list[dict[str, Any]]]
    file: Callable[[int], str | None]
    finished: Callable[[float], list[dict[str, Any]]]
