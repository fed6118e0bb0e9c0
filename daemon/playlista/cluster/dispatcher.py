"""The daemon's side of a cluster: gives each free worker a job, and takes the answers in.

Input: jobs from the daemon's queue, through ``Jobs``. Output: their ends, told to ``Jobs``. It lives in a thread with
an event loop of its own; nothing else in the daemon ever waits for the cluster. Each worker has one track at a time,
chosen for it here, so that the death of a worker is the death of that track's attempt and of no other.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from playlista import __version__
from playlista.cluster.assignments import Assignments, Jobs
from playlista.cluster.presence import ask_presence
from playlista.cluster.roster import Roster, WorkerState, states
from playlista.cluster.security import ClusterError, Credentials, probe, security_of
from playlista.errors import PlaylistaError, StoreError

log = structlog.get_logger(__name__)

#: How often the scheduler is asked who is there, and the queue whether there is something for a free worker.
TICK_SECONDS = 1.0
#: How long the scheduler may take for an answer.
ANSWER_SECONDS = 15.0
#: How long the daemon waits before it tries again to reach a scheduler; doubles up to the longest.
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 30.0
#: How long it waits before it tries a database again that could not be written.
STORE_RETRY_SECONDS = 10.0
STOP_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class ClusterReading:
    """The cluster at one moment, for metrics and people."""

    address: str
    scheduler_up: bool
    trouble: str | None
    workers: dict[str, int]
    refusals: dict[str, int]
    in_flight: int
    lost: dict[str, int]
    members: list[dict[str, Any]] = field(default_factory=list)


class Dispatcher:
    """Dispatches until it is stopped.

    Parameters
    ----------
    kinship : the daemon's, as text.
    may_claim : whether tracks may be begun at all.
    track_timeout_seconds : TRACK_TIMEOUT_SECONDS.
    """

    def __init__(
        self,
        address: str,
        credentials: Credentials | None,
        jobs: Jobs,
        kinship: str,
        *,
        may_claim: Callable[[], bool],
        track_timeout_seconds: float,
    ) -> None:
        self._address = address
        self._credentials = credentials
        self._may_claim = may_claim
        self._roster = Roster()
        self._assignments = Assignments(
            self._roster, jobs, kinship, track_timeout_seconds=track_timeout_seconds, changed=self._wake
        )
        self._up = False
        self._trouble: str | None = None
        self._stop = threading.Event()
        self._changed: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="cluster", daemon=True)

    def start(self) -> None:
        """Begin; dask was configured before."""
        self._thread.start()

    def stop(self) -> None:
        """Give back what is in flight, and end."""
        self._stop.set()
        if self._loop is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(self._wake)
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
        self._assignments.close()

    @property
    def claims_if_idle(self) -> int | None:
        """See ``Assignments``."""
        return self._assignments.claims_if_idle

    def reading(self) -> ClusterReading:
        """How it is at this moment; from any thread."""
        members, refusals = list(self._roster.members.values()), dict(self._roster.refusals)
        return ClusterReading(
            self._address,
            self._up,
            self._trouble,
            {state.value: count for state, count in self._roster.counts().items()},
            {reason.value: count for reason, count in refusals.items()},
            self._assignments.in_flight,
            dict(self._assignments.lost),
            states(members),
        )

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                asyncio.run(self._main())
            except Exception as error:  # one that nobody thought of must not end the dispatching in silence
                self._trouble = f"{type(error).__name__}: {error}; please report it with the log"
                log.exception("cluster.broke", retry_seconds=LONGEST_WAIT_SECONDS)
                self._stop.wait(LONGEST_WAIT_SECONDS)

    async def _main(self) -> None:
        self._loop, self._changed = asyncio.get_running_loop(), asyncio.Event()
        wait = FIRST_WAIT_SECONDS
        while not self._stop.is_set():
            try:
                client = await self._connected()
            except (PlaylistaError, OSError, TimeoutError, ValueError) as error:
                self._say_trouble(str(error) or type(error).__name__)
                await self._pause(wait)
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
                continue
            wait = FIRST_WAIT_SECONDS
            try:
                await self._serve(client)
            except (OSError, TimeoutError, ClusterError) as error:
                self._say_trouble(f"{self._address}: the scheduler went away ({error or type(error).__name__})")
            finally:
                self._up = False
                await self._assignments.give_everything_back()
                await _quietly(client.close())

    def _say_trouble(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("scheduler.unreachable", why=trouble)
        self._trouble = trouble

    async def _connected(self) -> Any:
        from distributed import Client  # noqa: PLC0415 - after its settings

        await asyncio.to_thread(probe, self._address, self._credentials)
        client = await Client(  # type: ignore[no-untyped-call]
            self._address,
            asynchronous=True,
            security=security_of(self._credentials, "daemon"),
            set_as_default=False,
            name="playlista",
            timeout=ANSWER_SECONDS,
            # An answer is a text. A pickle in its place would be code of the worker, and is not opened.
            deserializers=["dask", "msgpack"],
        )
        try:
            report = await self._report(client)
        except BaseException:
            await _quietly(client.close())
            raise
        self._up, self._trouble = True, None
        log.info("scheduler.connected", address=self._address, workers=len(report["workers"]))
        return client

    async def _report(self, client: Any) -> dict[str, Any]:
        report = await ask_presence(client.scheduler, self._address, seconds=ANSWER_SECONDS)
        if report["version"] != __version__:
            raise ClusterError(
                f"{self._address}: the scheduler is Playlista {report['version']}, this is {__version__}; "
                "run the same version"
            )
        return report

    async def _serve(self, client: Any) -> None:
        """Until the scheduler goes, or we do."""
        asked = -TICK_SECONDS
        while not self._stop.is_set() and client.status == "running":
            now = time.monotonic()
            if now - asked >= TICK_SECONDS:
                asked = now
                for gone in self._roster.update(await self._report(client), now):
                    self._assignments.left(gone)
                self._assignments.end_hung(now)
            for member in self._roster.in_state(WorkerState.NEW):
                self._assignments.greet(client, member)
            await self._feed(client)
            await self._pause(TICK_SECONDS)
        if not self._stop.is_set():
            raise ClusterError("its connection was closed")

    async def _feed(self, client: Any) -> None:
        for member in self._roster.free():
            if self._stop.is_set() or not self._may_claim():
                return
            try:
                if not await self._assignments.assign(client, member):
                    return
            except StoreError as error:
                log.warning("store.failed", error=str(error), retry_seconds=STORE_RETRY_SECONDS)
                await self._pause(STORE_RETRY_SECONDS)
                return

    def _wake(self) -> None:
        """Look at once whether there is something to do; in the loop's thread."""
        if self._changed is not None:
            self._changed.set()

    async def _pause(self, seconds: float) -> None:
        if self._changed is None or self._stop.is_set():
            return
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._changed.clear()


async def _quietly(closing: Awaitable[object]) -> None:
    try:
        await asyncio.wait_for(closing, STOP_SECONDS)
    except Exception:
        log.debug("client.close_failed")
