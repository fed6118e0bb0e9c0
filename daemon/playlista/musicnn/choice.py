"""Which runtime carries MusiCNN: the fastest that fits the memory limit, with the reason in words.

Input: the setting ``MUSICNN_RUNTIME``, the memory limit, what is installed, what the processor can do. Output:
a :class:`RuntimeChoice`, whose `why` goes to the log and to ``playlista_build_info``. Nothing is imported or
started.

The figures were measured in real cgroups; how, and with which command, is in docs/adr/0004-musicnn-runtimes.md.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from playlista.errors import ModelError
from playlista.musicnn.runtimes.runtime import absence, needs_avx
from playlista.system.processor import has_avx

_MIB = 1024**2

AUTO = "auto"
OFF = "off"


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one runtime costs, measured.

    needs_mib : the smallest memory limit in which an hour of music is analyzed with it, and 48 MiB for the daemon's
        threads and what the kernel counts.
    start_seconds : CPU seconds to import and start it.
    patch_ms : CPU milliseconds for a patch of 3 seconds, one at a time, on one thread.
    """

    needs_mib: int
    start_seconds: float
    patch_ms: float

    @property
    def hour_seconds(self) -> float:
        """CPU seconds to start it and to tag an hour of music: by this one runtime is faster than another."""
        return self.start_seconds + _PATCHES_AN_HOUR * self.patch_ms / 1000


_PATCHES_AN_HOUR = 3600 * 16_000 / (187 * 256)

#: The fastest first.
FOOTPRINTS = {
    "onnx": Footprint(needs_mib=128, start_seconds=0.04, patch_ms=3.1),
    "numpy": Footprint(needs_mib=112, start_seconds=0.01, patch_ms=3.9),
    "essentia": Footprint(needs_mib=144, start_seconds=0.01, patch_ms=4.1),
    "tensorflow": Footprint(needs_mib=352, start_seconds=3.1, patch_ms=3.5),
}


@dataclass(frozen=True, slots=True)
class RuntimeChoice:
    """The runtime to take, None for none at all, and why, as a sentence for people."""

    name: str | None
    why: str


def choose_runtime(
    setting: str, *, limit_bytes: int, installed: Collection[str], cpu_flags: Collection[str] | None
) -> RuntimeChoice:
    """Choose a runtime.

    Parameters
    ----------
    setting : "auto", "off" or the name of a runtime, which is then taken whatever the limit.
    limit_bytes : the effective memory limit.
    installed : names from :func:`~playlista.musicnn.runtimes.runtime.installed_runtimes`.
    cpu_flags : instruction sets from :func:`~playlista.system.processor.cpu_flags`.

    Raises
    ------
    ModelError
        The runtime that was asked for is not installed, or this processor cannot run it.
    """
    if setting == OFF:
        return RuntimeChoice(None, "MUSICNN_RUNTIME=off: tracks get no tags")
    limit_mib = limit_bytes // _MIB
    if setting != AUTO:
        return _as_asked(setting, limit_mib, installed, cpu_flags)
    passed_over: list[str] = []
    for name, footprint in FOOTPRINTS.items():
        obstacle = _obstacle(name, limit_mib, installed, cpu_flags)
        if obstacle is None:
            taken = f"{name} is the fastest that fits: {_figures(footprint)}, the limit is {limit_mib} MiB"
            return RuntimeChoice(name, "; ".join([taken, *passed_over]))
        passed_over.append(f"{name} {obstacle}")
    return RuntimeChoice(None, "; ".join(["no runtime fits, tracks get no tags", *passed_over]))


def _as_asked(
    name: str, limit_mib: int, installed: Collection[str], cpu_flags: Collection[str] | None
) -> RuntimeChoice:
    if name not in installed:
        raise ModelError(f"MUSICNN_RUNTIME={name}: {absence(name)}; set auto or numpy")
    if needs_avx(name) and not has_avx(cpu_flags):
        raise ModelError(f"MUSICNN_RUNTIME={name}: this processor has no AVX, which it needs; set auto or numpy")
    footprint = FOOTPRINTS[name]
    why = f"MUSICNN_RUNTIME={name}: {_figures(footprint)}, the limit is {limit_mib} MiB"
    return RuntimeChoice(name, f"{why}, which is too little" if limit_mib < footprint.needs_mib else why)


def _obstacle(name: str, limit_mib: int, installed: Collection[str], cpu_flags: Collection[str] | None) -> str | None:
    """Why `name` cannot be taken, as the end of a sentence that begins with it; None if it can."""
    if name not in installed:
        return "is not installed"
    if needs_avx(name) and not has_avx(cpu_flags):
        return "needs AVX, which this processor does not have"
    if limit_mib < FOOTPRINTS[name].needs_mib:
        return f"needs {FOOTPRINTS[name].needs_mib} MiB"
    return None


def _figures(footprint: Footprint) -> str:
    return f"{footprint.hour_seconds:.1f} s of CPU for an hour of music, needs {footprint.needs_mib} MiB"
