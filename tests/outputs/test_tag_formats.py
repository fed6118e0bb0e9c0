"""Tags in every format: ours written, all others kept, the sound equal bit by bit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from mutagen.apev2 import APEv2
from mutagen.id3 import APIC, ID3, IPLS, RVA2, TCON, TDAT, TIT2, TORY, TPE1, TXXX, TYER

from playlista.errors import PlaylistaError
from playlista.outputs.file_tags.fields import tag_fields
from playlista.tracks import Analysis, Loudness, Rhythm, Status, Tonal
from playlista.tracks.mood import Mood
from tests.outputs.conftest import FIELDS, Write
from tests.outputs.tag_files import decoded, taggable, tags_of, with_apev2

COMMENTS = {
    "BPM": "127.98",
    "INITIALKEY": "F#m",
    "MOOD": "calm; sad",
    "ENERGYLEVEL": "7",
    "REPLAYGAIN_TRACK_GAIN": "-8.50 dB",
}
FRAMES = {
    "TBPM": "128",
    "TKEY": "F#m",
    "TMOO": "calm; sad",
    "TXXX:EnergyLevel": "7",
    "TXXX:REPLAYGAIN_TRACK_GAIN": "-8.50 dB",
}
ATOMS = {
    "tmpo": "128",
    "----:com.apple.iTunes:energylevel": "7",
    "----:com.apple.iTunes:replaygain_track_gain": "-8.50 dB",
}
EXPECTED: dict[str, dict[str, str]] = {
    "flac": COMMENTS,
    "ogg": COMMENTS,
    "oga": COMMENTS,
    "opus": {"BPM": "127.98", "R128_TRACK_GAIN": str(round(-13.5 * 256))},  # 5 dB below ReplayGain, in Q7.8
    "mp3": FRAMES,
    "wav": FRAMES,
    "aiff": FRAMES,
    "m4a": ATOMS,
    "alac.m4a": ATOMS,
    "wv": {"BPM": "127.98", "REPLAYGAIN_TRACK_GAIN": "-8.50 dB"},
    "wma": {"WM/BeatsPerMinute": "128", "WM/InitialKey": "F#m", "REPLAYGAIN_TRACK_PEAK": "0.944061"},
}
EVERY_FRAME = (
    TIT2(encoding=1, text=["Title"]),
    TPE1(encoding=1, text=["A/B", "C"]),
    TYER(encoding=0, text=["1999"]),
    TDAT(encoding=0, text=["2412"]),
    TORY(encoding=0, text=["1971"]),
    IPLS(encoding=0, people=[["producer", "Bob"]]),
    TCON(encoding=0, text=["(17)"]),
    TXXX(encoding=0, desc="MY OWN", text=["kept"]),
    APIC(encoding=0, mime="image/png", type=3, desc="", data=b"\x89PNG" + bytes(5000)),
)


def test_what_is_written_comes_from_the_analysis(monkeypatch: pytest.MonkeyPatch) -> None:
    analysis = Analysis(
        "song",
        Status.ANALYZED,
        rhythm=Rhythm(127.98, 0.9, 100, 2.0, 1.0),
        tonal=Tonal("F#", "minor", 0.8, "11A", 440.0),
        loudness=Loudness(-9.5, 5.0, -0.5, -8.5),
    )
    # Energy 0.7: 1 + 9 * 0.7 = 7.3. A mood counts from 0.8 on.
    mood = Mood(0.7, 0.5, {"sad": 0.8, "happy": 0.79, "calm": 0.95, "dark": 0.1})
    monkeypatch.setattr(Analysis, "mood", property(lambda _: mood))
    assert tag_fields(analysis) == FIELDS  # the peak: 10 ** (-0.5 / 20)


def test_nothing_is_written_where_nothing_is_known() -> None:
    assert tag_fields(Analysis("song", Status.FAILED)) == {}


@pytest.mark.parametrize("suffix", EXPECTED)
def test_each_format_gets_its_own_fields_and_keeps_its_sound(tmp_path: Path, write: Write, suffix: str) -> None:
    path = taggable(tmp_path, suffix)
    sound, former = decoded(path), tags_of(path)
    write(path)
    assert decoded(path) == sound != b""
    found = tags_of(path)
    assert {name: found[name][0] for name in EXPECTED[suffix]} == EXPECTED[suffix]
    assert {name: found.get(name) for name in former} == former
    assert os.listdir(tmp_path) == [path.name]


def test_true_audio_gets_an_id3_tag_unless_it_has_an_apev2_tag_alone(tmp_path: Path, write: Write) -> None:
    path = taggable(tmp_path, "tta")  # ffmpeg gives it an APEv2 tag
    sound = decoded(path)
    write(path)
    assert {str(APEv2(path)[name]) for name in ("Title", "BPM")} == {"A title", "127.98"}
    assert path.read_bytes().startswith(b"TTA1")
    APEv2(path).delete(path)
    write(path)
    assert tags_of(path)["TBPM"] == ["128"]
    assert decoded(path) == sound


def test_a_second_write_replaces_the_first(tmp_path: Path, write: Write) -> None:
    path = taggable(tmp_path, "flac")
    write(path)
    once = tags_of(path)
    write(path)
    assert tags_of(path) == once


def id3v23(path: Path) -> dict[str, str]:
    """Frames of the tag of `path` as they stand in it."""
    return {key: str(frame) for key, frame in ID3(path, translate=False, load_v1=False).items()}


def test_id3_keeps_its_version_and_every_frame(tmp_path: Path, write: Write) -> None:
    path = taggable(tmp_path, "mp3")
    tags = ID3()
    for frame in EVERY_FRAME:
        tags.add(frame)
    tags.save(path, v2_version=3, v1=2, v23_sep=None)
    former, v1 = id3v23(path), path.read_bytes()[-128:]
    write(path)
    assert path.read_bytes()[:5] == b"ID3\x03\x00"
    found = id3v23(path)
    assert {key: found.get(key) for key in former} == former
    assert found["TXXX:MOOD"] == "calm; sad", "2.3 has no frame for it"
    assert path.read_bytes()[-128:] == v1


def test_an_id3_tag_of_version_2_2_is_refused_since_it_cannot_stay_so(tmp_path: Path, write: Write) -> None:
    path = taggable(tmp_path, "mp3")
    ID3().delete(path)
    frame = b"TT2\x00\x00\x06\x00Title"
    path.write_bytes(b"ID3\x02\x00\x00\x00\x00\x00" + bytes([len(frame)]) + frame + path.read_bytes())
    before = path.read_bytes()
    with pytest.raises(PlaylistaError, match=r"song\.mp3: not tagged: its ID3v2\.2 tag cannot be written"):
        write(path)
    assert path.read_bytes() == before


def test_a_frame_that_the_tag_library_cannot_read_is_not_lost(tmp_path: Path, write: Write) -> None:
    path = taggable(tmp_path, "mp3")
    ID3().delete(path)
    broken = b"TDRC\x00\x00\x00\x03\x00\x00\x09xx"  # no such encoding
    path.write_bytes(b"ID3\x04\x00\x00\x00\x00\x00" + bytes([len(broken)]) + broken + path.read_bytes())
    before = path.read_bytes()
    with pytest.raises(PlaylistaError, match="its ID3 frame TDRC would be lost"):
        write(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("v1", [0, 2])
def test_a_stale_gain_in_an_apev2_tag_is_renewed_and_the_rest_of_it_kept(tmp_path: Path, write: Write, v1: int) -> None:
    path = taggable(tmp_path, "mp3")
    ID3(path).save(path, v1=v1)
    end = path.read_bytes()[-128:]
    with_apev2(path, REPLAYGAIN_TRACK_GAIN="+1.00 dB", MP3GAIN_MINMAX="100,200")
    sound = decoded(path)
    write(path)
    ape = {name: str(value) for name, value in APEv2(path).items()}
    assert ape["REPLAYGAIN_TRACK_GAIN"] == "-8.50 dB"
    assert ape["MP3GAIN_MINMAX"] == "100,200"
    assert tags_of(path)["TXXX:REPLAYGAIN_TRACK_GAIN"] == ["-8.50 dB"]
    assert decoded(path) == sound
    assert v1 == 0 or path.read_bytes()[-128:] == end


def test_a_file_with_an_apev2_tag_alone_gets_no_id3_tag_that_would_hide_its_title(tmp_path: Path, write: Write) -> None:
    path = taggable(tmp_path, "mp3")
    ID3(path).delete(path)
    with_apev2(path, Title="A title")
    write(path)
    assert not path.read_bytes().startswith(b"ID3")
    assert str(APEv2(path)["BPM"]) == "127.98"


def test_a_stale_value_under_a_name_of_other_capitals_is_replaced(tmp_path: Path, write: Write) -> None:
    path = taggable(tmp_path, "mp3")
    tags = ID3(path)
    tags.add(TXXX(encoding=0, desc="replaygain_track_gain", text=["+1.00 dB"]))
    tags.add(RVA2(desc="track", channel=1, gain=1.0, peak=0.5))
    tags.save(path)
    write(path)
    found = ID3(path)
    assert [frame.text for frame in found.getall("TXXX") if "track_gain" in frame.desc.lower()] == [["-8.50 dB"]]
    assert found["RVA2:track"].gain == pytest.approx(-8.5, abs=1 / 512)  # the frame holds 1/512 dB


def test_a_flac_under_the_name_of_an_mp3_gets_vorbis_comments(tmp_path: Path, write: Write) -> None:
    path = taggable(tmp_path, "flac").rename(tmp_path / "song.mp3")
    write(path)
    assert path.read_bytes().startswith(b"fLaC")
    assert b"REPLAYGAIN_TRACK_GAIN=-8.50 dB" in path.read_bytes()


def test_an_id3v1_tag_alone_stays_and_its_title_is_in_the_new_tag_too(tmp_path: Path, write: Write) -> None:
    path = taggable(tmp_path, "mp3")
    ID3(path).delete(path)
    v1 = b"TAG" + b"A title".ljust(30, b"\0") + bytes(95)
    path.write_bytes(path.read_bytes() + v1)
    write(path)
    assert path.read_bytes()[-128:] == v1
    assert tags_of(path)["TIT2"] == ["A title"]


def test_a_lyrics3_tag_that_would_be_lost_with_the_apev2_tag_is_refused(tmp_path: Path, write: Write) -> None:
    path = with_apev2(taggable(tmp_path, "mp3"), REPLAYGAIN_TRACK_GAIN="+1.00 dB")
    lyrics = b"LYRICSBEGININD0000200" + b"000021LYRICS200"
    path.write_bytes(path.read_bytes() + lyrics + b"TAG" + bytes(125))
    before = path.read_bytes()
    with pytest.raises(PlaylistaError, match="Lyrics3"):
        write(path)
    assert path.read_bytes() == before
