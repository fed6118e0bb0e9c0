"""What a command imports before it does anything: the part of its start that we decide, and that no load changes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.start import imported_modules
from playlista.cli import COMMANDS
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


@pytest.mark.parametrize(
    ("command", "needless"),
    [
        ("analyze nothing", {"asyncio", "http.server", "prometheus_client", "rich.console", "structlog", "waitress"}),
        ("run --once", {"distributed", "rich.console", "tensorflow"}),
    ],
)
def test_what_analyzes_imports_no_other_command_and_nothing_that_it_does_not_use(
    command: str, needless: set[str], library: Daemon, tmp_path: Path
) -> None:
    (tmp_path / "nothing").mkdir()
    line = [sys.executable, "-m", "playlista", *command.replace("nothing", str(tmp_path / "nothing")).split()]
    imported = imported_modules(line, {**library.environment, "DATA_DIR": str(tmp_path)})
    assert "numpy" in imported
    assert imported & needless == set()
    commands = {f"playlista.cli.{module}" for module in COMMANDS.values()}
    assert commands & imported <= {f"playlista.cli.{command.partition(' ')[0]}"}
