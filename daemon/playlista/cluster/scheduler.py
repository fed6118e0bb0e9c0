"""The scheduler of a cluster: dask's, with our settings and with word for the daemon of who is there and who was lost.

Input: an address to listen at. Output: a process that passes tasks on until it is stopped. It keeps nothing on disk:
a restart loses no track, since the daemon gives back what was in flight and sends it again.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import deque
from typing import Any
from urllib.parse import urlsplit

import structlog

from playlista import __version__
from playlista.cluster.dask_settings import (
    HTTP_ADDRESS,
    NO_EXTENSIONS,
    WORKER_TTL_SECONDS,
    configure_dask,
    forget_task_names,
)
from playlista.cluster.security import Credentials, security_of
from playlista.errors import PlaylistaError
from playlista.system.stop_signals import StopSignals, end_at_once

log = structlog.get_logger(__name__)

#: Losses that the daemon can still ask for.
LOSSES_KEPT = 1000
#: How dask calls the removal of a worker that did not say that it leaves: its connection closed, or it was silent.
_CLOSED, _SILENT = "handle-worker-cleanup", "check-worker-ttl"


class Presence:
    """What a daemon asks the scheduler: its workers, and those that were lost; a plugin of dask's scheduler.

    Times are monotonic seconds of this process: a clock that is set does not make a worker look silent, or alive.
    """

    name = "playlista"

    def __init__(self) -> None:
        self._workers: dict[str, Any] = {}
        self._lost: deque[dict[str, Any]] = deque(maxlen=LOSSES_KEPT)
        #: By worker: dask's time of its last heartbeat, by the clock of the wall, and when that was noticed.
        self._heard: dict[str, tuple[float, float]] = {}
        #: The scheduler itself goes, and its connections with it: no worker is lost by that.
        self.stopping = False

    def add_worker(self, scheduler: Any, worker: str) -> None:
        """A worker came."""
        self._workers[worker] = scheduler.workers[worker]
        self._listen(worker)
        log.info("worker.came", name=str(scheduler.workers[worker].name), address=worker)

    def remove_worker(self, scheduler: Any, worker: str, *, stimulus_id: str, **_: Any) -> None:  # noqa: ARG002
        """A worker left, or was lost; how long it had been silent tells a dead process from a cut network."""
        state = self._workers.pop(worker, None)
        if state is None:
            return
        now = time.monotonic()
        silent_seconds = now - self._heard.pop(worker)[1]
        if self.stopping or not stimulus_id.startswith((_CLOSED, _SILENT)):
            log.info("worker.left", name=str(state.name), address=worker)
            return
        if stimulus_id.startswith(_SILENT):  # so says dask, also when the clock was set: nobody's track did that
            silent_seconds = max(silent_seconds, WORKER_TTL_SECONDS)
        self._lost.append({"address": worker, "silent_seconds": silent_seconds, "at": now})
        log.warning("worker.lost", name=str(state.name), address=worker, silent_seconds=round(silent_seconds, 1))

    async def report(self) -> str:
        """Answer of the handler ``playlista_presence``: JSON with ``version``, ``workers``, ``lost``.

        A daemon asks every second, which is why what has to be done often is done here.
        """
        forget_task_names()
        for worker in self._workers:
            self._listen(worker)
        return json.dumps(
            {
                "version": __version__,
                "workers": [{"address": address, "name": str(one.name)} for address, one in self._workers.items()],
                "lost": list(self._lost),
            }
        )

    def _listen(self, worker: str) -> None:
        last_seen, now = self._workers[worker].last_seen, time.monotonic()
        if worker not in self._heard or self._heard[worker][0] != last_seen:
            self._heard[worker] = (last_seen, now)


def run_scheduler(listen: str, credentials: Credentials | None, signals: StopSignals) -> int:
    """Run the scheduler at `listen` (``tls://HOST:PORT``) until stopped; exit code 0.

    Raises
    ------
    PlaylistaError : dask is not installed, or the port is taken.
    """
    configure_dask()
    return asyncio.run(_run(listen, credentials, signals))


async def _run(listen: str, credentials: Credentials | None, signals: StopSignals) -> int:
    from distributed import Scheduler  # noqa: PLC0415 - after its settings
    from distributed.diagnostics.plugin import SchedulerPlugin  # noqa: PLC0415

    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    signals.follow(lambda: loop.call_soon_threadsafe(stop.set), end_at_once)  # type: ignore[arg-type]
    parts, presence = urlsplit(listen), _as_plugin(SchedulerPlugin)
    try:
        scheduler = await Scheduler(
            host=parts.hostname,
            port=parts.port or 0,
            protocol=parts.scheme,
            dashboard=False,
            dashboard_address=HTTP_ADDRESS,
            security=security_of(credentials, "scheduler"),
            plugins=[presence],
            extensions=NO_EXTENSIONS,
        )
    except OSError as error:
        raise PlaylistaError(f"{listen}: cannot listen there ({error.strerror or error}); name another port") from error
    scheduler.handlers["playlista_presence"] = presence.report
    log.info("scheduler.started", address=scheduler.address, version=__version__, pid=os.getpid())
    await stop.wait()
    presence.stopping = True
    await scheduler.close(reason="asked to stop")
    log.info("scheduler.stopped", why="asked to stop")
    return 0


def _as_plugin(base: type) -> Any:
    """`Presence` as a subclass of dask's base class, which is imported only where a scheduler runs."""
    return type("PresencePlugin", (Presence, base), {})()
