"""Keeps the playlists of PLAYLIST_DIR up to date while the daemon runs.

Input: changes of the library and of ``playlists.toml``, looked for every few seconds. Output: playlist files, and what
became of them. Changes are debounced: files are written once nothing has changed for a while, or every few minutes
where changes do not end, as in a first scan.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import structlog

from playlista.config import Settings
from playlista.errors import PlaylistaError
from playlista.library.database import Database
from playlista.outputs.playlists.choice import PlaylistChoice
from playlista.outputs.playlists.kept import KeptPlaylist, KeptPlaylists, rule_file
from playlista.outputs.similarity.engine import Similarity

log = structlog.get_logger(__name__)

#: How often changes are looked for: a number of SQLite's and the time stamp of a file.
LOOK_SECONDS = 2.0
#: Files are written when nothing has changed for so long,
QUIET_SECONDS = 5.0
#: or when the first of the changes is so old.
LONGEST_WAIT_SECONDS = 300.0

_State = tuple[int, str | None, int, int]


class PlaylistKeeper:
    """Keeps the playlists of one library, in a thread of its own.

    Parameters
    ----------
    database : a connection that nobody else writes over: SQLite tells of others' changes only.
    clock : seconds, monotonic.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        playlists: KeptPlaylists,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._database = database
        self._playlists = playlists
        self._clock = clock
        self._seen: _State | None = None
        self._first_change_at: float | None = None
        self._last_change_at = 0.0
        self._told: dict[str, str] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="playlists", daemon=True)
        #: What became of each playlist the last time; empty before the first time, and where PLAYLIST_DIR is not set.
        self.kept: list[KeptPlaylist] = []
        #: Why none could be kept the last time; None when all is well.
        self.trouble: str | None = None

    def start(self) -> None:
        """Begin, where PLAYLIST_DIR is set."""
        if self._settings.playlist_dir is not None:
            self._thread.start()

    def stop(self) -> None:
        """Keep no more; a file that is being written is finished."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> bool:
        """Keep the playlists where it is time; whether it was."""
        now, state = self._clock(), self._state()
        if state != self._seen:
            self._seen, self._last_change_at = state, now
            self._first_change_at = now if self._first_change_at is None else self._first_change_at
        if self._first_change_at is None:
            return False
        is_quiet = now - self._last_change_at >= QUIET_SECONDS
        if not is_quiet and now - self._first_change_at < LONGEST_WAIT_SECONDS:
            return False
        self._first_change_at = None
        self.keep()
        return True

    def keep(self) -> None:
        """Bring all playlists up to date now, and say in the log what stands in the way, once each."""
        try:
            self.kept, self.trouble = self._playlists.keep(), None
        except PlaylistaError as error:
            self.trouble = str(error)
        troubles = {one.name: one.trouble for one in self.kept if one.trouble is not None}
        if self.trouble is not None:
            troubles = {"": self.trouble}
        for name, text in troubles.items():
            if self._told.get(name) != text:
                log.warning("playlist.failed", playlist=name or None, error=text)
        self._told = troubles

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self.look()
            except PlaylistaError as error:  # the library cannot be read at present
                self.trouble = str(error)
            except Exception as error:  # one that nobody thought of must not end the keeping in silence
                self.trouble = f"{type(error).__name__}: {error}; please report it with the log"
                log.exception("playlist.broke")

    def _state(self) -> _State:
        """Something that is another whenever the library or the file of rules was changed."""
        with self._database.read() as connection:
            version = int(connection.execute("PRAGMA data_version").fetchone()[0])
        path = rule_file(self._settings)
        try:
            status = None if path is None else os.stat(path)
        except OSError:
            status = None
        return version, path, status.st_mtime_ns if status else 0, status.st_size if status else 0


def made_keeper(settings: Settings, database: Database, similarity: Similarity) -> PlaylistKeeper:
    """The keeper of the library behind `database`; the similarity is brought up to date when a rule needs it."""
    return PlaylistKeeper(settings, database, KeptPlaylists(settings, PlaylistChoice(database, similarity.make)))
