"""Which source of news is in use, and what a change of it asks for."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from typing import cast

import pytest

from playlista.watch.event_source import RETRY_PER_ATTEMPT_SECONDS, RETRY_SECONDS, EventSource
from playlista.watch.observer import Observer


@dataclass
class Kernel:
    """inotify as it is at the moment; the observer of one folder with it, which takes `seconds` to start."""

    exhausted: bool = False
    error: OSError | None = None
    seconds: float = 0.0
    now: float = 1000.0
    alive: bool = True
    started: list[float] = field(default_factory=list)

    def start(self) -> None:
        self.started.append(self.now)
        self.now += self.seconds
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        pass


def source_on(kernel: Kernel) -> EventSource:
    return EventSource(
        "inotify",
        make_observer=lambda: cast(Observer, kernel),
        reports_changes=lambda: True,
        monotonic=lambda: kernel.now,
    )


def scans_asked_for(source: EventSource, kernel: Kernel, seconds: int) -> int:
    """How often the source asked for a scan while it was looked after every second."""
    asked = 0
    for _ in range(seconds):
        asked += source.keep(kernel.now)
        kernel.now += 1
    return asked


@pytest.mark.parametrize("kernel", [Kernel(exhausted=True), Kernel(error=OSError(errno.EMFILE, ""))])
def test_trying_inotify_again_in_vain_asks_for_no_scan(kernel: Kernel) -> None:
    source = source_on(kernel)
    assert scans_asked_for(source, kernel, 3600) == 0
    assert source.mode == "polling"
    assert source.degraded is not None
    assert len(kernel.started) == pytest.approx(3600 / RETRY_SECONDS, abs=2)


def test_an_attempt_that_takes_long_is_made_less_often() -> None:
    """Watching a hundred thousand folders takes as long as a scan of them."""
    kernel = Kernel(exhausted=True, seconds=5)
    source = source_on(kernel)
    scans_asked_for(source, kernel, 3600)
    pauses = [later - former for former, later in zip(kernel.started, kernel.started[1:], strict=False)]
    assert all(pause >= 5 * RETRY_PER_ATTEMPT_SECONDS for pause in pauses[1:])


def test_inotify_that_works_again_asks_for_one_scan_and_so_does_its_end() -> None:
    kernel = Kernel(exhausted=True)
    source = source_on(kernel)
    scans_asked_for(source, kernel, 100)
    kernel.exhausted = False
    assert scans_asked_for(source, kernel, 100) == 1
    assert (source.mode, source.degraded) == ("inotify", None)
    kernel.alive = False
    assert source.keep(kernel.now)
    assert source.mode == "polling"
