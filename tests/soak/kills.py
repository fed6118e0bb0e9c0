"""SIGKILL at random moments over one run: nothing lost, nothing doubled, the track at work named and not blamed.

The witness is the kernel: the process is stopped before it is killed, and what it holds open then is looked up in
/proc. So the named track is compared with what really was being read.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path

from tests import signals
from tests.soak.findings import Finding, at_least, at_most, exactly, holds, told
from tests.soak.music import FORMS as ENCODINGS
from tests.soak.music import Excerpt, encode, make_excerpts
from tests.soak.place import Place
from tests.soak.service import Service

KILLS = 500
FIRST_TRACKS = 300
SECONDS = 12.0
#: More tracks are copied in when fewer than this are left, so that every kill finds work.
LEAST_LEFT = 60
#: One kill in so many comes before the daemon is ready.
STARTUP_KILLS_IN = 10
LONGEST_STARTUP_SECONDS = 0.8
LONGEST_LIFE_SECONDS = 1.6
READY_BAR_SECONDS = 3.0
FORMS = ("flac", "ogg", "mp3", "m4a", "wav", "opus")
#: Whoever kills a daemon five hundred times hits some tracks again and again. What the default would have done to them
#: is counted in the end, so that the run itself goes on whatever it is.
SETTINGS = {"MAX_ATTEMPTS": "50", "RETRY_BACKOFF_SECONDS": "0.5", "WATCH_SETTLE_SECONDS": "0.2"}
DEFAULT_MAX_ATTEMPTS = 3

#: Every so many tracks is a copy of an excerpt, whose result is kept; the others are songs of their own.
COPIES_IN = 4

CLAIMED = "SELECT path FROM jobs JOIN files ON files.id = file_id WHERE state = 'claimed'"
INTERRUPTED = "SELECT path FROM jobs JOIN files ON files.id = file_id WHERE interruptions > 0 OR alone_reduced = 1"
#: Copies are named NUMBER-EXCERPT, with five digits.
MUSIC_BY_EXCERPT = """
    SELECT substr(CAST(path AS TEXT), 7), count(DISTINCT music_hash)
    FROM analyses JOIN files ON files.id = file_id GROUP BY 1
"""
WITH_RESULT = "SELECT path FROM files WHERE status IS NOT NULL"
#: Files that are only compared by their bytes, or whose results lack a hash or names: no decoder has them open.
NOT_DECODED = f"{WITH_RESULT} UNION SELECT path FROM jobs JOIN files ON files.id = file_id WHERE compare = 1"


@dataclass(slots=True)
class Tally:
    """What was seen over all lives."""

    ready_seconds: list[float] = field(default_factory=list)
    ready_cpu_seconds: list[float] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)
    released: Counter[str] = field(default_factory=Counter)
    blamed: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    reading: int = 0
    before_ready: int = 0
    named: int = 0
    named_on_disk_only: int = 0
    unnamed: list[str] = field(default_factory=list)
    unclaimed: list[str] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)


class Massacre:
    """One run of a daemon that is killed over and over."""

    def __init__(self, service: Service, tracks: Iterator[Path], least_left: int, seed: int) -> None:
        self._service = service
        self._tracks = tracks
        self._least_left = least_left
        self._random = random.Random(seed)
        self._expected: str | None = None
        self.tally = Tally()
        self.placed = 0

    def feed(self, count: int) -> None:
        """Copy `count` tracks into the folder."""
        self.placed += len(list(islice(self._tracks, count)))

    def life(self) -> None:
        """Start, kill at a random moment, and compare what was named with what the kernel saw."""
        service, tally = self._service, self.tally
        service.spawn()
        if self._random.randrange(STARTUP_KILLS_IN) == 0:
            tally.before_ready += 1
            time.sleep(self._random.uniform(0, LONGEST_STARTUP_SECONDS))
        else:
            tally.ready_seconds.append(service.wait_ready())
            tally.ready_cpu_seconds.append(service.cpu_seconds())
            tally.loads.append(os.getloadavg()[0])
            time.sleep(self._random.uniform(0, LONGEST_LIFE_SECONDS))
        opened = service.freeze()
        service.kill()
        tally.kills += 1
        self._check(opened)
        if self.placed - len(service.journal.results) < self._least_left:
            self.feed(self._least_left)

    def settle_accounts(self) -> None:
        """The last kill's track is named by the life that follows it; wait until all is done."""
        service = self._service
        service.spawn()
        service.wait_ready()
        self._check_naming()
        service.until(lambda: service.status_of("/readyz") and not self._left(), "the rest", max_wait_seconds=1800)
        service.stop()
        service.journal.read()

    def _left(self) -> int:
        time.sleep(0.2)
        ((jobs, known),) = self._service.ask_library("SELECT (SELECT count(*) FROM jobs), count(*) FROM files")
        return int(jobs) + self.placed - int(known)

    def _check(self, opened: list[str]) -> None:
        """After a kill: the former track was named, the next one is claimed on disk, no result is gone."""
        self._check_naming()
        self._service.journal.life_ended()
        claimed, others = self._on_disk(CLAIMED), self._on_disk(NOT_DECODED)
        self.tally.reading += any(path in claimed for path in opened)
        self.tally.unclaimed += [path for path in opened if path not in claimed and path not in others]
        self.tally.lost |= self._service.journal.results - self._stored()
        self._expected = next(iter(claimed), None)

    def _check_naming(self) -> None:
        """The life that just ended had to name the track that the one before it was killed at."""
        named = self._named()
        if self._expected is None:
            return
        if self._expected in named:
            self.tally.named += 1
        elif self._library_exists() and self._expected in self._service.paths_where(INTERRUPTED):
            self.tally.named_on_disk_only += 1
        elif self._expected in self._service.paths_where(CLAIMED):
            return  # killed before it could look; the next life will name it
        else:
            self.tally.unnamed.append(self._expected)
        self._expected = None

    def _named(self) -> list[str]:
        """The tracks that the lives since the last call named, as given back or as blamed."""
        events = self._service.journal.read()
        released, blamed = (
            [event["path"] for event in events if event["event"] == name]
            for name in ("track.released", "track.crashed")
        )
        self.tally.released.update(released)
        self.tally.blamed.update(blamed)
        return released + blamed

    def _stored(self) -> set[str]:
        return set(self._on_disk(WITH_RESULT))

    def _on_disk(self, query: str) -> list[str]:
        return self._service.paths_where(query) if self._library_exists() else []

    def _library_exists(self) -> bool:
        return (self._service.data / "playlista.db").exists()


