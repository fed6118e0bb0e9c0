"""The daemon's log as it grows: each line is read once, however long the run."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

#: Events with which an attempt ends in a stored result.
RESULTS = frozenset({"track.analyzed", "track.kept", "track.failed", "track.quarantined"})


class Journal:
    """What the lives of one daemon have said so far.

    Attributes
    ----------
    analyzed : how often each path was told as analyzed.
    results : paths that were told to have a result.
    times : how often each event was told.
    unreadable : complete lines that are no JSON; a log collector would choke on them.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""
        self.analyzed: Counter[str] = Counter()
        self.results: set[str] = set()
        self.times: Counter[str] = Counter()
        self.unreadable: list[str] = []

    def read(self) -> list[dict[str, Any]]:
        """The complete lines that came since the last call."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as log:
            log.seek(self._offset)
            added = log.read()
        self._offset += len(added)
        *lines, self._rest = (self._rest + added).split(b"\n")
        return [event for event in map(self._event, lines) if event is not None]

    def life_ended(self) -> None:
        """The process died; a line that it had begun will not be completed."""
        self._rest = b""

    def _event(self, line: bytes) -> dict[str, Any] | None:
        try:
            event: dict[str, Any] = json.loads(line)
        except ValueError:
            self.unreadable.append(line.decode(errors="replace"))
            return None
        name, path = event.get("event", ""), event.get("path", "")
        self.times[name] += 1
        if name in RESULTS or event.get("quarantined"):
            self.results.add(path)
        if name == "track.analyzed":
            self.analyzed[path] += 1
        return event
