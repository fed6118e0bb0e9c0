"""The ids by which a media server names our tracks, read from it and kept in memory.

Input: a media server and our library. Output: `MediaIds`. All songs are read in a thread of its own: at the start, and
when somebody asks for what was not there. No request waits for the server but one during the first reading, and that
one not for long.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

import structlog

from playlista.errors import PlaylistaError
from playlista.library.folding import folded
from playlista.library.track_summaries import TrackLookup
from playlista.serve.audiomuse.media_servers import MediaServer, ServerSong
from playlista.serve.audiomuse.song_matching import SongMatching
from playlista.serve.audiomuse.song_table import SongTable, TableMaker
from playlista.serve.errors import NotReadyError

#: A request waits no longer for the first reading.
FIRST_SECONDS = 5.0
#: After a reading that failed; each time that it fails again doubles it.
RETRY_SECONDS = 10.0
MOST_RETRY_SECONDS = 300.0
#: Readings are no closer together; each that finds as many songs as the last doubles the time to the next.
LEAST_PAUSE_SECONDS = 60.0
MOST_PAUSE_SECONDS = 6 * 3600.0

log = structlog.get_logger(__name__)


class MediaLibrary:
    """Ids of the songs of one server; answers from `start` to `stop`, from any thread.

    Parameters
    ----------
    least_pause_seconds : between two readings.
    """

    def __init__(
        self, server: MediaServer, lookup: TrackLookup, *, least_pause_seconds: float = LEAST_PAUSE_SECONDS
    ) -> None:
        self._server = server
        self._lookup = lookup
        self._matching = SongMatching(lookup)
        self._least_pause = least_pause_seconds
        self._table: SongTable | None = None
        self._trouble = ""
        self._songs_read = 0
        self._pause = least_pause_seconds
        self._tried = threading.Event()
        self._wanted = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="media-ids", daemon=True)

    def start(self) -> None:
        """Begin to read; a server that is away is tried again until it is there."""
        self._wanted.set()
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a page that the server is asked for at the moment is not waited for."""
        self._stop.set()
        self._wanted.set()
        self._thread.join(timeout=1)

    def file_of(self, item: str) -> int | None:
        """The id of our track that the server calls `item`."""
        found = self._read_table().file_of(self._server.tidy_id(item))
        if found is None:
            self._wanted.set()
        return found

    def items_of(self, file_ids: Iterable[int]) -> dict[int, str]:
        """What the server calls our tracks; those that it does not have are left out."""
        table = self._read_table()
        found = {file_id: table.song_of(file_id) for file_id in file_ids}
        if None in found.values():
            self._wanted.set()
        return {file_id: item for file_id, item in found.items() if item is not None}

    def file_of_artist(self, artist: str, /) -> int | None:
        """A track of the artist whom the server calls `artist`; None is usual, for it may be a name."""
        return self._read_table().file_of_artist(self._server.tidy_id(artist))

    def artist_of(self, file_id: int, /) -> str | None:
        """The id of the artist of our track."""
        return self._read_table().artist_of(file_id)

    def _read_table(self) -> SongTable:
        self._tried.wait(FIRST_SECONDS)
        if self._table is not None:
            return self._table
        self._wanted.set()
        trouble = self._trouble or f"{self._songs_read} songs so far; ask again in a moment"
        raise NotReadyError(f"the songs of the media server are not read yet: {trouble}")

    def _run(self) -> None:
        retry = RETRY_SECONDS
        while self._wanted.wait() and not self._stop.is_set():
            self._wanted.clear()
            try:
                pause, retry = self._read(), RETRY_SECONDS
            except PlaylistaError as error:
                self._say_trouble(str(error))
                self._wanted.set()
                pause, retry = retry, min(2 * retry, MOST_RETRY_SECONDS)
            self._tried.set()
            self._stop.wait(pause)

    def _say_trouble(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("media_server.unread", error=trouble)
        self._trouble = trouble

    def _read(self) -> float:
        """Read all songs; how many seconds nothing is read then."""
        maker, self._songs_read = TableMaker(), 0
        for page in self._server.pages():
            if self._stop.is_set():
                return 0
            maker.add(self._matched(page))
            self._songs_read += len(page)
        table = maker.made()
        is_news = self._table is None or len(table) != len(self._table)
        self._pause = self._least_pause if is_news else min(2 * self._pause, MOST_PAUSE_SECONDS)
        if is_news:
            log.info("media_server.read", server=self._server.url, songs=self._songs_read, known=len(table))
        self._table, self._trouble = table, ""
        return self._pause

    def _matched(self, page: list[ServerSong]) -> Iterator[tuple[str, int, str | None, bool]]:
        files = [(song, self._matching.file_of(song)) for song in page]
        ours = {one.id: one.artist for one in self._lookup.summaries(file_id for _, file_id in files if file_id)}
        for song, file_id in files:
            if file_id is not None:
                is_exact = folded(ours.get(file_id) or "") == folded(song.artist_name or "")
                yield song.id, file_id, song.artist_id, is_exact
