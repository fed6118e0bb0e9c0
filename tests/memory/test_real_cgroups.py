"""What we say of a cgroup against what the kernel says, for processes that really are in one."""

from __future__ import annotations

import ast
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests import signals
from tests.exhaustive import exhaustive
from tests.memory.real_cgroups import ProcessInside, RealCgroup, made, process_inside, unique_name
from tests.memory.trees import MIB

#: The kernel counts in batches of 64 pages a CPU; a few hundred KiB are in flight.
SLACK_BYTES = 2 * MIB
V1_CPU = Path("/sys/fs/cgroup/cpu")


def test_a_limit_that_is_lowered_and_raised_is_seen_by_the_running_process(
    real_cgroup: RealCgroup, inside: ProcessInside
) -> None:
    machine = inside.ask("cgroup.memory_limit().source")
    seen = []
    for limit in (256 * MIB, 96 * MIB, 512 * MIB):
        real_cgroup.set_limit(limit)
        seen.append(inside.ask_integer("cgroup.memory_limit().bytes"))
    source = inside.ask("cgroup.memory_limit().source")
    real_cgroup.set_limit(None)
    assert seen == [256 * MIB, 96 * MIB, 512 * MIB]
    assert source.endswith(f"/{real_cgroup.directory.name}")
    assert inside.ask("cgroup.memory_limit().source") == machine


def test_the_limit_of_an_ancestor_binds_a_process_two_levels_below(real_cgroup: RealCgroup) -> None:
    real_cgroup.set_limit(128 * MIB)
    with real_cgroup.below("pod") as pod, pod.below("container") as container:
        container.set_limit(512 * MIB)
        with process_inside(container) as process:
            assert process.ask_integer("cgroup.memory_limit().bytes") == 128 * MIB
            assert process.ask("cgroup.memory_limit().source").endswith(f" of /{real_cgroup.directory.name}")


def test_memory_that_is_held_is_in_usage_and_in_the_working_set(real_cgroup: RealCgroup, inside: ProcessInside) -> None:
    before = inside.ask_integer("cgroup.working_set_bytes()")
    inside.ask("hold(64 * 1024**2)")
    usage = inside.ask_integer("cgroup.usage_bytes()")
    kernel = int(real_cgroup.read("memory.usage_in_bytes", "memory.current"))
    assert usage == pytest.approx(kernel, abs=SLACK_BYTES)
    assert inside.ask_integer("cgroup.working_set_bytes()") - before == pytest.approx(64 * MIB, abs=SLACK_BYTES)
    assert inside.ask_integer("resident_memory().anonymous_bytes") > 64 * MIB


def test_a_file_that_was_read_is_in_usage_alone_until_its_pages_are_dropped(
    real_cgroup: RealCgroup, inside: ProcessInside, tmp_path: Path
) -> None:
    path = tmp_path / "music.wav"
    path.write_bytes(os.urandom(1 << 20) * 48)
    _forget_cached_pages(path)
    usage, working_set = _usage_and_working_set(inside)
    inside.ask(f"len(open({str(path)!r}, 'rb').read(48 << 20))")
    usage_after_read, working_set_after_read = _usage_and_working_set(inside)
    if real_cgroup.stat("inactive_file") < 40 * MIB:
        pytest.skip("the temporary folder is no disk: its pages are not page cache")
    inside.ask(f"drop_page_cache({str(path)!r})")
    usage_after_drop, _ = _usage_and_working_set(inside)
    assert usage_after_read - usage > 40 * MIB
    assert working_set_after_read - working_set < 8 * MIB
    assert usage_after_drop - usage < 8 * MIB


def test_the_peak_stays_when_memory_is_given_back(real_cgroup: RealCgroup, inside: ProcessInside) -> None:
    inside.ask("hold(64 * 1024**2)")
    inside.ask("release()")
    peak = inside.ask("cgroup.peak_bytes()")
    if peak == "None":
        pytest.skip("this kernel keeps no peak (v2 before 5.19)")
    assert int(peak) == int(real_cgroup.read("memory.max_usage_in_bytes", "memory.peak"))
    assert int(peak) - inside.ask_integer("cgroup.usage_bytes()") > 60 * MIB


