"""A worker of a cluster: one track at a time, for whatever daemon the scheduler has, until it is stopped.

Input: the scheduler's address, and `Requests` that can answer. Output: a process that joins the scheduler, joins again
whenever that comes back, and that a stop lets finish its track within its grace period or give it back.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import structlog

from playlista.cluster.dask_settings import HTTP_ADDRESS, NO_EXTENSIONS, configure_dask
from playlista.cluster.presence import ask_presence
from playlista.cluster.requests import Requests
from playlista.cluster.security import ClusterError, Credentials, probe, security_of
from playlista.cluster.tasks import PLUGIN
from playlista.system.temporary_folder import TemporaryFolder

log = structlog.get_logger(__name__)

#: How long a worker waits before it tries again to reach a scheduler; doubles up to the longest.
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 30.0
#: How long it may take to join, and to leave when all is done.
JOIN_SECONDS = 30.0
LEAVE_SECONDS = 5.0
#: How long an answer waits to be fetched before the worker leaves.
FETCH_SECONDS = 10.0
TICK_SECONDS = 0.1


@dataclass(slots=True)
class Progress:
    """What the worker is about, for its page of health and for whoever asks whether to go on with a track.

    ``abandoned``: nobody wants the track at work any more, or it has to be given back.
    """

    joined: bool = False
    trouble: str | None = "not joined yet"
    abandoned: threading.Event = field(default_factory=threading.Event)

    def not_ready(self) -> str | None:
        """Why the worker cannot work, in one line; None when it can."""
        return None if self.joined else self.trouble


@dataclass(frozen=True, slots=True)
class Place:
    """Where a worker joins, as whom, and where it listens for the scheduler; port 0 takes any."""

    scheduler: str
    credentials: Credentials | None
    name: str
    port: int = 0


class ClusterWorker:
    """Serves until it is stopped.

    Parameters
    ----------
    grace_seconds : how long a stop waits for the track at work.
    """

    def __init__(self, place: Place, requests: Requests, progress: Progress, *, grace_seconds: float) -> None:
        self._place = place
        self._requests = requests
        self._progress = progress
        self._grace_seconds = grace_seconds
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self) -> int:
        """Work until stopped; exit code 0.

        Raises
        ------
        PlaylistaError : dask is not installed.
        """
        configure_dask()
        with closing(TemporaryFolder("playlista-worker-")) as folder:
            return asyncio.run(self._run(os.fspath(folder.path)))

    def ask_to_stop(self) -> None:
        """From any thread."""
        if self._loop is None:
            os._exit(0)
        self._loop.call_soon_threadsafe(self._stop.set)

    async def _run(self, folder: str) -> int:
        self._loop = asyncio.get_running_loop()
        wait = FIRST_WAIT_SECONDS
        while not self._stop.is_set():
            if self._requests.current is not None:  # the thread of a former connection, which was told to give up
                await self._until_stop(TICK_SECONDS)
                continue
            try:
                worker = await self._joined(folder)
            except (ClusterError, OSError, TimeoutError, ValueError, RuntimeError) as error:
                self._say_trouble(str(error) or type(error).__name__)
                await self._until_stop(wait)
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
                continue
            wait = FIRST_WAIT_SECONDS
            await self._serve(worker)
        log.info("worker.stopped", why="asked to stop")
        return 0

    async def _joined(self, folder: str) -> Any:
        from distributed import Worker  # noqa: PLC0415 - after its settings

        place = self._place
        await asyncio.to_thread(probe, place.scheduler, place.credentials)
        self._progress.abandoned.clear()
        worker = await asyncio.wait_for(
            Worker(
                place.scheduler,
                name=f"{place.name}#{secrets.token_hex(4)}",
                nthreads=1,
                port=place.port or None,
                memory_limit=0,
                dashboard=False,
                dashboard_address=HTTP_ADDRESS,
                local_directory=folder,
                security=security_of(place.credentials, "worker"),
                plugins=(_plugin(self._requests),),
                extensions=NO_EXTENSIONS,
                death_timeout=JOIN_SECONDS,
            ),
            JOIN_SECONDS * 2,
        )
        try:
            await ask_presence(worker.scheduler, place.scheduler, seconds=JOIN_SECONDS)
        except BaseException:  # it would have tasks of somebody else
            await worker.close()
            raise
        self._progress.joined, self._progress.trouble = True, None
        log.info("worker.started", scheduler=place.scheduler, name=place.name, address=worker.address, pid=os.getpid())
        return worker

    async def _serve(self, worker: Any) -> None:
        finished = asyncio.ensure_future(worker.finished())
        stopped = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait((finished, stopped), return_when=asyncio.FIRST_COMPLETED)
        self._progress.joined = False
        stopped.cancel()
        if self._stop.is_set() and not finished.done():
            await self._leave(worker)
        else:
            self._say_trouble(f"{self._place.scheduler}: the scheduler went away")
        self._progress.abandoned.set()  # nobody fetches what is at work
        finished.cancel()

    async def _leave(self, worker: Any) -> None:
        """Finish the track within the grace period or give it back, wait until the answer was fetched, then go."""
        log.info("worker.leaving", track=self._requests.current, grace_seconds=self._grace_seconds)
        self._requests.close()
        await _until(lambda: self._requests.current is None, self._grace_seconds)
        self._progress.abandoned.set()
        await _until(lambda: not worker.state.tasks, FETCH_SECONDS)
        try:
            await asyncio.wait_for(worker.close_gracefully(reason="asked to stop"), LEAVE_SECONDS)
        except Exception as error:
            log.warning("worker.left_abruptly", why=f"{type(error).__name__}: {error}")

    def _say_trouble(self, trouble: str) -> None:
        if trouble != self._progress.trouble:
            log.warning("scheduler.unreachable", why=trouble)
        self._progress.trouble = trouble

    async def _until_stop(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return


async def _until(done: Callable[[], bool], seconds: float) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not done() and loop.time() < end:
        await asyncio.sleep(TICK_SECONDS)


def _plugin(requests: Requests) -> Any:
    """Where ``cluster.tasks`` finds the requests; a plugin of dask's, whose base class is imported only here."""
    from distributed import WorkerPlugin  # noqa: PLC0415 - only on a worker

    return type("RequestsPlugin", (WorkerPlugin,), {"name": PLUGIN, "requests": requests})()
