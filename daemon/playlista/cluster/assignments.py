"""Who has which job: from the moment a worker is asked until its answer, its refusal or its loss is written down.

Input: a connected client of dask, free workers, jobs with their requests. Output: ends, told to ``Jobs``, and workers
whose state changes in the roster. Everything but ``Jobs`` happens in the dispatcher's event loop.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

import structlog

from playlista.cluster.answers import AnswerError, read_answer
from playlista.cluster.messages import Answer, Refusal
from playlista.cluster.roster import VERDICT_SECONDS, Member, Roster
from playlista.cluster.tasks import answer_attempt, answer_greeting
from playlista.errors import Blame, StoreError
from playlista.library.jobs import Job

log = structlog.get_logger(__name__)

Value = TypeVar("Value")

#: How long a worker may take to say whether it serves this daemon.
GREETING_SECONDS = 15.0
#: How long a worker rests that broke, that is stopping, or that is dead and still listed.
REST_SECONDS = 30.0
#: A worker that has not answered so long after TRACK_TIMEOUT_SECONDS hangs.
HUNG_SECONDS = 120.0
#: How long a stop waits until all is given back.
GIVE_BACK_SECONDS = 3.0


class Jobs(Protocol):
    """The daemon's queue, as far as a cluster goes; called in one thread, and may raise ``StoreError``."""

    def claim(self, worker: str) -> tuple[Job, str] | None:
        """The next job for `worker`, with the text of its request; None where nothing is due."""

    def end(self, job: Job, answer: Answer) -> None:
        """The worker answered; neither a refusal nor released. Raises ``AnswerError`` where that cannot be."""

    def reject(self, job: Job, why: str) -> None:
        """What the worker answered cannot be, and nobody is to blame; another worker may do better."""

    def release(self, job: Job, why: str) -> None:
        """The attempt was no attempt, and nobody is to blame."""

    def refuse(self, job: Job, why: str) -> None:
        """A worker could not have the file as we saw it; another may."""

    def lose(self, job: Job, worker: str, excuse: str | None) -> None:
        """The worker was lost at it; `excuse` says why the track is not to blame."""

    def hang(self, job: Job, detail: str) -> None:
        """The worker does not come back from it."""


