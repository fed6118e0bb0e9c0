"""Pictures and music files by the id of a track: only what the library has, in parts, as a player asks."""

from __future__ import annotations

import http.client
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from mutagen.flac import FLAC, Picture

from playlista.serve.api.media import LONGEST_PART_BYTES
from playlista.serve.http import Application, HttpRules
from playlista.serve.server import Server
from tests import signals
from tests.serve.views import views_of
from tests.watch.folders import until

#: The smallest PNG: its signature and no chunk. Nothing of it is decoded here.
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.fixture
def files(tmp_path: Path) -> dict[int, Path]:
    """A song with a picture, one without, one of 5 MiB, a FIFO, and one that is gone."""
    pictured = signals.write(tmp_path / "pictured.flac", signals.song(1))
    song = FLAC(pictured)
    for kind, content in ((0, b"GIF89a"), (3, PNG), (4, b"\xff\xd8\xff back")):
        picture = Picture()
        picture.type, picture.mime, picture.data = kind, "text/html", content
        song.add_picture(picture)
    song.save()
    plain = signals.write(tmp_path / "plain.wav", signals.song(1))
    large = tmp_path / "large.mp3"
    large.write_bytes(bytes(range(256)) * 20480)
    os.mkfifo(tmp_path / "fifo.mp3")
    return {1: pictured, 2: plain, 3: large, 4: tmp_path / "fifo.mp3", 5: tmp_path / "gone.mp3"}


@pytest.fixture
def port(files: dict[int, Path]) -> Iterator[int]:
    views = views_of(file=lambda file_id: os.fspath(files[file_id]) if file_id in files else None)
    server = Server("127.0.0.1:0", Application(views, HttpRules(serve_audio=True)))
    server.start()
    yield server.port
    server.stop()


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    found = answer.status, answer.headers, answer.read()
    connection.close()
    return found


def test_the_front_cover_is_sent_as_what_its_bytes_are(port: int) -> None:
    status, headers, body = ask(port, "/api/v1/tracks/1/cover")
    assert (status, headers["Content-Type"], body) == (200, "image/png", PNG)
    assert ask(port, "/api/v1/tracks/1/cover", If_None_Match=headers["ETag"])[0] == 304


@pytest.mark.parametrize("file_id", [2, 3, 4, 5, 6])
def test_where_there_is_no_picture_the_answer_is_404(port: int, file_id: int) -> None:
    assert ask(port, f"/api/v1/tracks/{file_id}/cover")[0] == 404


@pytest.mark.parametrize("file_id", [4, 5, 6])
def test_what_is_no_file_is_not_played(port: int, file_id: int) -> None:
    assert ask(port, f"/api/v1/tracks/{file_id}/audio")[0] == 404


def test_files_are_not_played_unless_the_operator_allows_it(files: dict[int, Path]) -> None:
    server = Server("127.0.0.1:0", Application(views_of(file=lambda file_id: os.fspath(files[2]))))
    server.start()
    try:
        assert ask(server.port, "/api/v1/tracks/2/audio")[0] == 404
    finally:
        server.stop()


def test_without_a_range_the_whole_file_is_sent(port: int, files: dict[int, Path]) -> None:
    status, headers, body = ask(port, "/api/v1/tracks/3/audio")
    assert (status, headers["Accept-Ranges"], headers["Content-Type"]) == (200, "bytes", "audio/mpeg")
    assert body == files[3].read_bytes()
    assert ask(port, "/api/v1/tracks/3/audio", "HEAD")[1]["Content-Length"] == str(len(body))


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("bytes=-1000", 20480 * 256 - 1000, 20480 * 256 - 1),
        ("bytes=5242000-9999999", 5242000, 20480 * 256 - 1),
        ("bytes=0-", 0, LONGEST_PART_BYTES - 1),
    ],
)
def test_a_range_is_answered_as_rfc_9110_says(
    port: int, files: dict[int, Path], wanted: str, first: int, last: int
) -> None:
    status, headers, body = ask(port, "/api/v1/tracks/3/audio", Range=wanted)
    assert status == 206
    assert headers["Content-Range"] == f"bytes {first}-{last}/{20480 * 256}"
    assert body == files[3].read_bytes()[first : last + 1]


@pytest.mark.parametrize("wanted", ["bytes=5242880-", "bytes=7-3", "bytes=-0", "bytes=-"])
def test_a_range_that_the_file_does_not_have_is_refused(port: int, wanted: str) -> None:
    status, headers, _ = ask(port, "/api/v1/tracks/3/audio", Range=wanted)
    assert (status, headers["Content-Range"]) == (416, f"bytes */{20480 * 256}")


def test_a_player_that_has_an_older_file_is_sent_the_new_one_whole(port: int) -> None:
    tag = ask(port, "/api/v1/tracks/3/audio", Range="bytes=0-0")[1]["ETag"]
    assert ask(port, "/api/v1/tracks/3/audio", Range="bytes=0-0", If_Range=tag)[0] == 206
    assert ask(port, "/api/v1/tracks/3/audio", Range="bytes=0-0", If_Range='"other"')[0] == 200


def test_no_music_file_stays_open(port: int, tmp_path: Path) -> None:
    for method in ("GET", "HEAD"):
        ask(port, "/api/v1/tracks/3/audio", method)
        ask(port, "/api/v1/tracks/3/audio", method, Range="bytes=9999999-")
        ask(port, "/api/v1/tracks/1/cover", method)
    until(lambda: not open_below(tmp_path))


def open_below(folder: Path) -> list[str]:
    """Descriptors of this process that are files in `folder`."""
    there = (os.path.join("/proc/self/fd", number) for number in os.listdir("/proc/self/fd"))
    return [link for link in there if os.path.realpath(link).startswith(os.fspath(folder))]
