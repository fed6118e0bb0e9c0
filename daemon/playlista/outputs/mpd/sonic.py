"""A stored playlist of MPD with what sounds like the song that it plays.

Input: the song that plays, our library and its similarity. Output: the playlist, the song first.
"""

from __future__ import annotations

from collections.abc import Iterable

from playlista.errors import PlaylistaError
from playlista.library.path_endings import PathEndings
from playlista.library.track_summaries import TrackLookup, TrackSummary
from playlista.outputs.mpd.client import MpdClient, RefusedError
from playlista.outputs.similarity.engine import Similarity
from playlista.outputs.similarity.listing import listed

#: Tracks looked at for each that is asked for, where one artist may not fill the list or MPD lacks some.
_SPARE = 5


class SonicPlaylist:
    """Keeps one playlist of one MPD.

    Parameters
    ----------
    name : the name of the playlist in MPD.
    count, per_artist : tracks behind the song itself, and those of one artist at most (0: any number).
    below : the folder below our music folder that is MPD's; "" where it has ours or one above.
    """

    def __init__(
        self, client: MpdClient, lookup: TrackLookup, *, name: str, count: int, per_artist: int = 0, below: str = ""
    ) -> None:
        self._client = client
        self._lookup = lookup
        self._paths = PathEndings(lookup, below=below)
        self._name, self._count, self._per_artist = name, count, per_artist

    def write(self, song: dict[str, str], similarity: Similarity) -> list[str]:
        """Fill the playlist with what sounds like `song`, whose fields are MPD's; the URIs in it.

        Raises
        ------
        PlaylistaError : we do not have the song, or MPD does not answer.
        """
        uri = song["file"]
        of = self._track(song)
        most = _SPARE * self._count
        near = listed(
            similarity.nearest(of.id, most=most), self._lookup, count=most, of=of, per_artist=self._per_artist
        )
        uris = [uri, *self._known(_Place(uri, of.path).uri(one.track.path) for one in near)]
        self._clear()
        self._client.do(("playlistadd", self._name, one) for one in uris)
        return uris

    def _track(self, song: dict[str, str]) -> TrackSummary:
        file_id = self._paths.file_of(song["file"])
        if file_id is None:
            file_id = self._lookup.id_of_names(song.get("Artist", ""), song.get("Title", ""), album=song.get("Album"))
        found = [] if file_id is None else self._lookup.summaries([file_id])
        if not found:
            raise PlaylistaError(f"{song['file']}: MPD plays it, but it is not in the library or not analyzed yet")
        return found[0]

    def _known(self, uris: Iterable[str | None]) -> list[str]:
        """Those that MPD has, as many as are wanted."""
        found: list[str] = []
        for uri in uris:
            if len(found) == self._count:
                break
            if uri is not None and self._has(uri):
                found.append(uri)
        return found

    def _has(self, uri: str) -> bool:
        try:
            return ("file", uri) in self._client.ask("listall", uri)
        except RefusedError:
            return False

    def _clear(self) -> None:
        try:
            self._client.ask("playlistclear", self._name)
        except RefusedError:  # there is none of this name yet
            return


class _Place:
    """How MPD's URIs and our paths differ, by a song that both have: a folder before the one or the other."""

    def __init__(self, uri: str, path: str) -> None:
        self._theirs = uri.removesuffix(path) if uri.endswith(path) else ""
        self._ours = path.removesuffix(uri) if path.endswith(uri) else ""

    def uri(self, path: str) -> str | None:
        """The URI of our path; None where it lies outside of MPD's folder."""
        return f"{self._theirs}{path.removeprefix(self._ours)}" if path.startswith(self._ours) else None
