"""The limit that binds us, on thirty-odd layouts of cgroups; each expected value is written in the layout itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from playlista.memory.cgroup import Cgroup
from tests.memory.trees import GIB, MIB, V1_CPU, V1_MEMORY, V1_NONE, V2, Tree, mount_v1, mount_v2, write

MEMTOTAL = "MemTotal of /proc/meminfo"
HYBRID = (mount_v1("cpu,cpuacct", V1_CPU), mount_v1("memory", V1_MEMORY), mount_v2(f"{V2}/unified"))

# name: (tree, expected bytes, expected source)
TREES = {
    "v2 limit on our own cgroup": (
        Tree("0::/system.slice/foo\n", (mount_v2(),), {f"{V2}/system.slice/foo/memory.max": 256 * MIB}),
        256 * MIB,
        "memory.max of /system.slice/foo",
    ),
    "v2 without any limit": (
        Tree("0::/user.slice\n", (mount_v2(),), {f"{V2}/user.slice/memory.max": "max"}),
        16 * GIB,
        MEMTOTAL,
    ),
    "v2 limit on a parent below ours": (
        Tree(
            "0::/a/b\n",
            (mount_v2(),),
            {f"{V2}/a/b/memory.max": 900 * MIB, f"{V2}/a/memory.max": 300 * MIB},
        ),
        300 * MIB,
        "memory.max of /a",
    ),
    "v2 limit on a grandparent, none nearer": (
        Tree(
            "0::/kubepods.slice/pod1.slice/cri-1.scope\n",
            (mount_v2(),),
            {
                f"{V2}/kubepods.slice/pod1.slice/cri-1.scope/memory.max": "max",
                f"{V2}/kubepods.slice/pod1.slice/memory.max": "max",
                f"{V2}/kubepods.slice/memory.max": 2 * GIB,
            },
        ),
        2 * GIB,
        "memory.max of /kubepods.slice",
    ),
    "v2 memory.high below memory.max": (
        Tree("0::/s\n", (mount_v2(),), {f"{V2}/s/memory.max": 512 * MIB, f"{V2}/s/memory.high": 400 * MIB}),
        400 * MIB,
        "memory.high of /s",
    ),
    "v2 memory.high of an ancestor is the least": (
        Tree("0::/p/s\n", (mount_v2(),), {f"{V2}/p/s/memory.max": 512 * MIB, f"{V2}/p/memory.high": 350 * MIB}),
        350 * MIB,
        "memory.high of /p",
    ),
    "v2 memory.high of zero is a request for reclaim and no limit": (
        Tree("0::/s\n", (mount_v2(),), {f"{V2}/s/memory.max": 512 * MIB, f"{V2}/s/memory.high": 0}),
        512 * MIB,
        "memory.max of /s",
    ),
    "v2 limit above the machine's memory": (
        Tree("0::/s\n", (mount_v2(),), {f"{V2}/s/memory.max": 64 * GIB}),
        16 * GIB,
        MEMTOTAL,
    ),
    "v2 in a cgroup namespace": (
        Tree("0::/\n", (mount_v2(),), {f"{V2}/memory.max": 192 * MIB}),
        192 * MIB,
        "memory.max of /",
    ),
    "v2 without a namespace, the mount shows our sub-tree": (
        Tree("0::/docker/abc\n", (mount_v2(root="/docker/abc"),), {f"{V2}/memory.max": 192 * MIB}),
        192 * MIB,
        "memory.max of /docker/abc",
    ),
    "v2 below the sub-tree that the mount shows": (
        Tree(
            "0::/docker/abc/inner\n",
            (mount_v2(root="/docker/abc"),),
            {f"{V2}/inner/memory.max": 128 * MIB, f"{V2}/memory.max": 192 * MIB},
        ),
        128 * MIB,
        "memory.max of /docker/abc/inner",
    ),
    "v2 path outside of the mount's root": (
        Tree("0::/other\n", (mount_v2(root="/docker/abc"),), {f"{V2}/memory.max": 192 * MIB}),
        192 * MIB,
        "memory.max of /docker/abc",
    ),
    "v2 path that does not exist below a full mount": (
        Tree("0::/docker/abc\n", (mount_v2(),), {f"{V2}/memory.max": 192 * MIB}),
        192 * MIB,
        "memory.max of /",
    ),
    "v2 path above the namespace's root": (
        Tree("0::/../sibling\n", (mount_v2(),), {f"{V2}/memory.max": 160 * MIB, "/sys/fs/sibling/memory.max": 1}),
        160 * MIB,
        "memory.max of /",
    ),
    "v2 mount made outside of our namespace": (
        Tree("0::/\n", (mount_v2(root="/../.."),), {f"{V2}/memory.max": 160 * MIB}),
        160 * MIB,
        "memory.max of /../..",
    ),
    "v2 cgroup that was removed under us": (
        Tree(
            "0::/svc/gone (deleted)\n",
            (mount_v2(),),
            {f"{V2}/svc/memory.max": 320 * MIB},
        ),
        320 * MIB,
        "memory.max of /svc",
    ),
    "v2 path with colons": (
        Tree("0::/a:b::c/d:e\n", (mount_v2(),), {f"{V2}/a:b::c/d:e/memory.max": 220 * MIB}),
        220 * MIB,
        "memory.max of /a:b::c/d:e",
    ),
    "v2 mount point with a space and a backslash": (
        Tree("0::/s\n", (mount_v2("/mnt/my\\040cg\\134x"),), {"/mnt/my cg\\x/s/memory.max": 210 * MIB}),
        210 * MIB,
        "memory.max of /s",
    ),
    "v2 mounted twice, the fuller view counts": (
        Tree(
            "0::/a/b\n",
            (mount_v2("/narrow", root="/a/b"), mount_v2()),
            {"/narrow/memory.max": 500 * MIB, f"{V2}/a/b/memory.max": 500 * MIB, f"{V2}/a/memory.max": 200 * MIB},
        ),
        200 * MIB,
        "memory.max of /a",
    ),
    "v2 mount hidden by a later one on the same place": (
        Tree("0::/a\n", (mount_v2(root="/elsewhere"), mount_v2()), {f"{V2}/a/memory.max": 230 * MIB}),
        230 * MIB,
        "memory.max of /a",
    ),
    "v2 where only the unified tree is there but has no memory controller": (
        Tree("0::/s\n", (mount_v2(),), {f"{V2}/s/cgroup.procs": 1}),
        16 * GIB,
        MEMTOTAL,
    ),
    "v1 limit on our own cgroup": (
        Tree(
            "4:memory:/foo\n1:name=systemd:/foo\n",
            (mount_v1("memory", V1_MEMORY),),
            {f"{V1_MEMORY}/foo/memory.limit_in_bytes": 256 * MIB},
        ),
        256 * MIB,
        "memory.limit_in_bytes of /foo",
    ),
    "v1 without any limit": (
        Tree(
            "4:memory:/foo\n",
            (mount_v1("memory", V1_MEMORY),),
            {
                f"{V1_MEMORY}/foo/memory.limit_in_bytes": V1_NONE,
                f"{V1_MEMORY}/foo/memory.stat": f"hierarchical_memory_limit {V1_NONE}",
                f"{V1_MEMORY}/memory.limit_in_bytes": V1_NONE,
            },
        ),
        16 * GIB,
        MEMTOTAL,
    ),
    "v1 without any limit on 64 KiB pages": (
        Tree(
            "4:memory:/foo\n",
            (mount_v1("memory", V1_MEMORY),),
            {f"{V1_MEMORY}/foo/memory.limit_in_bytes": "9223372036854710272"},
        ),
        16 * GIB,
        MEMTOTAL,
    ),
    "v1 limit on an ancestor that we see": (
        Tree(
            "4:memory:/p/foo\n",
            (mount_v1("memory", V1_MEMORY),),
            {
                f"{V1_MEMORY}/p/foo/memory.limit_in_bytes": V1_NONE,
                f"{V1_MEMORY}/p/foo/memory.stat": f"cache 1\nhierarchical_memory_limit {300 * MIB}\n",
                f"{V1_MEMORY}/p/memory.limit_in_bytes": 300 * MIB,
                f"{V1_MEMORY}/p/memory.use_hierarchy": 1,
            },
        ),
        300 * MIB,
        "memory.limit_in_bytes of /p",
    ),
    "v1 limit on an ancestor that the container's mount hides": (
        Tree(
            "4:memory:/kubepods/pod1/c1\n",
            (mount_v1("memory", V1_MEMORY, root="/kubepods/pod1/c1"),),
            {
                f"{V1_MEMORY}/memory.limit_in_bytes": V1_NONE,
                f"{V1_MEMORY}/memory.stat": f"hierarchical_memory_limit {400 * MIB}",
            },
        ),
        400 * MIB,
        "hierarchical_memory_limit of /kubepods/pod1/c1",
    ),
    "v1 ancestor that does not count its descendants": (
        Tree(
            "4:memory:/p/foo\n",
            (mount_v1("memory", V1_MEMORY),),
            {
                f"{V1_MEMORY}/p/foo/memory.limit_in_bytes": 500 * MIB,
                f"{V1_MEMORY}/p/memory.limit_in_bytes": 100 * MIB,
                f"{V1_MEMORY}/p/memory.use_hierarchy": 0,
            },
        ),
        500 * MIB,
        "memory.limit_in_bytes of /p/foo",
    ),
    "v1 docker without a namespace, whole hierarchy mounted elsewhere": (
        Tree(
            "9:memory:/docker/abc\n8:cpu,cpuacct:/docker/abc\n0::/system.slice/containerd.service\n",
            (mount_v1("memory", V1_MEMORY, root="/docker/abc"), mount_v2(f"{V2}/unified", root="/docker/abc")),
            {f"{V1_MEMORY}/memory.limit_in_bytes": 192 * MIB},
        ),
        192 * MIB,
        "memory.limit_in_bytes of /docker/abc",
    ),
    "v1 memory mounted together with another controller": (
        Tree(
            "3:cpuset,memory:/j\n",
            (mount_v1("cpuset,memory", "/cg/both"),),
            {"/cg/both/j/memory.limit_in_bytes": 333 * MIB},
        ),
        333 * MIB,
        "memory.limit_in_bytes of /j",
    ),
    "v1 path with colons": (
        Tree(
            "4:memory:/lxc/a:b:c\n",
            (mount_v1("memory", V1_MEMORY),),
            {f"{V1_MEMORY}/lxc/a:b:c/memory.limit_in_bytes": 180 * MIB},
        ),
        180 * MIB,
        "memory.limit_in_bytes of /lxc/a:b:c",
    ),
    "hybrid: memory on v1, whatever the v2 tree says": (
        Tree(
            "4:memory:/foo\n1:cpu,cpuacct:/\n0::/bar\n",
            HYBRID,
            {
                f"{V1_MEMORY}/foo/memory.limit_in_bytes": 256 * MIB,
                f"{V2}/unified/bar/memory.max": 64 * MIB,
            },
        ),
        256 * MIB,
        "memory.limit_in_bytes of /foo",
    ),
    "hybrid: memory on v2, cpu on v1": (
        Tree(
            "1:cpu,cpuacct:/\n0::/bar\n",
            (mount_v1("cpu,cpuacct", V1_CPU), mount_v2(f"{V2}/unified")),
            {f"{V2}/unified/bar/memory.max": 250 * MIB},
        ),
        250 * MIB,
        "memory.max of /bar",
    ),
    "v1 memory in use but not mounted for us": (
        Tree("4:memory:/foo\n0::/\n", (mount_v2(),), {f"{V2}/memory.max": 64 * MIB}),
        16 * GIB,
        MEMTOTAL,
    ),
    "sandbox without mountinfo, v2 in the usual place": (
        Tree("0::/\n", None, {f"{V2}/memory.max": 256 * MIB}),
        256 * MIB,
        "memory.max of /",
    ),
    "sandbox without mountinfo, v1 in the usual place": (
        Tree("5:memory:/x\n", None, {f"{V1_MEMORY}/memory.limit_in_bytes": 256 * MIB}),
        256 * MIB,
        "memory.limit_in_bytes of /",
    ),
    "no cgroups at all": (Tree(None, ()), 16 * GIB, MEMTOTAL),
    "files full of nonsense": (
        Tree("0::/s\ngarbage\n::\n", (mount_v2(),), {f"{V2}/s/memory.max": "lots", f"{V2}/s/memory.high": ""}),
        16 * GIB,
        MEMTOTAL,
    ),
    "a directory where the limit should be": (
        Tree("0::/s\n", (mount_v2(),), {f"{V2}/s/memory.max/x": 1, f"{V2}/memory.max": 1 * GIB}),
        1 * GIB,
        "memory.max of /",
    ),
}


@pytest.mark.parametrize("name", TREES)
def test_the_least_limit_is_found_with_its_source(name: str, tmp_path: Path) -> None:
    tree, expected_bytes, expected_source = TREES[name]
    limit = Cgroup(tree.build(tmp_path)).memory_limit()
    assert (limit.bytes, limit.source) == (expected_bytes, expected_source)


def test_a_machine_that_says_nothing_still_has_a_limit(tmp_path: Path) -> None:
    limit = Cgroup(Tree(None, None, total=None).build(tmp_path)).memory_limit()
    assert limit.bytes > 64 * MIB
    assert limit.source == "physical pages, by sysconf"


def test_a_limit_that_changes_while_we_run_is_seen_at_the_next_call(tmp_path: Path) -> None:
    Tree("0::/s\n", (mount_v2(),), {f"{V2}/s/memory.max": 512 * MIB}).build(tmp_path)
    cgroup = Cgroup(tmp_path)
    seen = [cgroup.memory_limit().bytes]
    for text in (str(128 * MIB), str(256 * MIB), "max"):
        write(tmp_path, f"{V2}/s/memory.max", text)
        seen.append(cgroup.memory_limit().bytes)
    assert seen == [512 * MIB, 128 * MIB, 256 * MIB, 16 * GIB]


def test_a_process_moved_to_another_cgroup_gets_that_ones_limit(tmp_path: Path) -> None:
    files = {f"{V2}/a/memory.max": 512 * MIB, f"{V2}/b/memory.max": 128 * MIB}
    Tree("0::/a\n", (mount_v2(),), files).build(tmp_path)
    cgroup = Cgroup(tmp_path)
    assert cgroup.memory_limit().source == "memory.max of /a"
    write(tmp_path, "/proc/self/cgroup", "0::/b\n")
    assert cgroup.memory_limit().source == "memory.max of /b"