def tracks_in(folder: Path, excerpts: Sequence[Path], scratch: Path) -> Iterator[Path]:
    """Tracks without end, appearing whole under names of NUMBER-EXCERPT: new songs, and copies of the excerpts."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in count():
        excerpt = excerpts[number // COPIES_IN % len(excerpts)]
        path = folder / f"{number:05}-{excerpt.name}"
        if number % COPIES_IN:
            excerpt = _song(scratch, number, FORMS[number % len(FORMS)])
            path = folder / f"{number:05}-{number:05}{excerpt.suffix}"
        hidden = path.with_name(f".{path.name}")
        shutil.copyfile(excerpt, hidden)
        hidden.rename(path)
        yield path


def _song(scratch: Path, number: int, suffix: str) -> Path:
    """A song that no other number has, in this format."""
    source = signals.write(scratch / "source.wav", signals.song(SECONDS, bpm=70 + number % 100, seed=number))
    path = scratch / f"song.{suffix}"
    encode(Excerpt(str(source), 0.0), SECONDS, path, ENCODINGS[suffix])
    return path


def run(place: Place) -> list[Finding]:
    """Kill a daemon `KILLS` times and let it finish."""
    excerpts = make_excerpts(place.music, place.folder / "excerpts", FORMS, place.scaled(24, 3), seconds=SECONDS)
    service = Service(place.folder / "run", SETTINGS)
    tracks = tracks_in(service.music, excerpts, place.folder / "excerpts")
    massacre = Massacre(service, tracks, place.scaled(LEAST_LEFT, 8), place.seed)
    massacre.feed(place.scaled(FIRST_TRACKS, 16))
    try:
        for number in range(1, place.scaled(KILLS) + 1):
            massacre.life()
            if number % 25 == 0:
                place.say(f"{number} kills, {len(service.journal.results)} of {massacre.placed} tracks done")
        massacre.settle_accounts()
        return _findings(place, service, massacre)
    finally:
        service.close()


def _findings(place: Place, service: Service, massacre: Massacre) -> list[Finding]:
    tally, analyzed = massacre.tally, service.journal.analyzed
    ((finished,),) = service.ask_library("SELECT count(*) FROM files WHERE status = 'analyzed'")
    hashes = service.ask_library(MUSIC_BY_EXCERPT)
    (intact,) = service.ask_library("PRAGMA integrity_check")[0]
    named = tally.named + tally.named_on_disk_only
    ready = sorted(tally.ready_seconds)
    return [
        exactly("kills (SIGKILL)", tally.kills, place.scaled(KILLS)),
        told("of these before the daemon was ready", tally.before_ready),
        at_least("of these with a track open, by /proc", tally.reading, place.scaled(KILLS) // 6),
        exactly("tracks open that no attempt on disk claimed", len(tally.unclaimed), 0),
        exactly("interrupted tracks named, of those claimed at a kill", named, named + len(tally.unnamed)),
        told("of these killed again before the log line, named by `failures` only", tally.named_on_disk_only),
        exactly("tracks in the folder that have one finished result", int(finished), massacre.placed),
        exactly("results lost after they were logged", len(tally.lost), 0),
        exactly("tracks analyzed twice", sum(times > 1 for times in analyzed.values()), 0),
        exactly("excerpts whose copies gave different music", sum(int(row[1]) != 1 for row in hashes), 0),
        at_most("longest time until ready again", ready[-1], READY_BAR_SECONDS, " s"),
        told("median and 99 % of it", f"{statistics.median(ready):.2f} s, {ready[int(len(ready) * 0.99)]:.2f} s"),
        told("CPU time until ready, median and most", _median_and_most(tally.ready_cpu_seconds, " s")),
        told("load of this machine meanwhile (2 cores are 2.0), median and most", _median_and_most(tally.loads)),
        told("attempts that counted: the OOM killer was at work on this machine", tally.blamed.total()),
        told("most kills of one track that were not counted", max(tally.released.values(), default=0)),
        exactly("innocent tracks that MAX_ATTEMPTS=3 would have quarantined", _quarantined_by_default(tally), 0),
        holds("the library after it", str(intact), reached=intact == "ok"),
    ]


def _quarantined_by_default(tally: Tally) -> int:
    """Tracks whose kills would have counted as often, after those that are not counted, as the default allows."""
    counted = {
        path: tally.blamed[path] + max(tally.released[path] - DEFAULT_MAX_ATTEMPTS, 0)
        for path in tally.released.keys() | tally.blamed.keys()
    }
    return sum(attempts >= DEFAULT_MAX_ATTEMPTS for attempts in counted.values())


def _median_and_most(values: list[float], unit: str = "") -> str:
    return f"{statistics.median(values):.2f}{unit}, {max(values):.2f}{unit}"
