"""Whether the track that was at work ended the process, or something else did."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from playlista.daemon.former_life import FAULTS_NAME, faults_recorded, former_fault, why_not_to_blame
from playlista.memory.kernel_counts import KernelCounts, read_kernel_counts

CLAIMED = KernelCounts("first", 5)


def test_a_process_that_left_no_fault_and_was_not_short_of_memory_was_killed_from_outside() -> None:
    assert why_not_to_blame(CLAIMED, KernelCounts("first", 5), "") == "killed from outside"


@pytest.mark.parametrize(
    ("claimed", "now", "fault"),
    [
        pytest.param(CLAIMED, KernelCounts("first", 5), "Fatal Python error: Bus error", id="a fatal signal"),
        pytest.param(CLAIMED, KernelCounts("second", 0), "Fatal Python error: Bus error", id="and a restart after it"),
        pytest.param(CLAIMED, KernelCounts("first", 6), "", id="the OOM killer"),
        pytest.param(CLAIMED, KernelCounts("first", 5), None, id="faults were not recorded"),
        pytest.param(KernelCounts("first", None), KernelCounts("first", None), "", id="OOM kills are not counted"),
        pytest.param(CLAIMED, KernelCounts("", 5), "", id="the boot is not told"),
        pytest.param(KernelCounts("", None), KernelCounts("first", 5), "", id="claimed by an older version"),
    ],
)
def test_what_is_the_tracks_doing_or_cannot_be_told_is_blamed(
    claimed: KernelCounts, now: KernelCounts, fault: str | None
) -> None:
    assert why_not_to_blame(claimed, now, fault) is None


@pytest.mark.parametrize("fault", ["", None])
def test_a_machine_that_was_started_anew_tells_that_no_track_is_to_blame(fault: str | None) -> None:
    assert why_not_to_blame(CLAIMED, KernelCounts("second", 0), fault) == "the machine was restarted"


def test_the_kernel_is_asked_for_its_boot_and_the_kills_of_the_whole_machine(tmp_path: Path) -> None:
    (tmp_path / "proc/sys/kernel/random").mkdir(parents=True)
    (tmp_path / "proc/sys/kernel/random/boot_id").write_text("0f5c\n")
    (tmp_path / "proc/vmstat").write_text("nr_free_pages 1\noom_kill 44\n")
    assert read_kernel_counts(tmp_path) == KernelCounts("0f5c", 44)


def test_a_kernel_that_says_nothing_is_no_trouble(tmp_path: Path) -> None:
    assert read_kernel_counts(tmp_path) == KernelCounts("", None)


@pytest.mark.parametrize(
    "number", [signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL], ids=lambda n: n.name
)
def test_a_fatal_signal_leaves_a_record_and_ends_the_process_all_the_same(
    tmp_path: Path, number: signal.Signals
) -> None:
    assert _ended_by(tmp_path, number) == -number
    fault = former_fault(tmp_path)
    assert fault is not None
    assert fault.startswith("Fatal Python error: ")


def test_a_kill_leaves_an_empty_record(tmp_path: Path) -> None:
    assert _ended_by(tmp_path, signal.SIGKILL) == -signal.SIGKILL
    assert former_fault(tmp_path) == ""


def test_each_process_begins_a_record_of_its_own(tmp_path: Path) -> None:
    _ended_by(tmp_path, signal.SIGSEGV)
    _ended_by(tmp_path, signal.SIGKILL)
    assert former_fault(tmp_path) == ""


def test_where_no_record_can_be_made_the_next_process_knows_that_it_cannot_tell(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with faults_recorded(missing):
        assert former_fault(missing) is None
    assert not (missing / FAULTS_NAME).exists()


def _ended_by(folder: Path, number: signal.Signals) -> int:
    program = (
        "import os, pathlib, sys\n"
        "from playlista.daemon.former_life import faults_recorded\n"
        "with faults_recorded(pathlib.Path(sys.argv[1])):\n"
        "    os.kill(os.getpid(), int(sys.argv[2]))\n"
    )
    return subprocess.run([sys.executable, "-c", program, str(folder), str(int(number))], check=False).returncode
