"""Files that rot: bits are flipped while nobody looks, size and time stamp kept; the scrub has to find each of them.

2,000 files have results, each with the hash of its own bytes, and a daemon has seen them all. Then it is stopped, and a
bit is flipped in 20 of them at random places. Half of these keep their ctime as far as the library knows, as on a disk
that rots; the others were written to by somebody who set the time stamp back. Others are touched, made read-only and
written anew with a new time stamp: none of them rotted. Then the daemon scrubs them at a limited rate, and new files
arrive meanwhile.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.config import Settings
from playlista.decode.content import hash_file
from playlista.library.database import FILE_NAME, open_existing
from playlista.library.file_rows import as_stored
from playlista.library.files import KnownFile, Library
from playlista.tracks import TrackFile
from tests.libraries import Clock, open_parts
from tests.soak.findings import Finding, at_least, at_most, exactly, told
from tests.soak.music import make_noises
from tests.soak.place import Place
from tests.soak.service import Service

TRACKS = 2000
ROTTED = 20
NEW_FILES = 20
RATE_MB = 0.5
#: Over a shorter time one step of the reader would count for too much.
WINDOW_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 3600.0
SETTINGS = {"WATCH_SETTLE_SECONDS": "0.2", "MUSICNN_RUNTIME": "off", "WATCH_RESCAN_INTERVAL_SECONDS": "600"}
SCRUB = {"SCRUB_INTERVAL_DAYS": "30", "SCRUB_RATE_MB_PER_SECOND": str(RATE_MB)}
_RESULTS = "SELECT path, finished_at FROM files JOIN analyses ON file_id = id"
_FINISHED = "SELECT count(*) FROM remembered WHERE name = 'scrub_finished_at'"


def run(place: Place) -> list[Finding]:
    """Analyze, let rot, scrub, and compare."""
    tracks, random = place.scaled(TRACKS, 100), Random(place.seed)
    service = Service(place.folder / "scrub", SETTINGS)
    spare = place.folder / "spare"
    shutil.rmtree(service.music)
    make_noises(service.music, tracks, place.seed)
    make_noises(spare, 2 * NEW_FILES, place.seed + 1, prefix="new")
    arriving = sorted(spare.iterdir())
    _store_results(service)
    try:
        without = _without_scrub(service, arriving[:NEW_FILES])
        before = dict(service.ask_library(_RESULTS))
        rotted, innocent = _let_rot(service, sorted(service.music.glob("[0-9]*")), random)
        place.say(f"{len(rotted)} of {tracks} files rotted")
        scrub = _scrubbed(service, arriving[NEW_FILES:], len(innocent))
        after = dict(service.ask_library(_RESULTS))
        kept = sum(before[os.fsencode(path)] == after[os.fsencode(path)] for path in rotted)
        found = {json.loads(line)["path"] for line in service.run("scrub", "--rotted", "--json").stdout.splitlines()}
        events = [event["path"] for event in service.journal.read() if event.get("event") == "file.rotted"]
    finally:
        service.close()
    return [
        told("files", tracks),
        told("written to, touched or made read-only by somebody meanwhile, and not rotted", len(innocent)),
        exactly("files that rotted and were named", len(found & rotted), len(rotted)),
        exactly("other files that were named", len(found - rotted), 0),
        exactly("named in the log, once each", len(events), len(rotted)),
        exactly("named by the metric", scrub.known, len(rotted)),
        exactly("stored results of rotted files that stayed", kept, len(rotted)),
        *scrub.reads.findings(),
        *_delays(without, scrub.delays),
    ]


def _without_scrub(service: Service, arriving: list[Path]) -> list[float]:
    """Let a daemon see all files; the delays of those that arrive meanwhile."""
    service.spawn()
    service.wait_ready()
    delays = [_arrival(service, file) for file in arriving]
    service.stop()
    return delays


@dataclass(frozen=True, slots=True)
class _Scrub:
    """A whole pass: how it read, seconds that each new file waited meanwhile, and rotted files by the metric."""

    reads: _Reads
    delays: list[float]
    known: int


def _scrubbed(service: Service, arriving: list[Path], innocent: int) -> _Scrub:
    """Let a daemon scrub all files, while others arrive."""
    service.environment |= SCRUB
    service.spawn()
    reads = _Reads(service)
    service.until(lambda: _has_settled(service, innocent), "what was written meanwhile", LONGEST_WAIT_SECONDS)
    delays = [_arrival(service, file, reads.look) for file in arriving]
    service.until(lambda: reads.look() or _has_finished(service), "the pass", LONGEST_WAIT_SECONDS, 0.2)
    service.until(lambda: not service.ask_library("SELECT 1 FROM jobs"), "the queue", LONGEST_WAIT_SECONDS, 0.2)
    known = int(service.metric("playlista_rotted_tracks"))
    service.stop()
    return _Scrub(reads, delays, known)


def _store_results(service: Service) -> None:
    """Give every file the result of the first one and the hash of its own bytes: thousands in seconds."""
    analyzer = AudioAnalyzer(Settings(musicnn_runtime="off"))
    files = sorted(service.music.iterdir())
    sample = analyzer.analyze(os.fspath(files[0]))
    service.data.mkdir(exist_ok=True)
    with open_parts(service.data, Clock(time.time())) as parts:
        parts.queue.enqueue([TrackFile.from_stat(file.name, file.stat()) for file in files], "scan")
        while job := parts.queue.claim():
            path = job.file.path
            read = hash_file(os.fspath(service.music / path))
            parts.queue.finish(job, replace(sample, path=path, origin=read), seen=job.file)


def _has_settled(service: Service, written: int) -> bool:
    """Whether the scan after the start has found what was written meanwhile, and the worker is done with it.

    Of the three kinds one keeps its time stamp, and waits for the scrub.
    """
    if service.status_of("/readyz") != 200 or service.ask_library("SELECT 1 FROM jobs"):
        return False
    return service.metric("playlista_tracks_discovered_total") >= written * 2 // 3


class _Reads:
    """How fast the scrub reads, looked at again and again."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._looks: list[tuple[float, float]] = []

    def look(self) -> None:
        """Note how much was read until now."""
        try:
            self._looks.append((time.monotonic(), self._service.metric("playlista_scrub_bytes_total")))
        except AssertionError:
            return  # the page cannot be read at the moment

    def findings(self) -> list[Finding]:
        """The rate over all, and over the fastest seconds."""
        rates, first = [], 0
        for last, (now, count) in enumerate(self._looks):
            while first < last and now - self._looks[first + 1][0] >= WINDOW_SECONDS:
                first += 1
            if now - self._looks[first][0] >= WINDOW_SECONDS:
                rates.append((count - self._looks[first][1]) / (now - self._looks[first][0]) / 1e6)
        total = self._looks[-1][1] / 1e6
        fastest = max(rates, default=0.0)
        return [
            at_least("MB read again", round(total, 1), 1),
            at_most(f"fastest {WINDOW_SECONDS:g} s, by the metric", fastest, RATE_MB * 1.05, " MB/s"),
        ]


