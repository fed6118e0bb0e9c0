"""Exit 0 when the daemon answers, 1 with one line otherwise: the image's HEALTHCHECK, without curl.

Input: a URL, or nothing for ``/healthz`` at this container's own LISTEN_ADDRESS. A redirect or an error status
is no answer. The standard library and the daemon's own settings only, so that it fits next to the daemon in its
memory limit.
"""

from __future__ import annotations

import http.client
import os
import socket
import sys
from urllib.parse import urlsplit

from playlista.config import load_settings

SECONDS = 8

#: What LISTEN_ADDRESS begins with where it names a unix socket.
UNIX = "unix:"

#: Where to connect to a server that listens on every address.
LOOPBACK = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - nothing is bound here


def own_url() -> str:
    """``/healthz`` of this container, wherever its settings let it listen."""
    address = load_settings(None, environment=os.environ).listen_address
    if address.startswith(UNIX):
        return address
    host, _, port = address.rpartition(":")
    return f"http://{LOOPBACK.get(host, host)}:{port}/healthz"


class UnixConnection(http.client.HTTPConnection):
    """HTTP over the unix socket at `path`."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=SECONDS)
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(SECONDS)
        self.sock.connect(self._path)


def status_of(url: str) -> int:
    """HTTP status that a GET of `url` is answered with; of ``unix:/PATH`` that of its ``/healthz``."""
    parts = urlsplit(url)
    connection: http.client.HTTPConnection
    if url.startswith(UNIX):
        path, connection = "/healthz", UnixConnection(url.removeprefix(UNIX))
    else:
        path, connection = parts.path, http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        connection.request("GET", path or "/")
        return connection.getresponse().status
    finally:
        connection.close()


def main() -> int:
    """Ask once."""
    url = sys.argv[1] if len(sys.argv) > 1 else own_url()
    try:
        status = status_of(url)
    except OSError as error:
        sys.stderr.write(f"{url}: {error}\n")
        return 1
    if status != http.client.OK:
        sys.stderr.write(f"{url}: status {status}\n")
    return int(status != http.client.OK)


if __name__ == "__main__":
    raise SystemExit(main())
