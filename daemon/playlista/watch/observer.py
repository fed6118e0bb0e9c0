"""watchdog's inotify observer on one folder, turned into paths to look at, and honest about what it misses.

Input: a folder. Output: paths at which something happened, and counts of events. Two things that watchdog keeps to
itself are reported here: that the kernel's event queue overflowed (events are lost), and that a subfolder could not be
watched because the user's inotify watches are used up (events from there will never come).
"""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Callable

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyEmitter
from watchdog.observers.inotify_c import CallbackId, InotifyEvent, InotifyFD, Mask, WatchCallback, WatchDescriptor

from playlista.watch.debris import debris_file, debris_folder, is_audio_name
from playlista.watch.event_bursts import EventBursts
from playlista.watch.ignore import IGNORE_FILE
from playlista.watch.path_events import PathEvents

#: What is asked of the kernel. Never "opened" or "closed without writing": analyzing a track would set off its own
#: analysis. A file that is written through a mapping has no other event than its close.
EVENT_TYPES: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileClosedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]

#: The events that are counted, by watchdog's name.
COUNTED_EVENTS = frozenset({"created", "modified", "moved", "deleted"})


class Observer:
    """Watches one folder from `start` until `close`; made anew to watch again.

    Parameters
    ----------
    root : the folder, absolute.
    quiet_seconds : writes to one file that are closer together count as one event.
    count : called with "created", "modified", "moved" or "deleted" for each event about music.
    overflowed : called each time that the kernel lost events.
    """

    def __init__(
        self,
        root: str,
        events: PathEvents,
        *,
        quiet_seconds: float = 0.0,
        count: Callable[[str], None],
        overflowed: Callable[[], None],
    ) -> None:
        self._root = root
        self._handler = _EventHandler(root, events, EventBursts(quiet_seconds), count)
        self._overflowed = overflowed
        self._notify: _CandidNotify | None = None
        self._observer: BaseObserver | None = None

    def start(self) -> None:
        """Watch the folder and all in it; returns when the watches are in place.

        Raises
        ------
        OSError
            ENOSPC or EMFILE when inotify's watches or instances are used up, else why the folder cannot be watched.
        """
        # A folder that was moved out is still watched by watchdog; when it comes back, watchdog warns of its own doing.
        warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
        self._notify = _CandidNotify(self._overflowed)
        self._notify.start()
        self._observer = BaseObserver(InotifyEmitter, inotify_fd=self._notify)
        self._observer.schedule(self._handler, self._root, recursive=True, event_filter=EVENT_TYPES)
        self._observer.start()

    @property
    def exhausted(self) -> bool:
        """Whether some subfolder could not be watched for want of inotify watches."""
        return self._notify is not None and self._notify.exhausted

    @property
    def alive(self) -> bool:
        """Whether all of watchdog's threads still run; one that raised is dead without a word."""
        if self._notify is None or self._observer is None:
            return False
        emitters_alive = all(emitter.is_alive() for emitter in self._observer.emitters)
        return self._notify.is_alive() and self._observer.is_alive() and emitters_alive

    def close(self) -> None:
        """Give the watches back and end the threads; also after a failed `start`."""
        for thread in (self._observer, self._notify):
            if thread is not None:
                thread.stop()
        for thread in (self._observer, self._notify):
            if thread is not None and thread.is_alive():
                thread.join()


class _CandidNotify(InotifyFD):
    """watchdog's inotify instance, with its two silent losses made known."""

    def __init__(self, overflowed: Callable[[], None]) -> None:
        super().__init__()
        self._overflowed = overflowed
        self.exhausted = False

    def handle_event(self, event: InotifyEvent) -> None:
        super().handle_event(event)  # first, as it renews the watches: a scan after that misses nothing
        if event.is_queue_overflow:
            self._overflowed()

    def add_callback(self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId) -> WatchDescriptor:
        try:
            return super().add_callback(path, mask, callback, id_)
        except OSError as error:
            # watchdog passes over a subfolder that cannot be watched, whatever the reason.
            self.exhausted |= error.errno == errno.ENOSPC
            raise


class _EventHandler(FileSystemEventHandler):
    """Events about music as paths; called in watchdog's thread, so nothing is looked at here."""

    def __init__(self, root: str, events: PathEvents, bursts: EventBursts, count: Callable[[str], None]) -> None:
        self._bursts = bursts
        self._prefix_length = len(root.rstrip("/")) + 1
        self._events = events
        self._count = count

    def dispatch(self, event: FileSystemEvent) -> None:
        """Turn one event into the paths that it is about, unless it is about something else than music."""
        for place in (event.src_path, event.dest_path):
            folder, _, name = self._relative(place).rpartition("/")
            if name == IGNORE_FILE:
                self._events.put(folder)  # what it leaves out may have changed
        old, new = self._music_at(event.src_path, event), self._music_at(event.dest_path, event)
        if old is None and new is None:
            return
        if event.event_type in COUNTED_EVENTS and self._bursts.begins(event.event_type, old or new or ""):
            self._count(event.event_type)
        for path in filter(None, (old, new)):
            self._events.put(path)

    def _relative(self, place: bytes | str) -> str:
        return os.fsdecode(place)[self._prefix_length :]

    def _music_at(self, place: bytes | str, event: FileSystemEvent) -> str | None:
        """The path relative to the music folder, or None where there is none or no music to be expected."""
        path = self._relative(place)
        if not path:
            return None
        if event.is_directory:
            return None if any(map(debris_folder, path.split("/"))) else path
        folder, _, name = path.rpartition("/")
        if not is_audio_name(name) or debris_file(name) or any(map(debris_folder, folder.split("/"))):
            return None
        return path