def test_a_neighbour_that_the_kernel_kills_is_counted(real_cgroup: RealCgroup, inside: ProcessInside) -> None:
    if real_cgroup.version == 1 and "oom_kill " not in real_cgroup.read("memory.oom_control", ""):
        pytest.skip("this kernel does not count OOM kills on v1 (before 4.13)")
    assert inside.ask_integer("cgroup.oom_kills()") == 0
    real_cgroup.set_limit(64 * MIB)
    if (real_cgroup.directory / "memory.swap.max").exists():
        real_cgroup.write("memory.swap.max", "0")
    greedy = real_cgroup.command(sys.executable, "-c", "bytearray(b'x') * (256 << 20)")
    assert subprocess.run(greedy, check=False, timeout=60).returncode == -9
    assert inside.ask_integer("cgroup.oom_kills()") == 1


def test_mapped_pages_of_a_file_do_not_count_as_unreclaimable(
    real_cgroup: RealCgroup, inside: ProcessInside, tmp_path: Path
) -> None:
    path = tmp_path / "mapped.wav"
    path.write_bytes(os.urandom(1 << 20) * 32)
    _forget_cached_pages(path)
    before = inside.ask_integer("cgroup.unreclaimable_bytes()")
    inside.ask(f"touch_mapped({str(path)!r})")
    if real_cgroup.stat("inactive_file") + real_cgroup.stat("active_file") < 30 * MIB:
        pytest.skip("the temporary folder is no disk: its pages are not page cache")
    assert inside.ask_integer("cgroup.unreclaimable_bytes()") - before < 4 * MIB


@pytest.mark.parametrize("size", [200_000_000, *exhaustive([2_000_000_000])])
def test_a_large_wav_is_decoded_with_flat_usage(
    size: int, real_cgroup: RealCgroup, inside: ProcessInside, tmp_path: Path
) -> None:
    path = signals.write(tmp_path / "long.wav", signals.song(1))
    with path.open("r+b") as file:  # a hole reads as silence, through the page cache like any other data
        file.truncate(size)
        file.seek(4)
        file.write(struct.pack("<I", size - 8))
        file.seek(40)
        file.write(struct.pack("<I", size - 44))
    _forget_cached_pages(path)
    inside.ask(f"len(open({str(path)!r}, 'rb').read(64 << 20))")
    if real_cgroup.stat("inactive_file") + real_cgroup.stat("active_file") < 60 * MIB:
        pytest.skip("the temporary folder is no disk: its pages are not page cache")
    _forget_cached_pages(path)
    usage = ast.literal_eval(inside.ask(f"usage_while_decoding({str(path)!r})"))
    assert usage["decoded"] == (size - 44) // 4
    assert usage["later"] - usage["first_tenth"] < 8 * MIB


@pytest.mark.skipif(not os.access(V1_CPU, os.W_OK), reason="no right to make cpu cgroups of v1 here")
@pytest.mark.parametrize(("quota_us", "threads"), [(50_000, 1), (100_000, 1), (199_999, 1)])
def test_a_cpu_quota_below_two_cpus_leaves_one_thread(quota_us: int, threads: int) -> None:
    with made(V1_CPU / unique_name(), 1) as cgroup:
        cgroup.write("cpu.cfs_period_us", "100000")
        cgroup.write("cpu.cfs_quota_us", str(quota_us))
        with process_inside(cgroup) as process:
            assert process.ask_integer("cgroup.cpu_threads()") == threads


@pytest.mark.skipif(not os.access(V1_CPU, os.W_OK), reason="no right to make cpu cgroups of v1 here")
def test_a_cpu_quota_that_is_lifted_gives_every_cpu_back() -> None:
    with made(V1_CPU / unique_name(), 1) as cgroup, process_inside(cgroup) as process:
        cgroup.write("cpu.cfs_quota_us", "100000")
        cgroup.write("cpu.cfs_period_us", "100000")
        limited = process.ask_integer("cgroup.cpu_threads()")
        cgroup.write("cpu.cfs_quota_us", "-1")
        assert (limited, process.ask_integer("cgroup.cpu_threads()")) == (1, len(os.sched_getaffinity(0)))


def _usage_and_working_set(process: ProcessInside) -> tuple[int, int]:
    return process.ask_integer("cgroup.usage_bytes()"), process.ask_integer("cgroup.working_set_bytes()")


def _forget_cached_pages(path: Path) -> None:
    """A page is charged to whoever reads it first: so that this is the process inside, nobody may have read it."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
