"""What the HTTP server may ask of the rest of the daemon, and what it may ask for.

The daemon fills a ``Views`` in with functions of its parts; the handlers in ``serve.api`` call them, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from playlista.errors import FailureReason
from playlista.library.track_filter import TrackFilter
from playlista.serve.media_ids import MediaIds
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
class SimilarRequest:
    """Which track others are compared with: one of its id, its path, a MusicBrainz id, an ISRC, or artist and title.

    per_artist : tracks of one artist at most; 0 for any number.
    """

    count: int
    per_artist: int = 0
    file_id: int | None = None
    path: str | None = None
    mbid: str | None = None
    isrc: str | None = None
    artist: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """An HTML document that stands alone; ``policy`` is what a browser may do with it, as a content security policy."""

    body: bytes
    policy: str


@dataclass(frozen=True, slots=True)
class ResultText:
    """A result object as JSON in one line, and the path in it."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Views:
    """Each is called from threads of the server.

    metrics : the page of ``/metrics``.
    not_ready : why the daemon is not ready, or None.
    status : counts, rate, time left, memory.
    track : the stored result object of a track, or None.
    findings : what the analysis and the scrub found wrong with the track at a path, with the evidence of each.
    evidence : pictures of what is wrong with a track, by its id; its file is read.
    report : the same with everything that is known of its health, as an HTML document.
    tracks : at most so many result objects behind a path, by status, in the order of paths; read as they are taken.
    results : those of some ids with their ids, in that order, without those that are not there; read as they are taken.
    failures : what failed and why, with what to do.
    failure_groups : the same by reason.
    retry : puts tracks back into the queue; how many.
    settings : the settings in force, without secrets.
    file : the file of a track by its id, as a path that can be opened, or None.
    track_page : a page of summaries: filter, order, cursor, number.
    summaries : those of some ids, in that order, without those that are not there.
    search : what fits some words.
    stats : how the library is spread.
    duplicates : recordings behind a number, at most so many, only that of a file, only with the same sound.
    similar, blend, way, map : see ``serve.api.similar``.
    neighbour_similarities : how alike each of some tracks and the one behind it are, 0..1.
    playlists, playlist_preview, rule_preview : see ``serve.api.playlists``.
    media_ids : by which ids the programs that speak AudioMuse-AI's dialect name tracks.
    finished : the tracks that ended after a time, in seconds since the epoch, the latest last; bounded.
    """

    metrics: Callable[[], bytes]
    not_ready: Callable[[], str | None]
    status: Callable[[], dict[str, Any]]
    track: Callable[[TrackName], dict[str, Any] | None]
    findings: Callable[[str], dict[str, str]]
    evidence: Callable[[int], dict[str, Any]]
    report: Callable[[int], Document]
    tracks: Callable[[Status | None, str, int], Iterator[ResultText]]
    results: Callable[[Sequence[int]], Iterator[ResultText]]
    failures: Callable[[], list[dict[str, Any]]]
    failure_groups: Callable[[], list[dict[str, Any]]]
    retry: Callable[[RetryRequest], int]
    settings: Callable[[], list[dict[str, Any]]]
    file: Callable[[int], str | None]
    finished: Callable[[float], list[dict[str, Any]]]
    track_page: Callable[[TrackFilter, str, str | None, int], dict[str, Any]]
    summaries: Callable[[Sequence[int]], list[dict[str, Any]]]
    search: Callable[[str, int], dict[str, Any]]
    stats: Callable[[], dict[str, Any]]
    duplicates: Callable[[int, int, int | None, bool], dict[str, Any]]
    similar: Callable[[SimilarRequest], dict[str, Any]]
    blend: Callable[[tuple[int, ...], tuple[int, ...], int], dict[str, Any]]
    way: Callable[[int, int, int], dict[str, Any]]
    map: Callable[[str, int], dict[str, Any]]
    playlists: Callable[[], dict[str, Any]]
    playlist_preview: Callable[[str], dict[str, Any]]
    rule_preview: Callable[[str | Mapping[str, object]], dict[str, Any]]
    neighbour_similarities: Callable[[Sequence[int]], list[float]]
    media_ids: MediaIds
