"""``python -m tests.page``: visit the page in a real Chromium, over libraries of several sizes.

Input: the sizes (``--tracks 12``; 0 is an empty folder and 12 a real one, with a real daemon that analyzes it; others
are invented). Output: what failed, and the count of each visit; pictures with ``--pictures``. Without Chromium or Node
it says so and is content.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from tests.integration.daemon import Daemon
from tests.page.music import HOSTILE, make_music
from tests.page.serving import Served, serve

HERE = Path(__file__).parent
REAL_TRACKS = 12
SIZES = (9310, REAL_TRACKS, 0)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
#: A visit takes two minutes on an idle machine.
VISIT_SECONDS = 3600
PICTURE_COLOURS = 96
INSTALL = ("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")


def missing() -> str | None:
    """What is not here, with how to get it; None when all is."""
    if browser() is None:
        return "Chromium is not installed (Debian: chromium)"
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "Node is not installed (Debian: nodejs npm)"
    return None


def browser() -> str | None:
    """The path of a Chromium."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def library(tracks: int, folder: Path) -> Iterator[Served]:
    """A server over a library of so many tracks."""
    if tracks not in {0, REAL_TRACKS}:
        with serve(folder, tracks) as served:
            yield served
        return
    daemon = Daemon(folder, dict(os.environ), SERVE_AUDIO="true", MAX_ATTEMPTS="1")
    if tracks:
        make_music(daemon.music)
    daemon.start()
    try:
        daemon.wait_for(lambda: _analyzed(daemon) == tracks, "all results")
        yield Served(f"http://127.0.0.1:{daemon.port}/", _expected_of(daemon, tracks))
    finally:
        daemon.stop()
        daemon.close()


def _analyzed(daemon: Daemon) -> int:
    counts = json.loads(daemon.get("/api/v1/status")[1])["tracks"]
    return int(counts["total"] - counts["unanalyzed"])


def _expected_of(daemon: Daemon, tracks: int) -> dict[str, Any]:
    found = json.loads(daemon.get("/api/v1/tracks?fields=summary&limit=500")[1])["tracks"]
    whole = [track["id"] for track in found if track["status"] == "analyzed"]
    titles = {title[:20]: title[:400] for title in HOSTILE}
    hostile = [
        {"id": track["id"], "title": titles[track["title"][:20]]} for track in found if track["title"][:20] in titles
    ]
    return {
        "tracks": tracks,
        "track": whole[-1] if whole else None,
        "other": whole[0] if whole else None,
        "mapped": len(whole),
        "hostile": hostile,
        "writable": True,
        "failed": len(found) - len(whole),
    }


def visit(tracks: int, pictures: Path | None) -> int:
    """One visit; the exit code."""
    print(f"page: a library of {tracks} tracks", flush=True)
    with tempfile.TemporaryDirectory(prefix="playlista-page-") as name:
        folder = Path(name)
        with library(tracks, folder) as served:
            expected = folder / "expected.json"
            expected.write_text(json.dumps(served.expected))
            command = ["node", "visit.mjs", str(browser()), served.address, str(expected)]
            if pictures is not None:
                command.append(str(pictures.resolve()))
            code = subprocess.run(command, cwd=HERE, timeout=VISIT_SECONDS, check=False).returncode
    if pictures is not None:
        _shrink(pictures)
    return code


def _shrink(pictures: Path) -> None:
    """Flat colours need few of them: a third of the bytes."""
    for path in pictures.glob("*.png"):
        with Image.open(path) as picture:
            picture.convert("RGB").quantize(PICTURE_COLOURS).save(path, optimize=True)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Visit the page in a real Chromium.")
    parser.add_argument("--tracks", type=int, action="append", help="0, 12 or more; repeatable")
    parser.add_argument("--pictures", type=Path, help="where pictures of the first visit go")
    wanted = parser.parse_args()
    if why := missing():
        print(f"page: skipped: {why}")
        return 0
    subprocess.run(INSTALL, cwd=HERE, check=True, timeout=600)
    codes = []
    for number, tracks in enumerate(wanted.tracks or SIZES):
        codes.append(visit(tracks, None if number else wanted.pictures))
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
