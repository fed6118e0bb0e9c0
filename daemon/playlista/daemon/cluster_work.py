"""The daemon's part in a cluster: its dispatcher, the children of a local cluster, and what is shown of both.

Input: settings and the daemon's parts. Output: tracks that are analyzed elsewhere. Nothing of it is there, or imported,
where neither DASK_SCHEDULER nor WORKERS asks for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playlista.analysis.equipment import Equipment
from playlista.cluster.dask_settings import configure_dask
from playlista.cluster.dispatcher import Dispatcher
from playlista.cluster.kinship import Kinship, kinship_of
from playlista.cluster.local import LocalCluster, require_memory
from playlista.cluster.messages import Refusal
from playlista.cluster.roster import WorkerState
from playlista.cluster.security import credentials_for
from playlista.config import Settings
from playlista.daemon.failures import Failures
from playlista.daemon.remote_jobs import RemoteJobs
from playlista.library.queue import JobQueue
from playlista.library.results import Store
from playlista.serve.cluster_metrics import ClusterGauges
from playlista.serve.metrics import Metrics


def no_cluster() -> ClusterGauges:
    """The gauges where there is no cluster: every label value at 0."""
    states, reasons = ({one.value: 0 for one in kind} for kind in (WorkerState, Refusal))
    return ClusterGauges(False, states, 0, reasons, {"track": 0, "nobody": 0})


class ClusterWork:
    """Starts and stops what a cluster takes in the daemon.

    Parameters
    ----------
    kinship : the daemon's.
    may_claim : whether tracks may be begun.
    limit_bytes : the effective memory limit.
    config : the settings file that was named, for the children.

    Raises
    ------
    ConfigError : certificates are missing, or there is too little memory for the workers.
    PlaylistaError : playlista[dask] is not installed.
    """

    def __init__(
        self,
        settings: Settings,
        jobs: RemoteJobs,
        kinship: Kinship,
        *,
        limit_bytes: int,
        may_claim: Callable[[], bool],
        config: Path | None = None,
    ) -> None:
        configure_dask()
        self._jobs = jobs
        self._local: LocalCluster | None = None
        address = settings.dask_scheduler
        if address:
            credentials = credentials_for(
                address, "daemon", tls_dir=settings.cluster_tls_dir, insecure=settings.cluster_insecure
            )
        else:
            require_memory(settings, limit_bytes)
            self._local = LocalCluster(settings, config)
            address, credentials = self._local.address, self._local.credentials()
        self._dispatcher = Dispatcher(
            address,
            credentials,
            jobs,
            kinship.to_text(),
            may_claim=may_claim,
            track_timeout_seconds=settings.track_timeout_seconds,
        )

    def start(self) -> None:
        """Begin to dispatch."""
        if self._local is None:
            self._dispatcher.start()
        else:
            self._local.start(when_ready=self._dispatcher.start)

    def stop(self) -> None:
        """Give back what is in flight, and end the children."""
        self._dispatcher.stop()
        if self._local is not None:
            self._local.stop()

    @property
    def claims_if_idle(self) -> int | None:
        """How many claims there were, where no track is at a worker."""
        return self._dispatcher.claims_if_idle

    @property
    def unsuccessful(self) -> int:
        """Tracks that did not succeed."""
        return self._jobs.unsuccessful

    def gauges(self) -> ClusterGauges:
        """For metrics."""
        reading = self._dispatcher.reading()
        refusals = dict.fromkeys((reason.value for reason in Refusal), 0) | reading.refusals
        return ClusterGauges(reading.scheduler_up, reading.workers, reading.in_flight, refusals, reading.lost)

    def status(self) -> dict[str, Any]:
        """For people and the API."""
        reading = self._dispatcher.reading()
        return {
            "scheduler": reading.address,
            "scheduler_up": reading.scheduler_up,
            "trouble": reading.trouble,
            "in_flight": reading.in_flight,
            "workers": reading.members,
            "refusals": reading.refusals,
        }


def made_cluster(
    settings: Settings,
    equipment: Equipment,
    queue: JobQueue,
    store: Store,
    metrics: Metrics,
    *,
    may_claim: Callable[[], bool],
    config: Path | None,
) -> ClusterWork | None:
    """The cluster that the settings ask for, not started; None where the daemon analyzes by itself.

    Raises
    ------
    PlaylistaError : see ``ClusterWork``.
    """
    if not settings.has_cluster:
        return None
    kinship = kinship_of(settings, equipment.analyzer, equipment.tagger, equipment.mood_model)
    # Failures of their own: what fails at a worker says nothing of the storage here.
    failures = Failures(queue, metrics, time.time, recheck_ffmpeg=lambda: None)
    jobs = RemoteJobs(queue, store, failures, metrics, kinship)
    limit_bytes = equipment.cgroup.memory_limit().bytes
    return ClusterWork(settings, jobs, kinship, limit_bytes=limit_bytes, may_claim=may_claim, config=config)


def ignored_settings(settings: Settings) -> dict[str, str]:
    """Settings of a cluster that others leave without effect, each with the reason and what to do."""
    ignored = {}
    if settings.dask_scheduler and settings.workers > 1:
        ignored["WORKERS"] = (
            f"the workers of {settings.dask_scheduler} analyze; start one more there for each process, or clear "
            "DASK_SCHEDULER"
        )
    if settings.cluster_local_too and not settings.has_cluster:
        ignored["CLUSTER_LOCAL_TOO"] = (
            "there is no cluster, and the daemon analyzes in any case; set DASK_SCHEDULER or WORKERS, or leave it out"
        )
    return ignored
