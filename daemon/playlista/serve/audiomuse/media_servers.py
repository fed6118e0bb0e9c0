"""The songs of media servers: OpenSubsonic (Navidrome, gonic and others), Jellyfin, Lyrion.

Input: an address and credentials. Output: pages of songs, each with what it can be recognised by. What a server leaves
out is None. Each protocol is used as it is documented: search3 with an empty query, which OpenSubsonic asks servers to
answer with everything; Jellyfin's ``/Items``; Lyrion's ``titles`` over JSON-RPC.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from playlista import __version__
from playlista.serve.audiomuse.web_client import MediaServerError, WebClient

PAGE_SONGS = 500
#: A server that gives ever more pages is given up here.
MOST_SONGS = 2_000_000


@dataclass(frozen=True, slots=True)
class ServerSong:
    """A song of a media server.

    path : as the server sees it, absolute or relative to its music folder.
    artist_id, artist_name : the first artist; `artist` may name several in one text.
    """

    id: str
    path: str | None = None
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    mbid: str | None = None
    isrc: str | None = None
    artist_id: str | None = None
    artist_name: str | None = None


#: The songs from a place in the order of the server on.
ReadPage = Callable[[int], list[ServerSong]]


class MediaServer:
    """One server; `tidy_id` brings the ids that it is asked by into the form in which it gives them."""

    def __init__(self, url: str, read_page: ReadPage, tidy_id: Callable[[str], str] = str) -> None:
        self.url = url
        self._read_page = read_page
        self.tidy_id = tidy_id

    def pages(self) -> Iterator[list[ServerSong]]:
        """All songs, a page at a time.

        Raises
        ------
        MediaServerError : it does not answer, or not as it should.
        """
        for start in range(0, MOST_SONGS, PAGE_SONGS):
            try:
                page = self._read_page(start)
            except (KeyError, TypeError, AttributeError, IndexError) as error:
                raise MediaServerError(f"{self.url}: is no media server of that kind; check MEDIA_SERVER") from error
            if page:
                yield page
            if len(page) < PAGE_SONGS:
                return


def media_server(kind: str, url: str, user: str, password: str) -> MediaServer:
    """The server of a kind: "subsonic", "jellyfin" (with an API key as the password) or "lyrion"."""
    if kind == "jellyfin":
        token = {"Authorization": f'MediaBrowser Client="Playlista", Version="{__version__}", Token="{password}"'}
        return MediaServer(url, _Jellyfin(WebClient(url, token)).page, _without_hyphens)
    if kind == "lyrion":
        secret = base64.b64encode(f"{user}:{password}".encode()).decode()
        return MediaServer(url, _Lyrion(WebClient(url, {"Authorization": f"Basic {secret}"} if user else {})).page)
    return MediaServer(url, _Subsonic(WebClient(url), user, password).page)


class _Subsonic:
    """https://opensubsonic.netlify.app/docs/endpoints/search3/"""

    def __init__(self, client: WebClient, user: str, password: str) -> None:
        self._client = client
        self._user, self._password = user, password

    def page(self, start: int) -> list[ServerSong]:
        """Some songs."""
        counts = {"artistCount": 0, "albumCount": 0, "songCount": PAGE_SONGS, "songOffset": start}
        answer = self._client.get("/rest/search3", {**self._access(), "query": "", **counts})["subsonic-response"]
        if answer["status"] != "ok":
            said = str(answer.get("error", {}).get("message", "no reason"))[:100]
            raise MediaServerError(f"{self._client.url}: refuses ({said}); check MEDIA_SERVER_USER and _PASSWORD")
        return [_subsonic_song(one) for one in answer.get("searchResult3", {}).get("song", [])]

    def _access(self) -> dict[str, str]:
        """Its authentication by a salted hash, so that the password is in no log of requests."""
        salt = secrets.token_hex(8)
        token = hashlib.md5(f"{self._password}{salt}".encode(), usedforsecurity=False).hexdigest()
        return {"u": self._user, "t": token, "s": salt, "v": "1.16.1", "c": "Playlista", "f": "json"}


def _subsonic_song(song: dict[str, Any]) -> ServerSong:
    first: dict[str, Any] = next(iter(song.get("artists") or []), {})
    return ServerSong(
        id=str(song["id"]),
        path=song.get("path"),
        title=song.get("title"),
        artist=song.get("artist"),
        album=song.get("album"),
        mbid=song.get("musicBrainzId"),
        isrc=next(iter(song.get("isrc") or []), None),
        artist_id=first.get("id") or song.get("artistId"),
        artist_name=first.get("name") or song.get("artist"),
    )


class _Jellyfin:
    """https://api.jellyfin.org/#tag/Items/operation/GetItems"""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def page(self, start: int) -> list[ServerSong]:
        """Some songs."""
        sought: dict[str, str | int] = {
            "Recursive": "true",
            "IncludeItemTypes": "Audio",
            "Fields": "Path,ProviderIds",
            "SortBy": "DateCreated",
            "EnableTotalRecordCount": "false",
            "StartIndex": start,
            "Limit": PAGE_SONGS,
        }
        return [_jellyfin_song(one) for one in self._client.get("/Items", sought)["Items"]]


def _jellyfin_song(item: dict[str, Any]) -> ServerSong:
    codes: dict[str, Any] = item.get("ProviderIds") or {}
    first: dict[str, Any] = next(iter(item.get("ArtistItems") or []), {})
    artist_id = first.get("Id")
    return ServerSong(
        id=_without_hyphens(item["Id"]),
        path=item.get("Path"),
        title=item.get("Name"),
        artist=", ".join(item.get("Artists") or []) or None,
        album=item.get("Album"),
        mbid=codes.get("MusicBrainzRecording") or codes.get("MusicBrainzTrack"),
        artist_id=_without_hyphens(artist_id) if artist_id else None,
        artist_name=first.get("Name"),
    )


def _without_hyphens(text: str) -> str:
    """A GUID in the form of Jellyfin's API; plugins send it in either."""
    return text.replace("-", "").lower()


class _Lyrion:
    """https://lyrion.org/reference/cli/database/#titles"""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def page(self, start: int) -> list[ServerSong]:
        """Some songs."""
        command = ["titles", start, PAGE_SONGS, "tags:aslu"]  # artist, its id, album, url
        document = {"id": 1, "method": "slim.request", "params": ["", command]}
        return [
            _lyrion_song(one) for one in self._client.post("/jsonrpc.js", document)["result"].get("titles_loop", [])
        ]


def _lyrion_song(song: dict[str, Any]) -> ServerSong:
    url = urlsplit(str(song.get("url") or ""))
    artist_id = song.get("artist_id")
    return ServerSong(
        id=str(song["id"]),
        path=unquote(url.path, errors="surrogateescape") if url.scheme == "file" else None,
        title=song.get("title"),
        artist=song.get("artist"),
        album=song.get("album"),
        artist_id=str(artist_id).partition(",")[0] if artist_id else None,
        artist_name=song.get("artist"),
    )
