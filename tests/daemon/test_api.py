"""The whole API over a real library and a real socket: what it answers, and that it is what the description says."""

from __future__ import annotations

import html
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from playlista.config import Settings
from playlista.daemon.library_views import LibraryViews
from playlista.daemon.music_views import MusicViews
from playlista.daemon.playlist_keeper import made_keeper
from playlista.daemon.playlist_views import PlaylistViews
from playlista.daemon.settings_report import report_settings
from playlista.daemon.similar_views import SimilarViews
from playlista.daemon.status import read_progress
from playlista.library.database import FILE_NAME, open_read_only
from playlista.outputs.similarity.engine import Similarity
from playlista.serve.http import Application
from playlista.serve.server import Server
from playlista.serve.views import Views
from playlista.tracks import Analysis
from playlista.tracks.beat_grid import encode_beats
from playlista.tracks.metadata import Metadata
from tests.libraries import Parts, analysis_of, failed_analysis, open_parts, track_file
from tests.serve.test_http import ask
from tests.serve.views import views_of

#: Two artists with four tracks each, whose sounds lie around two places; then a file that is damaged.
SONGS = [(artist, number) for artist in ("Ánna", "Bob & <i>Co</i>") for number in range(4)]


def song(artist: str, number: int, embedding: np.ndarray) -> Analysis:
    first = analysis_of(f"{artist}/Album/{number} Song.mp3", bpm=100.0 + 10 * number)
    assert first.tagging is not None
    assert first.loudness is not None
    return replace(
        first,
        tagging=replace(first.tagging, embedding=tuple(map(float, np.float32(embedding)))),
        loudness=replace(first.loudness, integrated_lufs=-10.0 - number),
        metadata=Metadata(
            title=f"Song {number}",
            artist=artist,
            album="Album",
            year=1990 + number,
            genres=("Jazz",),
            isrc=f"DEA{ord(artist[0]):03}{number:06}",
        ),
    )


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    chance = np.random.default_rng(1)
    places = {"Á": chance.normal(size=200), "B": chance.normal(size=200)}
    with open_parts(tmp_path, synced=False) as opened:
        results = [song(artist, number, places[artist[0]] + 0.1 * chance.normal(size=200)) for artist, number in SONGS]
        for result in [*results, failed_analysis("broken.mp3")]:
            opened.queue.enqueue([track_file(result.path)], "scan")
            job = opened.queue.claim()
            assert job is not None
            opened.queue.finish(job, result)
            opened.clock.now += 1
        yield opened


@pytest.fixture
def woken() -> threading.Event:
    return threading.Event()


@pytest.fixture
def port(parts: Parts, tmp_path: Path, woken: threading.Event) -> Iterator[int]:
    settings = Settings(data_dir=tmp_path, music_dir=tmp_path)
    with open_read_only(str(tmp_path / FILE_NAME)) as reader, open_read_only(str(tmp_path / FILE_NAME)) as second:
        library = LibraryViews(settings, reader, queue=parts.queue, writer=parts.database, wake=woken.set)
        application = Application(_views(settings, reader, second, library, parts))
        server = Server("127.0.0.1:0", application)
        server.start()
        yield server.port
        server.stop()


def _views(settings: Settings, reader: Any, second: Any, library: LibraryViews, parts: Parts) -> Views:
    similarity = Similarity(second)
    music, similar = MusicViews(reader), SimilarViews(reader, similarity)
    playlists = PlaylistViews(settings, reader, similarity, made_keeper(settings, second, similarity))
    extra = {"version": "x", "serve_audio": False, "current": None, "not_ready": None}
    return views_of(
        status=lambda: read_progress(reader, settings, now=parts.clock.now) | extra,
        settings=lambda: report_settings(settings, {}),
        track=library.track,
        findings=library.findings,
        tracks=library.tracks,
        results=library.results,
        failures=library.failures,
        failure_groups=library.failure_groups,
        retry=library.retry,
        file=library.file,
        finished=library.finished,
        track_page=music.page,
        summaries=music.summaries,
        search=music.search,
        stats=music.stats,
        similar=similar.similar,
        blend=similar.blend,
        way=similar.way,
        map=similar.map,
        playlists=playlists.playlists,
        playlist_preview=playlists.preview,
        rule_preview=playlists.preview_rule,
    )


def get(port: int, path: str) -> Any:
    status, _, body = ask(port, f"/api/v1/{path}")
    assert status == 200, body
    return json.loads(body)


def titles(tracks: list[dict[str, Any]]) -> list[str]:
    return [f"{one['artist'][0]}{one['title'][-1]}" for one in tracks]


