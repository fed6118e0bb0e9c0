"""``python -m tests.mpd [--music FOLDER] [--write]``: playlists, tags and stickers in a real MPD.

A library is made and analyzed by a real daemon that keeps a playlist; the values are written into the files' tags; then
MPD reads it all. Prints a table; ``--write`` puts it into docs/integrations.md. Exit 1 when a case is not as it should
be. Where there is no MPD, that is said, and exit 0.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from benchmarks.tables import markdown_table, write_section
from tests.deadlines import DEADLINE_SECONDS
from tests.integration.daemon import ROOT, Daemon
from tests.mpd.server import Mpd, RefusedError
from tests.navidrome.cases import Case, counted
from tests.navidrome.library import PLAYLIST, analyzed_library

PAGE = ROOT / "docs/integrations.md"
TRACKS = 50
#: Tracks behind the song in a playlist.
SONIC = 10
#: For the playlist to follow the song.
FOLLOW_SECONDS = 60.0


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
            yield from _stickers(mpd, daemon)
            yield _sonic(mpd, daemon)
            yield _followed(mpd, daemon)
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


def _songs(mpd: Mpd) -> list[str]:
    return [value for name, value in mpd.ask("listall") if name == "file"]


def _stickers(mpd: Mpd, daemon: Daemon) -> Iterator[Case]:
    """Every song has the values of the daemon, and a second run changes nothing."""
    first, second = (daemon.run("mpd", "stickers", "--host", mpd.place).stdout for _ in range(2))
    right = [_has_stickers(mpd, daemon, song) for song in _songs(mpd)]
    yield counted("`playlista mpd stickers`: the values of the daemon", right)
    changed = [text.rpartition("stickers of ")[2].partition(" ")[0] for text in (first, second)]
    yield Case(
        "songs that it changes, and that it changes when it runs again", " and ".join(changed), changed[1] == "0"
    )


def _has_stickers(mpd: Mpd, daemon: Daemon, song: str) -> bool:
    found = dict(value.split("=", 1) for _, value in mpd.ask("sticker", "list", "song", song))
    track = daemon.result(quote(song))
    if track is None:
        return False
    bpm, lufs = track["rhythm"]["bpm"], track["loudness"]["integrated_lufs"]
    expected = {"playlista_id": str(track["id"])}
    expected |= {} if bpm is None else {"bpm": str(round(bpm))}
    expected |= {} if lufs is None else {"loudness": f"{lufs:.1f}"}
    return {name: found.get(name) for name in expected} == expected and ("key" in found) == bool(track["tonal"]["key"])


def _sonic(mpd: Mpd, daemon: Daemon) -> Case:
    """For some songs that play: the playlist is the song and the tracks of the daemon in its order."""
    songs, right = _songs(mpd)[:: TRACKS // 5], []
    for song in songs:
        _play(mpd, song)
        daemon.run("mpd", "similar", "--host", mpd.place, "-n", str(SONIC), "--per-artist", "0")
        right.append(_listed(mpd) == _expected(daemon, song))
    return counted(f"`playlista mpd similar`: the song that plays and the {SONIC} of the daemon, in its order", right)


def _followed(mpd: Mpd, daemon: Daemon) -> Case:
    """With --follow the playlist changes with the song."""
    command = [sys.executable, "-m", "playlista", "mpd", "similar", "--follow", "--host", mpd.place]
    options = ["-n", str(SONIC), "--per-artist", "0"]
    follower = subprocess.Popen([*command, *options], env=daemon.environment, stdout=subprocess.DEVNULL)
    right = []
    try:
        for song in _songs(mpd)[1 :: TRACKS // 3]:
            _play(mpd, song)
            right.append(_comes(lambda song=song: _listed(mpd) == _expected(daemon, song)))
    finally:
        follower.terminate()
        follower.wait(DEADLINE_SECONDS)
    return counted("`playlista mpd similar --follow`: the same for each song that is played", right)


def _comes(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + FOLLOW_SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.2)
    return condition()


def _play(mpd: Mpd, song: str) -> None:
    mpd.ask("clear")
    mpd.ask("add", song)
    mpd.ask("repeat", "1")
    mpd.ask("play")


def _listed(mpd: Mpd) -> list[str]:
    try:
        return [value for name, value in mpd.ask("listplaylist", "Sonic") if name == "file"]
    except RefusedError:
        return []


def _expected(daemon: Daemon, song: str) -> list[str]:
    similar = json.loads(daemon.get(f"/api/v1/similar?n={SONIC}&path={quote(song)}")[1])["tracks"]
    return [song, *(one["path"] for one in similar)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
