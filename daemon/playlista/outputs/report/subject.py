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
from playlista.tracks import Analysis


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
    evidence, unread = None, None
    try:
        evidence = read_pictures(analysis, known, place, stop=stop)
    except NoPicturesError as error:
        unread = str(error)
    return Subject(
        analysis=analysis,
        size_bytes=known.file.size_bytes,
        found=findings_at(database, known.file.path),
        evidence=evidence,
        unread=unread,
        recording=next(iter(Duplicates(database).page(file_id=known.file_id)), None),
        written_at=clock(),
    )


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
