"""Chapters, wherever a file keeps them: as they were written, bounded, and never in the way of the analysis."""

from __future__ import annotations

from pathlib import Path

import mutagen
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC, CueSheet, CueSheetTrack, CueSheetTrackIndex
from mutagen.id3 import CHAP, ID3, TIT2

from playlista.decode.chapters import read_chapters
from playlista.decode.cue_sheet import parse_cue_sheet
from playlista.tracks import MAX_CHAPTERS, Chapter
from tests.decode.files import chord, encoded
from tests.exhaustive import examples

RATE_HZ = 44100
SHEET = """\ufeffREM GENRE Test
PERFORMER "Somebody"
TITLE "The album"
FILE "album.flac" WAVE
  TRACK 01 AUDIO
    TITLE "One"
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    TITLE "Two"
    INDEX 00 00:00:70
    INDEX 01 00:01:15
  TRACK 03 AUDIO
    TITLE Three
    INDEX 01 00:02:00
"""


def sound(path: Path) -> Path:
    if path.suffix in {".wav", ".flac"}:
        soundfile.write(path, chord(3, RATE_HZ, 1), RATE_HZ)
        return path
    return encoded(chord(3, RATE_HZ, 1), RATE_HZ, path)


def starts(path: Path) -> list[tuple[float, float | None, str]]:
    found = read_chapters(str(path), (), 3.0)
    return [(one.start_seconds, one.end_seconds, one.title) for one in found]


@pytest.mark.parametrize("name", ["album.flac", "album.wav", "album.ogg"])
@pytest.mark.parametrize("sheet", ["album.cue", "{name}.cue"])
@pytest.mark.parametrize("coding", ["utf-8", "utf-16", "cp1252"])
def test_a_cue_sheet_of_the_same_name_gives_the_chapters(name: str, sheet: str, coding: str, tmp_path: Path) -> None:
    path = sound(tmp_path / name)
    text = SHEET.replace("album.flac", name).replace("Three", "Drei Töne")
    (tmp_path / sheet.format(name=name)).write_bytes(text.removeprefix("\ufeff").encode(coding))

    # 15 of 75 frames are a fifth of a second.
    assert [(start, end) for start, end, _ in starts(path)] == [(0.0, 1.2), (1.2, 2.0), (2.0, 3.0)]
    assert starts(path)[2][2] == "Drei Töne"


def test_a_cue_sheet_of_one_file_a_track_says_nothing(tmp_path: Path) -> None:
    path = sound(tmp_path / "album.flac")
    lines = [f'FILE "{name}.flac" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n' for name in ("album", "other")]
    (tmp_path / "album.cue").write_text("".join(lines))

    assert starts(path) == []


def test_a_sheet_in_the_comments_of_a_flac_is_read(tmp_path: Path) -> None:
    path = sound(tmp_path / "album.flac")
    tags = FLAC(path)
    tags["CUESHEET"] = SHEET
    tags.save()

    assert [title for _, _, title in starts(path)][::2] == ["One", "Three"]


def test_the_cue_sheet_block_of_a_flac_is_read(tmp_path: Path) -> None:
    path = sound(tmp_path / "album.flac")
    tags, sheet = FLAC(path), CueSheet(None)
    for number, offset in ((1, 0), (2, RATE_HZ), (170, 3 * RATE_HZ)):
        track = CueSheetTrack(number, offset)
        track.indexes = [CueSheetTrackIndex(1, 0)] if number < 100 else []
        sheet.tracks.append(track)
    tags.cuesheet = sheet
    tags.metadata_blocks.append(sheet)
    tags.save()

    assert starts(path) == [(0.0, 1.0, "Track 1"), (1.0, 3.0, "Track 2")]


def test_the_chapters_of_a_podcast_s_id3_tag_are_read(tmp_path: Path) -> None:
    path = sound(tmp_path / "show.mp3")
    tags = ID3()
    tags.add(CHAP(element_id="b", start_time=1500, end_time=2500, sub_frames=[TIT2(text="News")]))
    tags.add(CHAP(element_id="a", start_time=0, end_time=1500, sub_frames=[TIT2(text="Hello")]))
    tags.save(path)

    assert starts(path) == [(0.0, 1.5, "Hello"), (1.5, 2.5, "News")]


@pytest.mark.parametrize("name", ["mix.ogg", "mix.opus", "mix.flac"])
def test_the_chapters_of_vorbis_comments_are_read(name: str, tmp_path: Path) -> None:
    path = sound(tmp_path / name)
    tags = mutagen.File(path)
    tags["CHAPTER000"], tags["CHAPTER000NAME"] = "00:00:00.000", "Begin"
    tags["CHAPTER001"], tags["CHAPTER001NAME"] = "00:00:02.250", "End"
    tags.save()

    assert starts(path) == [(0.0, 2.25, "Begin"), (2.25, 3.0, "End")]


def test_a_sheet_in_an_ape_tag_is_read(tmp_path: Path) -> None:
    path = sound(tmp_path / "album.wv")
    tags = APEv2()
    tags["Cuesheet"] = SHEET
    tags.save(path)

    assert len(starts(path)) == 3


def test_a_song_without_chapters_has_none(tmp_path: Path) -> None:
    for name in ("a.mp3", "b.flac", "c.ogg", "d.wav", "e.m4a"):
        assert starts(sound(tmp_path / name)) == []


def test_what_lies_behind_the_end_is_left_out_and_the_number_is_bounded() -> None:
    many = tuple(Chapter.of(number / 1000, None, "x" * 1000) for number in range(5000))

    found = read_chapters("/nowhere", many, 2.0)

    assert len(found) == MAX_CHAPTERS
    assert len(found[0].title) == 200
    assert read_chapters("/nowhere", (Chapter.of(3.0, None, "late"),), 2.0) == ()


def test_a_picture_of_a_hundred_megabytes_costs_no_memory_and_no_chapters(tmp_path: Path) -> None:
    path = sound(tmp_path / "show.mp3")
    content = path.read_bytes()
    size = 100 * 1024 * 1024
    coded = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    with path.open("wb") as file:
        file.write(b"ID3\x04\0\0" + coded)
        file.truncate(10 + size)
        file.seek(10 + size)
        file.write(content)

    assert starts(path) == []


@settings(max_examples=examples(200))
@given(st.text(alphabet='FILETRACKINDX "0123456789:\n\t', max_size=300))
def test_no_cue_sheet_makes_the_parser_fail(text: str) -> None:
    for chapter in parse_cue_sheet(text, "album.flac"):
        assert chapter.start_seconds >= 0
