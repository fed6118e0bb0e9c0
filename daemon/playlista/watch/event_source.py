"""Where news of the music folder comes from: inotify while it works, else only scans; and back again by itself.

What enters: the mode from the settings and the time. What leaves: a running observer, or the reason why there is none
and the folder is polled.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Literal

import structlog

from playlista.watch.observer import Observer

#: How often inotify is tried again after it failed.
RETRY_SECONDS = 30.0

WatchMode = Literal["auto", "inotify", "polling"]

log = structlog.get_logger(__name__)


class EventSource:
    """Keeps an observer running as far as that is possible.

    Parameters
    ----------
    wanted : the setting; "auto" polls where the kernel does not report changes.
    make_observer : a new observer, not started.
    reports_changes : whether the kernel reports changes in the folder, at this moment.
    """

    def __init__(
        self, wanted: WatchMode, *, make_observer: Callable[[], Observer], reports_changes: Callable[[], bool]
    ) -> None:
        self._wanted = wanted
        self._make_observer = make_observer
        self._reports_changes = reports_changes
        self._observer: Observer | None = None
        self._retry_at = 0.0
        #: Why inotify is wanted and does not work, for people, or None.
        self.degraded: str | None = None

    @property
    def mode(self) -> Literal["inotify", "polling"]:
        """How news comes at this moment."""
        return "polling" if self._observer is None else "inotify"

    def keep(self, now: float) -> bool:
        """Start, stop or renew the observer as needed; True when it did, so that a scan has to close the gap."""
        if self._observer is not None:
            return self._look_after(self._observer, now)
        if self._wanted == "polling" or now < self._retry_at:
            return False
        self._retry_at = now + RETRY_SECONDS
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
        observer = self._make_observer()
        try:
            observer.start()
        except RecursionError:  # watchdog walks with os.walk, which before Python 3.12 calls itself
            observer.close()
            self._degrade("folders are nested too deeply for inotify, polling instead", now)
            return False
        except OSError as error:
            observer.close()
            self._degrade(_why(error), now)
            return False
        self._observer = observer
        if observer.exhausted:
            return self._look_after(observer, now)
        log.info("watch.started", mode=self.mode, **({"after": self.degraded} if self.degraded else {}))
        self.degraded = None
        return True

    def _look_after(self, observer: Observer, now: float) -> bool:
        if observer.exhausted:
            why = _why(OSError(errno.ENOSPC, ""))
        elif not observer.alive:
            why = "inotify's threads ended; they are started again"
        else:
            return False
        self.close()  # the few watches that it has are given back, others may need them
        self._degrade(why, now)
        return True

    def _degrade(self, why: str, now: float) -> None:
        if why != self.degraded:
            log.warning("watch.degraded", mode="polling", why=why)
        self.degraded = why
        self._retry_at = now + RETRY_SECONDS


def _why(error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC:
            return "inotify watches are used up, polling instead; raise the sysctl fs.inotify.max_user_watches"
        case errno.EMFILE:
            return "inotify instances are used up, polling instead; raise the sysctl fs.inotify.max_user_instances"
        case _:
            return f"inotify does not work here ({error.strerror}), polling instead"
