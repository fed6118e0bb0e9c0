"""A library that a real daemon has analyzed, with a playlist that keeps itself: what players are tried with.

Input: a folder with music, or none. Output: the running daemon; its music folder has Playlists/All of it.m3u8, a rule
in Navidrome's language, and tags of ours where they are asked for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.daemon import Daemon
from tests.navidrome.music import make_library

PLAYLIST = "All of it"
#: A rule that Navidrome follows by itself, by the tempi that it reads from the tags.
LIVE = "Slow ones"
SLOWER_THAN_BPM = 110.4


@contextmanager
def analyzed_library(source: Path | None, folder: Path, count: int, **settings: str) -> Iterator[Daemon]:
    """`count` tracks in `folder`/music, each analyzed and in the playlist; the daemon ends with the block."""
    tracks = make_library(source, folder / "music", count)
    (folder / "data").mkdir()
    rules = f'defaults = false\n["{PLAYLIST}"]\norder = "path"\nlimit = {count}\n'
    rules += f'["{LIVE}"]\nbpm = "..{SLOWER_THAN_BPM}"\norder = "path"\nlimit = {count}\nfile = "nsp"\n'
    (folder / "data/playlists.toml").write_text(rules, encoding="utf-8")
    playlists = folder / "music/Playlists"
    playlists.mkdir()
    daemon = Daemon(folder, {**os.environ, "PLAYLIST_DIR": str(playlists)}, **settings)
    try:
        daemon.start()
        sys.stdout.write(f"playlista: analyzing {count} tracks\n")
        sys.stdout.flush()
        analyzed = 'playlista_library_tracks{status="analyzed"}'
        daemon.wait_for(lambda: daemon.metric(analyzed) >= count, "the analyses")
        daemon.wait_for(lambda: _listed(playlists) == len(tracks), "the playlist")
        daemon.wait_for(lambda: daemon.metric("playlista_tag_writes_pending_tracks") == 0, "the tags")
        yield daemon
    finally:
        daemon.close()


def _listed(playlists: Path) -> int:
    lines = [line for file in playlists.glob("*.m3u8") for line in file.read_text("utf-8").splitlines()]
    return sum(not line.startswith("#") for line in lines)
