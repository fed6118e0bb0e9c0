"""A track goes ahead as asked, after cleaning up, after waiting, or smaller; the kernel's files say which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from benchmarks.guard import count_calls
from playlista.memory.admission import Admission, Reloadable
from playlista.memory.cgroup import Cgroup
from playlista.memory.configuration import Configuration, fallback_configurations, predict
from playlista.memory.headroom import HOT_CODE_BYTES
from playlista.system.callbacks import noop
from tests.memory.real_cgroups import RealCgroup, process_inside
from tests.memory.trees import MIB, V2, Tree, mount_v2, write

WANTED = Configuration(chunk_seconds=3.0, batch_patches=4, need_bytes=100 * MIB)
SINGLE = Configuration(chunk_seconds=3.0, batch_patches=1, need_bytes=40 * MIB)
SMALLEST = Configuration(chunk_seconds=1.0, batch_patches=1, need_bytes=20 * MIB)
LIMIT = 1000 * MIB  # low watermark at 800, high at 920


@dataclass
class Machine:
    """A container of 1000 MiB whose usage we set, with a clock that only waiting moves."""

    root: Path
    now: float = 0.0
    pauses: int = 0
    slept: list[float] = field(default_factory=list)

    def use(self, mebibytes: int, *, active_file: int = 0) -> None:
        """From now on so much is charged, of which `active_file` are clean file pages."""
        write(self.root, f"{V2}/s/memory.current", str(mebibytes * MIB))
        write(self.root, f"{V2}/s/memory.stat", f"inactive_file 0\nactive_file {active_file * MIB}\n")

    def pause(self, seconds: float) -> bool:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds
        return False

    def count_pause(self) -> None:
        """A track begins to wait."""
        self.pauses += 1

    def admission(
        self,
        *,
        cleanup: Callable[[], object] = noop,
        reloadables: tuple[Reloadable, ...] = (),
        pause: Callable[[float], bool] | None = None,
    ) -> Admission:
        """Admission over three configurations."""
        return Admission(
            Cgroup(self.root),
            (WANTED, SINGLE, SMALLEST),
            cleanup=cleanup,
            reloadables=reloadables,
            max_wait_seconds=10,
            pause=pause or self.pause,
            paused=self.count_pause,
            clock=lambda: self.now,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A container with free memory."""
    Tree("0::/s\n", (mount_v2(),), {f"{V2}/s/memory.max": LIMIT}).build(tmp_path)
    made = Machine(tmp_path)
    made.use(200)
    return made


def test_with_enough_memory_a_track_goes_ahead_at_once_and_nothing_is_cleaned(machine: Machine) -> None:
    cleanups: list[str] = []
    decision = machine.admission(cleanup=lambda: cleanups.append("cleaned")).admit()
    assert decision.configuration == WANTED
    assert (decision.fits, decision.waited_seconds, decision.cleaned) == (True, 0, ())
    assert (decision.occupied_bytes, decision.limit_bytes) == (200 * MIB, LIMIT)
    assert decision.limit_source == "memory.max of /s"
    assert not cleanups
    assert machine.pauses == 0


def test_cleaning_up_that_frees_memory_is_enough(machine: Machine) -> None:
    machine.use(900)
    decision = machine.admission(cleanup=lambda: machine.use(400)).admit()
    assert decision.configuration == WANTED
    assert decision.cleaned == ("garbage and free heap",)
    assert decision.why == "as asked, after freeing memory"
    assert machine.pauses == 0


def test_the_cached_pages_of_the_track_are_dropped_when_memory_is_short(machine: Machine, tmp_path: Path) -> None:
    track = tmp_path / "track.flac"
    track.write_bytes(b"music")
    machine.use(900)
    assert "page cache of the track" in machine.admission().admit(str(track)).cleaned


