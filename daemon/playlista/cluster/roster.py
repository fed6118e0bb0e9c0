"""Which workers there are, what each of them does, and what the loss of one means for its track. No dask here.

Input: reports of the scheduler, answers, times. Output: who is free, who is gone, and whether a track is to blame.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from playlista.cluster.messages import Refusal

#: A worker is gone that is missing in so many reports in a row: an answer of its own may still be on the way.
MISSED_REPORTS = 2
#: A death is judged so long after it, when it is known who else was lost at that moment.
VERDICT_SECONDS = 5.0
#: Losses so close to each other have one cause: a node, a switch, an operator.
SAME_MOMENT_SECONDS = 5.0
#: The sockets of a process that dies are closed at once. A worker that was silent before was cut off or hung.
SILENT_SECONDS = 10.0
#: How long a worker that refused a track rests; doubles up to the longest while it refuses everything.
FIRST_REST_SECONDS = 2.0
LONGEST_REST_SECONDS = 300.0
#: A worker that does not serve this daemon is asked again so often: its settings or model may have been mended.
ASK_AGAIN_SECONDS = 300.0


class WorkerState(StrEnum):
    """What a worker does: a closed list, for metrics."""

    NEW = "new"
    FREE = "free"
    BUSY = "busy"
    RESTING = "resting"
    REFUSED = "refused"


@dataclass(slots=True)
class Member:
    """One worker of the cluster, as the daemon knows it."""

    address: str
    #: What dask knows it by, another one at each connection.
    full_name: str
    state: WorkerState = WorkerState.NEW
    #: The path of its track, or why it has none.
    track: str | None = None
    why: str | None = None
    until: float = 0.0
    refusals_in_row: int = 0
    missed: int = 0

    @property
    def name(self) -> str:
        """What people know it by."""
        return shown_name(self.full_name)


@dataclass(slots=True)
class Roster:
    """All workers; times are monotonic seconds of the caller, those of losses the scheduler's."""

    members: dict[str, Member] = field(default_factory=dict)
    refusals: Counter[Refusal] = field(default_factory=Counter)
    _lost: deque[Mapping[str, Any]] = field(default_factory=lambda: deque(maxlen=1000))

    def update(self, report: Mapping[str, Any], now: float) -> list[Member]:
        """Take a report of the scheduler in; the workers that are gone."""
        present = {worker["address"]: worker["name"] for worker in report["workers"]}
        for address, name in present.items():
            self.members.setdefault(address, Member(address, name)).missed = 0
        self._lost = deque(report["lost"], maxlen=1000)
        for member in self.members.values():
            member.missed += member.address not in present
            if member.state in {WorkerState.RESTING, WorkerState.REFUSED} and member.until <= now:
                member.state, member.why = WorkerState.NEW, None
        gone = [member for member in self.members.values() if member.missed >= MISSED_REPORTS]
        for member in gone:
            del self.members[member.address]
        return gone

    def in_state(self, state: WorkerState) -> list[Member]:
        """The workers in this state that were there at the last report."""
        return [member for member in self.members.values() if member.state is state and not member.missed]

    def free(self) -> list[Member]:
        """Those that can have a track; whoever could not do its part comes last, so that it gets what others leave."""
        return sorted(self.in_state(WorkerState.FREE), key=lambda member: member.refusals_in_row)

    def accepted(self, member: Member) -> None:
        """It serves this daemon."""
        member.state, member.why = WorkerState.FREE, None

    def refused(self, member: Member, reason: Refusal, detail: str, now: float) -> None:
        """It does not serve this daemon."""
        self.refusals[reason] += 1
        member.state, member.why, member.until = WorkerState.REFUSED, detail, now + ASK_AGAIN_SECONDS

    def busy(self, member: Member, path: str) -> None:
        """It has a track."""
        member.state, member.track = WorkerState.BUSY, path

    def answered(self, member: Member) -> None:
        """It ended a track, and is free."""
        member.state, member.track, member.refusals_in_row = WorkerState.FREE, None, 0

    def refused_track(self, member: Member, reason: Refusal, detail: str, now: float) -> None:
        """It did not take a track: it rests, so that others can have it; the longer, the more it refuses in a row."""
        self.refusals[reason] += 1
        self.rests_longer(member, detail, now)

    def rests_longer(self, member: Member, why: str, now: float) -> None:
        """It could not do its part: it rests, twice as long with each time in a row."""
        rest = min(FIRST_REST_SECONDS * 2.0 ** min(member.refusals_in_row, 16), LONGEST_REST_SECONDS)
        member.refusals_in_row += 1
        self.rests(member, why, now + rest)

    def rests(self, member: Member, why: str, until: float) -> None:
        """It gets no track until then."""
        member.state, member.track, member.why, member.until = WorkerState.RESTING, None, why, until

    def counts(self) -> dict[WorkerState, int]:
        """Workers by state, all states."""
        counted = Counter(member.state for member in list(self.members.values()))
        return {state: counted[state] for state in WorkerState}

    def why_not_to_blame(self, address: str) -> str | None:
        """Why the track of the worker that was lost at `address` did not end it; None where it must have."""
        loss = next((one for one in reversed(self._lost) if one["address"] == address), None)
        if loss is None:
            return "its worker left, and the scheduler does not know why"
        if loss["silent_seconds"] >= SILENT_SECONDS:
            return f"its worker had been silent for {loss['silent_seconds']:.0f} s: the network, or the whole machine"
        others = len({one["address"] for one in self._lost if _same_moment(one, loss)}) - 1
        return f"{others + 1} workers were lost at the same moment" if others else None


def shown_name(name: str) -> str:
    """A worker's name without what makes it unique to dask."""
    return name.split("#", 1)[0]


def _same_moment(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(abs(one["at"] - other["at"]) <= SAME_MOMENT_SECONDS)


def states(members: Iterable[Member]) -> list[dict[str, Any]]:
    """For people: name, state, track or why there is none."""
    return [
        {"name": one.name, "state": one.state.value, "track": one.track, "why": one.why}
        for one in sorted(members, key=lambda one: one.name)
    ]
