"""Hours of faults: ``python -m tests.soak [all|NAME ...] [--music DIR] [--short]``, from the project's root.

Runs the named proofs one after the other and prints a table for each. A whole run (not ``--short``) writes the table
into docs/appendix/reliability.md. Exit code 1 when a bar was missed.

What a proof analyzes itself is computed as in the daemon, with one thread in every pool, as the tables say.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from playlista.config import Settings
from playlista.system.environment import prepare_environment
from tests.soak.findings import Finding, publish, table
from tests.soak.place import Place, fresh

NAMES = ("kills", "poison", "folders", "mutants", "power", "day", "tags", "tagging", "http", "storage", "scrub", "week")
SHORT_SCALE = 0.02


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    names = NAMES if "all" in options.names else options.names
    prepare_environment(Settings().native_environment(), threads=1)  # before a proof imports numpy
    missed = [name for name in names if _prove(name, options)]
    return int(bool(missed))


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Long proofs that nothing is lost.")
    parser.add_argument(
        "names", nargs="*", default=["all"], choices=["all", *NAMES], metavar="NAME", help=", ".join(NAMES)
    )
    parser.add_argument("--music", type=Path, help="a folder with real music; without it music is synthesised")
    parser.add_argument("--short", action="store_true", help="the same in a minute; nothing is written to the docs")
    parser.add_argument("--seed", type=int, default=6, help="of everything random")
    parser.add_argument("--folder", type=Path, default=Path("build/soak"), help="where files are made")
    return parser.parse_args(arguments)


def _prove(name: str, options: argparse.Namespace) -> bool:
    """Run one proof; whether it missed a bar."""
    run: Callable[[Place], list[Finding]] = import_module(f"tests.soak.{name}").run
    began = time.monotonic()
    with fresh(options.folder.absolute() / name) as folder:
        place = Place(folder, options.music, SHORT_SCALE if options.short else 1.0, options.seed)
        findings = run(place)
    sys.stdout.write(f"\n## {name}\n\n{table(findings)}\n")
    sys.stdout.flush()
    if not options.short:
        music = "/path/to/music" if options.music else "none"
        publish(name, f"python -m tests.soak {name} --music {music}", findings, (time.monotonic() - began) / 60)
    return any(finding.missed for finding in findings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
