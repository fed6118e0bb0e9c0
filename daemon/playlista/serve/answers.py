"""What is sent back for a request: a status line, a type, a body whole or in pieces, and the headers that protect it.

Input: documents, texts, bytes or iterators of them. Output: ``Answer``. Nothing is decided here.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

#: Nothing from elsewhere, nothing inline, and no text that becomes markup or code, whatever the tags of a file say.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; media-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types"
)
HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),  # with "no-referrer" a form would not say its origin
    ("Content-Security-Policy", CONTENT_POLICY),
]
#: Of these, too, an answer may say something else.
NOT_STORED = ("Cache-Control", "no-store")

#: Shorter bodies are not worth compressing.
COMPRESSED_FROM_BYTES = 4096
#: The quality that forbids a coding.
_FORBIDDEN = re.compile(r"q\s*=\s*0(\.0*)?", re.IGNORECASE)


def accepts_gzip(sent: str) -> bool:
    """Whether Accept-Encoding allows gzip (RFC 9110, 12.5.3); a quality of 0 forbids it."""
    for part in sent.split(","):
        name, _, quality = part.partition(";")
        if name.strip().lower() == "gzip":
            return _FORBIDDEN.fullmatch(quality.strip()) is None
    return False


@dataclass(frozen=True, slots=True)
class Answer:
    """Status line, type and body of one answer; a body in pieces is streamed. `extra` are further headers."""

    status: str
    kind: str
    body: bytes | Iterator[bytes]
    extra: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_json(cls, document: Any, status: str = "200 OK") -> Answer:
        """`document` as JSON; names that are not UTF-8 come as escapes."""
        return cls(status, "application/json", json.dumps(document).encode() + b"\n")

    @classmethod
    def of_text(cls, text: str, status: str = "200 OK") -> Answer:
        """One line of text."""
        return cls(status, "text/plain; charset=utf-8", text.encode(errors="backslashreplace") + b"\n")

    @classmethod
    def not_found(cls, what: str) -> Answer:
        """404 with `what` as the error."""
        return cls.of_json({"error": what}, "404 Not Found")

    def as_json_error(self) -> Answer:
        """A refusal in plain text as a JSON object that has it as its error; everything else as it is."""
        if not isinstance(self.body, bytes) or not self.kind.startswith("text/plain") or self.status < "4":
            return self
        document = {"error": self.body.decode().strip()}
        return replace(self, kind="application/json", body=json.dumps(document).encode() + b"\n")

    def with_headers(self, *headers: tuple[str, str]) -> Answer:
        """The same with more headers."""
        return replace(self, extra=(*self.extra, *headers))

    def with_status(self, status: str) -> Answer:
        """The same with another status line."""
        return replace(self, status=status)

    def compressed(self, accepted: str) -> Answer:
        """The same in gzip where the client's ``Accept-Encoding`` takes it and it is worth it."""
        if not isinstance(self.body, bytes) or len(self.body) < COMPRESSED_FROM_BYTES:
            return self
        if self.kind != "application/json" or not accepts_gzip(accepted):
            return self
        smaller = replace(self, body=gzip.compress(self.body, compresslevel=1, mtime=0))
        return smaller.with_headers(("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))

    def headers(self) -> list[tuple[str, str]]:
        """Its header lines."""
        length = [("Content-Length", str(len(self.body)))] if isinstance(self.body, bytes) else []
        said = {name for name, _ in self.extra}
        usual = [header for header in (*HEADERS, NOT_STORED) if header[0] not in said]
        return [("Content-Type", self.kind), *length, *usual, *self.extra]

    def pieces(self) -> Iterable[bytes]:
        """Its body."""
        return [self.body] if isinstance(self.body, bytes) else self.body

    def close(self) -> None:
        """Give up a body that is not sent."""
        close = getattr(self.body, "close", None)
        if close is not None:
            close()
