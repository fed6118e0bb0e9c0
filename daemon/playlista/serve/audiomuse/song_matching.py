"""Which of our tracks a song of a media server is.

Input: songs as a server describes them. Output: ids of our tracks. The path is the surest sign, whatever lies before
the music folder on either side; then the codes of the recording; then artist, title and album.
"""

from __future__ import annotations

from playlista.library.path_endings import PathEndings
from playlista.library.track_summaries import TrackLookup
from playlista.serve.audiomuse.media_servers import ServerSong


class SongMatching:
    """Recognises songs in one library. One thread at a time may use it."""

    def __init__(self, lookup: TrackLookup) -> None:
        self._lookup = lookup
        self._paths = PathEndings(lookup)

    def file_of(self, song: ServerSong) -> int | None:
        """The id of our track; None where we do not have it."""
        found = self._paths.file_of(song.path) if song.path else None
        if found is None and song.mbid:
            found = self._lookup.id_of_mbid(song.mbid)
        if found is None and song.isrc:
            found = self._lookup.id_of_isrc(song.isrc)
        if found is None and song.title:
            found = self._by_names(song, song.title)
        return found

    def _by_names(self, song: ServerSong, title: str) -> int | None:
        for artist in dict.fromkeys((song.artist, song.artist_name)):
            found = self._lookup.id_of_names(artist, title, album=song.album) if artist else None
            if found is not None:
                return found
        return None
