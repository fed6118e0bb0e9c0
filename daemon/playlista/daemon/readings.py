"""What the daemon shows of itself while it works: readings for metrics, readiness and the API.

Input: the daemon's components, asked only for what they know already. Output: numbers and plain types, from whatever
thread asks. The database is read over connections of their own, one for the API and one for the metrics, so that no
scrape waits for the worker's writes or for somebody's list; and what touches a disk has a deadline where probes ask.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from playlista import __version__
from playlista.analysis.tagger import Tagger
from playlista.config import Settings
from playlista.daemon.bounded import Bounded, UnansweredError
from playlista.daemon.cluster_work import ClusterWork, no_cluster
from playlista.daemon.evidence_views import EvidenceViews
from playlista.daemon.library_views import LibraryViews
from playlista.daemon.music_views import MusicViews
from playlista.daemon.playlist_views import PlaylistViews
from playlista.daemon.settings_report import report_settings
from playlista.daemon.similar_views import SimilarViews
from playlista.daemon.status import read_progress
from playlista.daemon.storage_probe import StorageProbe
from playlista.daemon.worker import Worker
from playlista.errors import PlaylistaError
from playlista.library.database import Database
from playlista.library.database_errors import why_unwritable
from playlista.library.due_moods import count_due_moods
from playlista.library.due_tags import count_due_tags
from playlista.library.duplicates import Duplicates
from playlista.library.scrubs import Scrubs
from playlista.library.statistics import read_statistics
from playlista.library.summaries import Overview
from playlista.library.tag_jobs import count_tag_jobs
from playlista.memory.cgroup import Cgroup
from playlista.serve.library_metrics import LibraryReading
from playlista.serve.media_ids import MediaIds
from playlista.serve.memory_reading import memory_reading
from playlista.serve.metrics import Metrics
from playlista.serve.scrape import DiskReading, Gauges, QueueReading, WatchReading
from playlista.serve.views import Views
from playlista.watch.watcher import MusicWatcher

#: A probe waits no longer for a disk.
PROBE_SECONDS = 1.0


class StartingError(PlaylistaError):
    """The daemon has been started and cannot answer this yet."""

    def __init__(self) -> None:
        super().__init__("starting: the library is not open yet; ask again in a moment")


def views_while_starting(metrics: Metrics) -> Views:
    """What is answered before the library is open: that the process lives, and its metrics."""

    def not_yet(*_: object) -> Any:
        raise StartingError

    unanswered: dict[str, Any] = dict.fromkeys((field.name for field in fields(Views)), not_yet)
    return Views(**unanswered | {"metrics": metrics.page, "not_ready": lambda: str(StartingError())})


class Readings:
    """All that can be asked of a running daemon.

    Parameters
    ----------
    database, probe_database : connections for reading, of the API and of the metrics.
    library, music, similar, playlists : what the API answers from the library.
    evidence : what it answers from the files.
    media_ids : how other programs name tracks.
    sources : where the values of settings come from.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        probe_database: Database,
        *,
        library: LibraryViews,
        music: MusicViews,
        similar: SimilarViews,
        playlists: PlaylistViews,
        evidence: EvidenceViews,
        media_ids: MediaIds,
        sources: Mapping[str, str],
        worker: Worker,
        watcher: MusicWatcher,
        tagger: Tagger,
        metrics: Metrics,
        cgroup: Cgroup,
        probe: StorageProbe,
        cluster: ClusterWork | None = None,
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._database = database
        self._library, self._music, self._similar, self._playlists = library, music, similar, playlists
        self._evidence = evidence
        self._media_ids = media_ids
        self._worker = worker
        self._watcher = watcher
        self._tagger = tagger
        self._metrics = metrics
        self._cgroup = cgroup
        self._probe = probe
        self._cluster = cluster
        self._probe_database = probe_database
        self._probe_overview = Overview(probe_database)
        self._why_unusable = Bounded(
            lambda: database.misplaced() or why_unwritable(settings.data_dir), seconds=PROBE_SECONDS
        )

    def gauges(self) -> Gauges:
        """What metrics read at every scrape."""
        return Gauges(
            queue=Bounded(self._read_queue, seconds=PROBE_SECONDS),
            memory=lambda: memory_reading(self._settings, self._cgroup),
            watch=self._read_watch,
            disk=Bounded(self._read_disk, seconds=PROBE_SECONDS),
            library=Bounded(self._read_library, seconds=PROBE_SECONDS),
            cluster=self._cluster.gauges if self._cluster is not None else no_cluster,
        )

    def views(self) -> Views:
        """What the HTTP server may ask."""
        return Views(
            metrics=self._metrics.page,
            not_ready=self.not_ready,
            status=self._status,
            settings=lambda: report_settings(self._settings, self._sources),
            track=self._library.track,
            findings=self._library.findings,
            evidence=self._evidence.evidence,
            report=self._evidence.report,
            tracks=self._library.tracks,
            results=self._library.results,
            failures=self._library.failures,
            failure_groups=self._library.failure_groups,
            retry=self._library.retry,
            file=self._library.file,
            finished=self._library.finished,
            track_page=self._music.page,
            summaries=self._music.summaries,
            search=self._music.search,
            stats=self._music.stats,
            duplicates=self._music.duplicates,
            similar=self._similar.similar,
            blend=self._similar.blend,
            way=self._similar.way,
            map=self._similar.map,
            playlists=self._playlists.playlists,
            playlist_preview=self._playlists.preview,
            rule_preview=self._playlists.preview_rule,
            neighbour_similarities=self._similar.between_neighbours,
            media_ids=self._media_ids,
        )

    def not_ready(self) -> str | None:
        """Why the daemon cannot do its work, in one line; None when it can."""
        health = self._watcher.health()
        if self._tagger.is_wanted and self._tagger.accumulator is None:
            return f"tags: {self._tagger.why}"
        return self._data_trouble() or self._probe.trouble or self._worker.trouble or health.problem

    def _data_trouble(self) -> str | None:
        try:
            return self._why_unusable()
        except UnansweredError as error:
            return f"{self._settings.data_dir}: {error}; see to the disk of DATA_DIR"

    def _read_queue(self) -> QueueReading:
        overview = self._probe_overview
        return QueueReading(overview.job_counts(), overview.oldest_enqueued_at(), overview.counts(), overview.gone())

    def _read_library(self) -> LibraryReading:
        database = self._probe_database
        pending = count_tag_jobs(database).pending
        due = count_due_tags(database), count_due_moods(database), pending
        return LibraryReading(
            read_statistics(database), *due, Scrubs(database).progress(), Duplicates(database).counts()
        )

    def _read_watch(self) -> WatchReading:
        health = self._watcher.health()
        mode = health.mode if health.alive and health.music_present else ""
        return WatchReading(mode, self._watcher.overflows, health.ignored)

    def _read_disk(self) -> DiskReading:
        disk = shutil.disk_usage(self._settings.data_dir)
        return DiskReading(free_bytes=disk.free, size_bytes=disk.total)

    def _status(self) -> dict[str, Any]:
        report = read_progress(self._database, self._settings, now=time.time())
        return {
            "version": __version__,
            **report,
            "serve_audio": self._settings.serve_audio,
            "current": self._worker.current,
            "runtime": self._tagger.runtime,
            "watch_mode": self._watcher.health().mode,
            "cluster": None if self._cluster is None else self._cluster.status(),
            "not_ready": self.not_ready(),
        }
