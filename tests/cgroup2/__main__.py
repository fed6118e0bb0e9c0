"""``python -m tests.cgroup2 [--music FOLDER] [--minutes N] [--write]``: the product under a real cgroup v2.

Boots a kernel with the memory controller (machine.py), runs every case in it (cases.py) and prints a table; ``--write``
puts it into docs/deploy/cgroup2.md. Exit 1 when a case is not as it should be. Where the kernel cannot be booted, that
is said, and exit 0 unless CI is set.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.music import Request, find_music, make_music
from benchmarks.tables import markdown_table, write_section
from tests import signals
from tests.cgroup2.inside import MARK
from tests.cgroup2.machine import PROJECT, boot, why_not

PAGE = PROJECT / "docs/deploy/cgroup2.md"
SHORT_SECONDS = 600.0

#: Fewer mean that the machine ended early.
NUMBER_OF_CASES = 13


def main(arguments: Sequence[str]) -> int:
    """Run everything and print it."""
    options = _options(arguments)
    missing = why_not()
    if missing:
        sys.stdout.write(f"skip  cgroup v2: {missing}\n")
        return int(bool(os.environ.get("CI")))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the machine is ended, too
    options.folder.mkdir(parents=True, exist_ok=True)
    parameters = _music(options)
    began = time.monotonic()
    cases, kernel = [], "?"
    for line in boot(options.folder.absolute(), parameters, options.timeout):
        if not line.startswith(MARK):
            sys.stdout.write(f"  {line}\n")
            continue
        said = json.loads(line.removeprefix(MARK))
        if "release" in said:
            kernel = said["release"]
        else:
            cases.append(said)
            sys.stdout.write(f"playlista: {said['what']}: {said['outcome']}{'' if said['good'] else ' - NOT GOOD'}\n")
        sys.stdout.flush()
    report = f"Linux {kernel} (user-mode), {(time.monotonic() - began) / 60:.0f} minutes.\n\n{_table(cases)}"
    sys.stdout.write(f"\n{report}\n")
    if options.write:
        write_section(PAGE, "test-cgroup2", report)
    return int(len(cases) < NUMBER_OF_CASES or not all(case["good"] for case in cases))


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.cgroup2", description="The product under a real cgroup v2.")
    parser.add_argument("--music", type=Path, help="a folder with real music; without it music is synthesised")
    parser.add_argument("--minutes", type=float, default=60.0, help="length of the long files")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.relative_to(PROJECT)}")
    parser.add_argument("--folder", type=Path, default=PROJECT / "build/cgroup2", help="where files are made")
    parser.add_argument("--timeout", type=float, default=7200.0, help="seconds until the machine is ended")
    return parser.parse_args(arguments)


def _music(options: argparse.Namespace) -> dict[str, str]:
    """Make the files, and say where they are as parameters of the machine."""
    sys.stdout.write("playlista: making the music\n")
    folder: Path = options.music or options.folder / "source"
    if options.music is None and not (folder / "song.wav").exists():
        folder.mkdir(exist_ok=True)
        signals.write(folder / "song.wav", signals.song(180))
    sources = find_music(folder, total_seconds=3600.0)
    seconds = 60 * options.minutes
    requests = [Request(suffix, seconds=seconds) for suffix in (".flac", ".wav", ".mp3")]
    hours = make_music(sources, options.folder / "music", requests)
    short_seconds = min(SHORT_SECONDS, seconds)
    alone = options.folder / f"short-{short_seconds:g}"  # a library of one track
    (short,) = make_music(sources, alone, [Request(".flac", seconds=short_seconds)])
    return {
        **{f"MUSIC_{path.suffix[1:].upper()}": str(path.absolute()) for path in hours},
        "SHORT": str(short.absolute()),
    }


def _table(cases: Sequence[dict[str, Any]]) -> str:
    rows = [
        (case["what"], case["limits"], case["outcome"], case["kernel"], f"{case['seconds']:.0f}", _verdict(case))
        for case in cases
    ]
    return markdown_table(("case", "limits", "outcome", "the kernel says", "seconds", "as it should be"), rows)


def _verdict(case: dict[str, Any]) -> str:
    return "yes" if case["good"] else "NO"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
