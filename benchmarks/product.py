"""The product's own command line, measured: one way to run it for all memory tables.

Input: files, settings by their names, perhaps a memory limit. Output: costs, result objects, and what the
kernel says of the cgroup.
"""

from __future__ import annotations

import json
import os
import site
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cgroups import MIB, memory_cgroup
from benchmarks.children import Run, python, run

ANALYZE = python("-m", "playlista", "analyze", "--json")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run of ``playlista analyze`` ended.

    cgroup_peak_bytes : all that was charged at most, file pages included; None without a cgroup.
    """

    run: Run
    analyses: list[dict[str, Any]]
    cgroup_peak_bytes: int | None = None
    oom_kills: int = 0

    def is_whole(self, files: Sequence[Path]) -> bool:
        """Whether every file was analyzed to its end, with tags, and nothing was killed."""
        return (
            self.oom_kills == 0
            and len(self.analyses) == len(files)
            and all(
                analysis["status"] == "analyzed" and not analysis["audio"]["truncated"] and analysis["tags"]
                for analysis in self.analyses
            )
        )

    @property
    def retained_bytes(self) -> int:
        """The most that a track's own buffers and accumulators held."""
        return max(analysis["memory"]["retained_bytes"] for analysis in self.analyses)

    def figures(self) -> dict[str, Any]:
        """For a results file."""
        kernel = {"cgroup_peak_bytes": self.cgroup_peak_bytes, "oom_kills": self.oom_kills}
        return {**self.run.figures(), **kernel}


def analyze(
    files: Sequence[Path],
    settings: Mapping[str, str],
    limit_mib: int | None = None,
    *,
    timeout_seconds: float = 7200.0,
) -> Outcome:
    """Analyze `files` in one process, in a cgroup of `limit_mib` where one is given."""
    command = [*ANALYZE, *map(str, files)]
    if limit_mib is None:
        ended = run(command, environment=settings).checked(3)
        return Outcome(ended, _analyses(ended))
    forget_cached(files)
    with memory_cgroup(limit_mib * MIB) as cgroup:
        ended = run(command, environment=settings, cgroup=cgroup, timeout_seconds=timeout_seconds)
        return Outcome(ended, _analyses(ended), cgroup.peak_bytes(), cgroup.oom_kills())


def forget_cached(files: Iterable[Path]) -> None:
    """Drop the cached pages of `files` and of installed libraries: a page is charged to whoever reads it first.

    In a container of its own the product reads its libraries first and pays for them; here, somebody has before.
    """
    libraries = (path for folder in site.getsitepackages() for path in Path(folder).rglob("*.so*"))
    for path in (*files, *libraries):
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)


def _analyses(ended: Run) -> list[dict[str, Any]]:
    """The lines that were finished; a killed process may leave half a line."""
    found = []
    for line in ended.output.splitlines():
        with suppress(json.JSONDecodeError):
            found.append(json.loads(line))
    return found
