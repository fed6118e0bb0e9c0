"""Results for other programs: what a spreadsheet makes of the flat table."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from playlista.outputs import csv_table
from playlista.outputs.export import EXPORT_KINDS, write_results
from playlista.tracks import Analysis, Loudness
from playlista.tracks.metadata import Metadata
from tests.libraries import analysis_of, as_stored, failed_analysis


def exported(result: Analysis, kind: str = "csv") -> bytes:
    stream = io.BytesIO()
    write_results([as_stored(result)], kind, stream)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["=1+1.mp3", "+SUM(A1).mp3", "-2+3.mp3", "@cmd.mp3", "\tx.mp3", "\rx.mp3", "\nx.mp3"])
def test_a_cell_that_begins_like_a_formula_is_text(name: str) -> None:
    failed = replace(failed_analysis(name), detail="=HYPERLINK(1)")
    (row,) = csv.DictReader(io.StringIO(exported(failed).decode(), newline=""))
    assert (row["path"], row["detail"]) == (f"'{name}", "'=HYPERLINK(1)")


def test_numbers_stay_numbers_and_other_names_stay_as_they_are() -> None:
    quiet = replace(analysis_of("a=b/'-'.mp3"), loudness=Loudness(-14.25, 5.0, -1.5, -3.75))
    (row,) = csv.DictReader(io.StringIO(exported(quiet).decode()))
    assert row["path"] == "a=b/'-'.mp3"
    assert row["loudness_integrated_lufs"] == "-14.25"
    assert row["loudness_replaygain_track_gain_db"] == "-3.75"


@pytest.mark.parametrize("kind", ["jsonl", "csv", "acousticbrainz"])
def test_an_export_is_of_its_own_kind_and_music_is_of_none(kind: str) -> None:
    matches = EXPORT_KINDS[kind].matches
    assert matches(exported(analysis_of("a.mp3"), kind)[:4096])
    for music in (b"ID3\x04", b"fLaC\0", b"OggS", b"RIFF", b"\xff\xfb\x90", b"#EXTM3U\n", b"SQLite format 3\0"):
        assert not matches(music)


NAMES = Metadata("=Title", "Ärtist", "V", "Album", 3, 1, 1999, ("Rock", "Pop"), isrc="GBAJH9700007", compilation=True)


def test_the_names_of_a_track_are_in_every_export() -> None:
    named = replace(analysis_of("a.mp3"), metadata=NAMES)
    (row,) = csv.DictReader(io.StringIO(exported(named).decode()))
    assert (row["title"], row["artist"], row["album_artist"], row["album"]) == ("'=Title", "Ärtist", "V", "Album")
    assert (row["track"], row["year"], row["genres"], row["compilation"]) == ("3", "1999", "Rock; Pop", "True")
    assert list(row).index("top_tags") < list(row).index("title")
    line = json.loads(exported(named, "jsonl"))
    assert line["metadata"]["title"] == "=Title"
    assert line["metadata"]["genres"] == ["Rock", "Pop"]
    tags = json.loads(exported(named, "acousticbrainz"))["metadata"]["tags"]
    assert tags == {
        "file_name": "a.mp3",
        "title": ["=Title"],
        "artist": ["Ärtist"],
        "albumartist": ["V"],
        "album": ["Album"],
        "tracknumber": ["3"],
        "discnumber": ["1"],
        "date": ["1999"],
        "isrc": ["GBAJH9700007"],
        "compilation": ["1"],
        "genre": ["Rock", "Pop"],
    }


NAMES_OF_CELLS = [
    *("plain", "", "'", "a=b", "a-b", "é☺", "a\0b", "a\0=b", "\0", "nul\0,"),
    *("a,b", 'a"b', "a\nb", "a\rb", " a", "=a", "+a", "-a", "@a", "\ta", "\ra", "\na", "-1.5", "None", "True", "a;b"),
]


@pytest.mark.parametrize("name", NAMES_OF_CELLS)
def test_a_line_is_the_same_whether_csv_looks_at_it_or_not(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    results = [
        as_stored(replace(analysis_of("a.mp3"), metadata=Metadata(name, "V", None, name, 1, genres=(name, "b"))))
    ]
    lines = list(csv_table.csv_lines(results))
    monkeypatch.setattr(csv_table, "_plain_line", lambda _cells: None)
    assert lines == list(csv_table.csv_lines(results))
