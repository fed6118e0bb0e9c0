"""How the text of a setting becomes its value, and the words for what is allowed.

Input: texts from a file, the environment or the command line. Output: values, or ValueError. Standard library only, but
for pathspec where patterns are set.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playlista.tracks import FASTEST_BPM, SLOWEST_BPM

#: Characters of a token that cannot be guessed over the network.
SHORTEST_TOKEN = 12


@dataclass(frozen=True, slots=True)
class Rule:
    """How one setting is read: `parse` raises ValueError for what is not `allowed`; a secret is never shown."""

    parse: Callable[[str], Any]
    allowed: str
    is_secret: bool = False


def patterns() -> Rule:
    """Patterns as in a .gitignore file."""

    def parse(text: str) -> tuple[str, ...]:
        found = tuple(filter(None, (pattern.strip() for pattern in text.split(";"))))
        if found:
            from pathspec import GitIgnoreSpec  # noqa: PLC0415 - pure Python, and most libraries set no patterns

            GitIgnoreSpec.from_lines(found)  # raises ValueError
        return found

    return Rule(parse, "gitignore patterns separated by semicolons, such as *.tmp;/Podcasts/;!keep.tmp")


def boolean() -> Rule:
    """Yes or no, in the usual words."""
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}

    def parse(text: str) -> bool:
        try:
            return words[text.lower()]
        except KeyError:
            raise ValueError(text) from None

    return Rule(parse, "true or false")


def number(kind: type[int] | type[float], low: float, high: float) -> Rule:
    """A number in a range, both ends included."""

    def parse(text: str) -> int | float:
        value = kind(text)
        if not low <= value <= high:  # also refuses NaN
            raise ValueError(text)
        return value

    return Rule(parse, f"{'a whole number' if kind is int else 'a number'} from {low:g} to {high:g}")


def tempo_range() -> Rule:
    """Two tempi at least an octave apart, or nothing."""

    def parse(text: str) -> tuple[int, int] | None:
        if not text:
            return None
        slowest, _, fastest = text.partition("-")
        low, high = int(slowest), int(fastest)
        if not (low >= SLOWEST_BPM and 2 * low <= high <= FASTEST_BPM):
            raise ValueError(text)
        return low, high

    return Rule(
        parse,
        f"two whole numbers from {SLOWEST_BPM} to {FASTEST_BPM}, the second at least twice the first, such as 70-140; "
        "or nothing",
    )


def choice(*words: str) -> Rule:
    """One of some words."""

    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(text)
        return text.lower()

    return Rule(parse, "one of " + ", ".join(words))


def some_of(*words: str) -> Rule:
    """Some of some words, in their order, each once; or none."""

    def parse(text: str) -> tuple[str, ...]:
        found = set(text.lower().replace(",", " ").split())
        if not found <= set(words):
            raise ValueError(text)
        return tuple(word for word in words if word in found)

    return Rule(parse, f"some of {', '.join(words)}, separated by commas; or nothing")


def bits() -> Rule:
    """16 or 32."""
    return Rule({"16": 16, "32": 32}.__getitem__, "16 or 32")


def path() -> Rule:
    """A path."""

    def parse(text: str) -> Path:
        if not text or "\0" in text:
            raise ValueError(text)
        return Path(text).expanduser()

    return Rule(parse, "a path")


def optional_path() -> Rule:
    """A path, or nothing."""
    return Rule(lambda text: path().parse(text) if text else None, "a path, or nothing")


def text() -> Rule:
    """Any text."""
    return Rule(str, "a text")


def address() -> Rule:
    """Where to listen: a port, or the file of a unix socket."""

    def parse(text: str) -> str:
        if text.startswith("unix:/"):
            return text
        host, separator, port = text.rpartition(":")
        if not (separator and host and port.isdecimal() and 0 <= int(port) <= 65535):
            raise ValueError(text)
        return text

    return Rule(parse, "HOST:PORT, such as 0.0.0.0:9345 or [::]:9345, or unix:/PATH")


def scheduler_address() -> Rule:
    """Where the scheduler of a cluster is, or nothing."""

    def parse(text: str) -> str:
        if not text:
            return text
        parts = urlsplit(text)
        if parts.scheme not in {"tls", "tcp"} or not parts.hostname or not parts.port or text.count("/") != 2:
            raise ValueError(text)
        return text

    return Rule(parse, "an address such as tls://scheduler.example.org:8786, or nothing")


def token() -> Rule:
    """A secret, or nothing."""

    def parse(text: str) -> str:
        if text and (len(text) < SHORTEST_TOKEN or not text.isascii() or not text.isprintable() or " " in text):
            raise ValueError(text)
        return text

    return Rule(parse, f"{SHORTEST_TOKEN} or more ASCII characters without spaces, or nothing", is_secret=True)


def secret() -> Rule:
    """A password of another program."""
    return Rule(str, "a text", is_secret=True)


def web_address() -> Rule:
    """The address of another program, or nothing."""

    def parse(text: str) -> str:
        parts = urlsplit(text)
        is_plain = not (parts.query or parts.fragment or "@" in parts.netloc) and text.isprintable() and " " not in text
        if text and not (parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and is_plain):
            raise ValueError(text)
        return text.rstrip("/")

    return Rule(parse, "http:// or https:// with a host, such as http://navidrome:4533, or nothing")


def networks() -> Rule:
    """Addresses and networks."""

    def parse(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(map(ip_network, text.replace(",", " ").split()))

    return Rule(parse, "IP addresses and networks, such as 127.0.0.1 172.16.0.0/12")


def host_patterns() -> Rule:
    """Names of machines."""

    def parse(text: str) -> tuple[str, ...]:
        patterns = tuple(text.lower().replace(",", " ").split())
        if any("/" in pattern or ":" in pattern for pattern in patterns):
            raise ValueError(text)
        return patterns

    return Rule(parse, "names of hosts, such as music.example.org *.example.net, without a port")


def url_prefix() -> Rule:
    """The path under which a proxy shows us."""

    def parse(text: str) -> str:
        prefix = text.rstrip("/")
        # A browser takes "." and ".." out of an address, and asks for another one.
        if prefix and not re.fullmatch(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+", prefix):
            raise ValueError(text)
        return prefix

    return Rule(parse, "a path such as /playlista, or nothing")
