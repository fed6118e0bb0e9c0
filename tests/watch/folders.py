"""Music folders for tests: real files, of which only the names matter here."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from tests.deadlines import DEADLINE_SECONDS


def make(root: Path, *paths: str, content: bytes | None = None) -> None:
    """Write files at these paths, with their folders; without `content` each has its own 16 bytes."""
    for path in paths:
        place = os.path.join(root, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(hashlib.blake2b(os.fsencode(path), digest_size=16).digest() if content is None else content)


def make_old(root: Path, *paths: str, content: bytes | None = None) -> None:
    """As `make`, but with a time of last week, as files have that lie in a library."""
    make(root, *paths, content=content)
    for number, path in enumerate(paths):
        last_week = time.time_ns() - 7 * 86400 * 10**9 + number
        os.utime(os.path.join(root, path), ns=(last_week, last_week))


def until(condition: Callable[[], object]) -> None:
    """Wait until the condition holds; fail when it does not come true."""
    give_up_at = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < give_up_at, "did not come true in time"
        time.sleep(0.02)
