"""``python -m tests.mpd [--music FOLDER] [--write]``: playlists and tags in a real MPD.

A library is made and analyzed by a real daemon that keeps a playlist; the values are written into the files' tags; then
MPD reads it all. Prints a table; ``--write`` puts it into docs/integrations.md. Exit 1 when a case is not as it should
be. Where there is no MPD, that is said, and exit 0.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.tables import markdown_table, write_section
from tests.integration.daemon import ROOT
from tests.mpd.server import Mpd
from tests.navidrome.cases import Case
from tests.navidrome.library import PLAYLIST, analyzed_library

PAGE = ROOT / "docs/integrations.md"
TRACKS = 50


def main(arguments: Sequence[str]) -> int:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(prog="python -m tests.mpd", description="Playlists and tags in a real MPD.")
    parser.add_argument("--music", type=Path, help="a folder with real music; without it music is synthesised")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.relative_to(ROOT)}")
    options = parser.parse_args(arguments)
    if shutil.which("mpd") is None:
        sys.stdout.write("skip  MPD: install it first (Debian: mpd)\n")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that both servers are ended, too
    rows, good = [], True
    for case in _cases(options.music):
        sys.stdout.write(f"playlista: {case.what}: {case.outcome}{'' if case.good else ' - NOT GOOD'}\n")
        rows.append((case.what, case.outcome))
        good &= case.good
    version = subprocess.run(["mpd", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    report = f"{version}, {TRACKS} tracks.\n\n{markdown_table(('case', 'came out'), rows)}"
    sys.stdout.write(f"\n{report}\n")
    if options.write:
        write_section(PAGE, "test-mpd", report)
    return int(not good)


def _cases(source: Path | None) -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as name, analyzed_library(source, Path(name), TRACKS) as daemon:
        daemon.run("playlist", str(daemon.music / "Playlists" / "written.m3u8"), "-n", str(TRACKS))
        tagged = daemon.run("tag", "--write", "--all")
        mpd = Mpd(Path(name) / "mpd", daemon.music)
        try:
            mpd.start()
            yield _loaded(mpd, "a kept playlist, with relative paths", f"Playlists/{PLAYLIST}.m3u8")
            yield _loaded(mpd, "a playlist of `playlista playlist`, with absolute paths", "Playlists/written.m3u8")
            yield _tagged(mpd, tagged.returncode)
        finally:
            mpd.stop()


def _loaded(mpd: Mpd, what: str, playlist: str) -> Case:
    """MPD looks every song up in its database; it leaves out what is not there."""
    mpd.ask("clear")
    mpd.ask("load", playlist)
    songs = {value for name, value in mpd.ask("playlistinfo") if name == "file"}
    known = {value for name, value in mpd.ask("listall") if name == "file"}
    found = len(songs & known)
    return Case(what, f"{found} of {TRACKS}", found == TRACKS)


def _tagged(mpd: Mpd, code: int) -> Case:
    """MPD shows the gain of every file, except in Opus, where it takes the gain and does not list it."""
    songs = [value for name, value in mpd.ask("listall") if name == "file" and not value.endswith(".opus")]
    found = sum(
        "replaygain_track_gain" in {name.lower() for name, _ in mpd.ask("readcomments", song)} for song in songs
    )
    what = "the gain that `playlista tag --write` wrote (MPD does not list that of Opus)"
    return Case(what, f"{found} of {len(songs)}", code == 0 and found == len(songs) > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
