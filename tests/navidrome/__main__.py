"""``python -m tests.navidrome PROGRAM [--music FOLDER] [--write]``: the plugin in a real Navidrome.

A library is made, analyzed by a real daemon with a token, copied to where Navidrome sees it, and every case of
cases.py is tried. Prints a table; ``--write`` puts it into docs/integrations.md. Exit 1 when a case is not as it should
be. Where there is no Navidrome or no plugin, that is said, and exit 0.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.tables import markdown_table, write_section
from tests.integration.daemon import ROOT
from tests.navidrome.cases import EXTENSION, TIMEOUT_SECONDS, Both, cases
from tests.navidrome.library import analyzed_library
from tests.navidrome.server import Navidrome

PAGE = ROOT / "docs/integrations.md"
PACKAGE = ROOT / "build/integrations/playlista.ndp"
TRACKS = 50


def main(arguments: Sequence[str]) -> int:
    """Run everything and print it."""
    options = _options(arguments)
    missing = _missing(options.program)
    if missing:
        sys.stdout.write(f"skip  Navidrome: {missing}\n")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that both servers are ended, too
    began, rows, good = time.monotonic(), [], True
    with tempfile.TemporaryDirectory() as folder, _both(options, Path(folder)) as both:
        for case in cases(both, TRACKS):
            sys.stdout.write(f"playlista: {case.what}: {case.outcome}{'' if case.good else ' - NOT GOOD'}\n")
            sys.stdout.flush()
            rows.append((case.what, case.outcome))
            good &= case.good
        if not good:
            sys.stdout.write(both.navidrome.log.read_text()[-5000:])
            sys.stdout.write("".join(f"{event}\n" for event in both.daemon.events("tags.refused")))
    table = markdown_table(("case", "came out"), rows)
    minutes = (time.monotonic() - began) / 60
    report = f"Navidrome {_version(options.program)}, {TRACKS} tracks, {minutes:.0f} minutes.\n\n{table}"
    sys.stdout.write(f"\n{report}\n")
    if options.write and good:
        write_section(PAGE, "test-navidrome", report)
    return int(not good)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.navidrome", description="The plugin in a real Navidrome.")
    parser.add_argument("program", nargs="?", type=Path, help="the program navidrome")
    parser.add_argument("--music", type=Path, help="a folder with real music; without it music is synthesised")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.relative_to(ROOT)}")
    return parser.parse_args(arguments)


def _missing(program: Path | None) -> str | None:
    if program is None or not os.access(program, os.X_OK):
        return "name the program: make test-navidrome NAVIDROME=/path/to/navidrome (docs/integrations.md)"
    return None if PACKAGE.exists() else f"{PACKAGE.relative_to(ROOT)} is not there: make integrations"


def _version(program: Path) -> str:
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def _both(options: argparse.Namespace, folder: Path) -> Iterator[Both]:
    token = secrets.token_urlsafe(32)
    navidrome = Navidrome(options.program.absolute(), folder / "navidrome", folder / "elsewhere", PACKAGE)
    settings = {"AUTH_TOKEN": token, "METRICS_WITHOUT_TOKEN": "true", "TAG_WRITE": "bpm,key,replaygain,mood"}
    with analyzed_library(options.music, folder, TRACKS, **settings) as daemon:
        try:
            shutil.copytree(folder / "music", folder / "elsewhere")
            navidrome.start()
            navidrome.stop()
            navidrome.configure(
                {"url": f"http://127.0.0.1:{daemon.port}", "token": token, "timeoutSeconds": TIMEOUT_SECONDS}
            )
            navidrome.start()
            navidrome.wait_for(lambda: EXTENSION in navidrome.extensions(), "the plugin")
            yield Both(navidrome, daemon, token)
        finally:
            navidrome.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
