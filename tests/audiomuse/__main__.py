"""``python -m tests.audiomuse [--navidrome PROGRAM --plugin CHECKOUT] [--beets FOLDER] [--music FOLDER] [--write]``.

AudioMuse-AI's plugins as they are published, against Playlista's answers to their calls: that for Navidrome in a real
Navidrome, built from its checkout without a change, and that for beets in a real beets. Prints a table; ``--write``
puts it into docs/integrations.md. Exit 1 when a case is not as it should be. What is not named is said and left out.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.tables import markdown_table, write_section
from tests.audiomuse.beets_plugin import beets_cases
from tests.audiomuse.navidrome_plugin import navidrome_cases
from tests.integration.daemon import ROOT
from tests.navidrome.cases import Case
from tests.navidrome.library import analyzed_library

PAGE = ROOT / "docs/integrations.md"
TRACKS = 50


def main(arguments: Sequence[str]) -> int:
    """Run everything and print it."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that all servers are ended, too
    began, rows, good = time.monotonic(), [], True
    for case in _cases(options):
        sys.stdout.write(f"playlista: {case.what}: {case.outcome}{'' if case.good else ' - NOT GOOD'}\n")
        sys.stdout.flush()
        rows.append((case.what, case.outcome))
        good &= case.good
    if not rows:
        return 0
    minutes = (time.monotonic() - began) / 60
    table = markdown_table(("case", "came out"), rows)
    report = f"Plugins: {_plugins(options)}. {TRACKS} tracks, {minutes:.0f} minutes.\n\n{table}"
    sys.stdout.write(f"\n{report}\n")
    if options.write and good:
        write_section(PAGE, "test-audiomuse", report)
    return int(not good)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.audiomuse", description="AudioMuse-AI's plugins with us.")
    parser.add_argument("--navidrome", type=Path, metavar="PROGRAM", help="the program navidrome")
    parser.add_argument("--plugin", type=Path, metavar="FOLDER", help="a checkout of AudioMuse-AI-NV-plugin")
    parser.add_argument("--beets", type=Path, metavar="FOLDER", help="a folder beetsplug with audiomuse.py")
    parser.add_argument("--music", type=Path, help="a folder with real music; without it music is synthesised")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.relative_to(ROOT)}")
    return parser.parse_args(arguments)


def _cases(options: argparse.Namespace) -> Iterator[Case]:
    has_navidrome = options.plugin is not None and options.navidrome is not None
    if not (has_navidrome and os.access(options.navidrome, os.X_OK)):
        sys.stdout.write("skip  Navidrome: name the program and a checkout of its plugin (docs/integrations.md)\n")
        has_navidrome, options.plugin = False, None
    if options.beets is None or not (options.beets / "audiomuse.py").is_file():
        sys.stdout.write("skip  beets: name a folder with audiomuse.py (docs/integrations.md)\n")
        options.beets = None
    if not (has_navidrome or options.beets):
        return
    with tempfile.TemporaryDirectory() as name, analyzed_library(options.music, Path(name), TRACKS) as daemon:
        if has_navidrome:
            yield from navidrome_cases(daemon, Path(name), options.navidrome.absolute(), options.plugin, TRACKS)
        if options.beets:
            yield from beets_cases(daemon, Path(name), options.beets.absolute())


def _plugins(options: argparse.Namespace) -> str:
    """Which plugins were tried."""
    named = []
    if options.plugin is not None:
        told = subprocess.run(
            ["git", "-C", options.plugin, "rev-parse", "--short=12", "HEAD"],
            capture_output=True,
            text=True,
            check=False,
        )
        named.append(f"Navidrome's at {told.stdout.strip()}")
    if options.beets is not None:
        digest = hashlib.sha256((options.beets / "audiomuse.py").read_bytes()).hexdigest()
        named.append(f"audiomuse.py for beets (SHA-256 {digest[:12]}…)")
    return ", ".join(named)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
