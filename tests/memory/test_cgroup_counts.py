"""Usage, working set, peak, kills and threads, from trees whose files hold the expected values."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playlista.memory.cgroup import Cgroup
from playlista.memory.cpu_quota import count_cpu_list
from tests.memory.trees import CHARGED, GIB, MIB, V1_CPU, V1_MEMORY, V1_NONE, V2, Tree, mount_v1, mount_v2, write


@pytest.mark.parametrize("version", CHARGED)
def test_every_count_is_the_kernels(version: str, tmp_path: Path) -> None:
    cgroup = Cgroup(CHARGED[version].build(tmp_path))
    assert cgroup.usage_bytes() == 200 * MIB
    assert cgroup.working_set_bytes() == (200 - 50) * MIB
    assert cgroup.unreclaimable_bytes() == (200 - 50 - 30 + 3 + 1) * MIB  # dirty pages must be written first
    assert cgroup.peak_bytes() == 240 * MIB
    assert cgroup.oom_kills() == 2


def test_without_a_cgroup_the_machine_is_counted(tmp_path: Path) -> None:
    cgroup = Cgroup(Tree(None, (), total=16 * GIB, available=12 * GIB).build(tmp_path))
    assert cgroup.working_set_bytes() == 4 * GIB
    assert cgroup.peak_bytes() is None
    assert cgroup.oom_kills() == 0


def test_the_root_of_v2_counts_nothing_so_the_machine_is_counted(tmp_path: Path) -> None:
    files = {f"{V2}/cgroup.procs": 1, f"{V2}/memory.stat": f"inactive_file {5 * MIB}"}
    cgroup = Cgroup(Tree("0::/\n", (mount_v2(),), files, available=10 * GIB).build(tmp_path))
    assert cgroup.working_set_bytes() == 6 * GIB


def test_occupancies_show_a_roomy_ancestor_that_others_have_filled(tmp_path: Path) -> None:
    files = {
        f"{V2}/slice/svc/memory.max": 512 * MIB,
        f"{V2}/slice/svc/memory.current": 100 * MIB,
        f"{V2}/slice/memory.max": 1 * GIB,
        f"{V2}/slice/memory.current": 1000 * MIB,
    }
    cgroup = Cgroup(Tree("0::/slice/svc\n", (mount_v2(),), files).build(tmp_path))
    seen = {o.limit.source: (o.limit.bytes, o.charge.usage_bytes) for o in cgroup.occupancies()}
    assert cgroup.memory_limit().bytes == 512 * MIB
    assert seen["memory.max of /slice"] == (1 * GIB, 1000 * MIB)
    assert seen["memory.max of /slice/svc"] == (512 * MIB, 100 * MIB)
    assert seen["MemTotal of /proc/meminfo"][0] == 16 * GIB


def test_occupancies_leave_out_what_v1_writes_for_no_limit(tmp_path: Path) -> None:
    files = {f"{V1_MEMORY}/memory.limit_in_bytes": V1_NONE, f"{V1_MEMORY}/memory.usage_in_bytes": 5}
    cgroup = Cgroup(Tree("4:memory:/\n", (mount_v1("memory", V1_MEMORY),), files).build(tmp_path))
    assert [o.limit.source for o in cgroup.occupancies()] == ["MemTotal of /proc/meminfo"]


# name: (tree, CPUs of the affinity, expected threads)
CPU_TREES = {
    "no cgroup, affinity alone": (Tree(None, ()), 6, 6),
    "v2 quota of two and a half CPUs": (
        Tree("0::/s\n", (mount_v2(),), {f"{V2}/s/cpu.max": "250000 100000"}),
        8,
        2,
    ),
    "v2 quota below one CPU": (Tree("0::/s\n", (mount_v2(),), {f"{V2}/s/cpu.max": "20000 100000"}), 8, 1),
    "v2 without quota": (Tree("0::/s\n", (mount_v2(),), {f"{V2}/s/cpu.max": "max 100000"}), 8, 8),
    "v2 quota of an ancestor is the least": (
        Tree(
            "0::/p/s\n",
            (mount_v2(),),
            {f"{V2}/p/s/cpu.max": "800000 100000", f"{V2}/p/cpu.max": "300000 100000"},
        ),
        8,
        3,
    ),
    "v2 quota with another period": (Tree("0::/s\n", (mount_v2(),), {f"{V2}/s/cpu.max": "30000 10000"}), 8, 3),
    "v2 cpuset smaller than the affinity says": (
        Tree("0::/s\n", (mount_v2(),), {f"{V2}/s/cpuset.cpus.effective": "0-1,4"}),
        8,
        3,
    ),
    "affinity smaller than quota and cpuset": (
        Tree("0::/s\n", (mount_v2(),), {f"{V2}/s/cpuset.cpus.effective": "0-7", f"{V2}/s/cpu.max": "400000 100000"}),
        2,
        2,
    ),
    "v1 quota next to cpuacct": (
        Tree(
            "2:cpu,cpuacct:/s\n",
            (mount_v1("cpu,cpuacct", V1_CPU),),
            {f"{V1_CPU}/s/cpu.cfs_quota_us": 350000, f"{V1_CPU}/s/cpu.cfs_period_us": 100000},
        ),
        8,
        3,
    ),
    "v1 without quota": (
        Tree(
            "2:cpu:/s\n",
            (mount_v1("cpu", V1_CPU),),
            {f"{V1_CPU}/s/cpu.cfs_quota_us": -1, f"{V1_CPU}/s/cpu.cfs_period_us": 100000},
        ),
        8,
        8,
    ),
    "v1 cpuset": (
        Tree(
            "3:cpuset:/s\n",
            (mount_v1("cpuset", "/cg/cpuset"),),
            {"/cg/cpuset/s/cpuset.cpus": "0-9", "/cg/cpuset/s/cpuset.effective_cpus": "2-3"},
        ),
        8,
        2,
    ),
    "hybrid: cpu on v1, cpuset on v2": (
        Tree(
            "2:cpu:/s\n0::/s\n",
            (mount_v1("cpu", V1_CPU), mount_v2(f"{V2}/unified")),
            {
                f"{V1_CPU}/s/cpu.cfs_quota_us": 500000,
                f"{V1_CPU}/s/cpu.cfs_period_us": 100000,
                f"{V2}/unified/s/cpuset.cpus.effective": "0-3",
                f"{V2}/unified/s/cpu.max": "100000 100000",  # the controller is on v1: this file binds nobody
            },
        ),
        8,
        4,
    ),
    "nonsense in every file": (
        Tree("0::/s\n", (mount_v2(),), {f"{V2}/s/cpu.max": "fast", f"{V2}/s/cpuset.cpus.effective": "all of them"}),
        4,
        4,
    ),
}


@pytest.mark.parametrize("name", CPU_TREES)
def test_threads_follow_the_least_of_quota_cpuset_and_affinity(name: str, tmp_path: Path) -> None:
    tree, affinity, expected = CPU_TREES[name]
    assert Cgroup(tree.build(tmp_path), affinity=lambda: affinity).cpu_threads() == expected


@given(st.sets(st.integers(0, 300), min_size=1))
def test_a_cpu_list_counts_as_many_as_it_names(cpus: set[int]) -> None:
    pairs = ",".join(f"{cpu}-{cpu}" if cpu % 2 else str(cpu) for cpu in sorted(cpus))
    assert count_cpu_list(pairs + "\n") == len(cpus)


odd_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(cgroup=odd_text, mountinfo=odd_text, limit=odd_text, stat=odd_text)
def test_nothing_that_a_machine_says_makes_us_fail(cgroup: str, mountinfo: str, limit: str, stat: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        lines = mountinfo.replace("\n", " ")
        Tree(f"0::/s\n{cgroup}", (mount_v2(), f"9 9 0:9 {lines} {V2} rw - cgroup {lines}")).build(root)
        for name in ("memory.max", "memory.high", "cpu.max", "cpuset.cpus.effective", "memory.current"):
            write(root, f"{V2}/s/{name}", limit)
        write(root, f"{V2}/s/memory.stat", stat)
        write(root, f"{V2}/s/memory.events", stat)
        found = Cgroup(root, affinity=lambda: 4)
        assert 0 < found.memory_limit().bytes <= 16 * GIB
        assert found.usage_bytes() >= found.working_set_bytes() >= 0
        assert 1 <= found.cpu_threads() <= 4
        assert found.oom_kills() is not None
