"""What a command imports before it does anything: the part of its start that we decide, and that no load changes."""

from __future__ import annotations

import sys

import pytest

from benchmarks.start import imported_modules
from tests.integration.daemon import Daemon

#: Packages that are of use to analysis, to the daemon's log or to a progress bar.
HEAVY = {
    "asyncio", "essentia", "mutagen", "numpy", "onnxruntime", "prometheus_client", "psutil", "rich", "soundfile",
    "soxr", "structlog", "tensorflow", "waitress", "watchdog",
}  # fmt: skip
#: Of our own; `status`, which has most, has 90.
MODULES = 100


@pytest.mark.parametrize("command", ["--help", "status", "show slow.flac", "list", "failures", "export", "search slow"])
def test_what_only_reads_the_library_imports_nothing_of_analysis_and_logging(command: str, library: Daemon) -> None:
    line = [sys.executable, "-m", "playlista", *command.split()]
    imported = imported_modules(line, library.environment)
    assert {name.partition(".")[0] for name in imported} & HEAVY == set()
    assert 20 < sum(name.startswith("playlista") for name in imported) < MODULES
