"""Memory cgroups of version 2 with every knob, for the cases that are run inside the user-mode machine.

Input: names and values of the kernel's files. Output: processes that run in the group, and what the kernel says of it
afterwards.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Group:
    """A cgroup; `events` are the kernel's own words for its counts."""

    folder: Path

    def write(self, name: str, value: int | str) -> None:
        """Set one of the kernel's files, such as ``memory.high``."""
        (self.folder / name).write_text(str(value))

    def events(self) -> dict[str, int]:
        """``memory.events``: low, high, max, oom, oom_kill, oom_group_kill."""
        lines = (self.folder / "memory.events").read_text().splitlines()
        return {name: int(count) for name, count in (line.split() for line in lines)}

    def current_mib(self) -> float:
        """All that is charged now."""
        return int((self.folder / "memory.current").read_text()) / MIB

    def peak_mib(self) -> float:
        """The most that was ever charged."""
        return int((self.folder / "memory.peak").read_text()) / MIB

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], log: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start `command` inside; what it says on stderr is appended to `log`."""
        enter = ["sh", "-c", 'echo $$ >"$0" && exec "$@"', str(self.folder / "cgroup.procs"), *command]
        with Path(log or os.devnull).open("a") as errors:
            return subprocess.Popen(enter, env=dict(environment), stdout=subprocess.PIPE, stderr=errors, text=True)

    @contextmanager
    def below(self, name: str, **files: int | str) -> Iterator[Group]:
        """A group inside this one."""
        self.write("cgroup.subtree_control", "+memory")
        with _made(self.folder / name, files) as group:
            yield group


@contextmanager
def group(name: str, **files: int | str) -> Iterator[Group]:
    """A new group without swap; ``memory_max=…`` writes ``memory.max``, ``memory_oom_group`` ``memory.oom.group``."""
    with _made(ROOT / name, files) as made:
        yield made


@contextmanager
def _made(folder: Path, files: Mapping[str, int | str]) -> Iterator[Group]:
    folder.mkdir()
    made = Group(folder)
    for name, value in files.items():
        made.write(name.replace("_", "."), value)
    try:
        yield made
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """The kernel lets go of a group a moment after its last process has ended."""
    deadline = time.monotonic() + 60
    while folder.exists() and time.monotonic() < deadline:
        try:
            folder.rmdir()
        except OSError:
            time.sleep(0.1)


def greedy(take_mib: int) -> list[str]:
    """A program that takes `take_mib` and keeps it until it is killed."""
    code = f"import time; held = [bytearray(b'x') * (4 << 20) for _ in range({take_mib // 4})]; time.sleep(600)"
    return [sys.executable, "-S", "-c", code]
