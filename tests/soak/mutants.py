"""Ten thousand damaged files through real daemons: none dies, hangs or grows, and they say what each file is.

Each daemon runs in a real cgroup of the size that the product promises, where one can be made; a supervisor would start
it again if it died, and count that.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from benchmarks.cgroups import MIB, MemoryCgroup, memory_cgroup, why_not
from tests.soak.findings import Finding, at_most, exactly, told
from tests.soak.music import FORMS, make_excerpts
from tests.soak.mutations import mutant
from tests.soak.place import Place
from tests.soak.service import Service

MUTANTS = 10_400
SECONDS = 2.0
LIMIT_MIB = 192
TIMEOUT_SECONDS = 30
#: Beyond the timeout a track may take its last chunk, its clean-up and a tick of a busy machine.
GRACE_SECONDS = 5.0
SETTINGS = {"TRACK_TIMEOUT_SECONDS": str(TIMEOUT_SECONDS), "RETRY_BACKOFF_SECONDS": "0", "WATCH_SETTLE_SECONDS": "0.5"}

#: What a damaged file may be told as. Anything else blames the machine, the daemon or the time.
RIGHT = {
    ("analyzed", None),
    ("partial", "corrupt"),
    ("failed", "corrupt"),
    ("failed", "empty"),
    ("failed", "not_audio"),
}
#: These formats neither state their length nor end in a mark, so that nothing shows that something is missing.
UNMARKED = ("aac",)
ENDS = frozenset({"track.analyzed", "track.failed", "track.quarantined", "track.retried", "track.kept"})

Row = tuple[str, str | None, str | None]


def run(place: Place) -> list[Finding]:
    """Make the mutants, let a daemon for each CPU loose on its share of them, and judge what they said."""
    with ExitStack() as resources:
        trouble = why_not()
        watches = [_watch(place, number, trouble, resources) for number in range(os.cpu_count() or 1)]
        counts = _make(place, [watch.service for watch in watches])
        with ThreadPoolExecutor(len(watches)) as threads:
            list(threads.map(_Watch.run, watches, counts))
        rows = [row for watch in watches for row in _results(watch.service)]
        kills = sum(watch.cgroup.oom_kills() for watch in watches if watch.cgroup)
        where = told("no cgroup", trouble) if trouble else told("memory limit of each real cgroup", f"{LIMIT_MIB} MiB")
        seen = [told("daemons, one for each CPU", str(len(watches))), *_seen(watches)]
        return [*_verdicts(sum(counts), rows), *seen, exactly("OOM kills", kills, 0), where, *_kinds(rows)]


def _watch(place: Place, number: int, trouble: str | None, resources: ExitStack) -> _Watch:
    cgroup = None if trouble else resources.enter_context(memory_cgroup(LIMIT_MIB * MIB))
    service = Service(place.folder / f"run-{number}", SETTINGS, cgroup=cgroup)
    resources.callback(service.close)
    return _Watch(place, service, cgroup)


def _make(place: Place, services: list[Service]) -> list[int]:
    """The mutants in the music folders of the services, dealt out in turn; how many each got."""
    excerpts = make_excerpts(place.music, place.folder / "originals", tuple(FORMS), len(FORMS), SECONDS)
    originals = list(zip(FORMS, (path.read_bytes() for path in excerpts), strict=True))
    count = place.scaled(MUTANTS)
    counts = [0] * len(services)
    for number in range(count):
        # By the formats' round, so that every service gets every format.
        share = number // len(originals) % len(services)
        made = mutant(number, originals, place.seed)
        folder = services[share].music / f"{number // 1000:02}"
        folder.mkdir(exist_ok=True)
        (folder / made.named(number)).write_bytes(made.content)
        counts[share] += 1
    place.say(f"{count} mutants of {len(originals)} formats made")
    return counts


class _Watch:
    """Looks after the daemon while it works: deaths, time between two results, memory."""

    def __init__(self, place: Place, service: Service, cgroup: MemoryCgroup | None) -> None:
        self._place = place
        self.service = service
        self.cgroup = cgroup
        self.deaths = 0
        self.longest_seconds = 0.0
        self.longest_path = ""
        self.peak_bytes = 0
        self._last: datetime | None = None

    def run(self, count: int) -> None:
        """Until every mutant has its result."""
        self.service.spawn()
        deadline = time.monotonic() + 6 * 3600
        said = 0
        while len(self.service.journal.results) < count and time.monotonic() < deadline:
            self._look()
            if len(self.service.journal.results) >= said + 1000:
                said = len(self.service.journal.results)
                self._place.say(f"{said} of {count} done, {self.peak_bytes >> 20} MiB at most, {self.deaths} deaths")
            time.sleep(0.25)
        self.service.stop()

    def _look(self) -> None:
        service = self.service
        assert service.process is not None
        if service.process.poll() is not None:
            self.deaths += 1
            self._last = None
            service.journal.life_ended()
            service.spawn()
        self.peak_bytes = max(self.peak_bytes, service.peak_resident_bytes())
        for event in service.journal.read():
            self._time(event)

    def _time(self, event: dict[str, Any]) -> None:
        """The time from the end of one attempt to the end of the next is what that one took, at most."""
        now = datetime.fromisoformat(event["timestamp"])
        if event["event"] in ENDS and self._last is not None:
            seconds = (now - self._last).total_seconds()
            if seconds > self.longest_seconds:
                self.longest_seconds, self.longest_path = seconds, event["path"]
        if event["event"] in ENDS | {"folder.scanned"}:
            self._last = now


def _seen(watches: list[_Watch]) -> list[Finding]:
    """What was seen of all daemons."""
    slowest = max(watches, key=lambda watch: watch.longest_seconds)
    peak_bytes = max(watch.peak_bytes for watch in watches)
    return [
        exactly("deaths of the daemons", sum(watch.deaths for watch in watches), 0),
        at_most("longest time for one file", slowest.longest_seconds, TIMEOUT_SECONDS + GRACE_SECONDS, " s"),
        told("which one that was", os.path.basename(slowest.longest_path)),
        at_most("peak resident memory of a daemon", peak_bytes / MIB, LIMIT_MIB, " MiB", digits=0),
    ]


def _results(service: Service) -> list[Row]:
    rows = service.ask_library("SELECT path, status, reason FROM files LEFT JOIN analyses ON file_id = files.id")
    return [(os.path.basename(os.fsdecode(bytes(path))), status, reason) for path, status, reason in rows]


def _verdicts(count: int, rows: list[Row]) -> list[Finding]:
    wrong = [name for name, status, reason in rows if (status, reason) not in RIGHT]
    spoilt = [name for name, status, _ in rows if "-untouched-" in name and status != "analyzed"]
    trusted = [
        name for name, status, _ in rows if "-cut-" in name and status == "analyzed" and not name.endswith(UNMARKED)
    ]
    return [
        exactly("mutants of real files that have a result", sum(row[1] is not None for row in rows), count),
        _none("of these with a reason that blames anything but the file", wrong),
        _none("undamaged files among them not told as analyzed", spoilt),
        _none("files cut to 20-80 % told as whole, where the format shows its length or its end", trusted),
    ]


def _none(what: str, names: list[str]) -> Finding:
    """That there are no such files; else with the names of some."""
    return exactly(f"{what}: {', '.join(names[:5])}" if names else what, len(names), 0)


def _kinds(rows: list[Row]) -> list[Finding]:
    """How each kind of damage ended."""
    ends: dict[str, Counter[str]] = {}
    for name, status, reason in rows:
        kind = name.split("-")[1].replace("_", " ")
        ends.setdefault(kind, Counter())[f"{status} {reason or ''}".strip()] += 1
    return [
        told(f"{kind}: {sum(counter.values())}", ", ".join(f"{n} {end}" for end, n in counter.most_common()))
        for kind, counter in sorted(ends.items())
    ]
