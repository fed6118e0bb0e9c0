"""How the members of a cluster know each other: certificates of one authority, or none on one machine.

Input: an address, the folder of certificates, this member's part. Output: dask's ``Security``, or one line that says
why that will not do. Without certificates only the loopback is allowed, or what CLUSTER_INSECURE allows.

Whoever holds a certificate of the cluster can run code on every member: that is how dask works (docs/threat-model.md).
"""

from __future__ import annotations

import os
import socket
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from playlista.errors import ConfigError, PlaylistaError

if TYPE_CHECKING:
    from distributed.security import Security

Part = Literal["scheduler", "worker", "daemon"]
#: The name of each part in dask's settings.
_ROLES = {"scheduler": "scheduler", "worker": "worker", "daemon": "client"}
AUTHORITY = "ca.pem"
PROBE_SECONDS = 5.0


class ClusterError(PlaylistaError):
    """A member of the cluster cannot be reached, or is not to be trusted."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The files by which this member shows who it is, and knows the others."""

    authority: Path
    certificate: Path
    key: Path

    @classmethod
    def of(cls, folder: Path, part: Part) -> Credentials:
        """Those in `folder`.

        Raises
        ------
        ConfigError : one is missing or cannot be read, or they do not go together.
        """
        found = cls(folder / AUTHORITY, folder / f"{part}.pem", folder / f"{part}.key")
        for path in (found.authority, found.certificate, found.key):
            if not os.access(path, os.R_OK):
                raise ConfigError(
                    f"{path}: cannot be read; make it with `playlista cluster certificates {folder}`, "
                    "or let CLUSTER_TLS_DIR name the folder that has it"
                )
        try:
            found.context()
        except ssl.SSLError as error:
            raise ConfigError(
                f"{folder}: {AUTHORITY}, {part}.pem and {part}.key are damaged or do not go together "
                f"({error.reason or error}); copy them once more, or make them anew"
            ) from error
        return found

    def context(self) -> ssl.SSLContext:
        """For a connection to another member; names are not compared, the authority is our own."""
        context = ssl.create_default_context(cafile=os.fspath(self.authority))
        context.check_hostname = False
        context.load_cert_chain(self.certificate, self.key)
        return context


def credentials_for(address: str, part: Part, *, tls_dir: Path | None, insecure: bool) -> Credentials | None:
    """The credentials for a connection to, or a listener at `address`; None for one without TLS.

    Raises
    ------
    ConfigError : the address and what is there for it do not go together.
    """
    if address.startswith("tls://"):
        if tls_dir is None:
            raise ConfigError(
                f"{address}: TLS needs certificates; make them with `playlista cluster certificates DIR`, "
                "and let CLUSTER_TLS_DIR name their folder"
            )
        return Credentials.of(tls_dir, part)
    if insecure or _is_loopback(address):
        return None
    raise ConfigError(
        f"{address}: without TLS anybody in the network could run code here; use tls:// with CLUSTER_TLS_DIR, "
        "or say CLUSTER_INSECURE=true in a network of your own"
    )


def security_of(credentials: Credentials | None, part: Part) -> Security | None:
    """The same as dask wants it."""
    if credentials is None:
        return None
    from distributed.security import Security  # noqa: PLC0415 - only where a cluster is used

    role = _ROLES[part]
    return Security(  # type: ignore[no-untyped-call]
        tls_ca_file=os.fspath(credentials.authority),
        require_encryption=True,
        tls_min_version=ssl.TLSVersion.TLSv1_3,
        **{f"tls_{role}_cert": os.fspath(credentials.certificate), f"tls_{role}_key": os.fspath(credentials.key)},
    )


def probe(address: str, credentials: Credentials | None) -> None:
    """Connect to the scheduler once, for an error that says what is wrong; dask itself only says that time was up.

    Raises
    ------
    ClusterError : nothing answers there, or one of both does not know the other's authority.
    """
    parts = urlsplit(address)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), PROBE_SECONDS) as plain:
            if credentials is not None:
                _shake_hands(plain, credentials)
    except ssl.SSLError as error:
        raise ClusterError(
            f"{address}: no TLS with this scheduler ({_why(error)}); both need certificates of the same authority, "
            "made by one `playlista cluster certificates`, and clocks that are right to the day"
        ) from error
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error) or "no answer"
        raise ClusterError(
            f"{address}: the scheduler cannot be reached ({why}); start `playlista scheduler`"
        ) from error


def _shake_hands(plain: socket.socket, credentials: Credentials) -> None:
    with credentials.context().wrap_socket(plain) as secured:
        secured.settimeout(PROBE_SECONDS)
        # With TLS 1.3 a scheduler that does not trust us says so only after the handshake; one that does, greets.
        secured.recv(1)


def _why(error: ssl.SSLError) -> str:
    """Such as "certificate has expired"."""
    return str(getattr(error, "verify_message", "") or error.reason or error)


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
