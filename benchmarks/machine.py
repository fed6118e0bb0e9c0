"""What a measurement was taken on: processor, kernel, memory, versions. A figure without it is worth little."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("numpy", "essentia-tensorflow", "tensorflow-cpu", "onnxruntime", "soundfile", "soxr", "librosa")


def describe() -> str:
    """One paragraph for a report."""
    packages = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {len(os.sched_getaffinity(0))} cores of {_processor()}, "
        f"{memory_gib:.0f} GiB, Linux {platform.release()}, CPython {platform.python_version()}; {packages}. "
        f"playlista {_version('playlista')}, one thread in every pool."
    )


def _version(package: str) -> str:
    if package == "playlista":
        from playlista import __version__

        return __version__
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    """The kernel's name for it, and the widest vector instructions, on which matrix products depend."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    fields = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    named = {key.strip(): value.strip() for key, value in fields.items()}
    flags = named.get("flags", "").split()
    widest = next(
        (name for name, flag in (("AVX-512", "avx512f"), ("AVX2", "avx2"), ("AVX", "avx")) if flag in flags), ""
    )
    return f"{named.get('model name', platform.machine())}{f' ({widest})' if widest else ''}"
