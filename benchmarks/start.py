"""``make bench-start``: what each command costs before it does anything, in CPU time, memory and modules.

Input: the model; perhaps the interpreter of another checkout's environment, which is measured in turns with this one.
Output: a table, printed, and with ``--write`` put into docs/appendix/benchmarks.md. The library has one song of 8
seconds, so that ``analyze`` and ``run --once`` show their start as well. CPU time is the least of all rounds: what
other programs add to it is no cost of the start.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from benchmarks.children import run
from benchmarks.tables import markdown_table, mib, write_section
from tests import signals

PAGE = Path("docs/appendix/benchmarks.md")
SONG = "song.flac"
COMMANDS = ("--help", "status", f"show {SONG}", "list", "failures", "export", f"analyze {SONG}", "run --once")


@dataclass(frozen=True, slots=True)
class Cost:
    """The least CPU seconds and peak RSS of a command's rounds, and how many modules it imports."""

    cpu_seconds: float
    peak_bytes: int
    modules: int


def main() -> None:
    asked = parse()
    pythons = [asked.before, sys.executable] if asked.before else [sys.executable]
    models = asked.models.resolve()
    # Away from this checkout's playlista.conf, of which another version may not know every setting.
    with tempfile.TemporaryDirectory() as place, chdir(place):
        # Each version has a library of its own: an older one does not open what a newer one has made.
        settings = [_library(Path(place) / str(number), python, models) for number, python in enumerate(pythons)]
        costs = {command: _costs(command, pythons, settings, asked.rounds) for command in COMMANDS}
    text = table(costs)
    print(text)
    if asked.write:
        write_section(PAGE, "start", text)


def table(costs: dict[str, list[Cost]]) -> str:
    """A row for each command; of two programs "before → now"."""
    rows = (
        (
            f"`playlista {command}`",
            _all(f"{cost.cpu_seconds:.2f}" for cost in found),
            _all(mib(cost.peak_bytes) for cost in found),
            _all(str(cost.modules) for cost in found),
        )
        for command, found in costs.items()
    )
    return markdown_table(("command", "CPU s", "peak RSS MiB", "modules"), rows)


def _all(figures: Iterator[str]) -> str:
    return " → ".join(figures)


def _library(place: Path, python: str, models: Path) -> dict[str, str]:
    """Analyze one song in `place`; the settings that reach it."""
    music = place / "music"
    music.mkdir(parents=True)
    signals.write(music / SONG, signals.song(8, bpm=90))
    settings = {
        "MUSIC_DIR": os.fspath(music),
        "DATA_DIR": os.fspath(place / "data"),
        "MODELS_DIR": os.fspath(models),
        "LISTEN_ADDRESS": "127.0.0.1:0",
        "WATCH_SETTLE_SECONDS": "0.1",
    }
    run([python, "-m", "playlista", "run", "--once"], environment=settings).checked()
    return settings


def _costs(command: str, pythons: Sequence[str], settings: Sequence[dict[str, str]], rounds: int) -> list[Cost]:
    """What `command` costs with each interpreter, run in turns."""
    lines = [
        [python, "-m", "playlista", *command.replace(SONG, os.path.join(its["MUSIC_DIR"], SONG)).split()]
        for python, its in zip(pythons, settings, strict=True)
    ]
    rows = [
        [run(line, environment=its).checked() for line, its in zip(lines, settings, strict=True)] for _ in range(rounds)
    ]
    return [
        Cost(
            min(one.cpu_seconds for one in ours),
            min(one.peak_rss_bytes for one in ours),
            len(imported_modules(line, its)),
        )
        for line, its, ours in zip(lines, settings, zip(*rows, strict=True), strict=True)
    ]


def imported_modules(line: Sequence[str], environment: dict[str, str]) -> set[str]:
    """Names of all modules that a command of Python imports; `line` begins with the interpreter."""
    said = run([line[0], "-X", "importtime", *line[1:]], environment=environment).errors
    parts = (one.rpartition("|") for one in said.splitlines() if one.startswith("import time:"))
    return {name.strip() for *_, name in parts} - {"imported package"}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--before", metavar="PYTHON", help="of an environment with another version of the product")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE}")
    return parser.parse_args()


if __name__ == "__main__":
    main()