class Assignments:
    """The jobs that are at workers.

    Parameters
    ----------
    kinship : the daemon's, as text.
    track_timeout_seconds : TRACK_TIMEOUT_SECONDS.
    changed : called when a worker may have become free.
    """

    def __init__(
        self, roster: Roster, jobs: Jobs, kinship: str, *, track_timeout_seconds: float, changed: Callable[[], None]
    ) -> None:
        self._roster = roster
        self._jobs = jobs
        self._kinship = kinship
        self._deadline_seconds = track_timeout_seconds + HUNG_SECONDS
        self._changed = changed
        self._running: dict[str, asyncio.Task[None]] = {}
        self._began: dict[str, tuple[Job, float]] = {}
        self._hung: dict[str, str] = {}
        self._numbers = itertools.count()
        self._claims, self._is_claiming = 0, False
        # One thread: the database has one lock, and ends are written in the order in which they came.
        self._database = ThreadPoolExecutor(1, "cluster-jobs")
        #: Workers lost with a track, by who was to blame.
        self.lost = {"track": 0, "nobody": 0}

    @property
    def in_flight(self) -> int:
        """Tracks at workers."""
        return len(self._began)

    @property
    def claims_if_idle(self) -> int | None:
        """How many claims there were, where none is being made, no track is at a worker and no end is to be judged.

        For another thread, which reads it before and after a look at the queue: the same number means that no track
        went to a worker or came back meanwhile.
        """
        claims = self._claims
        return None if self._is_claiming or self._running else claims

    def close(self) -> None:
        """No end will be written any more."""
        self._database.shutdown(wait=False)

    async def assign(self, client: Any, member: Member) -> bool:
        """Give the free worker the next job; False where none is due.

        Raises
        ------
        StoreError : the library cannot be written.
        """
        self._claims, self._is_claiming = self._claims + 1, True
        try:
            claimed = await self._in_database(self._jobs.claim, member.full_name)
            if claimed is None:
                return False
            job, text = claimed
            self._roster.busy(member, job.file.path)
            self._began[member.address] = (job, time.monotonic())
            self._begin(member, self._follow(client, member, job, text))
            return True
        finally:
            self._is_claiming = False

    def greet(self, client: Any, member: Member) -> None:
        """Ask the new worker whether it serves this daemon; asked once more if it never answers."""
        self._roster.rests(member, "was asked whether it serves this daemon", time.monotonic() + 2 * GREETING_SECONDS)
        self._begin(member, self._greet(client, member))

    def left(self, member: Member) -> None:
        """A worker that is gone without a death of which dask told us takes no answer with it any more."""
        task = self._running.get(member.address)
        if task is not None and member.address in self._began:
            task.cancel()
        log.info("worker.gone", worker=member.name, address=member.address)

    def end_hung(self, now: float) -> None:
        """Take back what does not come back by itself."""
        for address, (job, began) in list(self._began.items()):
            member, task = self._roster.members.get(address), self._running.get(address)
            if now - began < self._deadline_seconds or member is None or task is None:
                continue
            self._hung[address] = f"worker {member.name} did not come back from it in {self._deadline_seconds:.0f} s"
            log.warning("worker.hangs", worker=member.name, path=job.file.path)
            task.cancel()
            self._roster.rests(member, "hangs in a track", now + self._deadline_seconds)

    async def give_everything_back(self) -> None:
        """The scheduler is gone, or we stop: nobody is to blame for what is in flight."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=GIVE_BACK_SECONDS)
        self._roster.members.clear()

    def _begin(self, member: Member, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._running[member.address] = task
        task.add_done_callback(lambda _: self._ended(member.address, task))

    def _ended(self, address: str, task: asyncio.Task[None]) -> None:
        if self._running.get(address) is task:
            del self._running[address]
        self._changed()

    async def _greet(self, client: Any, member: Member) -> None:
        try:
            text = await asyncio.wait_for(self._ask(client, member, answer_greeting, self._kinship), GREETING_SECONDS)
            answer = read_answer(text)
        except TimeoutError:
            return  # it left meanwhile, or will be asked once more
        except Exception as error:  # such as an answer that another version means otherwise
            self._roster.rests_longer(member, _shown(error), time.monotonic())
            log.warning("worker.failed", worker=member.name, why=_shown(error))
            return
        if answer.refusal is None:
            self._roster.accepted(member)
            log.info("worker.joined", worker=member.name, address=member.address)
            return
        self._roster.refused(member, answer.refusal, answer.detail, time.monotonic())
        log.warning("worker.refused", worker=member.name, reason=answer.refusal, detail=answer.detail)

    async def _follow(self, client: Any, member: Member, job: Job, text: str) -> None:
        """One job at one worker, to its end, whatever that is."""
        from distributed.scheduler import KilledWorker  # noqa: PLC0415 - after its settings

        try:
            await self._settle(member, job, read_answer(await self._ask(client, member, answer_attempt, text)))
        except KilledWorker:
            await self._judge(member, job)
        except asyncio.CancelledError:
            if detail := self._hung.pop(member.address, None):
                await self._settled(self._jobs.hang, job, detail)
            else:
                await self._settled(self._jobs.release, job, "the cluster does not have it any more")
        except AnswerError as error:
            self._roster.refused_track(member, Refusal.ANSWER, str(error), time.monotonic())
            await self._settled(self._jobs.reject, job, f"worker {member.name}: {error}")
        except Exception as error:
            why = _shown(error)
            self._roster.rests(member, why, time.monotonic() + REST_SECONDS)
            log.warning("worker.failed", worker=member.name, path=job.file.path, why=why)
            await self._settled(self._jobs.release, job, why)
        finally:
            self._began.pop(member.address, None)

    async def _ask(self, client: Any, member: Member, function: Callable[[str], str], text: str) -> str:
        future = client.submit(
            function,
            text,
            key=f"{function.__name__}-{next(self._numbers)}-{time.time_ns()}",
            pure=False,
            retries=0,
            workers=[member.address],
            allow_other_workers=False,
        )
        try:
            return str(await future)
        finally:
            future.release()

    async def _settle(self, member: Member, job: Job, answer: Answer) -> None:
        now = time.monotonic()
        if answer.released:
            self._roster.rests(member, answer.detail, now + REST_SECONDS)
            await self._settled(self._jobs.release, job, answer.detail)
        elif answer.refusal is not None:
            self._roster.refused_track(member, answer.refusal, answer.detail, now)
            await self._settled(self._jobs.refuse, job, f"worker {member.name}: {answer.detail}")
        else:
            await self._settled(self._jobs.end, job, answer)
            if answer.blame is Blame.TRACK:
                self._roster.answered(member)
            else:
                self._roster.rests_longer(member, f"its storage or installation failed at {job.file.path}", now)

    async def _judge(self, member: Member, job: Job) -> None:
        """The worker is dead. Its track is to blame, unless others went at the same moment or it was cut off."""
        self._began.pop(member.address, None)
        self._roster.rests(member, "lost", time.monotonic() + REST_SECONDS)
        try:
            await asyncio.sleep(VERDICT_SECONDS)
        finally:  # also when the scheduler goes meanwhile, or we do
            excuse = self._roster.why_not_to_blame(member.address)
            self.lost["nobody" if excuse else "track"] += 1
            await self._settled(self._jobs.lose, job, member.name, excuse)

    async def _settled(self, end: Callable[..., None], *arguments: Any) -> None:
        """Write an end down; where that fails, the job is given back with the next claim of its worker."""
        try:
            await self._in_database(end, *arguments)
        except StoreError as error:
            log.warning("store.failed", error=str(error))

    async def _in_database(self, call: Callable[..., Value], *arguments: Any) -> Value:
        return await asyncio.get_running_loop().run_in_executor(self._database, call, *arguments)


def _shown(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
