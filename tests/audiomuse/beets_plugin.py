"""AudioMuse-AI's plugin for beets, as it is, in a real beets.

Input: a daemon over analyzed music, a folder with the plugin. Output: what came out, case by case. The plugin sends no
token, and finds tracks by title and artist.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.deadlines import DEADLINE_SECONDS
from tests.integration.daemon import Daemon
from tests.navidrome.cases import Case, counted

_FIELDS = ("title", "artist", "audiomuse_item_id", "audiomuse_tempo", "audiomuse_key", "audiomuse_embedding")
_NUMBERS = 200


def beets_cases(daemon: Daemon, folder: Path, plugins: Path) -> Iterator[Case]:
    """Every case; the daemon is started again with the settings that they need."""
    daemon.stop()
    daemon.environment |= {"AUTH_TOKEN": "", "AUDIOMUSE_API": "true", "MEDIA_SERVER": "none"}
    daemon.start()
    beets = _Beets(folder / "beets", daemon, plugins)
    beets.run("import", "-qAC", str(daemon.music))
    for command in ("match", "get_score", "get_embedding"):
        beets.run(f"audiomuse_{command}", "title::.", "artist::.")
    items = beets.items()
    results = [_result(daemon, item["audiomuse_item_id"]) for item in items]
    yield _case("audiomuse_match: the track with this artist and title", map(_is_found, items, results))
    yield _case("audiomuse_get_score: tempo and key of the daemon", map(_has_values, items, results))
    yield _case(
        f"audiomuse_get_embedding: {_NUMBERS} numbers",
        (len(json.loads(item["audiomuse_embedding"] or "[]")) == _NUMBERS for item in items),
    )
    said = beets.run("audiomuse_similar", "-n", "5", "title::.", "artist::.")
    yield _case("audiomuse_similar: five tracks", (line.startswith("Found 5") for line in _found_lines(said)))


def _found_lines(said: str) -> list[str]:
    return [line.partition("audiomuse: ")[2] for line in said.splitlines() if "audiomuse: Found" in line]


def _case(what: str, right: Iterator[bool]) -> Case:
    return counted(f"beets: {what}", list(right))


def _result(daemon: Daemon, item_id: str) -> dict[str, Any]:
    return (daemon.result(item_id) if item_id else None) or {}


def _is_found(item: dict[str, str], result: dict[str, Any]) -> bool:
    names = result.get("metadata", {})
    return (names.get("title"), names.get("artist")) == (item["title"], item["artist"])


def _has_values(item: dict[str, str], result: dict[str, Any]) -> bool:
    bpm, key = result["rhythm"]["bpm"], result["tonal"]["key"]
    # beets shows one digit behind the point.
    has_bpm = item["audiomuse_tempo"] == "" if bpm is None else abs(float(item["audiomuse_tempo"]) - bpm) <= 0.051
    return has_bpm and item["audiomuse_key"] == (key or "")


class _Beets:
    """A beets over the daemon's music, with its library in `folder`."""

    def __init__(self, folder: Path, daemon: Daemon, plugins: Path) -> None:
        folder.mkdir()
        self._config = folder / "config.yaml"
        self._environment = {**os.environ, "BEETSDIR": str(folder), "HOME": str(folder)}
        self._config.write_text(
            f"directory: {daemon.music}\nlibrary: {folder / 'library.db'}\npluginpath: {plugins}\n"
            "plugins: [audiomuse]\nimport: {copy: no, write: no, autotag: no, quiet: yes}\n"
            f"audiomuse:\n  url: http://127.0.0.1:{daemon.port}\n",
            encoding="utf-8",
        )

    def run(self, *arguments: str) -> str:
        """What a command writes."""
        done = subprocess.run(
            [sys.executable, "-m", "beets", "-v", "-c", str(self._config), *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"beet {arguments[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout + done.stderr

    def items(self) -> list[dict[str, str]]:
        """The fields of every item that has a title and an artist."""
        shown = self.run("ls", "-f", "\t".join(f"${{{name}}}" for name in _FIELDS), "title::.", "artist::.")
        lines = (line.split("\t") for line in shown.splitlines() if line.count("\t") == len(_FIELDS) - 1)
        return [
            {
                name: "" if value in (f"${{{name}}}", f"${name}") else value
                for name, value in zip(_FIELDS, line, strict=True)
            }
            for line in lines
        ]