def test_tracks_are_filtered_sorted_and_paged_as_summaries(port: int) -> None:
    page = get(port, "tracks?fields=summary&sort=-bpm&limit=3")
    assert titles(page["tracks"])[:2] == ["B3", "Á3"]
    rest = get(port, f"tracks?fields=summary&sort=-bpm&limit=500&after={page['next']}")
    assert len(rest["tracks"]) == 6
    assert rest["next"] is None
    assert titles(get(port, "tracks?fields=summary&artist=anna&bpm=110-120")["tracks"]) == ["Á1", "Á2"]
    assert titles(get(port, "tracks?fields=summary&loudness=-12.5..-11.5")["tracks"]) == ["B2", "Á2"]
    assert get(port, "tracks?fields=summary&key=12A&year=..1990&tag=rock%3E=0.5")["total"] == 2
    assert get(port, "tracks?fields=summary&key=C%23m,1A")["total"] == 8
    assert get(port, "tracks?fields=summary&status=failed")["total"] == 1
    assert get(port, "tracks?fields=summary&tag=jazz%3E=0.5")["total"] == 0


def test_whole_results_can_be_filtered_too_and_keep_their_numbers(port: int, parts: Parts) -> None:
    page = get(port, "tracks?artist=anna&sort=bpm&limit=2")
    assert [one["rhythm"]["bpm"] for one in page["tracks"]] == [100.0, 110.0]
    whole = get(port, f"tracks?artist=anna&sort=bpm&limit=2&after={page['next']}")
    assert [one["rhythm"]["bpm"] for one in whole["tracks"]] == [120.0, 130.0]
    stored = parts.store.get(page["tracks"][0]["path"])
    assert stored is not None
    assert stored.tagging is not None
    assert tuple(np.float32(page["tracks"][0]["embedding"])) == tuple(np.float32(stored.tagging.embedding))


def test_a_track_has_one_id_whatever_it_is_asked_by(port: int) -> None:
    by_path = get(port, f"tracks/{quote('Ánna/Album/2 Song.mp3')}")
    assert get(port, f"tracks/{by_path['id']}") == by_path
    assert by_path["metadata"]["artist"] == "Ánna"
    assert by_path["beat_times"] is None


def test_the_times_of_the_beats_are_told_of_one_track_and_not_in_lists(port: int, parts: Parts) -> None:
    stored = parts.store.get("Ánna/Album/2 Song.mp3")
    known = parts.library.get("Ánna/Album/2 Song.mp3")
    assert stored is not None
    assert stored.rhythm is not None
    assert known is not None
    with_beats = replace(stored, rhythm=replace(stored.rhythm, beat_grid=encode_beats([0.5, 1.0])))
    parts.store.record(known.file_id, with_beats, attempts=1)
    assert get(port, f"tracks/{known.file_id}")["beat_times"] == [0.5, 1.0]
    listed = get(port, f"tracks?ids={known.file_id}")["tracks"][0]
    assert "beat_times" not in listed
    assert listed["rhythm"]["beat_grid"] == encode_beats([0.5, 1.0])


def test_a_track_that_rotted_says_so(port: int, parts: Parts) -> None:
    (first,) = get(port, "tracks?fields=summary&limit=1")["tracks"]
    assert get(port, f"tracks/{first['id']}")["findings"] == {}
    with parts.database.transaction() as connection:  # as the scrub writes it down
        row = ("rotted", first["id"], "other bytes")
        connection.execute("INSERT INTO track_findings (finding, file_id, evidence) VALUES (?, ?, ?)", row)
    assert get(port, f"tracks/{first['id']}")["findings"] == {"rotted": "other bytes"}


def test_search_finds_tracks_artists_albums_and_tags_without_accents(port: int) -> None:
    found = get(port, "search?q=ann")
    assert {one["artist"] for one in found["tracks"]} == {"Ánna"}
    assert found["artists"] == [{"name": "Ánna", "tracks": 4}]
    assert [one["name"] for one in get(port, "search?q=roc")["tags"]] == ["rock"]
    assert get(port, "search?q=")["tracks"] == []


def test_statistics_count_every_track_once(port: int) -> None:
    stats = get(port, "stats")
    assert (stats["tracks"], stats["artists"], stats["seconds"]) == (9, 2, 8 * 180.0)
    assert stats["bpm"] == [{"from": low, "to": low + 10, "count": 2} for low in (100, 110, 120, 130)]
    assert stats["keys"] == [{"camelot": "12A", "key": "C#", "scale": "minor", "count": 8}]
    assert stats["formats"] == [{"name": "FLAC", "count": 8}]


