"""Fixture trees: the files that the kernel would show, written below a temporary root."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

MIB = 1024**2
GIB = 1024**3
#: What v1 shows where no limit is set: the greatest signed 64-bit number, cut to a page of 4 KiB.
V1_NONE = "9223372036854771712"
V2 = "/sys/fs/cgroup"
V1_MEMORY = "/sys/fs/cgroup/memory"
V1_CPU = "/sys/fs/cgroup/cpu,cpuacct"


def mount_v2(point: str = V2, root: str = "/") -> str:
    """A line of mountinfo for a v2 tree, with the optional fields that systemd's mounts have."""
    return f"31 23 0:26 {root} {point} rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate"


def mount_v1(controllers: str, point: str, root: str = "/") -> str:
    """A line of mountinfo for a v1 tree of the given controllers."""
    return f"35 31 0:32 {root} {point} rw,relatime - cgroup cgroup rw,{controllers}"


@dataclass(frozen=True)
class Tree:
    """A machine: the text of ``/proc/self/cgroup``, lines of mountinfo, other files by absolute path."""

    cgroup: str | None = None
    mounts: tuple[str, ...] | None = ()
    files: dict[str, str | int] = field(default_factory=dict)
    total: int | None = 16 * GIB
    available: int = 12 * GIB

    def build(self, root: Path) -> Path:
        """Write the tree below `root`."""
        if self.cgroup is not None:
            write(root, "/proc/self/cgroup", self.cgroup)
        if self.mounts is not None:
            lines = ("23 1 8:1 / / rw - ext4 /dev/sda1 rw", *self.mounts, "not a mountinfo line")
            write(root, "/proc/self/mountinfo", "\n".join(lines) + "\n")
        if self.total is not None:
            kibibytes = f"MemTotal: {self.total // 1024} kB\nMemFree: 1024 kB\n"
            write(
                root, "/proc/meminfo", kibibytes + f"MemAvailable:  {self.available // 1024} kB\nHugePages_Total: 0\n"
            )
        for path, content in self.files.items():
            write(root, path, f"{content}\n")
        return root


def write(root: Path, path: str, text: str) -> None:
    """One file at the absolute `path` below `root`."""
    target = root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


V2_STAT = "\n".join(
    [
        f"anon {90 * MIB}",
        f"file {80 * MIB}",
        f"file_dirty {3 * MIB}",
        f"file_writeback {1 * MIB}",
        f"inactive_file {50 * MIB}",
        f"active_file {30 * MIB}",
    ]
)
V1_STAT = "\n".join(
    [
        "inactive_file 1",  # our own pages; those of the sub-tree have the prefix, and usage counts the sub-tree
        "active_file 1",
        f"total_inactive_file {50 * MIB}",
        f"total_active_file {30 * MIB}",
        f"total_dirty {3 * MIB}",
        f"total_writeback {1 * MIB}",
    ]
)
#: 200 MiB charged of a limit of 256, on either version.
CHARGED = {
    "v2": Tree(
        "0::/s\n",
        (mount_v2(),),
        {
            f"{V2}/s/memory.current": 200 * MIB,
            f"{V2}/s/memory.stat": V2_STAT,
            f"{V2}/s/memory.peak": 240 * MIB,
            f"{V2}/s/memory.events": "low 0\nhigh 5\nmax 9\noom 2\noom_kill 2\noom_group_kill 0",
            f"{V2}/s/memory.max": 256 * MIB,
        },
    ),
    "v1": Tree(
        "4:memory:/s\n",
        (mount_v1("memory", V1_MEMORY),),
        {
            f"{V1_MEMORY}/s/memory.usage_in_bytes": 200 * MIB,
            f"{V1_MEMORY}/s/memory.stat": V1_STAT,
            f"{V1_MEMORY}/s/memory.max_usage_in_bytes": 240 * MIB,
            f"{V1_MEMORY}/s/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2",
            f"{V1_MEMORY}/s/memory.limit_in_bytes": 256 * MIB,
        },
    ),
}
