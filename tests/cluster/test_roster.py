"""Who is free, who is gone, and whose fault a loss is; times are the test's."""

from __future__ import annotations

from typing import Any

import pytest

from playlista.cluster.messages import Refusal
from playlista.cluster.roster import (
    ASK_AGAIN_SECONDS,
    FIRST_REST_SECONDS,
    MISSED_REPORTS,
    SAME_MOMENT_SECONDS,
    SILENT_SECONDS,
    Roster,
    WorkerState,
)


def report(*names: str, lost: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"workers": [{"address": f"tls://{name}", "name": f"{name}#1"} for name in names], "lost": lost or []}


def loss(name: str, *, at: float = 100.0, silent_seconds: float = 0.5) -> dict[str, Any]:
    return {"address": f"tls://{name}", "name": name, "silent_seconds": silent_seconds, "at": at}


def roster_of(*names: str) -> Roster:
    roster = Roster()
    roster.update(report(*names), 0.0)
    for member in roster.members.values():
        roster.accepted(member)
    return roster


def test_a_worker_that_came_is_new_until_it_accepts_the_daemon() -> None:
    roster = Roster()
    roster.update(report("a"), 0.0)
    (member,) = roster.in_state(WorkerState.NEW)
    assert (member.name, member.full_name) == ("a", "a#1")
    roster.rests(member, "was asked whether it serves this daemon", 60.0)
    roster.accepted(member)
    assert (roster.in_state(WorkerState.FREE), member.why) == ([member], None)


def test_a_worker_that_is_missing_gets_nothing_and_is_gone_only_after_several_reports() -> None:
    roster = roster_of("a", "b")
    for _ in range(MISSED_REPORTS - 1):
        assert roster.update(report("b"), 1.0) == []
        assert [member.name for member in roster.in_state(WorkerState.FREE)] == ["b"]
    assert [member.name for member in roster.update(report("b"), 2.0)] == ["a"]
    assert list(roster.members) == ["tls://b"]


def test_a_worker_that_refused_the_daemon_is_asked_again_after_a_while() -> None:
    roster = roster_of("a")
    member = roster.members["tls://a"]
    roster.refused(member, Refusal.MODEL, "another model", 0.0)
    roster.update(report("a"), ASK_AGAIN_SECONDS - 1)
    assert roster.counts()[WorkerState.REFUSED] == 1
    roster.update(report("a"), ASK_AGAIN_SECONDS)
    assert roster.in_state(WorkerState.NEW) == [member]
    assert roster.refusals[Refusal.MODEL] == 1


def test_a_worker_that_refuses_track_after_track_rests_longer_each_time_and_success_ends_that() -> None:
    roster = roster_of("a")
    member = roster.members["tls://a"]
    for expected in (FIRST_REST_SECONDS, 2 * FIRST_REST_SECONDS, 4 * FIRST_REST_SECONDS):
        roster.refused_track(member, Refusal.MISSING, "no such file", 10.0)
        assert member.until == 10.0 + expected
    roster.answered(member)
    roster.refused_track(member, Refusal.MISSING, "no such file", 10.0)
    assert member.until == 10.0 + FIRST_REST_SECONDS


def test_a_worker_that_could_not_do_its_part_gets_a_track_only_when_no_other_is_free() -> None:
    roster = roster_of("a", "b")
    broken, whole = roster.members.values()
    roster.rests_longer(broken, "its storage failed", 10.0)
    roster.accepted(broken)
    assert roster.free() == [whole, broken]
    roster.answered(broken)
    assert roster.free() == [broken, whole]


def test_one_death_alone_is_its_tracks() -> None:
    roster = roster_of("a", "b")
    roster.update(report("b", lost=[loss("a")]), 1.0)
    assert roster.why_not_to_blame("tls://a") is None


@pytest.mark.parametrize(
    ("losses", "why"),
    [
        ([loss("a"), loss("b", at=100.0 + SAME_MOMENT_SECONDS)], "2 workers were lost at the same moment"),
        ([loss("a", silent_seconds=SILENT_SECONDS)], "silent"),
        ([], "does not know why"),
    ],
    ids=["a node died", "the network was cut", "the scheduler is another one"],
)
def test_a_loss_that_has_another_cause_is_nobodys_fault(losses: list[dict[str, Any]], why: str) -> None:
    roster = roster_of("a", "b")
    roster.update(report("b", lost=losses), 1.0)
    assert why in (roster.why_not_to_blame("tls://a") or "")


def test_deaths_one_after_another_are_each_their_tracks() -> None:
    roster = roster_of("a", "b")
    roster.update(report(lost=[loss("a"), loss("b", at=101.0 + SAME_MOMENT_SECONDS)]), 1.0)
    assert [roster.why_not_to_blame(f"tls://{name}") for name in "ab"] == [None, None]


def test_every_state_is_counted_from_the_start() -> None:
    assert Roster().counts() == dict.fromkeys(WorkerState, 0)