@pytest.mark.parametrize(
    "named",
    ["id=1", "path=" + quote("Ánna/Album/0 Song.mp3"), "isrc=DE-A19-30-00000", "artist=ANNA&title=song+0"],
    ids=["id", "path", "isrc", "names"],
)
def test_similar_tracks_come_first_whatever_a_track_is_named_by(port: int, named: str) -> None:
    found = get(port, f"similar?{named}&n=7")
    assert found["of"]["title"] == "Song 0"
    assert [one["artist"] for one in found["tracks"][:3]] == ["Ánna"] * 3
    similarities = [one["similarity"] for one in found["tracks"]]
    assert similarities == sorted(similarities, reverse=True)
    assert found["tracks"][0]["shared_tags"] == ["rock", "jazz"]


def test_one_artist_may_be_kept_from_filling_the_list(port: int) -> None:
    found = get(port, "similar?id=1&n=7&per_artist=1")
    assert sorted(one["artist"] for one in found["tracks"]) == ["Bob & <i>Co</i>", "Ánna"]


def test_a_way_and_a_mixture_and_a_map_name_each_track_once(port: int) -> None:
    way = get(port, "path?from=1&to=8&n=5")["tracks"]
    assert (way[0]["id"], way[0]["step"], way[-1]["id"], way[-1]["step"]) == (1, 0, 8, 1)
    assert len({one["id"] for one in way}) == 5
    blend = [one["id"] for one in get(port, "blend?add=1&add=2&subtract=8&n=5")["tracks"]]
    assert {1, 2, 8}.isdisjoint(blend)
    points = get(port, "map?colour=bpm")
    assert sorted(points["ids"]) == list(range(1, 9))
    assert all(0 <= place <= 1 for place in points["x"] + points["y"])
    assert sorted(points["values"]) == [100, 100, 110, 110, 120, 120, 130, 130]
    assert len(get(port, "map?limit=3")["ids"]) == 3


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("similar", 400),
        ("similar?id=1&path=x", 400),
        ("similar?artist=x", 400),
        ("similar?id=999", 404),
        ("similar?id=9", 404),
        ("similar?id=99999999999999999999", 400),
        ("path?from=1", 400),
        ("path?from=1&to=1", 400),
        ("path?from=1&to=999", 404),
        ("blend?subtract=1", 400),
        ("blend?add=9", 404),
        ("map?colour=odd", 400),
        ("playlists/preview", 400),
        ("playlists/preview?name=nobody", 404),
        ("tracks?bpm=fast", 400),
        ("tracks?bpm=-", 400),
        ("tracks?bpm=120-110", 400),
        ("tracks?key=H", 400),
        ("tracks?tag=jazz%3E=5", 400),
        ("tracks?sort=odd", 400),
        ("tracks?fields=summary&after=~odd", 400),
        ("tracks?fields=summary&after=~W10", 400),
        ("tracks/999", 404),
        ("tracks/999999999999999999999", 404),
        ("failures?group=odd", 400),
        ("search?q=" + "x" * 600, 400),
    ],
)
def test_what_cannot_be_answered_is_said_with_the_right_status(port: int, path: str, status: int) -> None:
    assert ask(port, f"/api/v1/{path}")[0] == status


@pytest.mark.parametrize(
    "body",
    [
        {"rule": {"bpm": "110-130", "artist": "anna", "order": "-bpm", "limit": 2}},
        {"toml": '["Any name"]\nbpm = "110-130"\nartist = "anna"\norder = "-bpm"\nlimit = 2\n'},
    ],
)
def test_a_rule_is_previewed_without_a_file_and_without_a_token(port: int, body: dict[str, Any]) -> None:
    status, _, said = ask(port, "/api/v1/playlists", "POST", json.dumps(body).encode())
    assert status == 200, said
    document = json.loads(said)
    assert titles(document["tracks"]) == ["Á3", "Á2"]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"rule": {"bmp": "110-130"}}, 400, "did you mean bpm"),
        ({"rule": {"bpm": "fast"}}, 400, "bpm"),
        ({"rule": {"tags": ["jazz>=3"]}}, 400, "tags"),
        ({"rule": {"similar": "nobody - nothing"}}, 404, "not in the library"),
        ({"rule": []}, 400, "the body is"),
        ({"rule": {}, "toml": ""}, 400, "the body is"),
        ({}, 400, "the body is"),
        ({"toml": "bpm ="}, 400, "is no TOML"),
        ({"toml": "[a]\n[b]\n"}, 400, "one playlist"),
    ],
)
def test_a_rule_that_is_none_is_told(port: int, body: dict[str, Any], status: int, says: str) -> None:
    code, _, said = ask(port, "/api/v1/playlists", "POST", json.dumps(body).encode())
    assert code == status
    assert says in said.decode()