def test_what_can_be_reloaded_is_dropped_one_by_one_until_there_is_enough(machine: Machine) -> None:
    unloaded: list[str] = []

    def unload(name: str, then_used: int) -> Callable[[], int]:
        def step() -> int:
            unloaded.append(name)
            machine.use(then_used)
            return 0

        return step

    machine.use(910)
    reloadables = (
        Reloadable("thumbnails", unload("thumbnails", 850)),
        Reloadable("similarity index", unload("similarity index", 700)),
        Reloadable("model", unload("model", 500)),
    )
    decision = machine.admission(reloadables=reloadables).admit()
    assert unloaded == ["thumbnails", "similarity index"]
    assert decision.cleaned[1:] == ("thumbnails", "similarity index")
    assert decision.configuration == WANTED


def test_what_must_be_loaded_again_counts_as_needed(machine: Machine) -> None:
    machine.use(850)

    def unload_model() -> int:
        machine.use(800)
        return 50 * MIB

    decision = machine.admission(reloadables=(Reloadable("model", unload_model),)).admit()
    assert decision.configuration == SINGLE  # 800 + 40 + 50 is below 920, and 800 + 100 + 50 is not
    assert decision.need_bytes == 90 * MIB


def test_a_track_waits_until_a_neighbour_has_left(machine: Machine) -> None:
    machine.use(900)

    def neighbour_leaves(seconds: float) -> bool:
        machine.pause(seconds)
        if machine.now >= 3:
            machine.use(300)
        return False

    decision = machine.admission(pause=neighbour_leaves).admit()
    assert decision.configuration == WANTED
    assert decision.waited_seconds == pytest.approx(3, abs=0.5)
    assert decision.why == "as asked, after waiting for memory"
    assert machine.pauses == 1


def test_while_a_track_waits_it_is_said_why_and_no_longer(machine: Machine) -> None:
    said: list[str | None] = []
    admission = machine.admission(pause=lambda seconds: bool(said.append(admission.shortage)) or machine.pause(seconds))
    machine.use(900)
    assert admission.shortage is None
    admission.admit()

    assert said[0] is not None
    assert "900 MB of 1000 MB (memory.max" in said[0]
    assert "it takes 100 MB; raise the memory limit" in said[0]
    assert admission.shortage is None


def test_after_the_deadline_the_track_goes_ahead_smaller(machine: Machine) -> None:
    machine.use(870)
    decision = machine.admission().admit()
    assert decision.configuration == SINGLE
    assert decision.fits
    assert decision.waited_seconds == pytest.approx(10)
    assert machine.pauses == 1


def test_where_nothing_fits_the_smallest_goes_ahead_and_says_so(machine: Machine) -> None:
    machine.use(990)
    decision = machine.admission().admit()
    assert decision.configuration == SMALLEST
    assert not decision.fits
    assert decision.why == "in the smallest configuration, although it may not fit"


def test_a_stop_signal_ends_the_waiting(machine: Machine) -> None:
    machine.use(990)

    def stop(seconds: float) -> bool:
        machine.pause(seconds)
        return True

    assert machine.admission(pause=stop).admit().waited_seconds <= 0.5
    assert len(machine.slept) == 1


def test_while_memory_stays_tight_later_tracks_go_ahead_smaller_without_waiting_again(machine: Machine) -> None:
    machine.use(870)
    admission = machine.admission()
    decisions = [admission.admit() for _ in range(5)]
    assert [decision.configuration for decision in decisions] == [SINGLE] * 5
    assert [decision.waited_seconds > 0 for decision in decisions] == [True, False, False, False, False]
    assert machine.pauses == 1


def test_where_nothing_fits_later_tracks_do_not_wait_again_while_as_much_is_occupied(machine: Machine) -> None:
    machine.use(910)
    admission = machine.admission()
    assert admission.admit().waited_seconds == 10

    machine.use(915)  # as a process breathes
    decision = admission.admit()
    assert (decision.waited_seconds, decision.fits, decision.configuration) == (0, False, SMALLEST)

    machine.use(960)  # somebody takes more: it may be for a moment
    assert admission.admit().waited_seconds == 10


