"""Real memory cgroups, of version 1 or 2, whichever has the memory controller here.

Input: a limit. Output: a cgroup without swap that commands can enter, and what the kernel says of it
afterwards. Making one needs root, or a delegated hierarchy.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

MIB = 1024**2
#: Within which the processes of a cgroup have gone, on a busy machine.
REMOVED_SECONDS = 60
_V2_ROOT = Path("/sys/fs/cgroup")
_V1_ROOT = _V2_ROOT / "memory"


@dataclass(frozen=True, slots=True)
class MemoryCgroup:
    """A cgroup with a hard limit, for as long as the block that made it lasts."""

    folder: Path
    version: int

    def entered_by(self, command: Sequence[str]) -> list[str]:
        """`command`, so that it enters this cgroup before it begins."""
        return ["sh", "-c", 'echo $$ >"$0" && exec "$@"', str(self.folder / "cgroup.procs"), *command]

    def peak_bytes(self) -> int | None:
        """Most that was ever charged, file pages included; None where the kernel does not keep it (v2 before 5.19)."""
        with suppress(OSError):
            return int(self._read("memory.max_usage_in_bytes", "memory.peak"))
        return None

    def usage_bytes(self) -> int:
        """All that is charged right now, file pages included."""
        return int(self._read("memory.usage_in_bytes", "memory.current"))

    def oom_kills(self) -> int:
        """Processes that the kernel has killed here for want of memory."""
        lines = self._read("memory.oom_control", "memory.events").splitlines()
        return int(dict(line.split() for line in lines).get("oom_kill", 0))

    def _read(self, v1_name: str, v2_name: str) -> str:
        return (self.folder / (v1_name if self.version == 1 else v2_name)).read_text()


class UsageTrail:
    """What is charged to a cgroup in the course of a block, file pages included, looked at from a thread."""

    def __init__(self, cgroup: MemoryCgroup, interval_seconds: float = 0.1) -> None:
        self._cgroup = cgroup
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, args=(interval_seconds,))
        self._bytes: list[int] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._ended.set()
        self._thread.join()

    def tenths(self) -> list[int]:
        """The most that was seen in each tenth of the time, in bytes."""
        size = max(1, -(-len(self._bytes) // 10))
        return [max(self._bytes[start : start + size]) for start in range(0, len(self._bytes), size)]

    def _follow(self, interval_seconds: float) -> None:
        while not self._ended.wait(interval_seconds):
            self._bytes.append(self._cgroup.usage_bytes())


def why_not() -> str | None:
    """Why no memory cgroup can be made here; None if one can."""
    version, root = _hierarchy()
    if root is None:
        return "no memory controller under /sys/fs/cgroup"
    if not os.access(root, os.W_OK):
        return f"no right to make cgroups in {root} (run as root)"
    try:
        with memory_cgroup(64 * MIB):
            return None
    except OSError as error:
        return f"cgroups v{version} in {root} cannot be made: {error.strerror}"


@contextmanager
def memory_cgroup(limit_bytes: int) -> Iterator[MemoryCgroup]:
    """A new cgroup with a hard limit and no swap.

    Raises
    ------
    OSError : the kernel does not let us.
    """
    version, root = _hierarchy()
    if root is None:
        raise OSError("no memory controller")
    folder = root / f"playlista-bench-{uuid.uuid4().hex[:12]}"
    folder.mkdir()
    try:
        _limit(folder, version, limit_bytes)
        yield MemoryCgroup(folder, version)
    finally:
        remove_cgroup(folder)


def _hierarchy() -> tuple[int, Path | None]:
    if (_V1_ROOT / "memory.limit_in_bytes").is_file():
        return 1, _V1_ROOT
    with suppress(OSError):
        if "memory" in (_V2_ROOT / "cgroup.subtree_control").read_text().split():
            return 2, _V2_ROOT
    return 2, None


def _limit(folder: Path, version: int, limit_bytes: int) -> None:
    if version == 1:
        (folder / "memory.limit_in_bytes").write_text(str(limit_bytes))
        with suppress(OSError):  # absent without swap accounting
            (folder / "memory.memsw.limit_in_bytes").write_text(str(limit_bytes))
        return
    (folder / "memory.max").write_text(str(limit_bytes))
    with suppress(OSError):
        (folder / "memory.swap.max").write_text("0")


def remove_cgroup(folder: Path) -> None:
    """The kernel lets go of a cgroup a moment after its last process has ended."""
    deadline = time.monotonic() + REMOVED_SECONDS
    while True:
        try:
            folder.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
