"""AudioMuse-AI's plugin for Navidrome, built from its source as it is, in a real Navidrome.

Input: a daemon over analyzed music, Navidrome's program, a checkout of the plugin. Output: what came out, case by case.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tests.integration.daemon import Daemon
from tests.navidrome.cases import EXTENSION, Both, Case, counted, extension, instant_mix, library, path, similar
from tests.navidrome.server import PASSWORD, USER, Navidrome

PLUGIN = "audiomuseai"
_COUNT = 10


def navidrome_cases(daemon: Daemon, folder: Path, program: Path, checkout: Path, tracks: int) -> Iterator[Case]:
    """Every case; the daemon is started again with the settings that they need."""
    package = _built(checkout, folder)
    music = folder / "elsewhere"
    shutil.copytree(daemon.music, music)
    real_paths = {"ND_SUBSONIC_DEFAULTREPORTREALPATH": "true"}
    navidrome = Navidrome(program, folder / "navidrome", music, package, PLUGIN, **real_paths)
    token = secrets.token_urlsafe(32)
    _restart(daemon, navidrome.url, token)
    try:
        navidrome.start()
        navidrome.stop()
        # Without its own choice of a varied list the answer is the daemon's list itself.
        address = f"http://127.0.0.1:{daemon.port}"
        navidrome.configure({"apiUrl": address, "apiToken": token, "eliminateDuplicates": False})
        navidrome.start()
        navidrome.wait_for(lambda: EXTENSION in navidrome.extensions(), "the plugin")
        both = Both(navidrome, daemon, token)
        for case in _cases(both, tracks):
            yield Case(f"Navidrome: {case.what}", case.outcome, case.good)
    finally:
        navidrome.stop()


def _cases(both: Both, tracks: int) -> Iterator[Case]:
    yield extension(both)
    yield library(both, tracks)
    both.daemon.told("media_server.read")
    yield similar(both)
    yield instant_mix(both)
    yield path(both)
    yield _artist_mix(both)
    yield _similar_artists(both)


def _artists(both: Both) -> dict[str, str]:
    """The names of Navidrome's artists, by their ids, as far as a track of the daemon names them."""
    said = both.navidrome.ask("getArtists") or {}
    groups = said.get("artists", {}).get("index", [])
    known = {one["artist"] for one in both.asked("tracks", limit=500, fields="summary")["tracks"]}
    return {one["id"]: one["name"] for group in groups for one in group["artist"] if one["name"] in known}


def _artist_mix(both: Both) -> Case:
    def is_mix(artist: str) -> bool:
        said = both.navidrome.ask("getSimilarSongs2", id=artist, count=str(_COUNT)) or {}
        songs = said.get("similarSongs2", {}).get("song", [])
        return len(songs) == _COUNT and all(song["id"] in both.paths for song in songs)

    return counted("getSimilarSongs2 of an artist: as many songs as asked for", [is_mix(one) for one in _artists(both)])


def _similar_artists(both: Both) -> Case:
    names = _artists(both)

    def are_similar(artist: str) -> bool:
        said = both.navidrome.ask("getArtistInfo2", id=artist, count="5") or {}
        found = said.get("artistInfo2", {}).get("similarArtist", [])
        ids = [one["id"] for one in found]
        return bool(ids) and len(ids) == len(set(ids)) and set(ids) <= names.keys() - {artist}

    return counted("getArtistInfo2: similar artists of the library", [are_similar(one) for one in names])


def _restart(daemon: Daemon, media_server: str, token: str) -> None:
    daemon.stop()
    daemon.environment |= {
        "AUTH_TOKEN": token,
        "METRICS_WITHOUT_TOKEN": "true",
        "AUDIOMUSE_API": "true",
        "MEDIA_SERVER": "subsonic",
        "MEDIA_SERVER_URL": media_server,
        "MEDIA_SERVER_USER": USER,
        "MEDIA_SERVER_PASSWORD": PASSWORD,
    }
    daemon.start()


def _built(checkout: Path, folder: Path) -> Path:
    """The plugin as a package, from a copy: what Go writes into go.sum is not for the checkout."""
    source = folder / "plugin"
    shutil.copytree(checkout, source, ignore=shutil.ignore_patterns(".git"))
    wasm = source / "plugin.wasm"
    command = ["go", "build", "-mod=mod", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", wasm, "."]
    subprocess.run(command, cwd=source, env={**os.environ, "GOOS": "wasip1", "GOARCH": "wasm"}, check=True)
    package = folder / f"{PLUGIN}.ndp"
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(source / "manifest.json", "manifest.json")
        archive.write(wasm, "plugin.wasm")
    return package
