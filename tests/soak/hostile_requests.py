"""Requests as nobody should send them: every parameter with every kind of value, and raw bytes that are no request.

Input: a seeded source of chance, and a cursor of the library. Output: the bytes of one request each, and how its
client behaves.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote, quote_from_bytes

PATHS = ("/", "/page.js", "/metrics", "/healthz", "/readyz", "/api/v1/status", "/api/v1/failures", "/api/v1/tracks")
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW", "get", "\xff")
NUMBERS = (
    "1",
    "50",
    "500",
    "501",
    "0",
    "-1",
    "000500999999",
    "9" * 4000,
    "0500",
    "1e9",
    "\u0665",
    "",
    "+5",
    "0x10",
    "NaN",
)
STATUSES = ("analyzed", "failed", "partial", "quarantined", "Analyzed", "nice", "", "analyzed'--", "%00")
HEAD = "Host: x\r\nConnection: close\r\n"


class Conduct(Enum):
    """What the client does."""

    READS = "reads the whole answer"
    HALF_CLOSES = "closes its own direction first, then reads"
    DRIPS = "sends a byte a second"
    READS_SLOWLY = "reads a byte a second"
    LEAVES = "leaves at once"


@dataclass(frozen=True, slots=True)
class Request:
    """The bytes, and what their client does."""

    sent: bytes
    conduct: Conduct

    @property
    def is_whole(self) -> bool:
        """Whether it ends where one request ends that asks for one answer."""
        head, end, rest = self.sent.partition(b"\r\n\r\n")
        return bool(end) and not rest and b"\nConnection: close" in head


class Fuzzer:
    """Makes requests; `cursor` is one that the library gave."""

    def __init__(self, chance: random.Random, cursor: str) -> None:
        self._chance = chance
        self._cursor = cursor
        #: How often each way of making one is taken.
        self._ways: dict[Callable[[], bytes], int] = {
            self._ordinary: 6,
            self._parameters: 8,
            self._odd_path: 3,
            self._odd_method: 1,
            self._many_headers: 1,
            self._body: 1,
            self._sent_ahead: 1,
            self._noise: 2,
        }

    def next(self) -> Request:
        """The next request."""
        way = self._chance.choices(list(self._ways), list(self._ways.values()))[0]
        conduct = self._chance.choices(list(Conduct), [80, 8, 4, 2, 6])[0]
        return Request(way(), conduct)

    def _ordinary(self) -> bytes:
        return self._get(self._chance.choice(PATHS))

    def _parameters(self) -> bytes:
        values = {"limit": NUMBERS, "status": STATUSES, "after": self._cursors(), "x": (self._bytes(20),)}
        fields = self._chance.choices(list(values), k=self._chance.randint(1, 4))
        query = "&".join(f"{name}={self._encoded(self._chance.choice(values[name]))}" for name in fields)
        return self._get(f"/api/v1/tracks?{query}")

    def _cursors(self) -> tuple[str, ...]:
        path = self._bytes(self._chance.randint(0, 300))
        return (self._cursor, self._cursor[:-3], "~", "~" + "A" * 6000, "many/0/000/000050.flac", path)

    def _encoded(self, value: str) -> str:
        return self._chance.choice((quote(value), quote_from_bytes(value.encode("latin-1", "replace")), value[:50]))

    def _odd_path(self) -> bytes:
        return self._get("/" + self._chance.choice(("", "api/v1/", "api/v1/tracks/")) + self._encoded(self._bytes(200)))

    def _odd_method(self) -> bytes:
        return self._get(self._chance.choice(PATHS), method=self._chance.choice(METHODS))

    def _many_headers(self) -> bytes:
        count = self._chance.choice((10, 100, 1000))
        return self._get("/healthz", more="".join(f"X-{number}: {self._letters(30)}\r\n" for number in range(count)))

    def _body(self) -> bytes:
        size = self._chance.choice((10, 1000, 2000, 10**6))
        kind = self._chance.choice((f"Content-Length: {size}\r\n", "Transfer-Encoding: chunked\r\n"))
        return self._get("/api/v1/status", more=kind) + b"x" * min(size, 5000)

    def _sent_ahead(self) -> bytes:
        one = f"GET {self._chance.choice(PATHS)} HTTP/1.1\r\nHost: x\r\n\r\n"
        return (one * self._chance.choice((2, 20, 300))).encode() + self._get("/healthz")

    def _noise(self) -> bytes:
        return self._chance.choice((b"", b"GET ", b"\x16\x03\x01", b"\r\n" * 50)) + self._chance.randbytes(300)

    def _get(self, target: str, *, method: str = "GET", more: str = "") -> bytes:
        version = self._chance.choice(("1.1", "1.1", "1.1", "1.0", "9.9"))
        return f"{method} {target} HTTP/{version}\r\n{HEAD}{more}\r\n".encode("utf-8", "replace")

    def _bytes(self, count: int) -> str:
        return self._chance.randbytes(count).decode("latin-1")

    def _letters(self, count: int) -> str:
        return "".join(self._chance.choices(string.ascii_letters, k=count))
