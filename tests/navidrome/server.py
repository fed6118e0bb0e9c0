"""A real Navidrome in a process of its own, with the plugin, asked over its APIs.

Input: the program, a music folder, the plugin. Output: what its Subsonic API and its own API answer, and its log.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.deadlines import DEADLINE_SECONDS

#: As docs/integrations.md advises: what Navidrome's tag library calls the key of ID3 and MP4 tags.
CONFIGURATION = """
[Tags.key]
Aliases = ["tkey", "key", "initialkey", "----:com.apple.itunes:initialkey", "wm/initialkey"]
"""
USER, PASSWORD = "admin", "for this test alone"
PLUGIN = "playlista"


class Navidrome:
    """One server over `music`, with its data in `folder`, and one plugin; `settings` are variables of its own."""

    def __init__(
        self, program: Path, folder: Path, music: Path, package: Path, plugin: str = PLUGIN, **settings: str
    ) -> None:
        self._plugin = plugin
        self._program = program
        self._folder = folder
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.log = folder / "navidrome.log"
        plugins = folder / "plugins"
        plugins.mkdir(parents=True)
        shutil.copyfile(package, plugins / f"{plugin}.ndp")
        (folder / "navidrome.toml").write_text(CONFIGURATION, encoding="utf-8")
        self._environment = {
            **os.environ,
            "ND_CONFIGFILE": str(folder / "navidrome.toml"),
            "ND_ADDRESS": "127.0.0.1",
            "ND_PORT": str(self._port),
            "ND_MUSICFOLDER": str(music),
            "ND_DATAFOLDER": str(folder / "data"),
            "ND_CACHEFOLDER": str(folder / "cache"),
            "ND_PLUGINS_ENABLED": "true",
            "ND_PLUGINS_FOLDER": str(plugins),
            "ND_AGENTS": plugin,
            "ND_ENABLEINSIGHTSCOLLECTOR": "false",
            "ND_ENABLEEXTERNALSERVICES": "true",  # agents, of which the plugin is the only one
            "ND_DEVAUTOCREATEADMINPASSWORD": PASSWORD,
            **settings,
        }

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and wait until it has read the music."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "--nobanner"], env=self._environment, cwd=self._folder, stdout=log, stderr=log
            )
        self.wait_for(lambda: self.ask("ping") is not None, "an answer")
        self.wait_for(lambda: self._scanned() is True, "the end of the scan")

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(DEADLINE_SECONDS)
            self._process = None

    def extensions(self) -> list[str]:
        """The extensions of OpenSubsonic that it has; a plugin adds its own seconds after the start."""
        said = self.ask("getOpenSubsonicExtensions") or {}
        return [one["name"] for one in said.get("openSubsonicExtensions", [])]

    def configure(self, settings: dict[str, str | int | bool]) -> None:
        """Give the plugin its settings and the library, and enable it; the server must not run."""
        self._command("plugin", "edit", self._plugin, "--config", json.dumps(settings), "--all-libraries")
        self._command("plugin", "enable", self._plugin)

    def ask(self, what: str, **parameters: str) -> dict[str, Any] | None:
        """An answer of the Subsonic API; None where it fails."""
        said = {"u": USER, "p": PASSWORD, "f": "json", "v": "1.16.1", "c": "playlista", **parameters}
        answer = self._get(f"/rest/{what}?{urllib.parse.urlencode(said)}")
        response = None if answer is None else answer["subsonic-response"]
        return response if response is not None and response["status"] == "ok" else None

    def paths(self) -> dict[str, str]:
        """The path below the music folder of every song, by its id."""
        return {song["id"]: song["path"] for song in self.songs()}

    def songs(self) -> list[dict[str, Any]]:
        """Every song as Navidrome's own API has it, with all tags that it read."""
        login = json.dumps({"username": USER, "password": PASSWORD}).encode()
        token = (self._get("/auth/login", login) or {})["token"]
        songs: list[dict[str, Any]] = self._get("/api/song?_start=0&_end=100000", token=token)
        return songs

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        """Wait until `condition` holds, or fail with the log's end."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            ended = self._process is not None and self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise AssertionError(f"waited in vain for {what}:\n" + self.log.read_text()[-3000:])
            time.sleep(0.2)

    def _scanned(self) -> bool:
        status = (self.ask("getScanStatus") or {}).get("scanStatus", {})
        return not status.get("scanning", True) and bool(status.get("count"))

    def _command(self, *arguments: str) -> None:
        done = subprocess.run(
            [self._program, "--nobanner", *arguments],
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"{' '.join(arguments[:2])}: {done.stdout}{done.stderr}")

    def _get(self, path: str, body: bytes | None = None, token: str = "") -> Any:
        headers = {"Content-Type": "application/json", "X-ND-Authorization": f"Bearer {token}"}
        request = urllib.request.Request(f"{self.url}{path}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.loads(answer.read() or b"null")
        except (OSError, ValueError):
            return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