def test_after_there_was_enough_a_track_waits_anew(machine: Machine) -> None:
    machine.use(910)
    admission = machine.admission()
    admission.admit()
    machine.use(200)
    assert admission.admit().configuration == WANTED

    machine.use(910)
    assert admission.admit().waited_seconds == 10


def test_between_the_watermarks_nothing_changes_in_either_direction(machine: Machine) -> None:
    """Low watermark 800 MiB, high 920, the wanted configuration needs 100: the band of occupancy is 700 to 820."""
    admission = machine.admission()
    machine.use(760)
    assert admission.admit().configuration == WANTED  # coming from below
    machine.use(830)
    assert admission.admit().configuration == SINGLE
    machine.use(760)
    assert admission.admit().configuration == SINGLE  # coming from above
    machine.use(690)
    assert admission.admit().configuration == WANTED
    machine.use(760)
    assert admission.admit().configuration == WANTED  # memory was enough again in between


def test_a_limit_that_is_lowered_and_raised_counts_for_the_next_track(machine: Machine) -> None:
    admission = machine.admission()
    limits = (LIMIT, 250 * MIB, LIMIT)
    chosen = []
    for limit in limits:
        write(machine.root, f"{V2}/s/memory.max", str(limit))
        chosen.append(admission.admit())
    assert [decision.configuration for decision in chosen] == [WANTED, SMALLEST, WANTED]
    assert [decision.limit_bytes for decision in chosen] == list(limits)


def test_after_a_crash_only_the_smallest_way_is_asked_for(machine: Machine) -> None:
    admission = machine.admission()
    assert admission.admit(reduced=True).configuration == SMALLEST
    assert admission.admit().configuration == WANTED


def test_an_array_that_is_loaded_whole_counts_as_needed(machine: Machine) -> None:
    assert machine.admission().admit(extra_bytes=600 * MIB).configuration == WANTED
    assert machine.admission().admit(extra_bytes=650 * MIB).configuration == SINGLE


def test_clean_file_pages_beyond_the_hot_code_do_not_stand_in_the_way(machine: Machine) -> None:
    machine.use(900, active_file=500)
    decision = machine.admission().admit()
    assert decision.configuration == WANTED
    assert decision.occupied_bytes == (900 - 500) * MIB + HOT_CODE_BYTES


def test_a_full_ancestor_counts_although_our_own_limit_is_far(tmp_path: Path) -> None:
    files = {
        f"{V2}/p/s/memory.max": LIMIT,
        f"{V2}/p/s/memory.current": 100 * MIB,
        f"{V2}/p/memory.max": 2 * LIMIT,
        f"{V2}/p/memory.current": 1950 * MIB,
    }
    machine = Machine(Tree("0::/p/s\n", (mount_v2(),), files).build(tmp_path))
    decision = machine.admission().admit()
    assert decision.configuration == SMALLEST
    assert decision.limit_source == "memory.max of /p"


def test_on_a_large_machine_the_margin_does_not_grow_with_it(tmp_path: Path) -> None:
    # 92 % of 64 GiB would keep 5 GiB free; 700 MiB are enough for a track of 100.
    total = 64 * 1024 * MIB
    machine = Machine(Tree(None, (), total=total, available=700 * MIB).build(tmp_path))
    assert machine.admission().admit().configuration == WANTED


def test_every_adaptive_decision_is_logged_with_its_numbers(machine: Machine) -> None:
    machine.use(870)
    with capture_logs() as logs:
        machine.admission().admit("album/track.flac")
    (line,) = [entry for entry in logs if entry["event"] == "track.admitted"]
    assert line["log_level"] == "warning"
    assert line["path"] == "album/track.flac"
    assert (line["occupied_bytes"], line["limit_bytes"], line["need_bytes"]) == (870 * MIB, LIMIT, 40 * MIB)
    assert line["configuration"] == {"chunk_seconds": 3.0, "batch_patches": 1, "need_bytes": 40 * MIB}
    assert line["waited_seconds"] == 10


