"""Real cgroups, where the machine lets us make them, and real processes in them."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmarks.cgroups import remove_cgroup
from tests.deadlines import DEADLINE_SECONDS

SOURCES = Path(__file__).parents[2] / "daemon"

#: Evaluates each line that it is sent and prints the answer; what `hold` and `touch_mapped` take is kept.
CHILD = """
import functools, mmap, sys
answers, sys.stdout = sys.stdout, sys.stderr  # log lines are no answers
from playlista.memory.cgroup import Cgroup
from playlista.memory.process import drop_page_cache, resident_memory, trim_heap
cgroup = Cgroup()
held = []
def hold(size):
    held.append(bytearray(b"x") * size)
def touch_mapped(path):
    with open(path, "rb") as file:
        held.append(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ))
    return sum(held[-1][::4096])
@functools.cache
def admission():
    from playlista.memory.admission import Admission
    from playlista.memory.configuration import fallback_configurations
    return Admission(cgroup, fallback_configurations(3.0, 16), cleanup=trim_heap, max_wait_seconds=0.0)
def release():
    held.clear()
def usage_while_decoding(path):
    from playlista.config import Settings
    from playlista.analysis.loader import MemoryOptimizedLoader
    from playlista.analysis.track_stream import Signals
    with MemoryOptimizedLoader(Settings(), cgroup).open(path, signals=Signals(analysis=False, model=False)) as stream:
        seen = [cgroup.usage_bytes() for _chunk in stream]
        tenth = len(seen) // 10
        return {"first_tenth": max(seen[:tenth]), "later": max(seen[tenth:]), "decoded": stream.frames_decoded}
for line in sys.stdin:
    print(eval(line), file=answers, flush=True)
"""


@dataclass(frozen=True)
class RealCgroup:
    """A directory of a v1 or v2 memory hierarchy that is ours."""

    directory: Path
    version: int

    def set_limit(self, limit_bytes: int | None) -> None:
        """Set the hard limit; None lifts it."""
        name, none = ("memory.max", "max") if self.version == 2 else ("memory.limit_in_bytes", "-1")
        self.write(name, none if limit_bytes is None else str(limit_bytes))

    def read(self, v1_name: str, v2_name: str) -> str:
        """The text of one of the kernel's files, by its name in either version."""
        return (self.directory / (v2_name if self.version == 2 else v1_name)).read_text().strip()

    def stat(self, key: str) -> int:
        """One line of memory.stat, descendants included."""
        name = key if self.version == 2 else f"total_{key}"
        lines = dict(line.split() for line in (self.directory / "memory.stat").read_text().splitlines())
        return int(lines[name])

    def write(self, name: str, text: str) -> None:
        """Write to one of the kernel's files."""
        (self.directory / name).write_text(text)

    @contextmanager
    def below(self, name: str) -> Iterator[RealCgroup]:
        """A cgroup inside of this one."""
        if self.version == 2:
            self.write("cgroup.subtree_control", "+memory")
        with made(self.directory / name, self.version) as inner:
            yield inner

    def command(self, *arguments: str) -> list[str]:
        """A command line that enters this cgroup before it becomes `arguments`."""
        return ["sh", "-c", 'echo $$ >"$0" && exec "$@"', str(self.directory / "cgroup.procs"), *arguments]


class ProcessInside:
    """A Python process in a cgroup that answers what it is asked."""

    def __init__(self, cgroup: RealCgroup) -> None:
        self._process = subprocess.Popen(
            cgroup.command(sys.executable, "-c", CHILD),
            env={**os.environ, "PYTHONPATH": str(SOURCES)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, expression: str) -> str:
        """Evaluate an expression in the process."""
        stdin, stdout = self._pipes()
        stdin.write(expression + "\n")
        stdin.flush()
        answer = stdout.readline()
        assert answer.endswith("\n"), f"the process ended at {expression}"
        return answer.strip()

    def ask_integer(self, expression: str) -> int:
        """Evaluate an expression that is a number."""
        return int(self.ask(expression))

    def end(self) -> int:
        """Let the process end; its exit status."""
        stdin, stdout = self._pipes()
        stdin.close()
        stdout.close()
        return self._process.wait(DEADLINE_SECONDS)

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout


@contextmanager
def process_inside(cgroup: RealCgroup) -> Iterator[ProcessInside]:
    """A process in `cgroup` for the length of a block."""
    process = ProcessInside(cgroup)
    try:
        yield process
    finally:
        process.end()


@contextmanager
def made(directory: Path, version: int) -> Iterator[RealCgroup]:
    """Make a cgroup, and remove it when its processes have ended."""
    directory.mkdir()
    try:
        yield RealCgroup(directory, version)
    finally:
        remove_cgroup(directory)


def memory_mount(version: int) -> tuple[Path | None, str]:
    """Where memory cgroups can be made, or None and the reason why not."""
    mount = Path("/sys/fs/cgroup/memory" if version == 1 else "/sys/fs/cgroup")
    if version == 1 and not (mount / "memory.limit_in_bytes").is_file():
        return None, "no memory controller on cgroup v1 here"
    if version == 2:
        try:
            controllers = (mount / "cgroup.subtree_control").read_text().split()
        except OSError:
            return None, "no cgroup v2 at /sys/fs/cgroup here"
        if "memory" not in controllers:
            return None, "cgroup v2 here does not hand the memory controller down"
    if not os.access(mount, os.W_OK):
        return None, f"no right to make cgroups in {mount}"
    return mount, ""


def unique_name() -> str:
    """A name that no other test run has."""
    return f"playlista-test-{uuid.uuid4().hex[:12]}"
