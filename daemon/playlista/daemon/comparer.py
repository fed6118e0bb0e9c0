"""Compares files by their bytes with the results that are there, so that only what differs is decoded.

Input: files that were touched, renamed, copied, restored. Output: kept results, in batches. Nothing is decoded here; a
song of 8 MB costs 3 CPU ms, and whatever is not the bytes of a result is left to be analyzed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import structlog

from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.daemon.reuse import Reuse, holds
from playlista.decode.content import content_hash
from playlista.errors import TrackError
from playlista.library.comparisons import Comparison, Comparisons, Kept
from playlista.tracks import Analysis, TrackFile

log = structlog.get_logger(__name__)

#: Most files compared in a row, before a track that waits for its analysis gets its turn.
BATCH_FILES = 200
BATCH_SECONDS = 2.0


class Comparer:
    """Works off the comparisons of one library.

    Parameters
    ----------
    music_dir : absolute path of the music folder.
    kept : called for each result that was kept.
    stop : asked once a MiB; true ends a batch with ``Interrupted``, and nothing of it is lost but time.
    """

    def __init__(
        self,
        music_dir: str,
        *,
        comparisons: Comparisons,
        reuse: Reuse,
        analyzer: AudioAnalyzer,
        kept: Callable[[], None],
        stop: Callable[[], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._music_dir = music_dir
        self._comparisons = comparisons
        self._reuse = reuse
        self._analyzer = analyzer
        self._note_kept = kept
        self._stop = stop
        self._monotonic = monotonic
        self._filled_to: int | None = 0
        #: The path of the file that is being read, for other threads; None in between.
        self.reading: str | None = None

    def compare(self) -> int:
        """Compare a batch; how many results were kept.

        Raises
        ------
        Interrupted : we are to stop.
        """
        give_up_at = self._monotonic() + BATCH_SECONDS
        kept: list[Kept] = []
        others: list[Comparison] = []
        for comparison in self._comparisons.due(BATCH_FILES):
            found = self._compared(comparison)
            kept += [found] if found else []
            others += [] if found else [comparison]
            if self._monotonic() > give_up_at:
                break
        if not (kept or others):
            return 0
        done = self._comparisons.settle(kept, others)
        for one in done:
            self._note_kept()
            log.info("track.kept", path=one.comparison.file.path, why="the same bytes as before")
        return len(done)

    def fill(self) -> bool:
        """Read the bytes of some results that do not say what they were made from; whether there may be more.

        For a worker that has nothing else to do: the results of version 0.1 learn what a later `touch` is compared
        with, without a decoder.
        """
        if self._filled_to is None:
            return False
        found, self._filled_to = self._comparisons.without_content(self._filled_to)
        read = [(file_id, self._content(file)) for file_id, file in found]
        self._comparisons.note_content((file_id, *result) for file_id, result in read if result is not None)
        return self._filled_to is not None

    def _compared(self, comparison: Comparison) -> Kept | None:
        read = self._content(comparison.file)
        if read is None:
            return None
        seen, content = read
        if content == comparison.content and holds(comparison.status, comparison.reason, own=True):
            return None if self._is_outdated(comparison) else Kept(comparison, seen, None)
        twin = self._reuse.by_content(comparison.file_id, content)
        return None if twin is None or self._is_outdated(twin) else Kept(comparison, seen, twin)

    def _is_outdated(self, result: Comparison | Analysis) -> bool:
        return bool(self._analyzer.outdated_groups(result.versions, result.settings))

    def _content(self, file: TrackFile) -> tuple[TrackFile, bytes] | None:
        """The hash of the file's bytes, and what `stat` said of it before and after; None if that cannot be had."""
        path = os.path.join(self._music_dir, file.path)
        self.reading = file.path
        try:
            before = TrackFile.from_stat(file.path, os.stat(path))
            content = content_hash(path, stop=self._stop)
            after = TrackFile.from_stat(file.path, os.stat(path))
        except (OSError, TrackError):
            return None  # the attempt at it will say why
        finally:
            self.reading = None
        return (after, content) if before == after else None
