"""A scan: what differs between disk and database is found and put right.

Input: the walk and the library. Output: moved files moved, new and changed files in the queue (or handed
back, if they may still be written), and the ids of those that are gone, which the caller forgets once it is sure of
the folder.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol

import structlog

from playlista.library.files import KnownFile, Library
from playlista.tracks import TrackFile
from playlista.watch.compare import Absent, Changed, DeviceChanged, Finding, New, Unreachable, compare
from playlista.watch.ignore import IgnoredReport
from playlista.watch.moves import Moves
from playlista.watch.walk import Seen, Unreadable, Walk

#: Findings put right in one go: one short transaction, and one look at whether to stop.
BATCH_FINDINGS = 1000

#: Places that cannot be read are logged one by one up to this many in a scan.
LOGGED_PLACES = 20

log = structlog.get_logger(__name__)


class Enqueue(Protocol):
    """`JobQueue.enqueue`, as far as the watcher uses it."""

    def __call__(self, files: Iterable[TrackFile], cause: Literal["event", "scan"]) -> int:
        """Put files in the queue; how many became due."""


@dataclass(slots=True)
class ScanReport:
    """What a scan found: files by kind, and places that could not be read.

    ``moved`` includes the ``returned``, which were gone. ``gone`` is filled in by who takes them out. ``kept`` are
    known files that could not be seen and are not held for gone. ``left_out`` are files that may still be written, for
    which the tracker was full: another scan must come. ``displaced``: a file lost its path to another, and only a
    scan of everything can tell where it went. ``ignored`` says what was passed over by rule. ``complete`` is False if
    the scan was ended early. ``gone_ids`` are the rows of files that were not at their place.
    """

    new: int = 0
    changed: int = 0
    moved: int = 0
    returned: int = 0
    gone: int = 0
    kept: int = 0
    unreadable: int = 0
    left_out: int = 0
    complete: bool = True
    displaced: bool = False
    ignored: IgnoredReport = field(default_factory=IgnoredReport, repr=False)
    gone_ids: array[int] = field(default_factory=lambda: array("q"), repr=False)


class Scanner:
    """Scans of one music folder.

    Parameters
    ----------
    enqueue : takes the files that are due.
    may_be_written : takes a file that changed so lately that it has to settle first; False when it is full.
    at_rest : whether a file whose last change was at this time, in epoch seconds, has settled.
    proceed : asked once a batch; the scan ends when it says no, because we stop or because the folder is another.
    """

    def __init__(
        self,
        walk: Walk,
        library: Library,
        *,
        enqueue: Enqueue,
        may_be_written: Callable[[TrackFile], bool],
        at_rest: Callable[[float], bool],
        proceed: Callable[[], bool],
    ) -> None:
        self._walk = walk
        self._library = library
        self._enqueue = enqueue
        self._may_be_written = may_be_written
        self._at_rest = at_rest
        self._proceed = proceed

    def scan(self, folder: str = "") -> ScanReport:
        """Compare all below `folder`, relative to the music folder, and put right what is not about deletion."""
        report = ScanReport()
        moves = Moves(self._walk, self._library)
        batch: list[Finding] = []
        for finding in compare(self._walk.below(folder, ignored=report.ignored), self._known_below(folder)):
            if isinstance(finding, Unreadable):
                _say_unreadable(report, finding)
                continue
            batch.append(finding)
            if len(batch) == BATCH_FINDINGS:
                if not self._proceed():
                    break
                self._put_right(batch, moves, report)
                batch = []
        report.complete = self._proceed()
        if report.complete:
            self._put_right(batch, moves, report)
        return report

    def _known_below(self, folder: str) -> Iterator[KnownFile]:
        page = self._library.page(folder=folder)
        while page:
            yield from page
            page = self._library.page(folder=folder, after=page[-1].file.path)

    def _put_right(self, batch: list[Finding], moves: Moves, report: ScanReport) -> None:
        device_changed: list[KnownFile] = []
        due: list[TrackFile] = []
        for finding in batch:
            match finding:
                case New(seen) | Changed(_, seen):
                    if not moves.explains(seen):
                        self._take(finding, seen, due, report)
                case DeviceChanged(known, seen):
                    device_changed.append(KnownFile(known.file_id, seen.file))
                case Absent(known):
                    report.gone_ids.append(known.file_id)
                case Unreachable():
                    report.kept += 1
        report.moved += moves.carry_out()
        report.displaced |= moves.displaced
        report.returned = moves.returned
        due += moves.take_unverified()
        self._library.see_again(device_changed)
        self._enqueue(due, "scan")

    def _take(self, finding: Finding, seen: Seen, due: list[TrackFile], report: ScanReport) -> None:
        report.new += isinstance(finding, New)
        report.changed += isinstance(finding, Changed)
        if self._at_rest(seen.changed_at):
            due.append(seen.file)
        elif not self._may_be_written(seen.file):
            report.left_out += 1


def _say_unreadable(report: ScanReport, place: Unreadable) -> None:
    report.unreadable += 1
    if report.unreadable <= LOGGED_PLACES:
        log.warning("folder.unreadable", path=place.path or ".", error=place.error.strerror)
