"""What the daemon does and says before the first track: its limits, what a former process left, what is outdated.

Input: the parts that are open already. Output: log lines, and jobs in the queue.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import structlog

from playlista import __version__
from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.analysis.equipment import Equipment
from playlista.cluster.roster import shown_name
from playlista.config import Settings
from playlista.daemon.cluster_work import ignored_settings
from playlista.daemon.former_life import former_fault, why_not_to_blame
from playlista.library.database import FILE_NAME, Database, open_database
from playlista.library.queue import JobQueue
from playlista.library.restore import finish_restore
from playlista.library.results import Store
from playlista.memory.kernel_counts import read_kernel_counts
from playlista.outputs.file_tags.journal import remove_leftovers
from playlista.serve.metrics import Metrics
from playlista.watch.options import WatchOptions

#: How long the database is checked for damage before it is used; some 500 MB from an SSD.
START_CHECK_SECONDS = 2.0

log = structlog.get_logger(__name__)


def opened_library(settings: Settings) -> Database:
    """The library in a data folder that is ours, made where there is none."""
    path = os.path.join(settings.data_dir, FILE_NAME)
    finish_restore(path)
    return open_database(path, check_seconds=START_CHECK_SECONDS)


def say_start(settings: Settings, database: Database, equipment: Equipment) -> None:
    """Log the limits that hold, the state of the database, what computes, and settings that have no effect."""
    cgroup, tagger, kernels = equipment.cgroup, equipment.tagger, equipment.kernels
    limit = cgroup.memory_limit()
    log.info(
        "daemon.starting",
        version=__version__,
        data=os.fspath(settings.data_dir),
        memory_limit_mb=limit.bytes >> 20,
        limit_from=limit.source,
        cpus=cgroup.cpu_threads(),
    )
    if database.warning:
        log.warning("database.misplaced", why=database.warning)
    if database.was_empty:
        log.warning(
            "database.was_empty",
            why=f"{database.path} was an empty file, so the library begins anew; if results are missing, stop "
            "Playlista and bring back a backup with `playlista restore FILE`",
        )
    if not database.checked:
        log.warning(
            "database.unchecked",
            why=f"too large to be checked whole within {START_CHECK_SECONDS:g} s; `playlista backup` checks it all",
        )
    say = log.warning if tagger.is_wanted and tagger.accumulator is None else log.info
    say("runtime.chosen", runtime=tagger.runtime, why=tagger.why)
    log.info("kernels.chosen", kernels=kernels.name, why=kernels.why)
    mood_model = equipment.mood_model
    if mood_model.is_wanted:
        say = log.info if mood_model.network else log.warning
        say("mood_model.chosen", model="vibenet" if mood_model.network else "off", why=mood_model.why)
    for key, why in ignored_settings(settings).items():
        log.warning("setting.ignored", key=key, why=why)


def clear_up(data_dir: Path, queue: JobQueue, metrics: Metrics) -> None:
    """Clear up after a killed `tag --write`, and name the tracks that the former process did not survive."""
    for trouble in remove_leftovers(os.fspath(data_dir)):
        log.warning("tags.leftover", detail=trouble)
    fault, now = former_fault(data_dir), read_kernel_counts()
    if fault:
        log.warning("process.faulted", detail=fault)
    for path, worker in queue.release_remote():
        log.info("track.released", path=path, why=f"the daemon ended while worker {shown_name(worker)} had it")
    for path, why in queue.release_interrupted(lambda claimed: why_not_to_blame(claimed, now, fault)):
        log.info("track.released", path=path, why=why)
    for crashed in queue.recover_claimed():
        metrics.track_crashed(quarantined=crashed.quarantined)
        log.warning("track.crashed", path=crashed.path, attempts=crashed.attempts, quarantined=crashed.quarantined)


def enqueue_outdated(store: Store, queue: JobQueue, analyzer: AudioAnalyzer, *, stopped: Callable[[], bool]) -> None:
    """Queue what this version or these settings compute otherwise; a stop ends it, and the next start goes on."""
    store.remember_old_settings(analyzer.settings)
    for groups, files in store.outdated(analyzer.outdated_groups):
        if stopped():
            return
        count = queue.enqueue(files, "outdated", groups=groups)
        log.info("results.outdated", groups=sorted(groups), tracks=count)


def watch_options(settings: Settings) -> WatchOptions:
    """How the music folder is watched, by the settings."""
    return WatchOptions(
        settle_seconds=settings.watch_settle_seconds,
        rescan_interval_seconds=settings.watch_rescan_interval_seconds,
        mode=settings.watch_mode,
        follow_symlinks=settings.follow_symlinks,
        retention_seconds=settings.retention_days * 86400,
        ignore=settings.watch_ignore,
    )