def test_inside_a_track_nothing_happens_below_the_hard_mark(machine: Machine) -> None:
    admission = machine.admission()
    machine.use(915)
    machine.now += 1
    assert admission.during_track() is None


def test_inside_a_track_above_the_high_watermark_it_cleans_up_and_carries_on_if_that_helps(machine: Machine) -> None:
    admission = machine.admission(cleanup=lambda: machine.use(500))
    machine.use(950)
    machine.now += 1
    assert admission.during_track() is None
    machine.use(760)
    assert admission.admit().configuration == WANTED


def test_inside_a_track_above_the_high_watermark_the_rest_goes_on_smaller(machine: Machine) -> None:
    admission = machine.admission()
    machine.use(950)
    machine.now += 1
    with capture_logs() as logs:
        assert admission.during_track() == SMALLEST
    assert [entry["event"] for entry in logs] == ["memory.ran_short"]
    assert logs[0]["occupied_bytes"] == 950 * MIB
    machine.use(760)
    assert admission.admit().configuration == SINGLE  # above the low watermark, and memory was short


def test_inside_a_track_the_kernel_is_asked_four_times_a_second_at_most(machine: Machine) -> None:
    asked = 0

    class Counting(Cgroup):
        def occupancies(self):  # type: ignore[no-untyped-def]
            nonlocal asked
            asked += 1
            return super().occupancies()

    admission = Admission(Counting(machine.root), (WANTED,), cleanup=noop, clock=lambda: machine.now)
    for _ in range(1000):
        machine.now += 0.01
        admission.during_track()
    assert 30 <= asked <= 40


def test_a_look_between_chunks_takes_a_handful_of_calls(machine: Machine) -> None:
    """A microsecond or two; asking the kernel takes hundreds of calls, and files."""
    admission = machine.admission()
    machine.now += 1
    admission.during_track()

    def look() -> None:
        for _ in range(100):
            admission.during_track()

    assert sum(count_calls(look).values()) <= 100 * 10


def test_the_fallback_leads_from_what_is_configured_to_the_least() -> None:
    steps = fallback_configurations(chunk_seconds=3.0, batch_patches=8)
    assert [(step.chunk_seconds, step.batch_patches) for step in steps] == [(3.0, 8), (3.0, 1), (1.0, 1)]
    needs = [step.need_bytes for step in steps]
    assert needs == sorted(needs, reverse=True)


def test_steps_of_the_fallback_that_change_nothing_are_left_out() -> None:
    assert [(step.chunk_seconds, step.batch_patches) for step in fallback_configurations(0.5, 1)] == [(0.5, 1)]
    assert [(step.chunk_seconds, step.batch_patches) for step in fallback_configurations(3.0, 0)] == [
        (3.0, 0),
        (1.0, 0),
    ]


def test_a_larger_batch_is_predicted_to_need_a_patch_more_for_each() -> None:
    assert predict(3.0, 5, patch_bytes=7).need_bytes - predict(3.0, 1, patch_bytes=7).need_bytes == 4 * 7


def test_in_a_real_cgroup_the_next_track_follows_a_limit_that_changes_live(real_cgroup: RealCgroup) -> None:
    with process_inside(real_cgroup) as process:
        batches = []
        for limit in (512 * MIB, 96 * MIB, 512 * MIB):
            real_cgroup.set_limit(limit)
            batches.append(process.ask_integer("admission().admit().configuration.batch_patches"))
        assert batches == [16, 1, 16]


def test_in_a_real_cgroup_the_memory_of_a_neighbour_counts(real_cgroup: RealCgroup) -> None:
    real_cgroup.set_limit(256 * MIB)
    with process_inside(real_cgroup) as process, process_inside(real_cgroup) as neighbour:
        neighbour.ask("hold(160 * 1024**2)")
        beside_a_neighbour = process.ask("admission().admit().why")
        neighbour.ask("release()")
        assert beside_a_neighbour == "in a smaller configuration, since the one asked for does not fit"
        assert process.ask("admission().admit().why") == "as asked, there is enough memory"
