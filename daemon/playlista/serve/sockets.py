"""The listening socket: a port, or a unix socket for a reverse proxy on the same machine.

Input: LISTEN_ADDRESS. Output: a socket that listens.
"""

from __future__ import annotations

import os
import socket
import stat
from contextlib import closing, suppress

from playlista.errors import ConfigError

#: What LISTEN_ADDRESS begins with where it names a file.
UNIX = "unix:"
#: Who may connect to a unix socket: its owner and the group, into which the proxy's user is put.
UNIX_MODE = 0o660
#: Addresses under which this machine reaches us as localhost.
_LOCAL = ("0.0.0.0", "[::]", "127.0.0.1", "[::1]")  # noqa: S104 - compared with, not bound


def bind(address: str) -> socket.socket:
    """A socket that listens at `address`; ``[::]`` takes IPv4 as well, whatever the machine's default is.

    Raises
    ------
    ConfigError : it cannot.
    """
    try:
        return _bind_unix(address.removeprefix(UNIX)) if address.startswith(UNIX) else _bind_port(address)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"LISTEN_ADDRESS={address}: cannot listen there ({reason}); choose another") from error


def url_of(address: str, port: int) -> str:
    """What a person on this machine opens in a browser; the address itself where it is a unix socket."""
    if address.startswith(UNIX):
        return address
    host = address.rpartition(":")[0]
    return f"http://{'localhost' if host in _LOCAL else host}:{port}"


def release(listening: socket.socket) -> None:
    """Take the file of a unix socket away, which stays when the socket is closed."""
    if listening.family == socket.AF_UNIX:
        with suppress(OSError):
            os.unlink(listening.getsockname())


def _bind_port(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = family == socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
    return socket.create_server((host, int(port)), family=family, dualstack_ipv6=both)


def _bind_unix(path: str) -> socket.socket:
    _remove_stale(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(path)
        os.chmod(path, UNIX_MODE)
        listening.listen()
    except BaseException:
        listening.close()
        raise
    return listening


def _remove_stale(path: str) -> None:
    """Remove the file of a process that was killed; one at which somebody listens stays, and binding fails."""
    try:
        is_socket = stat.S_ISSOCK(os.lstat(path).st_mode)
    except FileNotFoundError:
        return
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as client:
        if is_socket and client.connect_ex(path) != 0:
            os.unlink(path)
