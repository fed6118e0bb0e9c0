"""Storage that fails: the share's program dies, its reads fail, its reads hang, again and again over a long queue.

The music folder is a FUSE file system of the tests' own (`tests.faulty_fs`). Each track is of its own, so that none is
explained by another's result. Nothing is told to the daemon, before, while or after.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from tests.faulty_fs import Faults, faulty_folder, why_no_fuse
from tests.soak.findings import Finding, at_least, exactly, told
from tests.soak.place import Place
from tests.soak.service import Service

TRACKS = 3_000
OUTAGES = 3
OUTAGE_SECONDS = 12.0
LONGEST_WAIT_SECONDS = 3600.0
RATE_HZ = 8000
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


def run(place: Place) -> list[Finding]:
    """Every kind of outage."""
    if why := why_no_fuse():
        return [told("not tried", why)]
    back, service = place.folder / "back", Service(place.folder / "storage", SETTINGS)
    tracks = _make_tracks(back, place.scaled(TRACKS, 24), place.seed)
    kinds: list[tuple[str, Callable[[Faults], None]]] = [
        ("its program dies", lambda faults: faults.die()),
        ("its reads fail (EIO)", lambda faults: faults.fail(errno.EIO, beyond=4096)),
        ("its reads and looks time out (ETIMEDOUT)", lambda faults: faults.fail(errno.ETIMEDOUT, stat=True)),
        ("its reads hang", lambda faults: faults.hang(beyond=4096)),
    ]
    findings: list[Finding] = []
    done = 0
    for outage in range(OUTAGES):
        for number, (kind, begin) in enumerate(kinds):
            share = tracks * (outage * len(kinds) + number + 1) // (OUTAGES * len(kinds) + 1)
            with faulty_folder(back, service.music) as faults:
                if service.process is None:
                    service.spawn()
                service.until(lambda share=share: _count(service) >= share, "work", LONGEST_WAIT_SECONDS)  # type: ignore[misc]
                done = _count(service)
                begin(faults)
                time.sleep(OUTAGE_SECONDS)
                place.say(f"outage {outage + 1}, {kind}: {done} of {tracks} before it, {_count(service)} after it")
                faults.heal()
    with faulty_folder(back, service.music):
        service.until(lambda: _count(service) == tracks, "all tracks after the last outage", LONGEST_WAIT_SECONDS)
    findings += _judged(service, tracks, OUTAGES * len(kinds))
    service.stop()
    return findings


def _judged(service: Service, tracks: int, outages: int) -> list[Finding]:
    service.journal.read()
    times = service.journal.times
    return [
        told("outages: a program that died, EIO, ETIMEDOUT, reads that hang", outages),
        told("each of them took", f"{OUTAGE_SECONDS:g} s and more"),
        at_least("tracks given back because of the storage", times["track.postponed"], 1),
        exactly("tracks analyzed after it, without a hand", _count(service), tracks),
        exactly("tracks blamed (failed, partial, quarantined)", len(service.paths_where(_BLAMED)), 0),
        told("tries of tracks that were not to be seen while nothing was mounted, uncounted", times["track.retried"]),
        exactly("attempts counted beyond the one that gave the result", int(service.ask_library(_BEYOND)[0][0]), 0),
        exactly("attempts counted in the queue at the end", int(service.ask_library(_COUNTED)[0][0]), 0),
        exactly("results lost", tracks - _count(service), 0),
        exactly("tracks analyzed twice", max(0, times["track.analyzed"] - tracks), 0),
    ]


def _make_tracks(back: Path, count: int, seed: int) -> int:
    back.mkdir()
    noise = np.random.default_rng(seed)
    for number in range(count):
        soundfile.write(back / f"{number:04}.wav", noise.uniform(-0.5, 0.5, RATE_HZ), RATE_HZ)
    return count


def _count(service: Service) -> int:
    try:
        return int(service.ask_library(_DONE)[0][0])
    except Exception:  # the library is not there yet
        return 0
