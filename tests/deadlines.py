"""Wall-clock bounds that hold on a machine that does something else.

A promise such as "stops within two seconds" is one of an idle machine. Here it is held to as many times that as there
are programs that want each CPU, and five times that again, since the load that the kernel tells lags behind.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

#: For what is waited for and comes within seconds on an idle machine: longer than under any load that tests meet.
DEADLINE_SECONDS = 600.0
#: Of the wall time that an idle machine takes; a garbage collection or a slow disk is no broken promise.
MARGIN = 5.0


def pauses() -> Iterator[float]:
    """Seconds to sleep between looks at what is waited for, without end: each pause a fifth longer, up to a quarter.

    A look costs a daemon some milliseconds. On a busy machine hundreds of them would take as much as the work.
    """
    seconds = 0.02
    while True:
        yield seconds
        seconds = min(0.25, 1.2 * seconds)


def programs_per_cpu() -> float:
    """How many programs want each CPU now or wanted it in the last minute; 1 where every program has its own."""
    try:
        minute, now = os.getloadavg()[0], _running()
    except (OSError, ValueError):
        return 1.0
    return max(1.0, max(minute, now) / (os.cpu_count() or 1))


def allowed(idle_seconds: float) -> float:
    """Wall seconds that something may take here which takes less than `idle_seconds` on an idle machine."""
    return MARGIN * idle_seconds * programs_per_cpu()


def _running() -> int:
    """Programs that run or could run, the fourth field of /proc/loadavg."""
    with open("/proc/loadavg", encoding="ascii") as file:
        return int(file.read().split()[3].partition("/")[0])
