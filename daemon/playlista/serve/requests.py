"""A request as the handlers see it: its path and query as text, its headers, its body, and who sent it.

Input: a WSGI environment, and which proxies are believed. Output: ``Request``. Forwarded headers count only where the
connection comes from a proxy that is trusted: anybody else could write them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any
from urllib.parse import parse_qs

from playlista.serve.parameters import BadRequestError

Network = IPv4Network | IPv6Network

#: What a unix socket gives as the address of its clients.
UNIX_CLIENT = "localhost"


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    path : decoded, below the prefix ("" for the prefix without its slash); surrogate escapes stand for odd bytes.
    prefix : the path of the reverse proxy under which the client sees us, without a slash at its end.
    client : the address of who asks, behind trusted proxies the one that they name.
    host : the name and port that the client asked for, in lower case.
    is_secure : the client speaks TLS to the proxy.
    """

    method: str
    path: str
    query: str
    prefix: str
    client: str
    host: str
    is_secure: bool
    environ: Mapping[str, Any]

    def header(self, name: str) -> str:
        """The value of a header, "" where there is none."""
        return _text(str(self.environ.get(f"HTTP_{name.upper().replace('-', '_')}", "")))

    def cookie(self, name: str) -> str:
        """The value of a cookie, "" where there is none."""
        try:
            found = SimpleCookie(self.header("Cookie")).get(name)
        except CookieError:
            return ""
        return found.value if found else ""

    def json(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises
        ------
        BadRequestError : it is none.
        """
        try:
            document = json.loads(self._body())
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise BadRequestError("the body is a JSON object")
        return document

    def fields(self) -> dict[str, str]:
        """The fields of a body that is a form or a JSON object of texts.

        Raises
        ------
        BadRequestError : it is neither.
        """
        if self.is_form:
            return {name: texts[-1] for name, texts in parse_qs(self._body().decode("utf-8", "replace")).items()}
        return {name: text for name, text in self.json().items() if isinstance(text, str)}

    @property
    def is_form(self) -> bool:
        """Whether a browser's form sent it, without a script."""
        return str(self.environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded")

    def _body(self) -> bytes:
        body: bytes = self.environ["wsgi.input"].read()  # bounded by the server
        return body


class RequestReader:
    """Makes requests of WSGI environments.

    Parameters
    ----------
    proxies : networks whose forwarded headers are believed; a unix socket is always a proxy's.
    prefix : the path under which a proxy shows us and which it leaves on; "" where it takes it off or there is none.
    """

    def __init__(self, proxies: tuple[Network, ...] = (), prefix: str = "") -> None:
        self._proxies = proxies
        self._prefix = prefix

    def read(self, environ: Mapping[str, Any]) -> Request:
        """The request in `environ`."""
        peer = str(environ.get("REMOTE_ADDR") or UNIX_CLIENT)
        forwarded = _forwarded(environ) if self._is_trusted(peer) else {}
        path = self.below_prefix(_text(str(environ.get("PATH_INFO", ""))))
        return Request(
            method=str(environ["REQUEST_METHOD"]),
            path=path if self._prefix else path or "/",
            query=_text(str(environ.get("QUERY_STRING", ""))),
            prefix=self._prefix or _prefix_in(forwarded.get("prefix", "")),
            client=forwarded.get("for") or peer,
            host=(forwarded.get("host") or str(environ.get("HTTP_HOST", ""))).lower(),
            is_secure=forwarded.get("proto") == "https",
            environ=environ,
        )

    def below_prefix(self, path: str) -> str:
        """`path` without the prefix; probes may leave it out."""
        if self._prefix and (path == self._prefix or path.startswith(f"{self._prefix}/")):
            return path.removeprefix(self._prefix)
        return path

    def _is_trusted(self, peer: str) -> bool:
        if peer == UNIX_CLIENT:
            return True
        try:
            address = ip_address(peer.removeprefix("::ffff:"))
        except ValueError:
            return False
        return any(address in network for network in self._proxies)


def _forwarded(environ: Mapping[str, Any]) -> dict[str, str]:
    """The last value of each X-Forwarded header: the one that the nearest proxy wrote."""
    names = ("for", "host", "proto", "prefix")
    values = {name: str(environ.get(f"HTTP_X_FORWARDED_{name.upper()}", "")) for name in names}
    return {name: value.rpartition(",")[2].strip() for name, value in values.items() if value}


def _prefix_in(text: str) -> str:
    """A path of plain characters, or "": it becomes part of a header."""
    prefix = text.rstrip("/")
    plain = prefix.startswith("/") and prefix.isascii() and all(one.isalnum() or one in "/._~-" for one in prefix)
    return prefix if plain else ""


def _text(sent: str) -> str:
    """What a client sent, which WSGI gives as Latin-1, as text; surrogate escapes stand for what is not UTF-8."""
    return sent.encode("latin-1").decode("utf-8", "surrogateescape")
