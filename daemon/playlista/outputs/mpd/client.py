"""MPD's line protocol (https://mpd.readthedocs.io/en/latest/protocol.html), as far as it is needed here.

Input: an address, commands. Output: the names and values of an answer. Names in it keep the bytes that they are.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import islice

from playlista.errors import PlaylistaError

DEFAULT_PORT = 6600
TIMEOUT_SECONDS = 30.0
#: Commands sent in one list. MPD takes lists of up to 2 MiB.
_TOGETHER = 200
_LONGEST_LINE_BYTES = 65536

Command = Sequence[str]


class MpdError(PlaylistaError):
    """MPD does not answer; its text says what to do."""


class RefusedError(MpdError):
    """MPD answers ACK to a command."""


class MpdClient:
    """One connection.

    Parameters
    ----------
    host : a name or an address, the path of a socket, or "@name" of an abstract one; "password@" may stand before it,
        as in the variable MPD_HOST of other clients.

    Raises
    ------
    MpdError : MPD does not answer there.
    """

    def __init__(self, host: str = "localhost", port: int = DEFAULT_PORT) -> None:
        password, separator, rest = host.partition("@")
        has_password = bool(separator and password)
        self._place = rest if has_password else host
        try:
            self._socket = _connected(self._place, port)
        except OSError as error:
            raise MpdError(f"{self._place}: MPD does not answer ({error}); start it, or name it with --host") from error
        self._lines = self._socket.makefile("rb")
        try:
            self._greet(password if has_password else "")
        except BaseException:
            self.close()
            raise

    def _greet(self, password: str) -> None:
        try:
            greeting = self._line()
        except MpdError:
            greeting = ""
        if not greeting.startswith("OK MPD"):
            raise MpdError(f"{self._place}: this is no MPD; name it with --host and --port")
        if password:
            self.ask("password", password)

    def ask(self, *command: str) -> list[tuple[str, str]]:
        """The names and values that a command is answered with.

        Raises
        ------
        RefusedError : with what MPD says.
        """
        self._send(f"{_line(command)}\n")
        return self._answer()

    def do(self, commands: Iterable[Command]) -> None:
        """Carry out commands that have no answer, some hundred at a time.

        Raises
        ------
        RefusedError : with what MPD says of the first that it refuses; those behind it in its list are not done.
        """
        remaining = iter(commands)
        while some := list(islice(remaining, _TOGETHER)):
            lines = "\n".join(_line(one) for one in some)
            self._send(f"command_list_begin\n{lines}\ncommand_list_end\n")
            self._answer()

    def wait_for(self, subsystem: str) -> None:
        """Return when something changes there, however long it takes."""
        self._socket.settimeout(None)
        try:
            self.ask("idle", subsystem)
        finally:
            self._socket.settimeout(TIMEOUT_SECONDS)

    def close(self) -> None:
        """End the connection."""
        with suppress(OSError):
            self._lines.close()
            self._socket.close()

    def __enter__(self) -> MpdClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, text: str) -> None:
        try:
            self._socket.sendall(text.encode(errors="surrogateescape"))
        except OSError as error:
            raise MpdError(f"{self._place}: MPD is gone ({error})") from error

    def _answer(self) -> list[tuple[str, str]]:
        found = []
        while (line := self._line()) != "OK":
            if line.startswith("ACK "):
                raise RefusedError(f"{self._place}: MPD refuses: {line.removeprefix('ACK ')}")
            name, _, value = line.partition(": ")
            found.append((name, value))
        return found

    def _line(self) -> str:
        try:
            line = self._lines.readline(_LONGEST_LINE_BYTES)
        except OSError as error:
            raise MpdError(f"{self._place}: MPD is gone ({error})") from error
        if not line.endswith(b"\n"):
            raise MpdError(f"{self._place}: MPD is gone")
        return line[:-1].decode(errors="surrogateescape")


def _connected(place: str, port: int) -> socket.socket:
    if not place.startswith(("/", "@")):
        return socket.create_connection((place, port), timeout=TIMEOUT_SECONDS)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(TIMEOUT_SECONDS)
    try:
        connection.connect(f"\0{place[1:]}" if place.startswith("@") else place)
    except OSError:
        connection.close()
        raise
    return connection


def _line(command: Command) -> str:
    if any("\n" in part for part in command):
        raise MpdError(f"{command[0]}: a line break cannot be said to MPD")
    name, *values = command
    return " ".join([name, *('"' + one.replace("\\", "\\\\").replace('"', '\\"') + '"' for one in values)])