def test_playlists_are_listed_and_previewed_whether_they_are_kept_or_not(port: int, tmp_path: Path) -> None:
    (tmp_path / "playlists.toml").write_text('defaults = false\n["Like it"]\nsimilar = "Anna - Song 0"\nlimit = 3\n')
    listed = get(port, "playlists")
    assert listed == {
        "folder": None,
        "error": None,
        "playlists": [{"name": "Like it", "file": None, "tracks": None, "error": None}],
    }
    previewed = get(port, "playlists/preview?name=Like+it")
    found = previewed["tracks"]
    assert [one["artist"] for one in found] == ["Ánna"] * 3
    (tmp_path / "playlists.toml").write_text('["Like it"]\nlimit = 0\n')
    assert get(port, "playlists")["error"].endswith("'Like it': limit is a whole number from 1 to 10000")


def test_failures_have_ids_and_say_what_to_do(port: int) -> None:
    (failure,) = get(port, "failures")
    assert (failure["id"], failure["path"], failure["reason"]) == (9, "broken.mp3", "corrupt")
    (group,) = get(port, "failures?group=reason")
    assert group == {"reason": "corrupt", "count": 1, "remedy": failure["remedy"], "retryable": False}
    assert failure["remedy"]


def test_what_is_retried_is_due_and_the_worker_is_woken(parts: Parts, tmp_path: Path) -> None:
    woken = threading.Event()
    with open_read_only(str(tmp_path / FILE_NAME)) as reader:
        settings = Settings(data_dir=tmp_path)
        library = LibraryViews(settings, reader, queue=parts.queue, writer=parts.database, wake=woken.set)
        from playlista.serve.views import RetryRequest

        assert library.retry(RetryRequest(ids=(9, 12345))) == 1
    assert woken.is_set()
    job = parts.queue.claim()
    assert job is not None
    assert job.file.path == "broken.mp3"


def test_a_file_outside_the_music_folder_is_not_given_away(parts: Parts, tmp_path: Path) -> None:
    music = tmp_path / "music"
    music.mkdir()
    (tmp_path / "secret").write_text("secret")
    (music / "broken.mp3").symlink_to(tmp_path / "secret")
    with open_read_only(str(tmp_path / FILE_NAME)) as reader:

        def file_of(settings: Settings) -> str | None:
            views = LibraryViews(settings, reader, queue=parts.queue, writer=parts.database, wake=lambda: None)
            return views.file(9)

        assert file_of(Settings(music_dir=music)) is None
        assert file_of(Settings(music_dir=music, follow_symlinks=True)) == str(music / "broken.mp3")


def listed(port: int, query: str) -> list[str]:
    """The names in all pages of the list, from one page to the next."""
    names: list[str] = []
    following: str | None = query
    while following is not None:
        status, headers, body = ask(port, f"/list{following}")
        assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        page = body.decode()
        names += re.findall(r'<th scope="row"><bdi>(.*?)</bdi>', page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        following = html.unescape(found[1]) if found else None
    return names


def test_the_list_leads_through_the_whole_library(port: int) -> None:
    assert sorted(listed(port, "?limit=2")) == sorted([f"Song {number}" for _, number in SONGS] + ["broken"])


def test_the_list_can_be_searched_and_keeps_what_was_searched(port: int) -> None:
    assert sorted(listed(port, "?limit=2&q=anna")) == [f"Song {number}" for number in range(4)]
    assert listed(port, "?limit=1&status=failed") == ["broken"]


@pytest.mark.parametrize("query", ["?status=odd", "?limit=51", "?after=odd", "?q=" + "x" * 501])
def test_what_the_list_cannot_answer_is_said(port: int, query: str) -> None:
    assert ask(port, f"/list{query}")[0] == 400


@pytest.mark.parametrize("fields", ["summary", "full"])
def test_tracks_are_given_by_their_ids_in_that_order(port: int, fields: str) -> None:
    first, second, *_ = get(port, "tracks?fields=summary&sort=title")["tracks"]
    found = get(port, f"tracks?fields={fields}&ids={second['id']},999999,{first['id']}")
    assert [track["id"] for track in found["tracks"]] == [second["id"], first["id"]]
    assert found["next"] is None


@pytest.mark.parametrize("ids", ["", "1,", "a", "1;2", "-1", ",".join(["1"] * 101), "1" * 19])
def test_ids_that_are_none_are_refused(port: int, ids: str) -> None:
    status, _, body = ask(port, f"/api/v1/tracks?ids={ids}")
    if ids:
        assert (status, b"at most 100 ids" in body) == (400, True)
    else:
        assert "next" in json.loads(body)  # as if there were none
