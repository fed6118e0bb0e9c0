"""Collects what a report on one track says: from the library, and from the file for the pictures.

Input: the library, a known file, and where it is. Output: a `Subject`, or `Evidence` alone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from playlista.analysis.evidence import Evidence, read_evidence
from playlista.errors import PlaylistaError, TrackError
from playlista.library.database import Database
from playlista.library.duplicates import Duplicates
from playlista.library.files import KnownFile
from playlista.library.health_report import findings_at
from playlista.library.results import Store
from playlista.outputs.report.document import Subject
from playlista.system.callbacks import noop
from playlista.tracks import Analysis, TrackFile
from playlista.tracks.findings import findings


class NoPicturesError(PlaylistaError):
    """There is nothing to draw of a track; the text says why, without a path."""


def read_subject(
    database: Database,
    known: KnownFile,
    place: str | None,
    *,
    clock: Callable[[], float] = time.time,
    stop: Callable[[], bool] = noop,
) -> Subject | None:
    """The subject of a report; None where the track has no result yet.

    Parameters
    ----------
    place : the file as it can be opened; None where it must not be read.
    """
    analysis = Store(database, clock=clock).of_file(known.file_id)
    if analysis is None:
        return None
    evidence, unread = _pictures_or_why_not(analysis, known, place, stop)
    return Subject(
        analysis=analysis,
        size_bytes=known.file.size_bytes,
        found=findings_at(database, known.file.path),
        evidence=evidence,
        unread=unread,
        recording=next(iter(Duplicates(database).page(file_id=known.file_id)), None),
        written_at=clock(),
    )


def subject_of_file(analysis: Analysis, place: str, seen: os.stat_result, *, now: float | None = None) -> Subject:
    """The subject of a report on a file that no library knows.

    Parameters
    ----------
    analysis : of the file at `place`, which was as `seen` before it was analyzed.
    now : seconds since the epoch; None for this moment.
    """
    known = KnownFile(0, TrackFile.from_stat(analysis.path, seen))
    evidence, unread = _pictures_or_why_not(analysis, known, place, noop)
    return Subject(
        analysis=analysis,
        size_bytes=seen.st_size,
        found={str(finding): words for finding, words in findings(analysis).items()},
        evidence=evidence,
        unread=unread,
        recording=None,
        written_at=time.time() if now is None else now,
    )


def _pictures_or_why_not(
    analysis: Analysis, known: KnownFile, place: str | None, stop: Callable[[], bool]
) -> tuple[Evidence | None, str | None]:
    try:
        return read_pictures(analysis, known, place, stop=stop), None
    except NoPicturesError as error:
        return None, str(error)


def read_pictures(
    analysis: Analysis, known: KnownFile, place: str | None, *, stop: Callable[[], bool] = noop
) -> Evidence:
    """The pictures of a track, from its file at `place`.

    Only a file that was decoded before, as it is now, is opened: another one could bring the decoder down, which the
    analysis is prepared for.

    Raises
    ------
    NoPicturesError : the track was not decoded, or the file cannot be read or is another one now.
    """
    if analysis.audio is None:
        raise NoPicturesError("it could not be decoded")
    if place is None:
        raise NoPicturesError("the file is outside of the music folder")
    try:
        seen = os.stat(place)
        if (seen.st_size, seen.st_mtime_ns) != (known.file.size_bytes, known.file.mtime_ns):
            raise NoPicturesError("the file was changed and is not analyzed again yet")
        return read_evidence(place, analysis.health.positions if analysis.health else {}, stop=stop)
    except TrackError as error:
        raise NoPicturesError(error.message) from error
    except OSError as error:
        raise NoPicturesError(f"the file cannot be read: {error.strerror}") from error
