"""Which events begin something: the many writes of one copy are one event.

Input: kinds and paths of events, as they come, and the time. Output: whether an event is to be counted. A copy over a
slow line makes an event for each block that arrives, for hours; what people ask of the metric is how many files
changed.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

#: Files written at a time that are told apart; beyond that the one that rested longest counts anew.
LIMIT_FILES = 10_000
#: Writes closer together than this are one event, however short the settling time is.
LEAST_QUIET_SECONDS = 1.0


class EventBursts:
    """The files that are being written; used by watchdog's thread alone.

    Parameters
    ----------
    quiet_seconds : how long a file must not have been written for its next write to be another event.
    monotonic : seconds that never jump.
    """

    def __init__(self, quiet_seconds: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._quiet_seconds = max(quiet_seconds, LEAST_QUIET_SECONDS)
        self._monotonic = monotonic
        self._written: OrderedDict[str, float] = OrderedDict()  # when each was last written, the longest ago first

    def begins(self, kind: str, path: str) -> bool:
        """Whether the event of this `kind` at `path` is not just more of the one before it."""
        if kind not in {"created", "modified"}:
            self._written.pop(path, None)
            return True
        now = self._monotonic()
        self._forget_resting(now)
        goes_on = path in self._written
        self._written[path] = now
        self._written.move_to_end(path)
        return not goes_on

    def _forget_resting(self, now: float) -> None:
        while self._written:
            path, last = next(iter(self._written.items()))
            if now - last <= self._quiet_seconds and len(self._written) < LIMIT_FILES:
                return
            del self._written[path]
