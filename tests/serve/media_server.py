"""Media servers for tests: real HTTP, with songs that a test names, in the words of three protocols.

What they answer follows the documentation of OpenSubsonic's search3, Jellyfin's /Items and Lyrion's titles.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

USER, PASSWORD = "anna", "for this test alone"


class MediaServerDouble:
    """One server of a `kind`; `songs` may be changed. Each is a dict with id, path, title, artist, album, artist_id."""

    def __init__(self, kind: str, songs: list[dict[str, Any]]) -> None:
        self.kind = kind
        self.songs = songs
        self.url = ""
        self.requests: list[str] = []
        self.redirects_to: str | None = None

    def answer(self, path: str, query: dict[str, str], body: bytes, headers: Any) -> Any:
        """The document for a request; None where it is refused."""
        if self.kind == "subsonic":
            return self._subsonic(path, query)
        return self._jellyfin(path, query, headers) if self.kind == "jellyfin" else self._lyrion(path, body)

    def _subsonic(self, path: str, query: dict[str, str]) -> Any:
        token = hashlib.md5(f"{PASSWORD}{query['s']}".encode()).hexdigest()
        if query["u"] != USER or query["t"] != token:
            return {"subsonic-response": {"status": "failed", "error": {"code": 40, "message": "Wrong username"}}}
        start = int(query["songOffset"])
        songs = self.songs[start : start + int(query["songCount"])] if path == "/rest/search3" else []
        found = [
            {
                **{name: song[name] for name in ("id", "path", "title", "artist", "album") if song.get(name)},
                "artistId": song.get("artist_id"),
                "musicBrainzId": song.get("mbid", ""),
                "isrc": [song["isrc"]] if "isrc" in song else [],
            }
            for song in songs
        ]
        return {"subsonic-response": {"status": "ok", "searchResult3": {"song": found} if found else {}}}

    def _jellyfin(self, path: str, query: dict[str, str], headers: Any) -> Any:
        if path != "/Items" or f'Token="{PASSWORD}"' not in headers["Authorization"]:
            return None
        start = int(query["StartIndex"])
        return {
            "Items": [
                {
                    "Id": song["id"],
                    "Path": song.get("path"),
                    "Name": song["title"],
                    "Album": song.get("album"),
                    "Artists": [song["artist"]],
                    "ArtistItems": [{"Name": song["artist"], "Id": song.get("artist_id")}],
                    "ProviderIds": {"MusicBrainzTrack": song["mbid"]} if "mbid" in song else {},
                }
                for song in self.songs[start : start + int(query["Limit"])]
            ]
        }

    def _lyrion(self, path: str, body: bytes) -> Any:
        _, (command, start, count, _) = json.loads(body)["params"]
        if (path, command) != ("/jsonrpc.js", "titles"):
            return None
        found = [
            {
                "id": int(song["id"]),
                "title": song["title"],
                "artist": song["artist"],
                "artist_id": song.get("artist_id"),
                "album": song.get("album"),
                "url": f"file://{quote(song['path'])}" if song.get("path") else "http://radio.example/stream",
            }
            for song in self.songs[start : start + count]
        ]
        return {"result": {"count": len(self.songs), **({"titles_loop": found} if found else {})}}


@contextmanager
def media_server_double(kind: str, songs: list[dict[str, Any]]) -> Iterator[MediaServerDouble]:
    """A server that answers for the length of the block."""
    double = MediaServerDouble(kind, songs)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def log_message(self, *_: object) -> None:
            """Nothing."""

        def _answer(self, body: bytes) -> None:
            double.requests.append(self.path)
            parts = urlsplit(self.path)
            document = double.answer(parts.path, dict(parse_qsl(parts.query)), body, self.headers)
            said = json.dumps(document).encode()
            if double.redirects_to is not None:
                self.send_response(302)
                self.send_header("Location", double.redirects_to)
            else:
                self.send_response(200 if document is not None else 401)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
