"""``python -m tests.cluster [--music FOLDER] [--write] [--scale S] [part…]``: a real cluster on this machine.

Parts: ``real`` (the same results as one daemon), ``faults`` (deaths and cuts), ``scale`` (stand-ins for a hundred
workers). Prints a table of each; ``--write`` puts them into docs/cluster.md. Exit 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.machine import describe
from benchmarks.tables import markdown_table, write_section
from playlista.logs import configure_logging
from tests.cluster import faults, real, scale
from tests.integration.daemon import ROOT
from tests.soak.findings import Finding

PAGE = ROOT / "docs/cluster.md"
FAULTS = 200
QUEUED, MEASURED = 1_000_000, 5_000


def main(arguments: Sequence[str]) -> int:
    """Run the parts and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description="A real cluster on this machine.")
    parser.add_argument("parts", nargs="*", default=["real", "scale", "faults"], help="real, scale, faults; all")
    parser.add_argument("--music", type=Path, help="a folder with real music; without it music is synthesised")
    parser.add_argument("--scale", type=float, default=1.0, help="less than 1 does less of everything")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.relative_to(ROOT)}")
    options = parser.parse_args(arguments)
    configure_logging("error", "console")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that every member is ended, too
    missed = False
    for part in options.parts:
        with tempfile.TemporaryDirectory(prefix="playlista-cluster-") as folder:
            found = list(_prove(part, Path(folder) / part, options.music, options.scale))
        rows = [(one.what, one.figure, one.bar) for one in found]
        report = f"{describe()}\n\n{markdown_table(('what', 'figure', 'bar'), rows)}"
        sys.stdout.write(f"\n{report}\n")
        missed |= any(one.missed for one in found)
        if options.write:
            write_section(PAGE, f"test-cluster-{part}", report)
    return int(missed)


def _prove(part: str, folder: Path, music: Path | None, share: float) -> Iterator[Finding]:
    def some(whole: int) -> int:
        return max(2, round(whole * share))

    provers = {
        "real": lambda: real.prove(folder, music, some(real.TRACKS)),
        "scale": lambda: scale.prove(folder, some(QUEUED), some(MEASURED)),
        "faults": lambda: faults.prove(folder, music, some(FAULTS), _say),
    }
    for finding in provers[part]():
        _say(f"{finding.what}: {finding.figure}{' - NOT GOOD' if finding.missed else ''}")
        yield finding


def _say(text: str) -> None:
    sys.stderr.write(f"cluster {time.strftime('%H:%M:%S')}: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
