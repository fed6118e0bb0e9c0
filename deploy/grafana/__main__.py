"""``python -m deploy.grafana --music FOLDER``: draw the dashboard from a real run, for ``make docs-dashboard``.

Input: one or more folders of music; they are copied. A daemon analyzes the copies in a memory cgroup of the advised
size (where one can be made), a Prometheus scrapes it each second, and the dashboard is drawn once most tracks are done.
Output: the picture, and the titles of the panels that show nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.cgroups import MIB, memory_cgroup, why_not
from deploy.checks.rules import RULES
from deploy.checks.tools import PROJECT, ToolMissing, locate
from deploy.grafana.picture import DrawingError, Source, draw, prepare
from tests.deploy.prometheus import scraping
from tests.integration.daemon import Daemon

LIMIT_MIB = 256
#: Share of the tracks that are done when the picture is taken: the daemon is still at work.
DONE = 0.9
DEADLINE_SECONDS = 3600
#: Lines have a label each 30 seconds; one at the edge would be cut.
LABEL_SECONDS = 30


def photograph(music: list[Path], picture: Path) -> list[str]:
    """Let a daemon analyze `music` and draw what Prometheus saw; the titles of empty panels."""
    with tempfile.TemporaryDirectory(prefix="playlista-dashboard-") as name, _started(Path(name), music) as daemon:
        begun = time.time()
        with scraping(f"127.0.0.1:{daemon.port}", PROJECT / RULES, Path(name)) as prometheus:
            _wait_until_most_is_done(daemon)
            end = (time.time() - LABEL_SECONDS / 2) // LABEL_SECONDS * LABEL_SECONDS + LABEL_SECONDS / 2
            return draw(Source(prometheus.url, begun, end), picture.resolve())


@contextmanager
def _started(folder: Path, music: list[Path]) -> Iterator[Daemon]:
    """A daemon over copies of `music`, under the advised limit where the machine allows it."""
    daemon = Daemon(folder, dict(os.environ))
    for number, source in enumerate(music):
        shutil.copytree(source, daemon.music / f"{number}-{source.name}")
    with ExitStack() as resources:
        cgroup = None if why_not() else resources.enter_context(memory_cgroup(LIMIT_MIB * MIB))
        resources.callback(daemon.close)
        yield daemon.start(lambda *command: cgroup.entered_by(command) if cgroup else list(command))


def _wait_until_most_is_done(daemon: Daemon) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        tracks = json.loads(daemon.get("/api/v1/status")[1])["tracks"]
        if tracks["total"] and tracks["total"] - tracks["unanalyzed"] >= DONE * tracks["total"]:
            return
        time.sleep(1)
    raise DrawingError(f"the music was not analyzed within {DEADLINE_SECONDS} s: use less of it")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Draw the dashboard from a real run.")
    parser.add_argument("--music", type=Path, action="append", required=True, help="a folder; can be repeated")
    parser.add_argument("--picture", type=Path, default=PROJECT / "docs/deploy/dashboard.png")
    wanted = parser.parse_args()
    try:
        locate("prometheus")
        prepare()
        empty = photograph(wanted.music, wanted.picture)
    except (DrawingError, ToolMissing) as error:
        sys.stderr.write(f"dashboard: {error}\n")
        return 1
    sys.stdout.write(f"dashboard: wrote {wanted.picture}; panels without data: {', '.join(empty) or 'none'}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
