"""The ids of a media server's songs and artists beside ours: 92 bytes a song, so that half a million fit.

Input: pairs of ids. Output: one id for the other. A table does not change; a new one is made of a new reading.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

#: The longest id that is kept: a GUID has 36 characters, Navidrome's have 22 or 32.
LONGEST_ID = 40
_ID = f"S{LONGEST_ID}"
#: The place of what is not there.
_NONE = -1


class TableMaker:
    """Collects songs page by page."""

    def __init__(self) -> None:
        self._songs: list[NDArray[np.bytes_]] = []
        self._files: list[NDArray[np.int64]] = []
        self._artists: list[NDArray[np.int32]] = []
        self._artist_ids: dict[bytes, int] = {}
        self._artist_files: list[int] = []
        self._is_exact: list[bool] = []

    def add(self, songs: Iterable[tuple[str, int, str | None, bool]]) -> None:
        """Take in a page: of each song its id, ours, the id of its artist, and whether our track has that artist.

        It may have another, as "A feat. B", or the one in the path of a file without tags.
        """
        items, files, artists = [], [], []
        for song, file_id, artist, is_exact in songs:
            if (item := _bytes(song)) is not None:
                items.append(item)
                files.append(file_id)
                place = self._artist(artist, file_id, is_exact=is_exact)
                artists.append(place if is_exact else _NONE)
        self._songs.append(np.array(items, _ID))
        self._files.append(np.array(files, np.int64))
        self._artists.append(np.array(artists, np.int32))

    def made(self) -> SongTable:
        """The table of all pages."""
        return SongTable(
            np.concatenate([np.empty(0, _ID), *self._songs]),
            np.concatenate([np.empty(0, np.int64), *self._files]),
            np.concatenate([np.empty(0, np.int32), *self._artists]),
            np.array(list(self._artist_ids), _ID),
            np.array(self._artist_files, np.int64),
        )

    def _artist(self, artist: str | None, file_id: int, *, is_exact: bool) -> int:
        item = None if artist is None else _bytes(artist)
        if item is None:
            return _NONE
        place = self._artist_ids.setdefault(item, len(self._artist_files))
        if place == len(self._artist_files):
            self._artist_files.append(file_id)
            self._is_exact.append(is_exact)
        elif is_exact and not self._is_exact[place]:
            self._artist_files[place], self._is_exact[place] = file_id, True
        return place


class SongTable:
    """Songs and artists of one reading.

    Parameters
    ----------
    songs, files, artists : [shape=(n,)] the id of each song, ours, and the place of its artist if our track has him.
    artist_ids, artist_files : [shape=(m,)] the id of each artist, and our track that names it.
    """

    def __init__(
        self,
        songs: NDArray[np.bytes_],
        files: NDArray[np.int64],
        artists: NDArray[np.int32],
        artist_ids: NDArray[np.bytes_],
        artist_files: NDArray[np.int64],
    ) -> None:
        order = np.argsort(songs, kind="stable")
        self._songs, self._files, self._artists = songs[order], files[order], artists[order]
        self._by_file = np.argsort(self._files, kind="stable").astype(np.int32)
        self._artist_ids, self._artist_files = artist_ids, artist_files
        self._by_artist = np.argsort(artist_ids, kind="stable").astype(np.int32)

    def __len__(self) -> int:
        return len(self._songs)

    def file_of(self, song: str) -> int | None:
        """Our id of a song."""
        item = _bytes(song)
        place = _NONE if item is None else int(np.searchsorted(self._songs, item))
        found = 0 <= place < len(self._songs) and self._songs[place] == item
        return int(self._files[place]) if found else None

    def song_of(self, file_id: int) -> str | None:
        """The id of our track; the least where the server has it several times."""
        row = self._row_of(file_id)
        return None if row is None else self._songs[row].decode("ascii")

    def file_of_artist(self, artist: str) -> int | None:
        """Our track that names the artist."""
        item = _bytes(artist)
        if item is None:
            return None
        place = int(np.searchsorted(self._artist_ids, item, sorter=self._by_artist))
        row = self._by_artist[place] if place < len(self._by_artist) else None
        return int(self._artist_files[row]) if row is not None and self._artist_ids[row] == item else None

    def artist_of(self, file_id: int) -> str | None:
        """The id of the artist of our track; None where the server gives it another."""
        row = self._row_of(file_id)
        place = _NONE if row is None else int(self._artists[row])
        return None if place == _NONE else self._artist_ids[place].decode("ascii")

    def _row_of(self, file_id: int) -> int | None:
        place = int(np.searchsorted(self._files, file_id, sorter=self._by_file))
        row = int(self._by_file[place]) if place < len(self._by_file) else _NONE
        return row if row != _NONE and self._files[row] == file_id else None


def _bytes(item: str) -> bytes | None:
    """An id as it is kept; None for what is no id of a server."""
    return item.encode("ascii") if item.isascii() and 0 < len(item) <= LONGEST_ID and "\0" not in item else None
