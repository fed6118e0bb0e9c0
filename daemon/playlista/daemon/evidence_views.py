"""What the API shows of a track's file: pictures of its health, and a report on it.

Input: a connection to the library, and where files are. Output: plain types and documents, from whatever thread asks.
Each answer reads a file, within a deadline; the server has one thread for them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from playlista.library.database import Database
from playlista.library.files import Library
from playlista.library.results import Store
from playlista.outputs.report.document import CONTENT_POLICY, write_report
from playlista.outputs.report.subject import NoPicturesError, read_pictures, read_subject
from playlista.serve.errors import NotFoundError
from playlista.serve.views import Document
from playlista.system.callbacks import noop


class EvidenceViews:
    """Pictures and reports of single tracks.

    Parameters
    ----------
    file : where the file of a track can be opened, by its id; None where it must not be.
    stop : true once the daemon ends.
    """

    def __init__(self, reader: Database, file: Callable[[int], str | None], *, stop: Callable[[], bool] = noop) -> None:
        self._reader = reader
        self._library = Library(reader)
        self._store = Store(reader, clock=time.time)
        self._file = file
        self._stop = stop

    def evidence(self, file_id: int) -> dict[str, Any]:
        """Spectrum and waveforms.

        Raises
        ------
        NotFoundError : there is no such track, or nothing to draw of it.
        """
        known, analysis = self._library.by_id(file_id), self._store.of_file(file_id)
        if known is None or analysis is None:
            raise NotFoundError("no such track")
        try:
            return read_pictures(analysis, known, self._file(file_id), stop=self._stop).to_json()
        except NoPicturesError as error:
            raise NotFoundError(str(error)) from error

    def report(self, file_id: int) -> Document:
        """The report as HTML.

        Raises
        ------
        NotFoundError : there is no such track.
        """
        known = self._library.by_id(file_id)
        place = self._file(file_id) if known is not None else None
        subject = read_subject(self._reader, known, place, stop=self._stop) if known is not None else None
        if subject is None:
            raise NotFoundError("no such track")
        return Document(write_report(subject), CONTENT_POLICY)
