"""How the former process ended, as far as the system tells the one that follows it.

Input is what the library remembers of the former process, and what the kernel says now. Output is whether the machine
was started anew in between: a power cut, a reboot. Then the tracks that it was analyzing did not kill it. ADR 12 says
what cannot be told.
"""

from __future__ import annotations

from pathlib import Path

from playlista.library.files import Library
from playlista.memory.kernel_files import read_text

_REMEMBERED_AS = "boot_id"


def machine_was_restarted(library: Library, root: Path = Path("/")) -> bool:
    """Whether the machine was started since the former process began, and note this start; call once a life.

    Source: ``/proc/sys/kernel/random/boot_id``, another one at each start of the kernel (random(4)). A container has
    that of its host.
    """
    present = (read_text(root / "proc/sys/kernel/random/boot_id") or "").strip()
    former = library.recall(_REMEMBERED_AS)
    if present and present != former:
        library.remember(_REMEMBERED_AS, present)
    return bool(present) and former is not None and former != present
