"""An MPD for tests without one: its line protocol over a real socket, with the few commands that are sent to it.

What it answers follows https://mpd.readthedocs.io/en/latest/protocol.html.
"""

from __future__ import annotations

import shlex
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class MpdDouble:
    """Songs, stickers and playlists; a test reads and changes them."""

    def __init__(self, songs: list[str]) -> None:
        self.songs = songs
        self.stickers: dict[tuple[str, str], str] = {}
        self.playlists: dict[str, list[str]] = {}
        self.current: dict[str, str] = {}
        self.password = ""
        self.has_stickers = True
        self.changes = 0
        self.played = threading.Condition()

    def play(self, song: dict[str, str]) -> None:
        """Play a song, and tell those who wait for it."""
        with self.played:
            self.current = song
            self.played.notify_all()

    def answer(self, command: str, *given: str) -> list[str] | str:
        """The lines of an answer, or why there is none."""
        if command == "lsinfo":
            return self._top()
        if command == "listall":
            found = [f"file: {one}" for one in self.songs if one == given[0] or one.startswith(f"{given[0]}/")]
            return found or "[50@0] {listall} No such directory"
        if command == "sticker":
            return self._sticker(*given) if self.has_stickers else "[5@0] {sticker} sticker database is disabled"
        if command == "currentsong":
            return [f"{name}: {value}" for name, value in self.current.items()]
        return self._connection(command, *given) if command in ("idle", "password") else self._playlist(command, *given)

    def _connection(self, command: str, given: str) -> list[str] | str:
        if command == "password":
            return [] if given == self.password else "[3@0] {password} incorrect password"
        with self.played:
            self.played.wait()
        return ["changed: player"]

    def _top(self) -> list[str]:
        heads = dict.fromkeys(one.partition("/")[0] for one in self.songs)
        return [f"{'file' if head in self.songs else 'directory'}: {head}" for head in heads] + ["playlist: a.m3u"]

    def _sticker(self, what: str, _kind: str, uri: str, name: str, value: str = "") -> list[str] | str:
        if what == "find":
            below = [one for one in self.songs if one == uri or one.startswith(f"{uri}/")]
            keys = [(one, name) for one in below if (one, name) in self.stickers]
            return [line for key in keys for line in (f"file: {key[0]}", f"sticker: {name}={self.stickers[key]}")]
        self.changes += 1
        if what == "delete":
            del self.stickers[uri, name]
        else:
            self.stickers[uri, name] = value
        return []

    def _playlist(self, command: str, name: str, uri: str = "") -> list[str] | str:
        if command == "playlistclear":
            return [] if self.playlists.pop(name, None) is not None else "[50@0] {playlistclear} No such playlist"
        self.playlists.setdefault(name, []).append(uri)
        return []


@contextmanager
def mpd_double(folder: Path, songs: list[str]) -> Iterator[tuple[MpdDouble, str]]:
    """A server that answers for the length of the block, and the path of its socket."""
    double = MpdDouble(songs)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"OK MPD 0.23.5\n")
            together: list[list[str]] | None = None
            for raw in self.rfile:
                words = shlex.split(raw.decode(errors="surrogateescape"))
                if words == ["command_list_begin"]:
                    together = []
                elif words == ["command_list_end"]:
                    self._carry_out(together or [])
                    together = None
                elif together is not None:
                    together.append(words)
                else:
                    self._carry_out([words])

        def _carry_out(self, commands: list[list[str]]) -> None:
            said: list[str] = []
            for command in commands:
                answer = double.answer(*command)
                if isinstance(answer, str):
                    self.wfile.write(f"ACK {answer}\n".encode())
                    return
                said += answer
            self.wfile.write("".join(f"{line}\n" for line in [*said, "OK"]).encode(errors="surrogateescape"))

    place = str(folder / "mpd")
    server = socketserver.ThreadingUnixStreamServer(place, Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield double, place
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
