"""The collection for DJ programs: what a reader of its XML finds."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

import pytest

from playlista.errors import ConfigError, PlaylistaError
from playlista.outputs.rekordbox import REKORDBOX, music_url, write_rekordbox
from playlista.tracks import Analysis, Audio, Rhythm
from playlista.tracks.beat_grid import encode_beats
from playlista.tracks.metadata import Metadata
from tests.libraries import analysis_of

NAMES = Metadata("Title", "Ärtist", "V", "Album", 3, 1, 1999, ("Rock", "Pop"))


def written(*tracks: Analysis, url: str = "file://localhost/music/") -> bytes:
    stream = io.BytesIO()
    assert write_rekordbox(enumerate(tracks, 7), len(tracks), url, stream) == len(tracks)
    return stream.getvalue()


def track_of(analysis: Analysis, url: str = "file://localhost/music/") -> ElementTree.Element:
    (track,) = ElementTree.fromstring(written(analysis, url=url)).iterfind("COLLECTION/TRACK")
    return track


def test_a_track_has_its_names_values_and_place() -> None:
    audio = Audio(180.6, 180.6, 180.6, 44100, 2, "FLAC", truncated=False)
    assert track_of(replace(analysis_of("a/b.flac", bpm=120.456), audio=audio, metadata=NAMES)).attrib == {
        "TrackID": "7",
        "Name": "Title",
        "Artist": "Ärtist",
        "Album": "Album",
        "Genre": "Rock; Pop",
        "Year": "1999",
        "DiscNumber": "1",
        "TrackNumber": "3",
        "TotalTime": "181",
        "AverageBpm": "120.46",
        "Tonality": "C#m",
        "Location": "file://localhost/music/a/b.flac",
    }


def test_what_is_not_known_is_left_out_and_a_name_comes_from_the_path() -> None:
    bare = replace(analysis_of("Some song.mp3"), rhythm=None, tonal=None)
    assert sorted(track_of(bare).attrib) == ["Location", "Name", "TotalTime", "TrackID"]
    assert track_of(bare).get("Name") == "Some song"


def test_the_beats_are_markers_of_tempo_counted_in_bars_of_four() -> None:
    slow = [1.0 + 0.6 * beat for beat in range(42)]
    fast = [26.2 + 0.4 * beat for beat in range(50)]
    grid = encode_beats([*slow, *fast])
    track = track_of(
        replace(analysis_of("a.mp3"), rhythm=Rhythm(100.0, 0.9, 92, 2.0, 1.0, (), ((0.0, 100.0), (26.0, 150.0)), grid))
    )
    assert [(one.tag, one.attrib) for one in track] == [
        ("TEMPO", {"Inizio": "1.000", "Bpm": "100.00", "Metro": "4/4", "Battito": "1"}),
        ("TEMPO", {"Inizio": "26.200", "Bpm": "150.00", "Metro": "4/4", "Battito": "3"}),  # 42 = 10 bars and 2 beats
    ]


def test_the_document_counts_its_tracks_and_names_its_maker() -> None:
    root = ElementTree.fromstring(written(analysis_of("a.mp3"), analysis_of("b.mp3")))
    assert (root.tag, root.get("Version")) == ("DJ_PLAYLISTS", "1.0.0")
    assert [part.tag for part in root] == ["PRODUCT", "COLLECTION", "PLAYLISTS"]
    assert root[0].get("Name") == "Playlista"
    assert root[1].get("Entries") == "2"
    assert [track.get("TrackID") for track in root[1]] == ["7", "8"]
    assert root[2][0].attrib == {"Type": "0", "Name": "ROOT", "Count": "0"}


def test_an_empty_library_is_a_whole_document() -> None:
    assert ElementTree.fromstring(written())[1].attrib == {"Entries": "0"}


@pytest.mark.parametrize(
    "name", ["<&\">'.mp3", "100%25 #1?.mp3", "Ü é.mp3", "a:b;c.mp3", "x\ny\t\x01.mp3", "\\back.mp3"]
)
def test_any_name_of_a_file_is_in_its_location(name: str) -> None:
    location = track_of(analysis_of(f"über/{name}")).get("Location", "")
    assert location.isascii()
    assert unquote_to_bytes(location) == f"file://localhost/music/über/{name}".encode()


def test_a_name_that_is_not_utf_8_keeps_its_bytes_in_the_location() -> None:
    track = track_of(analysis_of(os.fsdecode(b"caf\xe9.mp3")))
    assert track.get("Location") == "file://localhost/music/caf%E9.mp3"
    assert track.get("Name") == "caf\N{REPLACEMENT CHARACTER}"


def test_characters_that_xml_cannot_hold_are_left_out_and_all_others_kept() -> None:
    title = "a\x00b\x0bc\x1f\ufffe\uffff\ud800 <d> & \"e\" 'f' 🎵 ñ\n\tg"
    named = replace(analysis_of("a.mp3"), metadata=Metadata(title=title))
    assert track_of(named).get("Name") == "abc <d> & \"e\" 'f' 🎵 ñ\n\tg"


@pytest.mark.parametrize(
    ("folder", "url"),
    [
        ("/music", "file://localhost/music/"),
        ("/Volumes/My Music/", "file://localhost/Volumes/My%20Music/"),
        ("/", "file://localhost/"),
        ("D:\\My Music", "file://localhost/D:/My%20Music/"),
        ("D:/Music/", "file://localhost/D:/Music/"),
        ("D:\\", "file://localhost/D:/"),
        ("d:", "file://localhost/d:/"),
        ("\\\\nas\\music", "file://localhost//nas/music/"),
        ("/a\\b/c:d", "file://localhost/a%5Cb/c%3Ad/"),
        (os.fsdecode(b"/caf\xe9"), "file://localhost/caf%E9/"),
    ],
)
def test_the_music_folder_is_a_url_on_any_system(folder: str, url: str) -> None:
    assert music_url(folder) == url


@pytest.mark.parametrize("folder", ["music", "./music", "D:music", "~/Music"])
def test_a_music_folder_that_is_not_absolute_is_refused(folder: str) -> None:
    with pytest.raises(ConfigError, match=r"is not an absolute path; .*--music-path, PLAYLIST_PATH"):
        music_url(folder)


def test_a_library_that_shrinks_during_the_export_is_said() -> None:
    with pytest.raises(PlaylistaError, match="1 tracks went from the library"):
        write_rekordbox([(1, analysis_of("a.mp3"))], 2, "file://localhost/", io.BytesIO())


def test_one_track_at_a_time_is_taken_and_written() -> None:
    stream = io.BytesIO()

    def tracks() -> Iterator[tuple[int, Analysis]]:
        for number in range(3):
            assert stream.getvalue().count(b"<TRACK ") == number
            yield number, analysis_of(f"{number}.mp3")

    write_rekordbox(tracks(), 3, "file://localhost/", stream)


def test_a_collection_replaces_a_collection_and_no_other_xml() -> None:
    assert REKORDBOX.takes("a.xml", written(analysis_of("a.mp3"))[:4096])
    assert not REKORDBOX.takes("Library.xml", b'<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0">')
    assert not REKORDBOX.takes("a.xml", b"ID3\x04")
