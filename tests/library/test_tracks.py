"""The songs of a library: what its rows say, pages of them, search and statistics."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from playlista.features.tonal.keys import camelot
from playlista.library.database import FILE_NAME, open_database
from playlista.library.filter_texts import tag_floor
from playlista.library.folding import folded
from playlista.library.search import Search
from playlista.library.statistics import read_statistics
from playlista.library.track_filter import FilterError, TrackFilter, match_query
from playlista.library.track_pages import SORTS, TrackPages
from playlista.library.track_rows import put_metadata
from playlista.library.track_summaries import TrackLookup, TrackSummary
from playlista.tracks import Analysis, Rhythm, Status, Tagging, Tonal
from playlista.tracks.metadata import Metadata
from tests.libraries import Parts, analysis_of, failed_analysis, open_parts, track_file


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with open_parts(tmp_path, synced=False) as opened:
        yield opened


def add(parts: Parts, path: str, names: Metadata | None = None, **changes: object) -> int:
    """A track with a result; its id."""
    parts.queue.enqueue([track_file(path)], "scan")
    file_id = parts.library.get(path).file_id
    analysis = changes.pop("analysis", None) or analysis_of(path)
    parts.store.record(file_id, replace(analysis, metadata=names, **changes), attempts=1)
    return file_id


ALL = TrackFilter()


def titles(parts: Parts, track_filter: TrackFilter = ALL, sort: str = "title") -> list[str]:
    return [one.title for one in TrackPages(parts.database).page(track_filter, sort=sort).tracks]


def bpm(value: float | None) -> Rhythm:
    return Rhythm(value, 0.5, 100, 2.0, 1.0)


def tagged(**activations: float) -> Tagging:
    return Tagging(activations, (0.5,) * 200, 1, False, "essentia")


def test_a_track_keeps_all_that_its_tags_say(parts: Parts) -> None:
    uuids = [f"{number}1234567-89ab-cdef-0123-456789abcdef" for number in range(4)]
    names = Metadata(
        "Jóga",
        "Björk",
        "Björk",
        "Homogenic",
        2,
        1,
        1997,
        ("Electronic", "Art Pop"),
        *uuids,
        "GBAJH9700007",
        False,
        True,
    )
    add(parts, "a.flac", names)
    assert parts.store.get("a.flac").metadata == names
    assert [one.metadata for one in parts.results()] == [names]
    assert parts.store.get("a.flac").to_json()["metadata"]["genres"] == ("Electronic", "Art Pop")


def test_a_summary_has_the_values_of_the_result_and_stays_under_its_id(parts: Parts) -> None:
    file_id = add(parts, "x/b.flac", Metadata("Title", "Artist", has_cover=True))
    parts.library.move([(file_id, track_file("y/c.flac"))])
    (found,) = TrackLookup(parts.database).summaries([file_id, 4711])
    assert found == TrackSummary(
        file_id,
        "y/c.flac",
        "analyzed",
        None,
        "Title",
        "Artist",
        None,
        None,
        "FLAC",
        180.0,
        120.0,
        0.75,
        "12A",
        -14.0,
        (("rock", 0.5), ("jazz", 0.1)),
        True,
        parts.clock.now,
    )
    assert (found.key, found.scale) == ("C#", "minor")


def test_a_track_is_found_by_the_codes_that_other_programs_know_it_by(parts: Parts) -> None:
    names = Metadata(
        "Jóga", "Björk", musicbrainz_recording_id="01234567-89ab-cdef-0123-456789abcdef", isrc="GBAJH9700007"
    )
    file_id, lookup = add(parts, "a.flac", names), TrackLookup(parts.database)
    (summary,) = lookup.summaries([file_id])
    assert summary.to_json()["musicbrainz_recording_id"] == names.musicbrainz_recording_id
    assert summary.to_json()["isrc"] == "GBAJH9700007"
    assert lookup.id_of_mbid("01234567-89AB-CDEF-0123-456789ABCDEF") == file_id
    assert lookup.id_of_isrc("GB-AJH-97-00007") == lookup.id_of_isrc("gbajh9700007") == file_id
    assert lookup.id_of_isrc("GBAJH9700008") is None


@pytest.mark.parametrize("chosen", [{"album": "\udcff"}, {"format": "\udcff"}, {"tags": (tag_floor("\udcff"),)}])
def test_a_filter_that_is_not_unicode_finds_nothing(parts: Parts, chosen: dict[str, Any]) -> None:
    add(parts, "a.flac", Metadata("Jóga", "Björk"))
    conditions = tuple(TrackFilter(**chosen).conditions())
    values = tuple(value for condition in conditions for value in condition.values)
    with parts.database.read() as connection:
        query = f"SELECT count(*) FROM tracks WHERE {' AND '.join(condition.sql for condition in conditions)}"
        assert connection.execute(query, values).fetchone()[0] == 0


def test_a_code_or_a_name_that_is_not_unicode_finds_nothing(parts: Parts) -> None:
    lookup, odd = TrackLookup(parts.database), "\udcff"
    assert lookup.id_of_mbid(odd) is lookup.id_of_isrc(odd) is lookup.id_of_names(odd, odd, album=odd) is None


def test_every_code_of_the_wheel_is_named_as_the_analysis_names_it(parts: Parts) -> None:
    for tonic in ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"):
        for scale in ("major", "minor"):
            file_id = add(parts, f"{tonic}{scale}.mp3", tonal=Tonal(tonic, scale, 1.0, camelot(tonic, scale), 440.0))
            (found,) = TrackLookup(parts.database).summaries([file_id])
            assert (found.key, found.scale) == (tonic, scale)


@pytest.mark.parametrize("sort", [f"{sign}{name}" for name in SORTS for sign in ("", "-")])
def test_pages_of_any_order_have_every_track_once(parts: Parts, sort: str) -> None:
    for number in range(23):
        value = None if number % 5 == 0 else 100.0 + number % 3
        names = Metadata(f"Title {number % 4}", f"Artist {number % 2}", year=None if number % 7 == 0 else 2000)
        add(parts, f"{number:02}.mp3", names, rhythm=bpm(value))
    pages, found, after = TrackPages(parts.database), [], None
    while True:
        page = pages.page(TrackFilter(), sort=sort, after=after, limit=4)
        found += page.tracks
        if (after := page.next) is None:
            break
    assert len({one.id for one in found}) == len(found) == 23 == page.total
    assert [one.path for one in pages.select(TrackFilter(), sort=sort)] == [one.path for one in found]
    if "bpm" in sort:
        values = [one.bpm for one in found]
        known = [value for value in values if value is not None]
        assert known == sorted(known, reverse=sort.startswith("-"))
        assert values[len(known) :] == [None] * 5


def test_few_and_many_fitting_tracks_give_the_same_pages(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        names = Metadata(f"T{number % 7}", genres=("Rock",) if number % 2 else ())
        add(parts, f"{number:02}.mp3", names, rhythm=bpm(90.0 + number), tagging=tagged(jazz=number / 30))
    wanted = TrackFilter(bpm=(95, 115), genre="rock", tags=(("jazz", 0.3),))
    pages = TrackPages(parts.database)
    few = {sort: [one.id for one in pages.select(wanted, sort=sort)] for sort in SORTS}
    assert all(len(ids) == 9 for ids in few.values())  # 9 (0.3 exactly), 11, ... 25
    monkeypatch.setattr("playlista.library.track_pages.FEW_TRACKS", 1)
    assert pages.page(wanted).total is None
    assert {sort: [one.id for one in pages.select(wanted, sort=sort)] for sort in SORTS} == few
    two = TrackFilter(bpm=(95, 115), tags=(("jazz", 0.3), ("jazz", 0.5)))
    along = [one.path for one in pages.select(two)]
    assert along == [f"{number:02}.mp3" for number in range(15, 26)]
    monkeypatch.setattr("playlista.library.track_pages.FEW_TRACKS", 100)
    assert [one.path for one in pages.select(two)] == along


def test_filters_fold_names_and_take_both_ends_of_ranges(parts: Parts) -> None:
    add(parts, "1.mp3", Metadata("One", "Björk", album="Début", year=1993, genres=("Hip-Hop",)), rhythm=bpm(100.0))
    add(parts, "2.mp3", Metadata("Two", "BJORK", year=1995), rhythm=bpm(110.0))
    add(parts, "3.mp3", Metadata("Three", "Other", year=1996), rhythm=bpm(None), tagging=tagged(jazz=0.9))
    add(parts, "4.mp3", Metadata("Four"), analysis=failed_analysis("4.mp3"))
    assert titles(parts, TrackFilter(artist="bjørk".replace("ø", "ö"))) == ["One", "Two"]
    assert titles(parts, TrackFilter(album="debut")) == ["One"]
    assert titles(parts, TrackFilter(genre="hip-hop")) == ["One"]
    assert titles(parts, TrackFilter(bpm=(100, 110))) == ["One", "Two"]
    assert titles(parts, TrackFilter(bpm=(100.5, None))) == ["Two"]
    assert titles(parts, TrackFilter(year=(None, 1995))) == ["One", "Two"]
    assert titles(parts, TrackFilter(tags=(("JAZZ", 0.9),))) == ["Three"]
    assert titles(parts, TrackFilter(status=Status.FAILED)) == ["Four"]
    assert titles(parts, TrackFilter(camelot=("12a",), format="FLAC")) == ["One", "Three", "Two"]
    assert titles(parts, TrackFilter(text="bjo thr")) == []
    assert titles(parts, TrackFilter(text="deb")) == ["One"]
    assert titles(parts, TrackFilter(text='" OR *')) == []


@pytest.mark.parametrize("after", ["", "~", "~bm9wZQ", "x" * 9000, "~WyJwYXRoIixmYWxzZSwienoiLDFd", "\udcff"])
def test_a_cursor_that_is_none_is_refused(parts: Parts, after: str) -> None:
    with pytest.raises(FilterError):
        TrackPages(parts.database).page(TrackFilter(), after=after)


def test_what_cannot_be_asked_is_refused(parts: Parts) -> None:
    pages = TrackPages(parts.database)
    for wrong in (TrackFilter(camelot=("13A",)), TrackFilter(tags=(("jazz", 0.05),))):
        with pytest.raises(FilterError):
            pages.page(wrong)
    with pytest.raises(FilterError):
        pages.page(TrackFilter(), sort="size")


def test_search_finds_beginnings_of_words_without_their_accents_and_whole_titles_first(parts: Parts) -> None:
    add(parts, "1.mp3", Metadata("Moonlight Sonata", "Ludwig"))
    add(parts, "2.mp3", Metadata("Moon", "Héloïse", album="Blue Moon"))
    add(parts, "3.mp3", Metadata("Sun", "Moon Duo"), tagging=tagged(Mellow=0.4))
    search = Search(parts.database)
    assert [one.title for one in search.search("moon").tracks] == ["Moon", "Moonlight Sonata", "Sun"]
    assert [(one.name, one.tracks) for one in search.search("moon").artists] == [("Moon Duo", 1)]
    assert [(one.name, one.artist) for one in search.search("moon").albums] == [("Blue Moon", "Héloïse")]
    assert [one.title for one in search.search("HELOISE moo").tracks] == ["Moon"]
    assert [(one.name, one.tracks) for one in search.search("mell").tags] == [("Mellow", 1)]
    assert search.search('"*(').tracks == []


def test_words_genres_tags_and_counts_follow_every_change(parts: Parts) -> None:
    first = add(parts, "1.mp3", Metadata("Old", "A", album="X", genres=("Rock",), year=1990), rhythm=bpm(100.0))
    add(parts, "2.mp3", Metadata("Other", "A"), rhythm=bpm(109.9))
    parts.store.record(first, replace(analysis_of("1.mp3"), metadata=Metadata("New", "B", year=1991)), attempts=1)
    assert titles(parts, TrackFilter(text="old")) == titles(parts, TrackFilter(genre="rock")) == []
    assert titles(parts, TrackFilter(text="new b")) == ["New"]
    found = read_statistics(parts.database)
    assert (found.tracks, found.seconds, found.artists, found.albums) == (2, 360.0, 2, 0)
    assert (found.bpm, found.years, found.camelot) == ({100: 1, 120: 1}, {1991: 1}, {"12A": 2})
    assert (found.formats, found.loudness, [(one.name, one.tracks) for one in found.tags]) == (
        {"FLAC": 2},
        {-14: 2},
        [("rock", 2)],
    )
    parts.library.forget([first])
    found = read_statistics(parts.database)
    assert (found.tracks, found.seconds, found.bpm, found.artists) == (1, 180.0, {100: 1}, 1)
    assert titles(parts, TrackFilter(text="new")) == []
    with parts.database.transaction() as connection:
        connection.execute("INSERT INTO track_words (track_words) VALUES ('integrity-check')")


def test_a_file_that_is_gone_is_in_no_list_and_comes_back_with_its_numbers_due_for_its_names(parts: Parts) -> None:
    file_id = add(parts, "a.mp3", Metadata("Known", "A"))
    parts.library.gone_files.keep([file_id], now=1.0)
    assert titles(parts) == []
    assert read_statistics(parts.database).tracks == 0
    parts.library.move([(file_id, track_file("b.mp3"))])
    assert [one.path for one in TrackPages(parts.database).page(TrackFilter()).tracks] == ["b.mp3"]
    assert due(parts) == [file_id]


def test_a_result_without_names_takes_those_of_its_path_and_keeps_those_that_were_read(parts: Parts) -> None:
    one = add(parts, "Artist/Album/03 Song.mp3")
    assert parts.store.get("Artist/Album/03 Song.mp3").metadata == Metadata(
        "Song", "Artist", album="Album", track=3, from_path=("title", "artist", "album", "track")
    )
    two = add(parts, "b.mp3", Metadata("Tagged", "By Hand"))
    parts.store.record(two, replace(analysis_of("b.mp3"), metadata=None), attempts=1)
    assert parts.store.get("b.mp3").metadata.title == "Tagged"
    assert due(parts) == [one, two]


def test_tags_are_due_after_a_retag_and_names_of_the_path_after_a_move(parts: Parts) -> None:
    tagged_file, named = add(parts, "a.mp3", Metadata("A", "A")), add(parts, "b.mp3", Metadata().completed("b.mp3"))
    assert due(parts) == []
    parts.library.move([(tagged_file, track_file("x/a.mp3")), (named, track_file("x/b.mp3"))])
    assert due(parts) == [named]
    parts.queue.enqueue([track_file("x/a.mp3", content=2)], "scan")
    assert due(parts) == [tagged_file, named]


def due(parts: Parts) -> list[int]:
    with parts.database.read() as connection:
        return [row[0] for row in connection.execute("SELECT file_id FROM tracks WHERE tags_due = 1 ORDER BY file_id")]


def test_a_library_of_the_version_before_has_a_row_for_each_result_whose_names_are_due(tmp_path: Path) -> None:
    import sqlite3

    from playlista.library import migrations
    from playlista.library.database import connect_read_only

    path = os.fspath(tmp_path / FILE_NAME)
    with sqlite3.connect(path) as connection:
        migrations.migrate(connection, until=6)
        connection.execute("INSERT INTO version_sets VALUES (1, '{}')")
        connection.execute(
            "INSERT INTO files VALUES (5, x'61', 1, 1, 1, 1, 'analyzed', 1), (6, x'62', 1, 2, 1, 1, NULL, 1)"
        )
        values = (5, 1, 9.0, 1, None, 180.5, 123.0, "A", "minor", None, '{"status": "analyzed"}')
        connection.execute(f"INSERT INTO analyses VALUES ({', '.join('?' * len(values))})", values)
    connection.close()
    with open_database(path) as database:
        with database.read() as connection:
            rows = connection.execute("SELECT file_id, tags_due, title FROM tracks").fetchall()
        assert [tuple(row) for row in rows] == [(5, 1, None)]
        (found,) = TrackPages(database).page(TrackFilter()).tracks
        assert (found.title, found.status, found.bpm, found.key, found.scale) == (None, "analyzed", 123.0, "A", "minor")
        assert read_statistics(database).bpm == {120: 1}
        names = Metadata("Title", "Artist")
        with database.transaction() as connection:
            put_metadata(connection, 5, names)
        assert read_statistics(database).bpm == {120: 1}
        with database.transaction() as connection:
            connection.execute("DELETE FROM files")
        statistics = read_statistics(database)
        assert (statistics.bpm, statistics.camelot, statistics.artists) == ({}, {}, 0)
        with database.read() as connection:
            assert connection.execute("SELECT sum(abs(milliseconds)) FROM distributions").fetchone()[0] == 0
    connect_read_only(path).close()


@pytest.mark.parametrize(
    ("name", "key"),
    [("BJÖRK", "bjork"), ("Straße", "strasse"), ("が", "が"), ("  a \t b ", "a b"), (None, ""), ("x" * 999, "x" * 120)],
)
def test_case_and_accents_do_not_count(name: str | None, key: str) -> None:
    assert folded(name) == key


def test_a_query_has_no_language() -> None:
    words = ("a", "AND", "b", "NEAR", "c", "d", "e")
    assert match_query('a AND "b* NEAR(c) -d:e^') == " AND ".join(f'"{word}"*' for word in words)
    assert match_query("') --") == ""
    assert match_query("a bc 山", whole_letters=True) == '"a" AND "bc"* AND "山"*'


def test_an_analysis_without_numbers_is_a_track_too(parts: Parts) -> None:
    add(parts, "a.mp3", Metadata("A"), analysis=Analysis("a.mp3", Status.ANALYZED))
    assert titles(parts) == ["A"]
