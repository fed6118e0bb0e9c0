"""Runs a command as a fresh process and says what it cost, as the kernel counted it.

Input: a command line, variables for its environment, perhaps a cgroup to run in. Output: a :class:`Run`.
Standard library only: a process is charged with the memory of the one that starts it until it has become its own
program, so whoever measures must be small.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.cgroups import MemoryCgroup

SAMPLE_SECONDS = 0.02

#: Emptied for every child: compiled modules are kept, as wherever the product is installed, or each start would compile
#: them anew.
COMPILED_ONCE = {"PYTHONDONTWRITEBYTECODE": ""}

#: One thread in every pool: CPU seconds of the same work can be compared, and no pool waits by spinning.
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    ),
    "1",
)


class ChildFailed(Exception):
    """A measured command ended badly; the message has its last words."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one process cost.

    cpu_seconds : user and system time of the process and of those that it started and waited for.
    peak_rss_bytes : the most that was resident at once in the process, or in one of its children.
    peak_anonymous_bytes, peak_file_bytes : the most of either kind that was seen, every 20 ms.
    killed : by SIGKILL, which inside a cgroup means that the limit was too small.
    """

    cpu_seconds: float
    wall_seconds: float
    peak_rss_bytes: int
    peak_anonymous_bytes: int
    peak_file_bytes: int
    exit_code: int
    killed: bool
    output: str
    errors: str

    def checked(self, *allowed: int) -> Run:
        """This run, if it ended with 0 or one of `allowed`.

        Raises
        ------
        ChildFailed : it did not.
        """
        if self.exit_code not in (0, *allowed):
            raise ChildFailed(f"ended with {self.exit_code}: {self.errors.strip()[-2000:]}")
        return self

    def figures(self) -> dict[str, Any]:
        """All but what was written, for a results file."""
        return {key: value for key, value in asdict(self).items() if key not in ("output", "errors")}


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    cgroup: MemoryCgroup | None = None,
    timeout_seconds: float = 7200.0,
) -> Run:
    """Run `command` to its end.

    Parameters
    ----------
    environment : variables on top of the inherited ones; an empty value removes the variable.
    cgroup : entered before the command begins.
    """
    arguments = list(command) if cgroup is None else cgroup.entered_by(command)
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.monotonic()
        process = subprocess.Popen(
            arguments, stdout=output, stderr=errors, stdin=subprocess.DEVNULL, env=_environment(environment or {})
        )
        peaks = _Peaks(process.pid)
        status, usage = _waited(process, peaks, started + timeout_seconds)
        wall_seconds = time.monotonic() - started
        exit_code = os.waitstatus_to_exitcode(status)
        return Run(
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            wall_seconds=wall_seconds,
            peak_rss_bytes=peaks.resident(usage.ru_maxrss * 1024),
            peak_anonymous_bytes=peaks.anonymous_bytes,
            peak_file_bytes=peaks.file_bytes,
            exit_code=exit_code,
            killed=exit_code in (-signal.SIGKILL, 128 + signal.SIGKILL),
            output=_text(output),
            errors=_text(errors),
        )


def python(*arguments: str) -> list[str]:
    """A command line for this very interpreter."""
    return [sys.executable, *arguments]


def _environment(changes: Mapping[str, str]) -> dict[str, str]:
    merged = {**os.environ, **ONE_THREAD, **COMPILED_ONCE, **changes}
    return {name: value for name, value in merged.items() if value}


def _waited(process: subprocess.Popen[bytes], peaks: _Peaks, deadline: float) -> tuple[int, resource.struct_rusage]:
    """The status and the costs that the kernel tells whoever waits; memory is sampled meanwhile."""
    try:
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > deadline:
                process.kill()
            peaks.sample()
            time.sleep(SAMPLE_SECONDS)
    except BaseException:
        process.kill()
        process.wait()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)  # or Popen would wait for it once more
    return status, usage


class _Peaks:
    """The most of each kind of memory, as ``/proc/PID/status`` showed it."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._high_water = 0
        self.anonymous_bytes = self.file_bytes = 0

    def sample(self) -> None:
        try:
            text = self._status.read_text()
        except OSError:
            return
        fields = dict(line.split(":", 1) for line in text.splitlines() if line.endswith("kB"))
        kibibytes = {key: int(value.split()[0]) for key, value in fields.items()}
        self._high_water = max(self._high_water, 1024 * kibibytes.get("VmHWM", 0))
        self.anonymous_bytes = max(self.anonymous_bytes, 1024 * kibibytes.get("RssAnon", 0))
        mapped = kibibytes.get("RssFile", 0) + kibibytes.get("RssShmem", 0)
        self.file_bytes = max(self.file_bytes, 1024 * mapped)

    def resident(self, reported: int) -> int:
        """`reported` by the kernel at the end, unless it may be our own, inherited between fork and exec."""
        ours = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return reported if reported > ours else max(self._high_water, self.anonymous_bytes)


def _text(file: Any) -> str:
    file.seek(0)
    content: bytes = file.read()
    return content.decode(errors="replace")
