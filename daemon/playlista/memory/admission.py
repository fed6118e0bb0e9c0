"""Whether there is memory to begin a track, and what is done when there is not: clean up, wait, fall back.

Input: the occupancy of every level, read anew each time, and the fallback configurations. Output: a decision with its
numbers, for the log and the worker. A track is never refused: the smallest configuration goes ahead
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
from playlista.memory.headroom import HIGH_WATERMARK, LOW_WATERMARK, Headroom, Watermark, headroom
from playlista.memory.process import drop_page_cache
from playlista.system.units import MEBIBYTE

#: How often a track that waits looks again.
POLL_SECONDS = 0.5
#: A look at the cgroups takes some 0.5 ms; inside a track it is taken at most this often.
CHECK_INTERVAL_SECONDS = 0.25
#: Occupancy that differs by less than this share of the limit is that of the same programs doing the same.
STEADY_SHARE = 1 / 32


@dataclass(frozen=True, slots=True)
class Reloadable:
    """Something that can be dropped and loaded again: `unload` returns the bytes that the next track will load anew."""

    name: str
    unload: Callable[[], int]


def noop() -> None:
    """The counter of a caller that has no metrics."""


class Admission:
    """Decides before each track how it goes ahead, and looks after memory while it runs.

    Parameters
    ----------
    configurations : from the one that is wanted to the smallest; see ``fallback_configurations``.
    cleanup : collects garbage and returns free pages.
    reloadables : dropped in this order, one at a time, while memory is short.
    max_wait_seconds : how long a track may wait for memory.
    pause : waits so many seconds, or less; true when the program is to stop (``threading.Event.wait``).
    paused : called once for each track that waits.
    clock : seconds, monotonic.
    """

    def __init__(
        self,
        cgroup: Cgroup,
        configurations: Sequence[Configuration],
        *,
        cleanup: Callable[[], object],
        reloadables: Sequence[Reloadable] = (),
        max_wait_seconds: float = 10.0,
        pause: Callable[[float], bool] | None = None,
        paused: Callable[[], None] = noop,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cgroup = cgroup
        self._configurations = tuple(configurations)
        self._cleanup = cleanup
        self._reloadables = tuple(reloadables)
        self._max_wait_seconds = max_wait_seconds
        self._pause = pause or threading.Event().wait
        self._paused = paused
        self._clock = clock
        self._tight = False
        #: What was occupied when a track had waited and nothing fitted; None once there was enough again.
        self._vain_occupied_bytes: int | None = None
        #: Why a track waits at this moment, in one line for people; None while none does.
        self.shortage: str | None = None
        self._next_check = clock()
        self._log = structlog.get_logger(__name__)

    def admit(self, path: str | None = None, *, extra_bytes: int = 0, reduced: bool = False) -> AdmissionDecision:
        """Decide how the next track goes ahead; may clean up and wait before it returns.

        Parameters
        ----------
        path : the track, whose cached pages are dropped when memory is short.
        extra_bytes : what it needs on top of its configuration, such as an array that is loaded whole.
        reduced : ask for the smallest configuration from the start, as after a crash.
        """
        configurations = self._configurations[-1:] if reduced else self._configurations
        cleaned: tuple[str, ...] = ()
        waited_seconds = 0.0
        if not self._has_memory(configurations[0], extra_bytes):
            cleaned, reload_bytes = self._free_memory(path, configurations[0], extra_bytes)
            extra_bytes += reload_bytes
            waited_seconds = self._wait_for_memory(configurations, extra_bytes)
        chosen = next((step for step in configurations if self._has_memory(step, extra_bytes)), None)
        if not reduced:
            self._tight = chosen != configurations[0]
        if chosen == configurations[0]:
            self._vain_occupied_bytes = None
        decision = self._decision(configurations, chosen, extra_bytes, waited_seconds=waited_seconds, cleaned=cleaned)
        self._log.log(_level(configurations, decision), "track.admitted", path=path, **asdict(decision))
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
        if self._headroom(HIGH_WATERMARK).holds(0):
            return None
        self._cleanup()
        available = self._headroom(HIGH_WATERMARK)
        if available.holds(0):
            return None
        if not self._tight:
            self._log.warning("memory.ran_short", occupied_bytes=available.occupied_bytes, **asdict(available.limit))
        self._tight = True
        return self._configurations[-1]

    def _headroom(self, watermark: Watermark) -> Headroom:
        return headroom(self._cgroup.occupancies(), watermark)

    def _has_memory(self, step: Configuration, extra_bytes: int) -> bool:
        """While memory is tight the first one must stay below the low watermark, the others below the high one."""
        careful = self._tight and step == self._configurations[0] and len(self._configurations) > 1
        watermark = LOW_WATERMARK if careful else HIGH_WATERMARK
        return self._headroom(watermark).holds(step.need_bytes + extra_bytes)

    def _free_memory(self, path: str | None, step: Configuration, extra_bytes: int) -> tuple[tuple[str, ...], int]:
        """Clean up until `step` fits; what was done, and the bytes that must be loaded anew for it."""
        self._cleanup()
        done, reload_bytes = ["garbage and free heap"], 0
        if path is not None and drop_page_cache(path):
            done.append("page cache of the track")
        for reloadable in self._reloadables:
            if self._has_memory(step, extra_bytes + reload_bytes):
                break
            reload_bytes += reloadable.unload()
            done.append(reloadable.name)
        return tuple(done), reload_bytes

    def _told_shortage(self, step: Configuration, extra_bytes: int) -> str:
        available = self._headroom(HIGH_WATERMARK)
        occupied, limit, need = (
            f"{count / MEBIBYTE:.0f} MB"
            for count in (available.occupied_bytes, available.limit.bytes, step.need_bytes + extra_bytes)
        )
        return (
            f"memory is short, a track waits: {occupied} of {limit} ({available.limit.source}) are occupied, it takes "
            f"{need}; raise the memory limit, or end what else takes it"
        )

    def _wait_for_memory(self, configurations: Sequence[Configuration], extra_bytes: int) -> float:
        """Wait until the first of `configurations` fits, for `max_wait_seconds` at most; the seconds waited.

        Waiting again at every track would gain nothing where memory was short already and a smaller one fits, or where
        as much is occupied as after a wait in vain.
        """
        if self._has_memory(configurations[0], extra_bytes):
            return 0.0
        if self._tight and (self._fits_any(configurations[1:], extra_bytes) or self._waits_in_vain()):
            return 0.0
        self._tight = True  # from here on the low watermark counts: not to go ahead at the first page that gets free
        self._paused()
        self.shortage = self._told_shortage(configurations[0], extra_bytes)
        started = self._clock()
        while (waited_seconds := self._clock() - started) < self._max_wait_seconds:
            stopping = self._pause(min(POLL_SECONDS, self._max_wait_seconds - waited_seconds))
            if stopping or self._has_memory(configurations[0], extra_bytes):
                break
        self.shortage = None
        if not self._fits_any(configurations, extra_bytes):
            self._vain_occupied_bytes = self._headroom(HIGH_WATERMARK).occupied_bytes
        return self._clock() - started

    def _fits_any(self, configurations: Sequence[Configuration], extra_bytes: int) -> bool:
        return any(self._has_memory(step, extra_bytes) for step in configurations)

    def _waits_in_vain(self) -> bool:
        """Whether as much is occupied as when a track waited in vain: most of it is our own then."""
        if self._vain_occupied_bytes is None:
            return False
        now = self._headroom(HIGH_WATERMARK)
        return now.occupied_bytes <= self._vain_occupied_bytes + STEADY_SHARE * now.limit.bytes

    def _decision(
        self,
        configurations: Sequence[Configuration],
        chosen: Configuration | None,
        extra_bytes: int,
        *,
        waited_seconds: float,
        cleaned: tuple[str, ...],
    ) -> AdmissionDecision:
        configuration = chosen or configurations[-1]
        available = self._headroom(HIGH_WATERMARK)
        as_asked, fits = configuration == configurations[0], chosen is not None
        return AdmissionDecision(
            configuration=configuration,
            need_bytes=configuration.need_bytes + extra_bytes,
            occupied_bytes=available.occupied_bytes,
            limit_bytes=available.limit.bytes,
            limit_source=available.limit.source,
            waited_seconds=round(waited_seconds, 3),
            cleaned=cleaned,
            fits=fits,
            why=explain(as_asked=as_asked, fits=fits, waited=waited_seconds > 0, cleaned=bool(cleaned)),
        )


def _level(configurations: Sequence[Configuration], decision: AdmissionDecision) -> int:
    """Waiting and falling back are for the operator to see; cleaning up is worth a line, enough memory is not."""
    if decision.waited_seconds or not decision.fits or decision.configuration != configurations[0]:
        return logging.WARNING
    return logging.INFO if decision.cleaned else logging.DEBUG
