"""Limits of a child that reads a file of unknown content: CPU time, memory, priority, and who dies first.

Input: its process id. Output: nothing; a limit that this system does not let us set is left out.
"""

from __future__ import annotations

import math
import os
import resource
from contextlib import suppress

_NICENESS = 5
_CPU_SECONDS_MARGIN = 5
_KILL_ME_FIRST = "1000"


def limit_child(pid: int, timeout_seconds: float, memory_bytes: int | None) -> None:
    """Limit the child from outside: code run between fork and exec may deadlock in a process with threads.

    The child may have ended already, and some containers forbid one call or the other: the deadline holds all the
    same. The limit of CPU time is for a child that outlives us.
    """
    cpu_seconds = math.ceil(timeout_seconds) + _CPU_SECONDS_MARGIN
    # The soft limit comes first, as SIGXCPU; the hard one is a SIGKILL, which is what the OOM killer sends.
    limits = {resource.RLIMIT_CPU: (cpu_seconds, cpu_seconds + _CPU_SECONDS_MARGIN), resource.RLIMIT_CORE: (0, 0)}
    if memory_bytes is not None:
        limits[resource.RLIMIT_DATA] = (memory_bytes, memory_bytes)
    for limit, values in limits.items():
        with suppress(OSError, ValueError):
            resource.prlimit(pid, limit, values)
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICENESS)
    # Where memory runs out all the same, let the kernel take the child: that costs a track and not the daemon.
    with suppress(OSError), open(f"/proc/{pid}/oom_score_adj", "w", encoding="ascii") as score:
        score.write(_KILL_ME_FIRST)
