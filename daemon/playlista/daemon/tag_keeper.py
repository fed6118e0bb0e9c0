"""Keeps the tags of the music files: writes what was found into them, one file at a time, while nothing else waits.

Input: files whose tags are to be looked at, see ``library.tag_jobs``, and the settings ``TAG_*``. Output: tagged files,
a line in the log for each, and why files were left alone. Every file costs four decodings, so that as much time as the
writing took is left to others after it.

It ends by itself: what it writes changes nothing that it goes by, and a value that another program undoes again and
again is left to that program.
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Callable

import structlog

from playlista.config import Settings
from playlista.errors import Interrupted, StoreError, TagRefusal
from playlista.library.album_tracks import Albums, AlbumTracks
from playlista.library.database import Database
from playlista.library.files import KnownFile, Library
from playlista.library.results import Store
from playlista.library.tag_jobs import TagJob, TagJobs
from playlista.library.written_tags import WrittenTags
from playlista.memory.cgroup import Cgroup
from playlista.memory.child import child_limit
from playlista.memory.headroom import HIGH_WATERMARK, headroom
from playlista.outputs.file_tags.album_gain import album_gain
from playlista.outputs.file_tags.fields import AlbumGain, tag_fields
from playlista.outputs.file_tags.refusal import LATER, SOON, RefusedError
from playlista.outputs.file_tags.sound import Bounds
from playlista.outputs.file_tags.tagging import Tagging, is_taggable
from playlista.outputs.file_tags.writer import TagWriter
from playlista.system.mountinfo import why_read_only
from playlista.system.units import MEBIBYTE
from playlista.tracks import Analysis
from playlista.tracks.mood import MOOD_VERSION

log = structlog.get_logger(__name__)

#: When a file is looked at again that is in use, and one that somebody has to do something about.
SOON_SECONDS = 60.0
LATER_SECONDS = 6 * 3600.0
#: How long a file waits for the rest of its album, and how often that is looked at.
ALBUM_SECONDS = 3600.0
ALBUM_LOOK_SECONDS = 30.0
#: How often a read-only music folder is looked at.
READ_ONLY_LOOK_SECONDS = 60.0
#: A file at which the process died so often is left alone.
MOST_ATTEMPTS = 3
#: The tag library loads tags whole, and needs some times their size.
MOST_TAG_BYTES = 8 * MEBIBYTE
#: Albums whose gain is remembered, so that it is known when it changes.
_ALBUMS = 1000


class TagKeeper:
    """Keeps the tags of one library.

    Parameters
    ----------
    settings : the music folder, and what is written.
    database : the connection of the worker, whose thread this runs in.
    writer : writes one file.
    ended : called with the outcome of each file: "written", "unchanged", "kept", or a `TagRefusal`.
    clock : seconds since the epoch.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        store: Store,
        writer: TagWriter,
        *,
        ended: Callable[[str], None],
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._music_dir = os.path.abspath(settings.music_dir)
        self._library = Library(database)
        self._store = store
        self._jobs = TagJobs(database)
        self._tagging = Tagging(
            self._music_dir,
            WrittenTags(database),
            overwrite=settings.tag_overwrite,
            key_names=settings.tag_key_names,
        )
        self._albums = Albums(database)
        self._writer = writer
        self._ended = ended
        self._clock = clock
        self._monotonic = monotonic
        self._gains: OrderedDict[tuple[str, int], AlbumGain | None] = OrderedDict()
        self._rest_until = monotonic()
        self._look_again_at = monotonic()
        #: The path that is being written, for other threads; None in between.
        self.writing: str | None = None
        #: Why nothing can be written; None when all is well.
        self.trouble: str | None = None

    def begin(self) -> None:
        """Follow the settings, which may be others than at the last start."""
        if self._jobs.follow(tag_plan(self._settings)) and self._settings.tag_write:
            log.info("tags.plan_changed", fields=list(self._settings.tag_write))

    @property
    def pause_seconds(self) -> float:
        """How long others have their turn before the next file."""
        return max(0.0, self._rest_until - self._monotonic())

    def work(self, has_other_work: Callable[[], bool], *, unhurried: bool = False) -> bool:
        """Look at files until one was written; whether there may be more.

        Parameters
        ----------
        has_other_work : asked before each file, and ends it.
        unhurried : leave as much time to others as the last file took.

        Raises
        ------
        Interrupted : we are to stop, in the middle of a file; it is as it was.
        StoreError : the library could not be written.
        """
        if not self._settings.tag_write or (unhurried and self.pause_seconds > 0) or not self._may_write():
            return False
        while not has_other_work():
            job = self._jobs.next(self._clock())
            if job is None:
                return False
            began = self._monotonic()
            if self._look_at(job):
                self._rest_until = 2 * self._monotonic() - began
                return True
        return True

    def _may_write(self) -> bool:
        """Whether the music folder can be written at all; said once each time that it cannot."""
        if self.trouble is not None and self._monotonic() < self._look_again_at:
            return False
        former, self.trouble = self.trouble, why_read_only(self._music_dir)
        self._look_again_at = self._monotonic() + READ_ONLY_LOOK_SECONDS
        if self.trouble is not None and former is None:
            log.warning("tags.read_only", why=self.trouble)
        return self.trouble is None

    def _look_at(self, job: TagJob) -> bool:
        """Bring the tags of one file up to date; whether it was written."""
        known, analysis = self._library.by_id(job.file_id), self._store.readable(job.file_id)
        if known is None or analysis is None or not is_taggable(analysis):
            self._jobs.done(job.file_id)
            return False
        self.writing = known.file.path
        try:
            return self._keep(job, known, analysis)
        except RefusedError as error:
            self._refuse(job, known.file.path, error.refusal, str(error))
            return False
        except Interrupted:
            self._jobs.postpone(job.file_id, self._clock())
            raise
        except StoreError:
            raise  # which the worker waits for
        except Exception as error:  # one that nobody thought of must not end the daemon
            log.exception("tags.broke", path=known.file.path)
            detail = f"{type(error).__name__}: {error}; please report it with the log"
            self._refuse(job, known.file.path, TagRefusal.OTHER, detail)
            return False
        finally:
            self.writing = None

    def _keep(self, job: TagJob, known: KnownFile, analysis: Analysis) -> bool:
        album = self._albums.of_track(job.file_id, self._clock()) if "replaygain" in self._settings.tag_write else None
        if album is not None and not album.is_settled and self._clock() - job.asked_at < ALBUM_SECONDS:
            self._jobs.postpone(job.file_id, self._clock() + ALBUM_LOOK_SECONDS)
            return False
        settings = self._settings
        fields = tag_fields(
            analysis,
            choices=settings.tag_write,
            notation=settings.tag_key_notation,
            album=None if album is None else self._gain_of(job, album),
        )
        plan = self._tagging.plan(known, fields)
        if plan.contested and not plan.fields:
            message = f"another program undoes {', '.join(sorted(plan.contested))} again and again"
            raise RefusedError(message, TagRefusal.CONTESTED)
        if not plan.fields:
            self._jobs.done(job.file_id)
            self._ended("kept" if plan.kept else "unchanged")
            return False
        if job.attempts >= MOST_ATTEMPTS:
            raise RefusedError(f"the process died {job.attempts} times while it was tagged", TagRefusal.CRASHED)
        self._jobs.begin(job.file_id)
        self._tagging.write(known, analysis, plan, self._writer)
        self._jobs.done(job.file_id)
        self._ended("written")
        log.info("tags.written", path=known.file.path, **plan.fields)
        return True

    def _gain_of(self, job: TagJob, album: AlbumTracks) -> AlbumGain | None:
        """The gain of the album; the rest of it is looked at where that has changed."""
        gain = album_gain(album.tracks)
        place = album.folder, min(track.file_id for track in album.tracks)
        if place not in self._gains or self._gains[place] != gain:
            self._gains[place] = gain
            if len(self._gains) > _ALBUMS:
                self._gains.popitem(last=False)
            if job.spread:
                self._jobs.look_at(track.file_id for track in album.tracks if track.file_id != job.file_id)
        return gain

    def _refuse(self, job: TagJob, path: str, refusal: TagRefusal, detail: str) -> None:
        until = None
        if refusal in SOON:
            until = self._clock() + SOON_SECONDS
        elif refusal in LATER:
            until = self._clock() + LATER_SECONDS
        self._jobs.refuse(job.file_id, refusal.value, detail, until=until)
        self._ended(refusal.value)
        if (job.refusal, job.detail) != (refusal.value, detail):
            say = log.info if refusal in SOON else log.warning
            say("tags.refused", path=path, reason=refusal.value, detail=detail)


def made_tag_keeper(
    settings: Settings,
    database: Database,
    store: Store,
    *,
    cgroup: Cgroup,
    ended: Callable[[str], None],
    stop: Callable[[], bool],
) -> TagKeeper:
    """The keeper of the library behind `database`, with a writer that keeps to the memory that is free."""
    bounds = Bounds(
        settings.track_timeout_seconds,
        child_memory_bytes=lambda: child_limit(headroom(cgroup.occupancies(), HIGH_WATERMARK).free_bytes),
        stop=stop,
    )
    writer = TagWriter(
        os.fspath(settings.data_dir), bounds, key_names=settings.tag_key_names, max_tag_bytes=MOST_TAG_BYTES
    )
    return TagKeeper(settings, database, store, writer, ended=ended)


def tag_plan(settings: Settings) -> str:
    """What is written, as one text; empty where nothing is."""
    if not settings.tag_write:
        return ""
    how = (settings.tag_overwrite, settings.tag_key_notation, settings.tag_key_names)
    # Moods follow from the results, and change with their rules while no result does.
    return " ".join((",".join(settings.tag_write), *how, f"moods/{MOOD_VERSION}"))
