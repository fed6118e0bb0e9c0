"""A real MPD in a process of its own, asked over its protocol.

Input: a music folder. Output: the lines that it answers. It plays nothing: its output is the null device of MPD.
"""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

from tests.deadlines import DEADLINE_SECONDS

_POLL_SECONDS = 0.2


class RefusedError(Exception):
    """MPD answers ACK to a command."""


class Mpd:
    """One server over `music`, with its data in `folder`."""

    def __init__(self, folder: Path, music: Path) -> None:
        folder.mkdir()
        self.log = folder / "mpd.log"
        self._socket = folder / "socket"
        self.place = str(self._socket)
        (folder / "playlists").mkdir()
        self._config = folder / "mpd.conf"
        self._config.write_text(
            f'music_directory "{music}"\ndb_file "{folder / "database"}"\nlog_file "{self.log}"\n'
            f'sticker_file "{folder / "stickers"}"\nplaylist_directory "{folder / "playlists"}"\n'
            f'bind_to_address "{self._socket}"\nreplaygain "track"\nfilesystem_charset "UTF-8"\n'
            'audio_output {\n  type "null"\n  name "none"\n}\n',
            encoding="utf-8",
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it has read the music."""
        self._process = subprocess.Popen(["mpd", "--no-daemon", self._config])
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not self._has_read():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"MPD does not read the music:\n{self.log.read_text()[-3000:]}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(DEADLINE_SECONDS)

    def ask(self, command: str, *arguments: str) -> list[tuple[str, str]]:
        """The names and values of an answer.

        Raises
        ------
        RefusedError : with what MPD says.
        """
        quoted = ('"' + one.replace("\\", "\\\\").replace('"', '\\"') + '"' for one in arguments)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(DEADLINE_SECONDS)
            connection.connect(str(self._socket))
            lines = connection.makefile("r", encoding="utf-8")
            lines.readline()  # the greeting
            connection.sendall(f"{' '.join([command, *quoted])}\n".encode())
            answer = []
            for line in lines:
                if line == "OK\n":
                    break
                if line.startswith("ACK "):
                    raise RefusedError(line.strip())
                name, _, value = line.rstrip("\n").partition(": ")
                answer.append((name, value))
            return answer

    def _has_read(self) -> bool:
        try:
            return "updating_db" not in dict(self.ask("status")) and dict(self.ask("stats"))["songs"] != "0"
        except (ConnectionError, FileNotFoundError):
            return False