def _let_rot(service: Service, files: list[Path], random: Random) -> tuple[set[str], set[str]]:
    """Flip a bit in some files, do harmless things to others; the names of both."""
    chosen = random.sample(files, 4 * min(ROTTED, len(files) // 8))
    share = len(chosen) // 4
    rotted, touched, locked, written = (chosen[number * share : (number + 1) * share] for number in range(4))
    for file in rotted:
        _flip(file, random)
    _hide_ctime(service, rotted[::2])
    for file in touched:
        os.utime(file)
    for file in locked:
        file.chmod(0o444)
    for file in written:
        _flip(file, random)
        os.utime(file)
    return {file.name for file in rotted}, {file.name for file in touched + locked + written}


def _flip(file: Path, random: Random) -> None:
    status = file.stat()
    with file.open("r+b") as opened:
        position = random.randrange(44, status.st_size)  # behind the head of the WAV
        opened.seek(position)
        byte = opened.read(1)[0]
        opened.seek(position)
        opened.write(bytes([byte ^ 1 << random.randrange(8)]))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def _hide_ctime(service: Service, files: list[Path]) -> None:
    """A disk that rots moves no ctime, and nobody can set one: the library is told that it knew the new one."""
    with open_existing(os.fspath(service.data / FILE_NAME)) as database:
        library = Library(database)
        for file in files:
            known = library.get(file.name)
            assert known is not None
            library.see_again([KnownFile(known.file_id, as_stored(TrackFile.from_stat(file.name, file.stat())))])


def _arrival(service: Service, file: Path, meanwhile: Callable[[], object] = lambda: None) -> float:
    """Seconds from the moment when `file` was put into the music folder until its result was told."""
    began = time.monotonic()
    shutil.copy(file, service.music / f".{file.name}")
    (service.music / f".{file.name}").rename(service.music / file.name)
    query = f"SELECT count(*) FROM files WHERE status = 'analyzed' AND path = CAST('{file.name}' AS BLOB)"
    service.until(lambda: meanwhile() or service.ask_library(query)[0][0], "a new file", every_seconds=0.02)
    return time.monotonic() - began


def _delays(without: list[float], with_scrub: list[float]) -> list[Finding]:
    one, other = statistics.median(without), statistics.median(with_scrub)
    return [
        told(f"a new file to its result without a scrub, median and most of {len(without)}", _pair(one, max(without))),
        told(f"the same during the scrub, of {len(with_scrub)}", _pair(other, max(with_scrub))),
        at_most("delay by the scrub, by the medians", max(0.0, other - one), 1.0, " s"),
        at_most("delay by the scrub, by the worst", max(0.0, max(with_scrub) - max(without)), 1.0, " s"),
    ]


def _pair(median: float, most: float) -> str:
    return f"{median:.2f} s, {most:.2f} s"


def _has_finished(service: Service) -> bool:
    return service.ask_library(_FINISHED)[0][0] > 0
