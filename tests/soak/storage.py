"""Storage that fails: a share's program dies, its reads fail, its reads hang, again and again over a long queue.

The music folder is a FUSE file system of the tests' own (`tests.faulty_fs`). Each track is of its own, so that none is
explained by another's result. Nothing is told to the daemon, before, while or after.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from pathlib import Path

from tests.faulty_fs import Faults, faulty_folder, why_no_fuse
from tests.soak import union
from tests.soak.findings import Finding, at_least, exactly, told
from tests.soak.music import make_noises
from tests.soak.place import Place
from tests.soak.service import Service

TRACKS = 3_000
OUTAGES = 3
OUTAGE_SECONDS = 12.0
LONGEST_WAIT_SECONDS = 3600.0
SETTINGS = {
    "WATCH_SETTLE_SECONDS": "0.5",
    "MUSICNN_RUNTIME": "off",
    "WATCH_MODE": "polling",
    "TRACK_TIMEOUT_SECONDS": "5",
}
_BLAMED = "SELECT path FROM files WHERE status IN ('failed', 'quarantined', 'partial')"
_COUNTED = "SELECT max(attempts) FROM (SELECT attempts FROM jobs WHERE state <> 'claimed' UNION SELECT 0)"
_BEYOND = "SELECT total(attempts - 1) FROM analyses"
_DONE = "SELECT count(*) FROM files WHERE status = 'analyzed'"


#: What fails, and how; beyond the first 4 KiB, a file is recognized before its reads fail.
KINDS: tuple[tuple[str, Callable[[Faults], None]], ...] = (
    ("its program dies", lambda faults: faults.die()),
    ("its reads fail (EIO)", lambda faults: faults.fail(errno.EIO, beyond=4096)),
    ("its reads fail (ENOTCONN)", lambda faults: faults.fail(errno.ENOTCONN, beyond=4096)),
    ("its reads and looks time out (ETIMEDOUT)", lambda faults: faults.fail(errno.ETIMEDOUT, stat=True)),
    ("its handles are stale (ESTALE)", lambda faults: faults.fail(errno.ESTALE, stat=True)),
    ("its reads hang", lambda faults: faults.hang(beyond=4096)),
)


def run(place: Place) -> list[Finding]:
    """Every kind of outage of a share, then of a union of disks."""
    if why := why_no_fuse():
        return [told("not tried", why)]
    back, service = place.folder / "back", Service(place.folder / "storage", SETTINGS)
    tracks = place.scaled(TRACKS, 36)
    make_noises(back, tracks, place.seed)
    try:
        for number in range(OUTAGES * len(KINDS)):
            _outage(place, service, back, tracks, number)
        with faulty_folder(back, service.music):
            service.until(
                lambda: _count(service) == tracks, "all tracks after the last outage", LONGEST_WAIT_SECONDS, 0.2
            )
            findings = _judged(service, tracks, OUTAGES * len(KINDS))
            service.stop()
    finally:
        service.close()
    return [*findings, *union.run(place)]


def _outage(place: Place, service: Service, back: Path, tracks: int, number: int) -> None:
    """Let the daemon work up to its share of the tracks, then break the storage for a while, and heal it."""
    kind, begin = KINDS[number % len(KINDS)]
    share = tracks * (number + 1) // (OUTAGES * len(KINDS) + 1)
    with faulty_folder(back, service.music) as faults:
        if service.process is None:
            service.spawn()
        service.until(lambda: _count(service) >= share, "work", LONGEST_WAIT_SECONDS, 0.2)
        before = _count(service)
        begin(faults)
        time.sleep(OUTAGE_SECONDS)
        place.say(f"outage {number + 1}, {kind}: {before} of {tracks} before it, {_count(service)} after it")
        faults.heal()


def _judged(service: Service, tracks: int, outages: int) -> list[Finding]:
    service.journal.read()
    times = service.journal.times
    return [
        told("outages: a program that died, EIO, ENOTCONN, ETIMEDOUT, ESTALE, reads that hang", outages),
        told("each of them took", f"{OUTAGE_SECONDS:g} s and more"),
        at_least("tracks given back because of the storage", times["track.postponed"], 1),
        exactly("tracks analyzed after it, without a hand", _count(service), tracks),
        exactly("tracks blamed (failed, partial, quarantined)", len(service.paths_where(_BLAMED)), 0),
        told("attempts at tracks that were unreachable while nothing was mounted, not counted", times["track.retried"]),
        exactly("attempts counted beyond the one that gave the result", int(service.ask_library(_BEYOND)[0][0]), 0),
        exactly("attempts counted in the queue at the end", int(service.ask_library(_COUNTED)[0][0]), 0),
        exactly("results lost", tracks - _count(service), 0),
        exactly("tracks analyzed twice", max(0, times["track.analyzed"] - tracks), 0),
    ]


def _count(service: Service) -> int:
    try:
        return int(service.ask_library(_DONE)[0][0])
    except Exception:  # the library is not there yet
        return 0
