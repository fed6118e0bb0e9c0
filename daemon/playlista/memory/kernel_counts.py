"""What the kernel says that tells the next process how this one ended: which run of the machine, how many OOM kills.

Input: ``/proc``, read anew at every call. Output: both, as far as they are told.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playlista.memory.kernel_files import read_keyed_integers, read_text


@dataclass(frozen=True, slots=True)
class KernelCounts:
    """A moment in the life of one machine.

    Attributes
    ----------
    boot_id : another one at each start of the kernel (random(4)), in a container that of its host; "" where it is not
        told.
    oom_kills : processes of the whole machine that the OOM killer ended since it was started, for the limit of a
        cgroup or for the memory of all; None where the kernel does not count them (before Linux 4.13, gVisor).
        The kernel counts before it kills (``__oom_kill_process`` of mm/oom_kill.c).
    """

    boot_id: str
    oom_kills: int | None


def read_kernel_counts(root: Path = Path("/")) -> KernelCounts:
    """The present moment; `root` is the folder below which ``proc`` lies."""
    boot_id = (read_text(root / "proc/sys/kernel/random/boot_id") or "").strip()
    return KernelCounts(boot_id, read_keyed_integers(root / "proc/vmstat").get("oom_kill"))
