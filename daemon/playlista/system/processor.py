"""What the processor can do, as the kernel says, and whether it runs the libraries that everything here needs.

Input: ``/proc/cpuinfo``. Output: instruction sets; an error for a processor on which NumPy cannot be loaded. Only the
standard library is imported, since this is asked before NumPy.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from playlista.errors import MachineError

#: What NumPy's wheels for x86-64 are compiled for since 2.4, by the kernel's names: the level x86-64-v2 of the x86-64
#: psABI, which Intel has had since 2008 (Nehalem; Atoms since 2013) and AMD since 2011.
NUMPY_NEEDS = frozenset({"ssse3", "sse4_1", "sse4_2", "popcnt"})


def cpu_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str] | None:
    """Instruction sets of the first processor in `cpuinfo`; None where it does not say (not x86, not Linux)."""
    try:
        text = cpuinfo.read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "flags":
            return frozenset(value.split())
    return None


def has_avx(flags: Collection[str] | None) -> bool:
    """Whether a processor of these `flags` runs code compiled for AVX; assumed where the kernel does not say."""
    return flags is None or "avx" in flags


def require_numpy_baseline(flags: Collection[str] | None) -> None:
    """Refuse a processor on which importing NumPy would end the process with SIGILL.

    Raises
    ------
    MachineError : an instruction set that NumPy is compiled for is missing from `flags`.
    """
    missing = sorted(NUMPY_NEEDS - set(NUMPY_NEEDS if flags is None else flags))
    if missing:
        raise MachineError(
            f"this processor has no {', '.join(missing)}, which NumPy needs (x86-64-v2); in a virtual machine give it "
            "the CPU type of the host"
        )
