"""The files of the page: read once, and answered with an entity tag so that a browser asks for each of them only once.

Input: the package `playlista.serve.page`, and the header lines of a request. Output: the bytes to send. They are loaded
at startup under the names that the package has, so that no request ever names a file on disk.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from typing import Any

from playlista.serve.answers import accepts_gzip

#: The page itself, which is what "/" answers.
INDEX = "index.html"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
#: Where the page's own token, which a change has to send, stands in the page.
TOKEN_PLACE = b"{{playlista-token}}"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its media type, its bytes as they are and gzipped, and its entity tag (RFC 9110, 8.8.3)."""

    kind: str
    body: bytes
    gzipped: bytes
    etag: str

    def is_known_to(self, environ: Mapping[str, Any]) -> bool:
        """Whether the client of this WSGI request has these bytes already (If-None-Match)."""
        sent = str(environ.get("HTTP_IF_NONE_MATCH", ""))
        return self.etag in {tag.strip().removeprefix("W/") for tag in sent.split(",")}

    def body_for(self, environ: Mapping[str, Any]) -> tuple[bytes, list[tuple[str, str]]]:
        """The bytes for the client of this WSGI request, and the header lines that go with them."""
        headers = [("ETag", self.etag), ("Cache-Control", "no-cache"), ("Vary", "Accept-Encoding")]
        if accepts_gzip(str(environ.get("HTTP_ACCEPT_ENCODING", ""))):
            return self.gzipped, [*headers, ("Content-Encoding", "gzip")]
        return self.body, headers


def load_assets(page_token: str) -> dict[str, Asset]:
    """All files of the page by the path that they are asked for with, "/" for the page itself."""
    bodies = dict(_walk(files("playlista.serve.page"), ""))
    bodies[INDEX] = bodies[INDEX].replace(TOKEN_PLACE, page_token.encode())
    found = {f"/{name}": _asset(name, body) for name, body in bodies.items()}
    found["/"] = found.pop(f"/{INDEX}")
    return found


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif PurePosixPath(entry.name).suffix in KINDS:
            yield prefix + entry.name, entry.read_bytes()


def _asset(name: str, body: bytes) -> Asset:
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    return Asset(KINDS[PurePosixPath(name).suffix], body, gzip.compress(body, mtime=0), etag)
