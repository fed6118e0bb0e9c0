"""Stickers and playlists in MPD, over its line protocol; `make test-mpd` does the same with a real one."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from playlista.errors import PlaylistaError
from playlista.library.database import FILE_NAME, open_read_only
from playlista.library.track_summaries import TrackLookup
from playlista.outputs.mpd.client import MpdClient, MpdError, RefusedError
from playlista.outputs.mpd.songs import playing
from playlista.outputs.mpd.sonic import SonicPlaylist
from playlista.outputs.mpd.stickers import write_stickers
from playlista.outputs.similarity.engine import Similarity
from playlista.tracks import Tonal
from tests.deadlines import DEADLINE_SECONDS
from tests.libraries import Parts, open_parts
from tests.outputs.mpd_double import MpdDouble, mpd_double
from tests.outputs.songs import add_song

#: Names that would break a line of the protocol if they were not quoted, and one that is not UTF-8.
PATHS = ['A/1 "One".mp3', "A/2 back\\slash.mp3", "B/3 Drei ü.mp3", "B/C/4 \udcff.mp3", "5 top.mp3"]


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with open_parts(tmp_path, synced=False) as opened:
        for number, path in enumerate(PATHS):
            add_song(opened, path, bpm=100.4 + number, artist=f"Artist {number}", title=f"Title {number}", direction=1)
        yield opened


@pytest.fixture
def lookup(parts: Parts) -> TrackLookup:
    return TrackLookup(parts.database)


@pytest.fixture
def similarity(parts: Parts, tmp_path: Path) -> Iterator[Similarity]:
    assert parts.overview.counts()
    with open_read_only(str(tmp_path / FILE_NAME)) as reader:
        yield Similarity(reader).make()


@pytest.fixture
def mpd(tmp_path: Path) -> Iterator[MpdDouble]:
    with mpd_double(tmp_path, [*PATHS, "B/unknown.mp3"]) as (double, _):
        yield double


@pytest.fixture
def client(mpd: MpdDouble, tmp_path: Path) -> Iterator[MpdClient]:
    assert mpd.songs
    with MpdClient(str(tmp_path / "mpd")) as opened:
        yield opened


def test_every_song_gets_its_values(mpd: MpdDouble, client: MpdClient, lookup: TrackLookup) -> None:
    done = write_stickers(client, lookup)
    assert (done.songs, done.known, done.changed) == (6, 5, 5)
    own = {name: value for (song, name), value in mpd.stickers.items() if song == PATHS[3]}
    assert own == {"bpm": "103", "key": "Am", "camelot": "8A", "loudness": "-10.0", "playlista_id": "4"}


def test_only_what_differs_is_written(mpd: MpdDouble, client: MpdClient, lookup: TrackLookup, parts: Parts) -> None:
    write_stickers(client, lookup)
    mpd.changes = 0
    mpd.stickers[PATHS[0], "rating"] = "10"
    assert write_stickers(client, lookup).changed == 0
    assert mpd.changes == 0
    stored = parts.store.get(PATHS[0])
    assert stored is not None
    silent = replace(stored, tonal=Tonal(None, None, None, None, None))
    parts.store.record(1, silent, attempts=1)
    assert write_stickers(client, lookup).changed == 1
    assert mpd.changes == 2  # key and camelot are gone
    assert (PATHS[0], "key") not in mpd.stickers
    assert mpd.stickers[PATHS[0], "rating"] == "10"


def test_a_song_that_is_no_longer_in_the_library_loses_its_values(
    mpd: MpdDouble, client: MpdClient, lookup: TrackLookup
) -> None:
    mpd.stickers["B/unknown.mp3", "bpm"] = "99"
    write_stickers(client, lookup)
    assert ("B/unknown.mp3", "bpm") not in mpd.stickers


def test_an_mpd_without_stickers_is_told_what_to_set(mpd: MpdDouble, client: MpdClient, lookup: TrackLookup) -> None:
    mpd.has_stickers = False
    with pytest.raises(RefusedError, match="sticker_file"):
        write_stickers(client, lookup)


@pytest.mark.parametrize(
    ("theirs", "below"),
    [
        ({path: f"Music/All/{path}" for path in PATHS}, ""),  # a folder above ours
        ({path: path.removeprefix("B/") for path in PATHS if path.startswith("B/")}, "B"),  # one below ours
    ],
)
def test_another_music_folder_is_recognised(
    tmp_path: Path, lookup: TrackLookup, similarity: Similarity, theirs: dict[str, str], below: str
) -> None:
    with mpd_double(tmp_path, list(theirs.values())) as (double, place), MpdClient(place) as client:
        assert write_stickers(client, lookup, below=below).known == len(theirs)
        first, *others = theirs.values()
        double.current = {"file": first}
        kept = SonicPlaylist(client, lookup, name="Sonic", count=10, below=below)
        kept.write(playing(client), similarity)
        assert double.playlists["Sonic"][0] == first
        assert set(double.playlists["Sonic"][1:]) == set(others)


def test_the_playlist_has_the_song_first_and_then_what_sounds_like_it(
    mpd: MpdDouble, client: MpdClient, lookup: TrackLookup, similarity: Similarity
) -> None:
    mpd.songs.remove(PATHS[1])  # MPD does not have it
    mpd.playlists["Sonic"] = ["what was there before"]
    mpd.current = {"file": PATHS[0], "Title": "Title 0"}
    uris = SonicPlaylist(client, lookup, name="Sonic", count=2).write(playing(client), similarity)
    nearest = [lookup.path_of_id(one.file_id) for one in similarity.nearest(1, most=10)]
    expected = [path for path in nearest if path != PATHS[1]][:2]
    assert mpd.playlists["Sonic"] == uris == [PATHS[0], *expected]


def test_a_song_that_was_renamed_is_known_by_its_names(
    mpd: MpdDouble, client: MpdClient, lookup: TrackLookup, similarity: Similarity
) -> None:
    mpd.current = {"file": "elsewhere/x.mp3", "Artist": "Artist 2", "Title": "Title 2"}
    uris = SonicPlaylist(client, lookup, name="Sonic", count=2).write(playing(client), similarity)
    assert uris[0] == "elsewhere/x.mp3"
    assert len(uris) == 3
    mpd.current = {"file": "elsewhere/y.mp3"}
    with pytest.raises(PlaylistaError, match="not in the library"):
        SonicPlaylist(client, lookup, name="Sonic", count=2).write(playing(client), similarity)


def test_who_waits_is_told_of_the_next_song(mpd: MpdDouble, client: MpdClient) -> None:
    ended = threading.Event()

    def wait() -> None:
        client.wait_for("player")
        ended.set()

    thread = threading.Thread(target=wait)
    thread.start()
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not ended.wait(0.01) and time.monotonic() < deadline:
        mpd.play({"file": PATHS[0]})
    thread.join()
    assert ended.is_set()
    assert playing(client) == {"file": PATHS[0]}


def test_a_password_stands_before_the_host(mpd: MpdDouble, tmp_path: Path) -> None:
    mpd.password = "open sesame"
    with MpdClient(f"open sesame@{tmp_path / 'mpd'}") as client:
        assert client.ask("lsinfo")
    with pytest.raises(RefusedError, match="incorrect password"):
        MpdClient(f"wrong@{tmp_path / 'mpd'}")


def test_where_no_mpd_answers_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MpdError, match="MPD does not answer"):
        MpdClient(str(tmp_path / "nothing"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_greet, args=(server,))
        thread.start()
        with pytest.raises(MpdError, match="this is no MPD"):
            MpdClient("127.0.0.1", server.getsockname()[1])
        thread.join()


def _greet(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection, suppress(OSError):
        connection.sendall(b"220 mail.example ESMTP\r\n")


def test_a_line_break_cannot_smuggle_a_command(client: MpdClient) -> None:
    with pytest.raises(MpdError, match="line break"):
        client.ask("listall", "x\nclear")
