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
from playlista.analysis.reuse import Reuse, holds
from playlista.decode.content import hash_file
from playlista.errors import Interrupted, TrackError
from playlista.library.comparisons import Comparison, Comparisons, KeptResult
from playlista.tracks import Analysis, TrackFile
from playlista.tracks.origin import Origin

log = structlog.get_logger(__name__)

#: Most files compared in a row, before a track that waits for its analysis gets its turn.
BATCH_FILES = 200
#: What was read is written after so long, so that a process that is killed every few seconds comes forward, too.
BATCH_SECONDS = 0.25
#: Hashes that are written in one transaction: a scan or a page that waits for the database meanwhile has it soon.
NOTED_TOGETHER = 100


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
        self._filled = 0
        #: The path of the file that is being read, for other threads; None in between.
        self.reading: str | None = None

    def compare(self) -> int:
        """Compare a batch; how many results were kept.

        Raises
        ------
        Interrupted : we are to stop.
        """
        give_up_at = self._monotonic() + BATCH_SECONDS
        kept: list[KeptResult] = []
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
            log.info(
                "track.kept", path=one.comparison.file.path, why="the same bytes or the same encoded audio as before"
            )
        return len(done)

    def fill(self, has_other_work: Callable[[], bool]) -> bool:
        """Read some files whose results do not say what they were made from; whether there may be more.

        For a worker that has nothing else to do: the results of older versions learn what a later `touch` or retag is
        compared with, without a decoder. `has_other_work` is asked once a MiB, and ends it.
        """
        if self._filled_to is None:
            return False
        found, filled_to = self._comparisons.without_hashes(self._filled_to)
        give_up_at = self._monotonic() + BATCH_SECONDS
        read: list[tuple[int, TrackFile, Origin]] = []
        try:
            for file_id, file in found:
                hashes = self._read(file, stop=lambda: self._stop() or has_other_work(), keep_cached=False)
                read += [(file_id, *hashes)] if hashes else []
                self._filled_to = file_id
                if self._monotonic() > give_up_at:
                    return True
            self._filled_to = filled_to
        except Interrupted:
            return True  # that file is read again
        finally:
            self._note_filled(read)
        return self._filled_to is not None

    def _note_filled(self, read: list[tuple[int, TrackFile, Origin]]) -> None:
        for first in range(0, len(read), NOTED_TOGETHER):
            self._comparisons.note_hashes(read[first : first + NOTED_TOGETHER])
        self._filled += len(read)
        if self._filled_to is None and self._filled:
            log.info("hashes.filled", files=self._filled)

    def _compared(self, comparison: Comparison) -> KeptResult | None:
        found = self._read(comparison.file, stop=self._stop)
        if found is None:
            return None
        seen, read = found
        if read.content == comparison.content and holds(comparison.status, comparison.reason, own=True):
            return None if self._is_outdated(comparison) else KeptResult(comparison, seen, read, None)
        twin = self._reuse.by_content(comparison.file_id, read) or self._reuse.by_encoded(read)
        if twin is None or self._is_outdated(twin):
            return None
        twin = self._reuse.as_result_of(twin, os.path.join(self._music_dir, comparison.file.path))
        return KeptResult(comparison, seen, read, twin)

    def _is_outdated(self, result: Comparison | Analysis) -> bool:
        return bool(self._analyzer.outdated_groups(result.versions, result.settings))

    def _read(
        self, file: TrackFile, *, stop: Callable[[], bool], keep_cached: bool = True
    ) -> tuple[TrackFile, Origin] | None:
        """What `stat` said of the file before and after, and its hashes; None if they cannot be had."""
        path = os.path.join(self._music_dir, file.path)
        self.reading = file.path
        try:
            before = TrackFile.from_stat(file.path, os.stat(path))
            read = hash_file(path, stop=stop, keep_cached=keep_cached)
            after = TrackFile.from_stat(file.path, os.stat(path))
        except (OSError, TrackError):
            return None  # the attempt at it will say why
        finally:
            self.reading = None
        return (after, read) if before == after else None
