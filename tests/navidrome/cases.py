"""What a Navidrome with the plugin must do, each as a line of the table.

Input: a Navidrome and a daemon over copies of one music folder. Output: what was tried, what came out, and whether that
is as it should be.
"""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from playlista.outputs.file_tags.fields import tag_fields
from playlista.tracks import Analysis
from tests.integration.daemon import Daemon
from tests.navidrome.library import LIVE, PLAYLIST, SLOWER_THAN_BPM
from tests.navidrome.server import Navidrome

EXTENSION = "sonicSimilarity"
COUNT = 10
STEPS = 8
#: What the plugin waits for the daemon, here.
TIMEOUT_SECONDS = 30
_MARGIN_SECONDS = 60.0
#: Gains are written with two digits, into Opus files in steps of 1/256 dB.
_GAIN_STEP_DB = 0.01


@dataclass(frozen=True, slots=True)
class Case:
    what: str
    outcome: str
    good: bool


class Both:
    """The two servers, and whose tracks are whose."""

    def __init__(self, navidrome: Navidrome, daemon: Daemon, token: str) -> None:
        self.navidrome = navidrome
        self.daemon = daemon
        self._token = token
        self.paths = navidrome.paths()

    def ours(self, what: str, **parameters: object) -> list[str]:
        """The paths of the tracks in an answer of the daemon, in order."""
        return [one["path"] for one in self.asked(what, **parameters)["tracks"]]

    def asked(self, what: str, **parameters: object) -> dict[str, Any]:
        """An answer of the daemon."""
        query = urllib.parse.urlencode(parameters)
        address = f"http://127.0.0.1:{self.daemon.port}/api/v1/{what}?{query}"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {self._token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def theirs(self, songs: list[dict[str, Any]]) -> list[str]:
        """The paths of songs in an answer of Navidrome, in order."""
        return [self.paths[song["id"]] for song in songs]


def cases(both: Both, tracks: int) -> Iterator[Case]:
    """Every case; the daemon is stopped for the last."""
    yield extension(both)
    yield library(both, tracks)
    yield similar(both)
    yield instant_mix(both)
    yield path(both)
    yield _playlist(both, tracks)
    yield _live_rule(both)
    yield from _tags(both)
    yield _away(both)


def extension(both: Both) -> Case:
    """Navidrome lists what the plugin adds."""
    names = both.navidrome.extensions()
    return Case("the plugin is loaded", f"extension {EXTENSION}", EXTENSION in names)


def library(both: Both, tracks: int) -> Case:
    """Both know the same music."""
    same = set(both.paths.values()) == set(both.ours("tracks", limit=500, fields="summary"))
    return Case("the same tracks in both", f"{len(both.paths)} of {tracks}", same and len(both.paths) == tracks)


def similar(both: Both) -> Case:
    """Sonically similar tracks, of every song."""

    def matches(song: str) -> list[str]:
        said = both.navidrome.ask("getSonicSimilarTracks", id=song, count=str(COUNT)) or {}
        return both.theirs([one["entry"] for one in said.get("sonicMatch", [])])

    right = [matches(song) == both.ours("similar", path=path, n=COUNT) for song, path in both.paths.items()]
    return counted("getSonicSimilarTracks: the daemon's tracks in its order", right)


def instant_mix(both: Both) -> Case:
    """The Instant Mix of every song."""

    def mix(song: str) -> list[str]:
        said = both.navidrome.ask("getSimilarSongs2", id=song, count=str(COUNT)) or {}
        return both.theirs(said.get("similarSongs2", {}).get("song", []))

    right = [mix(song) == both.ours("similar", path=path, n=COUNT) for song, path in both.paths.items()]
    return counted("getSimilarSongs2 (Instant Mix): the daemon's tracks in its order", right)


def path(both: Both) -> Case:
    """Sonic paths."""
    songs, right = list(both.paths), []
    for first, last in zip(songs[::5], songs[1::5], strict=False):
        said = both.navidrome.ask("findSonicPath", startSongId=first, endSongId=last, count=str(STEPS)) or {}
        ends = [both.asked("similar", path=both.paths[one], n=1)["of"]["id"] for one in (first, last)]
        steps = both.theirs([one["entry"] for one in said.get("sonicMatch", [])])
        right.append(steps == both.ours("path", **{"from": ends[0], "to": ends[1], "n": STEPS}))
    return counted("findSonicPath: the daemon's steps, both ends included", right)


def _playlist(both: Both, tracks: int) -> Case:
    said = both.navidrome.ask("getPlaylists") or {}
    counts = {one["name"]: one["songCount"] for one in said.get("playlists", {}).get("playlist", [])}
    found = counts.get(PLAYLIST, 0)
    return Case("a kept .m3u8, imported under another mount path", f"{found} of {tracks}", found == tracks)


def _live_rule(both: Both) -> Case:
    """Navidrome chooses by the whole beats in the tags, so the rule's bound lies between two."""
    said = both.navidrome.ask("getPlaylists") or {}
    ids = [one["id"] for one in said.get("playlists", {}).get("playlist", []) if one["name"] == LIVE]
    found = both.navidrome.ask("getPlaylist", id=ids[0]) if ids else None
    theirs = both.theirs((found or {}).get("playlist", {}).get("entry", []))
    ours = [path for path, one in _results(both).items() if 0 < (one["rhythm"]["bpm"] or 0) < SLOWER_THAN_BPM]
    what = "a rule in Navidrome's language (.nsp), followed live: the rule's tracks"
    return Case(what, f"{len(theirs)} of {len(ours)}", sorted(theirs) == sorted(ours) != [])


def _tags(both: Both) -> Iterator[Case]:
    """What Navidrome read from the tags that the daemon wrote, against what the daemon found."""
    results = _results(both)
    right: dict[str, list[bool]] = {name: [] for name in ("tempo", "key", "ReplayGain", "mood")}
    for song in both.navidrome.songs():
        one, read = results[song["path"]], song.get("tags", {})
        bpm, tonal, gain_db = one["rhythm"]["bpm"], one["tonal"], one["loudness"]["replaygain_track_gain_db"]
        if bpm:
            right["tempo"].append(song.get("bpm") == round(bpm))
        if tonal["key"]:
            right["key"].append(read.get("key") == [tonal["key"] + ("m" if tonal["scale"] == "minor" else "")])
        if gain_db is not None:
            right["ReplayGain"].append(abs((song.get("rgTrackGain") or 99) - gain_db) <= _GAIN_STEP_DB)
        if mood := tag_fields(Analysis.from_json(one)).get("mood"):
            right["mood"].append(sorted(read.get("mood", [])) == sorted(mood.split("; ")))
    for name, of in right.items():
        yield counted(f"{name}, read from the tags that TAG_WRITE wrote", of)


def _results(both: Both) -> dict[str, dict[str, Any]]:
    """The daemon's results by path."""
    return {one["path"]: one for one in both.asked("tracks", limit=500)["tracks"]}


def _away(both: Both) -> Case:
    both.daemon.stop()
    began = time.monotonic()
    mix = both.navidrome.ask("getSimilarSongs2", id=next(iter(both.paths)), count="5")
    seconds = time.monotonic() - began
    lines = [line for line in both.navidrome.log.read_text().splitlines() if "playlista does not answer at" in line]
    good = bool(lines) and mix is not None and seconds < TIMEOUT_SECONDS + _MARGIN_SECONDS
    return Case("the daemon is away", "one clear line in the log, and an answer" if good else f"{lines} {mix}", good)


def counted(what: str, right: list[bool]) -> Case:
    """A case that is good where all of several are right."""
    return Case(what, f"{sum(right)} of {len(right)}", all(right) and bool(right))
