"""Where news of the music folder comes from: inotify while it works, else only scans; and back again by itself.

Input: the mode from the settings and the time. Output: a running observer, or the reason why there is none and the
folder is polled.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from typing import Literal

import structlog

from playlista.watch.observer import Observer

#: How often inotify is tried again after it failed. To try means to walk through all folders, so it is done less often
#: where that takes long: 1 % of the time is spent on it.
RETRY_SECONDS = 30.0
RETRY_PER_ATTEMPT_SECONDS = 100.0

WatchMode = Literal["auto", "inotify", "polling"]

log = structlog.get_logger(__name__)


class EventSource:
    """Keeps an observer running as far as that is possible.

    Parameters
    ----------
    wanted : the setting; "auto" polls where the kernel does not report changes.
    make_observer : a new observer, not started.
    reports_changes : whether the kernel reports changes in the folder, at this moment.
    monotonic : seconds that never jump.
    """

    def __init__(
        self,
        wanted: WatchMode,
        *,
        make_observer: Callable[[], Observer],
        reports_changes: Callable[[], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wanted = wanted
        self._make_observer = make_observer
        self._reports_changes = reports_changes
        self._monotonic = monotonic
        self._retry_seconds = RETRY_SECONDS
        self._observer: Observer | None = None
        self._retry_at = 0.0
        #: Why inotify is wanted and does not work, for people, or None.
        self.degraded: str | None = None

    @property
    def mode(self) -> Literal["inotify", "polling"]:
        """How news comes at this moment."""
        return "polling" if self._observer is None else "inotify"

    def keep(self, now: float) -> bool:
        """Start, stop or renew the observer as needed; True when a scan has to close the gap between two.

        An attempt that failed opens no gap: the folder was polled before it and is polled after it.
        """
        if self._observer is not None:
            return self._look_after(self._observer, now)
        if self._wanted == "polling" or now < self._retry_at:
            return False
        self._retry_at = now + self._retry_seconds
        return (self._wanted == "inotify" or self._reports_changes()) and self._start(now)

    def restart(self) -> None:
        """Let go of the observer, because the folder is not the one that it watches; `keep` makes another."""
        self.close()
        self._retry_at = 0.0

    def close(self) -> None:
        """End the observer."""
        if self._observer is not None:
            self._observer.close()
            self._observer = None

    def _start(self, now: float) -> bool:
        observer, began = self._make_observer(), self._monotonic()
        try:
            observer.start()
            _refuse_partial(observer)
        except RecursionError:  # watchdog walks with os.walk, which before Python 3.12 calls itself
            self._give_up(observer, began)
            self._degrade("folders are nested too deeply for inotify, polling instead", now)
            return False
        except OSError as error:
            self._give_up(observer, began)
            self._degrade(_why(error), now)
            return False
        self._observer = observer
        log.info("watch.started", mode=self.mode, **({"after": self.degraded} if self.degraded else {}))
        self.degraded = None
        return True

    def _give_up(self, observer: Observer, began: float) -> None:
        observer.close()  # the few watches that it has are given back, others may need them
        took = self._monotonic() - began
        self._retry_seconds = max(RETRY_SECONDS, took * RETRY_PER_ATTEMPT_SECONDS)

    def _look_after(self, observer: Observer, now: float) -> bool:
        if observer.exhausted:
            why = _why(OSError(errno.ENOSPC, ""))
        elif not observer.alive:
            why = "inotify's threads ended; they are started again"
        else:
            return False
        self.close()
        self._degrade(why, now)
        return True

    def _degrade(self, why: str, now: float) -> None:
        if why != self.degraded:
            log.warning("watch.degraded", mode="polling", why=why)
        self.degraded = why
        self._retry_at = now + self._retry_seconds


def _refuse_partial(observer: Observer) -> None:
    """Some folders are watched and some are not, which watchdog does not take for an error."""
    if observer.exhausted:
        raise OSError(errno.ENOSPC, "")


def _why(error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC:
            return "inotify watches are used up, polling instead; raise the sysctl fs.inotify.max_user_watches"
        case errno.EMFILE:
            return "inotify instances are used up, polling instead; raise the sysctl fs.inotify.max_user_instances"
        case _:
            return f"inotify does not work here ({error.strerror}), polling instead"
