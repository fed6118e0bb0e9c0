"""Whether there is room to begin a track, and what is done when there is not: clean up, wait, go on smaller.

What enters: the occupancy of every level, read anew each time, and the ladder of configurations. What leaves: a
decision with its numbers, for the log and the worker. A track is never refused: the smallest configuration goes ahead
even where it is not predicted to fit, since a prediction is no reason to leave music unanalyzed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import structlog

from playlista.memory.cgroup import Cgroup
from playlista.memory.configuration import Configuration
from playlista.memory.decision import AdmissionDecision, explain
from playlista.memory.headroom import HARD_MARK, SOFT_MARK, Headroom, Mark, headroom
from playlista.memory.process import drop_page_cache

#: How often a track that waits looks again.
POLL_SECONDS = 0.5
#: A look at the cgroups takes some 0.5 ms; inside a track it is taken at most this often.
CHECK_INTERVAL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Reloadable:
    """Something that can be dropped and loaded again: `unload` returns the bytes that the next track will load anew."""

    name: str
    unload: Callable[[], int]


def uncounted() -> None:
    """The counter of a caller that has no metrics."""


class Admission:
    """Decides before each track how it goes ahead, and looks after memory while it runs.

    Parameters
    ----------
    ladder : configurations from the one that is wanted to the smallest; see ``configuration.ladder``.
    cleanup : collects garbage and returns free pages.
    reloadables : dropped in this order, one at a time, while there is no room.
    patience_seconds : how long a track may wait for room.
    pause : waits so many seconds, or less; true when the program is to stop (``threading.Event.wait``).
    paused : called once for each track that waits.
    clock : seconds, monotonic.
    """

    def __init__(
        self,
        cgroup: Cgroup,
        ladder: Sequence[Configuration],
        *,
        cleanup: Callable[[], None],
        reloadables: Sequence[Reloadable] = (),
        patience_seconds: float = 10.0,
        pause: Callable[[float], bool] | None = None,
        paused: Callable[[], None] = uncounted,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cgroup = cgroup
        self._ladder = tuple(ladder)
        self._cleanup = cleanup
        self._reloadables = tuple(reloadables)
        self._patience_seconds = patience_seconds
        self._pause = pause or threading.Event().wait
        self._paused = paused
        self._clock = clock
        self._tight = False
        self._next_check = clock()
        self._log = structlog.get_logger(__name__)

    @property
    def is_tight(self) -> bool:
        """Whether memory was short and has not since been below the soft mark."""
        return self._tight

    def admit(self, path: str | None = None, *, extra_bytes: int = 0, reduced: bool = False) -> AdmissionDecision:
        """Decide how the next track goes ahead; may clean up and wait before it returns.

        Parameters
        ----------
        path : the track, whose cached pages are dropped when memory is short.
        extra_bytes : what it needs beside its configuration, such as an array that is loaded whole.
        reduced : ask for the smallest configuration from the start, as after a crash.
        """
        ladder = self._ladder[-1:] if reduced else self._ladder
        cleaned: tuple[str, ...] = ()
        waited_seconds = 0.0
        if not self._has_room(ladder[0], extra_bytes):
            cleaned, reload_bytes = self._make_room(path, ladder[0], extra_bytes)
            extra_bytes += reload_bytes
            waited_seconds = self._wait_for_room(ladder, extra_bytes)
        chosen = next((step for step in ladder if self._has_room(step, extra_bytes)), None)
        if not reduced:
            self._tight = chosen != ladder[0]
        decision = self._decision(ladder, chosen, extra_bytes, waited_seconds=waited_seconds, cleaned=cleaned)
        self._log.log(_level(ladder, decision), "track.admitted", path=path, **asdict(decision))
        return decision

    def during_track(self) -> Configuration | None:
        """Look whether memory has run short inside a track; cheap enough to call after every chunk.

        Returns
        -------
        The configuration with which the rest of the track should go on, or None to carry on as before.
        """
        now = self._clock()
        if now < self._next_check:
            return None
        self._next_check = now + CHECK_INTERVAL_SECONDS
        if self._headroom(HARD_MARK).holds(0):
            return None
        self._cleanup()
        room = self._headroom(HARD_MARK)
        if room.holds(0):
            return None
        if not self._tight:
            self._log.warning("memory.ran_short", occupied_bytes=room.occupied_bytes, **asdict(room.limit))
        self._tight = True
        return self._ladder[-1]

    def _headroom(self, mark: Mark) -> Headroom:
        return headroom(self._cgroup.occupancies(), mark)

    def _has_room(self, step: Configuration, extra_bytes: int) -> bool:
        """While memory is tight the wanted way must stay below the soft mark, a smaller one below the hard mark."""
        careful = self._tight and step == self._ladder[0] and len(self._ladder) > 1
        mark = SOFT_MARK if careful else HARD_MARK
        return self._headroom(mark).holds(step.need_bytes + extra_bytes)

    def _make_room(self, path: str | None, step: Configuration, extra_bytes: int) -> tuple[tuple[str, ...], int]:
        """Clean up until `step` has room; what was done, and the bytes that must be loaded anew for it."""
        self._cleanup()
        done, reload_bytes = ["garbage and free heap"], 0
        if path is not None and drop_page_cache(path):
            done.append("page cache of the track")
        for reloadable in self._reloadables:
            if self._has_room(step, extra_bytes + reload_bytes):
                break
            reload_bytes += reloadable.unload()
            done.append(reloadable.name)
        return tuple(done), reload_bytes

    def _wait_for_room(self, ladder: Sequence[Configuration], extra_bytes: int) -> float:
        """Wait until the first step of `ladder` has room, for as long as patience lasts; the seconds waited.

        Where memory was short already and a smaller step has room, waiting again at every track would gain nothing.
        """
        if self._has_room(ladder[0], extra_bytes):
            return 0.0
        if self._tight and any(self._has_room(step, extra_bytes) for step in ladder[1:]):
            return 0.0
        self._tight = True  # from here on the soft mark counts: not to go ahead at the first page that gets free
        self._paused()
        started = self._clock()
        while (waited_seconds := self._clock() - started) < self._patience_seconds:
            stopping = self._pause(min(POLL_SECONDS, self._patience_seconds - waited_seconds))
            if stopping or self._has_room(ladder[0], extra_bytes):
                break
        return self._clock() - started

    def _decision(
        self,
        ladder: Sequence[Configuration],
        chosen: Configuration | None,
        extra_bytes: int,
        *,
        waited_seconds: float,
        cleaned: tuple[str, ...],
    ) -> AdmissionDecision:
        configuration = chosen or ladder[-1]
        room = self._headroom(HARD_MARK)
        as_asked, fits = configuration == ladder[0], chosen is not None
        return AdmissionDecision(
            configuration=configuration,
            need_bytes=configuration.need_bytes + extra_bytes,
            occupied_bytes=room.occupied_bytes,
            limit_bytes=room.limit.bytes,
            limit_source=room.limit.source,
            waited_seconds=round(waited_seconds, 3),
            cleaned=cleaned,
            fits=fits,
            why=explain(as_asked=as_asked, fits=fits, waited=waited_seconds > 0, cleaned=bool(cleaned)),
        )


def _level(ladder: Sequence[Configuration], decision: AdmissionDecision) -> int:
    """Waiting and going ahead smaller are for the operator to see; cleaning up is worth a line, and room is none."""
    if decision.waited_seconds or not decision.fits or decision.configuration != ladder[0]:
        return logging.WARNING
    return logging.INFO if decision.cleaned else logging.DEBUG
