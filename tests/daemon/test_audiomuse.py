"""AudioMuse-AI's calls over a real library and a real socket, with our ids and with those of media servers.

The requests are those that its plugins for Navidrome, Jellyfin, Lyrion, Picard and beets send.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from playlista.config import Settings, load_settings
from playlista.daemon.library_views import LibraryViews
from playlista.daemon.media_ids import made_media_ids
from playlista.daemon.music_views import MusicViews
from playlista.daemon.similar_views import SimilarViews
from playlista.errors import ConfigError
from playlista.library.database import FILE_NAME, open_read_only
from playlista.library.track_summaries import TrackLookup
from playlista.outputs.similarity.engine import Similarity
from playlista.serve.audiomuse.media_library import MediaLibrary
from playlista.serve.audiomuse.media_servers import media_server
from playlista.serve.errors import NotReadyError
from playlista.serve.http import Application, http_rules
from playlista.serve.server import Server
from tests.deadlines import DEADLINE_SECONDS
from tests.libraries import Parts, open_parts
from tests.outputs.songs import add_song
from tests.serve.media_server import PASSWORD, USER, media_server_double
from tests.serve.views import views_of

TOKEN = "a-token-of-this-test-alone"
ALIKE, OTHER = 1, 2
#: Artist, title and direction of sound; five of Ánna's sound alike, and one of them is there twice.
SONGS = [
    ("Ánna", "One", ALIKE),
    ("Ánna", "Two", ALIKE),
    ("Ánna", "Two", ALIKE),
    ("Ánna", "Three", ALIKE),
    ("Ánna", "Four", ALIKE),
    ("Bob", "Five", ALIKE),
    ("Bob", "Six", ALIKE),
    ("Cleo", "Seven", OTHER),
]


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with open_parts(tmp_path, synced=False) as opened:
        for number, (artist, title, direction) in enumerate(SONGS):
            add_song(opened, f"{artist}/Album/{number} {title}.mp3", artist=artist, title=title, direction=direction)
        yield opened


class Asked:
    """A running server with the dialect."""

    def __init__(self, port: int) -> None:
        self._port = port

    def get(self, path: str, **parameters: object) -> Any:
        status, document = self.answer("GET", f"{path}?{urlencode(parameters)}")
        assert status == 200, document
        return document

    def refusal(self, path: str, **parameters: object) -> tuple[int, str]:
        status, document = self.answer("GET", f"{path}?{urlencode(parameters)}")
        return status, document["error"]

    def answer(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=DEADLINE_SECONDS)
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        found = answer.status, json.loads(answer.read())
        connection.close()
        return found


Serving = Callable[..., AbstractContextManager[Asked]]


@pytest.fixture
def serving(parts: Parts, tmp_path: Path) -> Serving:
    @contextmanager
    def run(**values: Any) -> Iterator[Asked]:
        settings = Settings(data_dir=tmp_path, music_dir=tmp_path, audiomuse_api=True, **values)
        with ExitStack() as resources:
            reader, second = (resources.enter_context(open_read_only(str(tmp_path / FILE_NAME))) for _ in range(2))
            library = LibraryViews(settings, reader, queue=parts.queue, writer=parts.database, wake=lambda: None)
            music, similar = MusicViews(reader), SimilarViews(reader, Similarity(second))
            views = views_of(
                track=library.track,
                track_page=music.page,
                summaries=music.summaries,
                search=music.search,
                similar=similar.similar,
                blend=similar.blend,
                way=similar.way,
                neighbour_similarities=similar.between_neighbours,
                media_ids=made_media_ids(settings, reader, resources),
            )
            server = Server("127.0.0.1:0", Application(views, http_rules(settings)))
            server.start()
            resources.callback(server.stop)
            yield Asked(server.port)

    return run


@pytest.fixture
def asked(serving: Serving) -> Iterator[Asked]:
    with serving() as one:
        yield one


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


def of_server(kind: str, url: str, **others: str) -> dict[str, str]:
    values = {"url": url, "user": USER, "password": PASSWORD} | others
    return {"media_server": kind} | {f"media_server_{name}": value for name, value in values.items()}


def test_the_calls_are_answered_only_where_they_are_switched_on(parts: Parts) -> None:
    server = Server("127.0.0.1:0", Application(views_of()))
    server.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE_SECONDS)
    connection.request("GET", "/api/health")
    assert connection.getresponse().status == 404
    connection.close()
    server.stop()


def test_similar_tracks_come_as_ours_do_and_a_distance_is_what_a_similarity_leaves(asked: Asked) -> None:
    ours = asked.get("/api/v1/similar", id=1, n=7)["tracks"]
    theirs = asked.get(
        "/api/similar_tracks", item_id="1", n="7", eliminate_duplicates="false", radius_similarity="true"
    )
    assert [one["item_id"] for one in theirs] == [str(one["id"]) for one in ours]
    assert [one["distance"] for one in theirs] == pytest.approx([1 - one["similarity"] for one in ours], abs=1e-4)
    assert (theirs[0]["title"], theirs[0]["author"]) == (ours[0]["title"], ours[0]["artist"])
    assert {one["album"] for one in theirs} == {"unknown"}  # these songs have none


def test_a_varied_list_has_no_song_twice_and_no_artist_too_often(asked: Asked) -> None:
    found = asked.get("/api/similar_tracks", item_id="2", n="7")
    names = [(one["author"], one["title"]) for one in found]
    assert ("Ánna", "Two") not in names  # what is asked for, and its copy
    assert len(set(names)) == len(names)
    assert [author for author, _ in names].count("Ánna") <= 3


def test_a_track_can_be_named_by_title_and_artist(asked: Asked) -> None:
    by_id = asked.get("/api/similar_tracks", item_id="6", n="3")
    assert asked.get("/api/similar_tracks", title="five", artist="BOB", n="3") == by_id


@pytest.mark.parametrize("number", ["500", "-3", "many", ""])
def test_a_number_out_of_range_is_put_right(asked: Asked, number: str) -> None:
    assert 1 <= len(asked.get("/api/similar_tracks", item_id="1", n=number, eliminate_duplicates="false")) <= 7


@pytest.mark.parametrize(
    ("path", "parameters", "status"),
    [
        ("/api/similar_tracks", {}, 400),
        ("/api/similar_tracks", {"title": "Five"}, 400),
        ("/api/similar_tracks", {"item_id": "99"}, 404),
        ("/api/similar_tracks", {"item_id": "4e5c9f"}, 404),
        ("/api/similar_tracks", {"title": "Five", "artist": "Nobody"}, 404),
        ("/api/similar_tracks", {"item_id": "1" * 300}, 400),
        ("/api/find_path", {"start_song_id": "1"}, 400),
        ("/api/find_path", {"start_song_id": "1", "end_song_id": "1"}, 400),
        ("/api/find_path", {"start_song_id": "1", "end_song_id": "99"}, 404),
        ("/api/similar_artists", {}, 400),
        ("/api/similar_artists", {"artist": "Nobody"}, 404),
        ("/api/track", {}, 400),
        ("/external/get_score", {"id": "99"}, 404),
        ("/api/clap/top_queries", {}, 404),
    ],
)
def test_what_cannot_be_answered_is_an_error_in_json(
    asked: Asked, path: str, parameters: dict[str, str], status: int
) -> None:
    code, error = asked.refusal(path, **parameters)
    assert code == status
    assert error


def test_a_path_has_both_ends_and_the_sum_of_its_distances(asked: Asked) -> None:
    found = asked.get("/api/find_path", start_song_id="1", end_song_id="8", max_steps="4", path_fix_size="false")
    ids = [one["item_id"] for one in found["path"]]
    assert (ids[0], ids[-1]) == ("1", "8")
    assert len(ids) == len(set(ids)) == 4
    # From one place to the other the whole way is at least as long as its longest step, and each step is at most 1.
    assert 0 < found["total_distance"] <= 3


def test_a_search_puts_the_track_with_both_names_first(asked: Asked) -> None:
    found = asked.get("/api/search_tracks", title="Two", artist="Ánna")
    assert [(one["title"], one["author"]) for one in found] == [("Two", "Ánna")] * 2
    assert asked.get("/external/search", search_query="bob") == asked.get("/api/search_tracks", artist="Bob")
    assert len(asked.get("/api/search_tracks", artist="Ánna", start="1", end="3")) == 2
    assert asked.get("/api/search_tracks") == []


def test_the_values_of_a_track_are_told_in_one_object(asked: Asked) -> None:
    found = asked.get("/external/get_score", id="1")
    assert (found["item_id"], found["tempo"], found["key"], found["scale"]) == ("1", 120.0, "A", "minor")
    assert "energy" not in found  # it is not known
    assert found["mood_vector"].count(":") == 5
    assert found["other_features"].startswith("danceable:1.250")
    moods = (asked.get("/api/v1/tracks/1")["mood"] or {})["moods"] or {}
    assert f"happy:{moods.get('happy', 0):.3f}" in found["other_features"]
    assert len(asked.get("/external/get_embedding", id="1")["embedding"]) == 200
    assert asked.get("/api/track", item_id="1")["title"] == "One"
    farthest = asked.get("/api/max_distance", item_id="1")
    assert farthest["max_distance"] == 1.0
    assert farthest["farthest_item_id"] in {str(number) for number in range(2, 9)}


def test_a_mixture_is_asked_for_with_post_and_changes_nothing(asked: Asked) -> None:
    items = [{"id": "1", "op": "ADD", "type": "song"}, {"id": "8", "op": "SUBTRACT"}, {"id": "nothing", "op": "ADD"}]
    status, found = asked.answer("POST", "/api/alchemy", {"items": items, "n": 3})
    assert status == 200
    assert len(found["results"]) == 3
    assert not {"1", "8"} & {one["item_id"] for one in found["results"]}
    assert asked.answer("POST", "/api/alchemy", {"items": items[1:2]})[0] == 400
    assert asked.answer("POST", "/api/alchemy", {"items": "1"})[0] == 400
    assert asked.answer("GET", "/api/alchemy")[0] == 405
    assert asked.answer("POST", "/api/analysis/start", {})[0] == 200


def test_similar_artists_come_with_songs_of_both(asked: Asked) -> None:
    found = asked.get("/api/similar_artists", artist="Ánna", n="5", include_component_matches="true")
    assert found[0]["artist"] == "Bob"
    assert found[0]["artist_id"] is None
    (songs,) = found[0]["component_matches"]
    assert {one["item_id"] for one in songs["artist1_representative_songs"]} <= {"1", "2", "3", "4", "5"}
    assert {one["item_id"] for one in songs["artist2_representative_songs"]} <= {"6", "7"}
    assert "component_matches" not in asked.get("/api/similar_artists", artist="Ánna")[0]


def test_the_token_is_asked_for_but_for_the_health(serving: Serving) -> None:
    with serving(auth_token=TOKEN) as asked:
        assert asked.refusal("/api/similar_tracks", item_id="1")[0] == 401
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert asked.answer("GET", "/api/similar_tracks?item_id=1", **bearer)[0] == 200
        assert asked.answer("POST", "/api/alchemy", {"items": [{"id": "1", "op": "ADD"}]})[0] == 401
        assert asked.get("/api/health") == {"status": "ok"}


def test_a_page_elsewhere_that_names_our_address_is_refused(asked: Asked) -> None:
    assert asked.answer("GET", "/api/similar_tracks?item_id=1", Host="evil.example")[0] == 403


def songs_of(kind: str) -> list[dict[str, Any]]:
    """All songs but one, as a server in another container has them."""
    found: list[dict[str, Any]] = []
    for number, (artist, title, _) in enumerate(SONGS):
        own = f"{number:032x}" if kind == "jellyfin" else str(1000 + number)
        artist_id = {"Ánna": "a1", "Bob": "b2", "Cleo": "c3"}[artist] if kind != "lyrion" else "7"
        path = f"/data/music/{artist}/Album/{number} {title}.mp3"
        found.append({"id": own, "path": path, "title": title, "artist": artist, "artist_id": artist_id})
    return found[:6] + found[7:]


@pytest.mark.parametrize("kind", ["subsonic", "jellyfin", "lyrion"])
def test_the_ids_of_a_media_server_are_taken_and_given(serving: Serving, asked: Asked, kind: str) -> None:
    songs = songs_of(kind)
    ids = {str(number + 1 if number < 6 else number + 2): song["id"] for number, song in enumerate(songs)}
    with media_server_double(kind, songs) as server, serving(**of_server(kind, server.url)) as theirs:
        for ours, item in ids.items():
            with_ours = asked.get("/api/similar_tracks", item_id=ours, n="7", eliminate_duplicates="false")
            expected = [ids[one["item_id"]] for one in with_ours if one["item_id"] in ids]
            found = theirs.get("/api/similar_tracks", item_id=item, n="7", eliminate_duplicates="false")
            assert [one["item_id"] for one in found] == expected  # without the one that the server does not have
        path = theirs.get("/api/find_path", start_song_id=ids["1"], end_song_id=ids["8"], max_steps="4")["path"]
        assert (path[0]["item_id"], path[-1]["item_id"]) == (ids["1"], ids["8"])
        assert theirs.get("/api/search_tracks", title="Seven")[0]["item_id"] == ids["8"]
        assert theirs.get("/external/get_score", id=ids["8"])["item_id"] == ids["8"]
        assert theirs.refusal("/api/track", item_id="no such id")[0] == 404


def test_an_artist_is_known_by_the_id_of_the_media_server(serving: Serving) -> None:
    songs = songs_of("subsonic")
    with media_server_double("subsonic", songs) as server, serving(**of_server("subsonic", server.url)) as asked:
        found = asked.get("/api/similar_artists", artist="a1", n="1", include_component_matches="true")
        assert [(one["artist"], one["artist_id"]) for one in found] == [("Bob", "b2")]
        named = found[0]["component_matches"][0]["artist2_representative_songs"]
        assert named == [{"item_id": "1005", "title": "Five"}]


def test_an_artist_whom_the_media_server_calls_otherwise_keeps_his_name_and_gets_no_id_of_another(
    serving: Serving,
) -> None:
    songs = songs_of("subsonic")
    songs[5] |= {"artist": "[Unknown Artist]", "artist_id": "unknown"}
    with media_server_double("subsonic", songs) as server, serving(**of_server("subsonic", server.url)) as asked:
        found = asked.get("/api/similar_artists", artist="a1", n="1")
        assert [(one["artist"], one["artist_id"]) for one in found] == [("Bob", None)]


def test_a_guid_is_known_with_hyphens_and_without(serving: Serving) -> None:
    songs = [
        {"id": "0f2ab1c4d5e6478899aabbccddeeff00", "title": "One", "artist": "Ánna", "path": "Ánna/Album/0 One.mp3"}
    ]
    with media_server_double("jellyfin", songs) as server, serving(**of_server("jellyfin", server.url)) as asked:
        for item in ("0f2ab1c4-d5e6-4788-99aa-bbccddeeff00", "0F2AB1C4D5E6478899AABBCCDDEEFF00"):
            assert asked.get("/api/track", item_id=item)["title"] == "One"


def test_a_password_that_is_refused_is_said_without_it(serving: Serving) -> None:
    with media_server_double("subsonic", []) as server:
        wrong = of_server("subsonic", server.url, password="another one")
        with serving(**wrong) as asked:
            status, error = asked.refusal("/api/track", item_id="1")
        assert status == 503
        assert "Wrong username" in error
        assert "MEDIA_SERVER_USER" in error
        assert all("another" not in request for request in server.requests)


def test_a_redirect_is_not_followed_with_the_password(serving: Serving) -> None:
    with media_server_double("jellyfin", []) as other, media_server_double("jellyfin", []) as server:
        server.redirects_to = f"{other.url}/Items?StartIndex=0&Limit=1"
        with serving(**of_server("jellyfin", server.url)) as asked:
            assert "answers 302" in asked.refusal("/api/track", item_id="1")[1]
        assert other.requests == []


def test_a_server_that_is_away_is_said_with_its_address(serving: Serving) -> None:
    with serving(**of_server("lyrion", "http://127.0.0.1:9")) as asked:
        status, error = asked.refusal("/api/track", item_id="1")
    assert status == 503
    assert "http://127.0.0.1:9: does not answer" in error


@pytest.mark.parametrize("kind", ["jellyfin", "lyrion"])
def test_a_server_of_another_kind_is_said(serving: Serving, kind: str) -> None:
    with media_server_double("subsonic", []) as server:
        server.answer = lambda *_: {"hello": ["world"]}  # type: ignore[method-assign]
        with serving(**of_server(kind, server.url)) as asked:
            assert "check MEDIA_SERVER" in asked.refusal("/api/track", item_id="1")[1]


def test_a_song_that_is_new_on_the_server_is_found_after_a_while(parts: Parts, tmp_path: Path) -> None:
    songs = songs_of("subsonic")
    late = songs.pop(0)
    with (
        media_server_double("subsonic", songs) as server,
        open_read_only(str(tmp_path / FILE_NAME)) as reader,
    ):
        source = media_server("subsonic", server.url, USER, PASSWORD)
        library = MediaLibrary(source, TrackLookup(reader), least_pause_seconds=0)
        library.start()
        try:
            assert library.file_of(late["id"]) is None
            songs.append(late)
            wait_for(lambda: library.file_of(late["id"]) == 1, "the new song")
            assert library.items_of([1]) == {1: late["id"]}
        finally:
            library.stop()


def test_what_no_path_tells_is_told_by_codes_and_names(parts: Parts, tmp_path: Path) -> None:
    code = "2b1e3a7c-0000-4000-8000-000000000001"
    with parts.database.transaction() as connection:
        connection.execute("UPDATE tracks SET mb_recording = ? WHERE file_id = 4", (code,))
        connection.execute("UPDATE tracks SET isrc = 'DEA121234567' WHERE file_id = 5")
    songs = [
        {"id": "by-mbid", "path": "Unknown/x.mp3", "title": "?", "artist": "?", "mbid": code.upper()},
        {"id": "by-isrc", "title": "?", "artist": "?", "isrc": "DE-A12-12-34567"},
        {"id": "by-names", "path": "5 Five.mp3", "title": "FIVE", "artist": "bob"},
        {"id": "windows", "path": r"D:\Music\Cleo\Album\7 Seven.mp3", "title": "?", "artist": "?"},
        {"id": "unknown", "path": "/music/Nobody/Album/1.mp3", "title": "Nothing", "artist": "Nobody"},
    ]
    with media_server_double("subsonic", songs) as server, open_read_only(str(tmp_path / FILE_NAME)) as reader:
        library = MediaLibrary(media_server("subsonic", server.url, USER, PASSWORD), TrackLookup(reader))
        library.start()
        try:
            assert [library.file_of(one["id"]) for one in songs] == [4, 5, 6, 8, None]
        finally:
            library.stop()


def test_a_library_of_many_pages_is_read_whole(parts: Parts, tmp_path: Path) -> None:
    others = [{"id": f"x{n}", "path": f"/m/X/Y/{n}.mp3", "title": f"T{n}", "artist": "X"} for n in range(1200)]
    with (
        media_server_double("subsonic", others + songs_of("subsonic")) as server,
        open_read_only(str(tmp_path / FILE_NAME)) as reader,
    ):
        library = MediaLibrary(media_server("subsonic", server.url, USER, PASSWORD), TrackLookup(reader))
        library.start()
        try:
            wait_for(lambda: _answers(library), "the songs")
            assert library.file_of("1007") == 8
            assert library.file_of("x5") is None
        finally:
            library.stop()


def _answers(library: MediaLibrary) -> bool:
    try:
        library.file_of("1007")
    except NotReadyError:
        return False
    return True


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"MEDIA_SERVER": "jellyfin", "MEDIA_SERVER_URL": "http://jellyfin:8096"}, "needs MEDIA_SERVER_PASSWORD"),
        ({"MEDIA_SERVER": "subsonic"}, "needs MEDIA_SERVER_URL"),
        ({"MEDIA_SERVER_URL": "http://anna:secret@nas:4533"}, "http:// or https:// with a host"),
        ({"MEDIA_SERVER_URL": "file:///etc/passwd"}, "http:// or https:// with a host"),
    ],
)
def test_a_media_server_that_cannot_be_asked_is_refused_at_the_start(values: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load_settings(None, environment=values)


def test_the_thread_that_reads_ends_with_the_daemon(serving: Serving) -> None:
    songs = songs_of("subsonic")
    with media_server_double("subsonic", songs) as server, serving(**of_server("subsonic", server.url)) as asked:
        assert asked.get("/api/track", item_id="1000")["title"] == "One"
    wait_for(lambda: all(one.name != "media-ids" for one in threading.enumerate()), "the end of the thread")
