"""Names out of tags and paths: every format, and what nobody should have written."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from mutagen.aiff import AIFF
from mutagen.apev2 import APEv2
from mutagen.asf import ASF
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3, TALB, TCMP, TCON, TDRC, TIT2, TPE1, TPE2, TPOS, TRCK, TSRC, TXXX, UFID
from mutagen.mp4 import MP4, MP4Cover, MP4FreeForm
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

from playlista.decode.metadata import read_metadata
from playlista.tracks.metadata import MAX_TEXT, Metadata, clean_text
from tests.ffmpeg import ffmpeg
from tests.libraries import child_environment

RECORDING, TRACK, ALBUM, ARTIST = (f"{number}1234567-89ab-cdef-0123-456789abcdef" for number in range(4))
EXPECTED = Metadata(
    "Jóga",
    "Björk",
    "Various",
    "Homogenic",
    2,
    1,
    1997,
    ("Electronic", "Art Pop"),
    RECORDING,
    TRACK,
    ALBUM,
    ARTIST,
    "GBAJH9700007",
    True,
    False,
)
COMMENTS = {
    "TITLE": "Jóga",
    "Artist": "Björk",
    "albumartist": "Various",
    "album": "Homogenic",
    "tracknumber": "02/10",
    "discnumber": "1",
    "date": "1997-09-22",
    "genre": ["Electronic", "Art Pop"],
    "musicbrainz_trackid": RECORDING,
    "musicbrainz_releasetrackid": TRACK,
    "musicbrainz_albumid": ALBUM,
    "musicbrainz_artistid": ARTIST,
    "isrc": "GB-AJH-97-00007",
    "compilation": "1",
}
FRAMES = (
    TIT2(3, "Jóga"),
    TPE1(3, "Björk"),
    TPE2(3, "Various"),
    TALB(3, "Homogenic"),
    TRCK(3, "2/10"),
    TPOS(3, "1/1"),
    TDRC(3, "1997-09-22"),
    TCON(3, ["Electronic", "Art Pop"]),
    TSRC(3, "GBAJH9700007"),
    TCMP(3, "1"),
    UFID("http://musicbrainz.org", RECORDING.encode()),
    TXXX(3, "MusicBrainz Release Track Id", TRACK),
    TXXX(3, "MUSICBRAINZ ALBUM ID", ALBUM),
    TXXX(3, "MusicBrainz Artist Id", ARTIST),
)
ITUNES = "----:com.apple.iTunes:"


def sound(path: Path, **options: str) -> Path:
    soundfile.write(path, np.zeros(4410, np.float32), 44100, **options)
    return path


def converted(path: Path) -> Path:
    source = sound(path.with_name("source.wav"))
    ffmpeg("-i", source, path)
    return path


def with_frames(path: Path, kind: type = ID3) -> Path:
    tagged = kind() if kind is ID3 else kind(path)
    tags = tagged
    if kind is not ID3:
        tagged.add_tags()
        tags = tagged.tags
    for frame in FRAMES:
        tags.add(frame)
    tagged.save(path) if kind is ID3 else tagged.save()
    return path


def flac(path: Path) -> Path:
    tagged = FLAC(sound(path))
    tagged.update(COMMENTS)
    tagged.save()
    return path


def ogg(path: Path) -> Path:
    tagged = OggVorbis(sound(path))
    tagged.update(COMMENTS)
    tagged.save()
    return path


def m4a(path: Path) -> Path:
    tagged = MP4(converted(path))
    tagged["\xa9nam"], tagged["\xa9ART"], tagged["aART"], tagged["\xa9alb"] = "Jóga", "Björk", "Various", "Homogenic"
    tagged["trkn"], tagged["disk"], tagged["\xa9day"], tagged["cpil"] = [(2, 10)], [(1, 1)], "1997-09-22", True
    tagged["\xa9gen"] = ["Electronic", "Art Pop"]
    named = (("Track Id", RECORDING), ("Release Track Id", TRACK), ("Album Id", ALBUM), ("Artist Id", ARTIST))
    for name, value in named:
        tagged[f"{ITUNES}MusicBrainz {name}"] = MP4FreeForm(value.encode())
    tagged[f"{ITUNES}ISRC"] = MP4FreeForm(b"GBAJH9700007")
    tagged.save()
    return path


def wma(path: Path) -> Path:
    tagged = ASF(converted(path))
    tagged["Title"], tagged["Author"], tagged["WM/AlbumArtist"], tagged["WM/AlbumTitle"] = (
        "Jóga",
        "Björk",
        "Various",
        "Homogenic",
    )
    tagged["WM/TrackNumber"], tagged["WM/PartOfSet"], tagged["WM/Year"] = "2", "1/1", "1997"
    tagged["WM/Genre"], tagged["WM/IsCompilation"], tagged["WM/ISRC"] = ["Electronic", "Art Pop"], "1", "GBAJH9700007"
    tagged["MusicBrainz/Track Id"], tagged["MusicBrainz/Release Track Id"] = RECORDING, TRACK
    tagged["MusicBrainz/Album Id"], tagged["MusicBrainz/Artist Id"] = ALBUM, ARTIST
    tagged.save()
    return path


def wavpack(path: Path) -> Path:
    tags = APEv2()
    tags.update(
        {name.title(): value for name, value in COMMENTS.items()} | {"Track": "2/10", "Disc": "1", "Year": "1997"}
    )
    tags.save(converted(path))
    return path


def mp3(path: Path) -> Path:
    return with_frames(sound(path, format="MP3"))


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.mp3", mp3),
        ("a.flac", flac),
        ("a.ogg", ogg),
        ("a.m4a", m4a),
        ("a.wma", wma),
        ("a.wv", wavpack),
        ("a.wav", lambda path: with_frames(sound(path), WAVE)),
        ("a.aiff", lambda path: with_frames(sound(path), AIFF)),
    ],
)
def test_every_format_gives_the_same_names(tmp_path: Path, name: str, make: object) -> None:
    assert read_metadata(str(make(tmp_path / name))) == EXPECTED


def with_ape(path: Path, **texts: str | list[str]) -> Path:
    tags = APEv2()
    tags.update(texts)
    tags.save(path)
    return path


def test_an_mp3_may_have_its_names_in_an_ape_tag_alone(tmp_path: Path) -> None:
    found = read_metadata(str(with_ape(sound(tmp_path / "a.mp3", format="MP3"), Title="Jóga", Artist=["Björk", "B"])))
    assert found is not None
    assert (found.title, found.artist, found.from_path) == ("Jóga", "Björk; B", ())


def test_what_id3v2_lacks_comes_from_the_ape_tag_and_what_it_has_does_not(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.mp3", format="MP3")
    with_ape(path, Title="of the APE tag", Album="Homogenic")
    tags = ID3()
    tags.add(TIT2(3, "Jóga"))
    tags.save(path)
    found = read_metadata(str(path))
    assert found is not None
    assert (found.title, found.album) == ("Jóga", "Homogenic")


def test_the_ape_tag_comes_before_id3v1_which_cuts_texts_at_30_characters(tmp_path: Path) -> None:
    path = with_ape(sound(tmp_path / "a.mp3", format="MP3"), Title="A title of more than thirty characters")
    path.write_bytes(
        path.read_bytes() + b"TAG" + b"A title of more than thirty ch" + b"Bj\xf6rk".ljust(94, b"\0") + b"\x11"
    )
    found = read_metadata(str(path))
    assert found is not None
    assert (found.title, found.artist) == ("A title of more than thirty characters", "Björk")
    assert found.genres == ("Rock",)


def test_an_empty_text_says_nothing_where_another_one_follows(tmp_path: Path) -> None:
    tagged = FLAC(sound(tmp_path / "a.flac"))
    tagged.update({"title": ["", "Jóga"], "album": [" ", "\t"], "tracknumber": ["", "2"]})
    tagged.save()
    found = read_metadata(str(tmp_path / "a.flac"))
    assert found is not None
    assert (found.title, found.album, found.track) == ("Jóga", None, 2)


@pytest.mark.parametrize(
    ("written", "genres"),
    [("17", ("Rock",)), ("(17)", ("Rock",)), ("(4);Art Pop", ("Disco", "Art Pop")), ("999", ("999",)), ("²", ("²",))],
)
def test_a_genre_by_its_number_in_id3v1_is_named(tmp_path: Path, written: str, genres: tuple[str, ...]) -> None:
    tagged = FLAC(sound(tmp_path / "a.flac"))
    tagged["genre"] = written
    tagged.save()
    found = read_metadata(str(tmp_path / "a.flac"))
    assert found is not None
    assert found.genres == genres


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("Artist/Album/01 Title.mp3", ("Title", "Artist", "Album", 1, None)),
        ("Artist/Album/10 Title.mp3", ("Title", "Artist", "Album", 10, None)),
        ("Artist/Album/CD 2/1-03. Title.flac", ("Title", "Artist", "Album", 3, 2)),
        ("Artist - Title.mp3", ("Title", "Artist", None, None, None)),
        ("some/Music/of/Artist/Album/2-11 - Artist - Title.ogg", ("Title", "Artist", "Album", 11, 2)),
        ("07-a_title.mp3", ("a title", None, None, 7, None)),
        ("99 Luftballons.mp3", ("99 Luftballons", None, None, None, None)),
        ("x/1999.mp3", ("1999", None, None, None, None)),
        ("000.mp3", ("000", None, None, None, None)),
        (".mp3", (".mp3", None, None, None, None)),
        ("\udcff.mp3", ("\ufffd", None, None, None, None)),
        ("a/b/\x1b[31m\n.mp3", ("[31m", "a", "b", None, None)),
    ],
)
def test_a_file_without_tags_is_named_from_its_path(path: str, names: tuple[object, ...]) -> None:
    found = Metadata().completed(path)
    assert (found.title, found.artist, found.album, found.track, found.disc) == names
    assert set(found.from_path) == {
        name for name, value in zip(("title", "artist", "album", "track", "disc"), names, strict=True) if value
    }


def test_half_of_the_tags_is_not_filled_up_with_folders() -> None:
    assert Metadata(artist="A").completed("X/Y/01 Z.mp3") == Metadata("Z", "A", from_path=("title",))
    assert Metadata("T").completed("X/Y/01 Z.mp3") == Metadata("T")


def test_what_cannot_be_opened_is_due_still_and_what_may_not_be_is_named_from_its_path(tmp_path: Path) -> None:
    assert read_metadata(str(tmp_path / "none.mp3")) is None
    assert read_metadata(str(tmp_path), shown_as="x.mp3") == Metadata("x", from_path=("title",))


def test_the_folders_of_an_absolute_path_are_no_artist_and_no_album() -> None:
    assert read_metadata("/nowhere/home/downloads", shown_as="/home/downloads/x.mp3") is None
    assert read_metadata("/proc/self", shown_as="/home/downloads/x.mp3") == Metadata("x", from_path=("title",))


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("\u202eabc", "\u202eabc"),
        ("a\ud800b", "a\ufffdb"),
        ("a\x00b\r\n\x1b[2Jc", "a b [2Jc"),
        ("  \t ", None),
        ("x" * 2**20, "x" * MAX_TEXT),
        (" " * 2**20 + "x", None),
    ],
)
def test_a_text_is_one_line_of_bounded_valid_text(text: str, cleaned: str | None) -> None:
    assert clean_text(text) == cleaned


def test_a_title_of_a_megabyte_is_cut_and_the_rest_is_kept(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.mp3", format="MP3")
    tags = ID3()
    tags.add(TIT2(3, "é" * 2**20))
    tags.add(TPE1(3, "Artist"))
    tags.save(path)
    assert read_metadata(str(path)) == Metadata("é" * MAX_TEXT, "Artist", has_cover=False)


HUGE = 200 * 2**20


def huge_mp3(path: Path) -> None:
    """A tag with a picture of 200 MB, most of it a hole in the file."""
    tags = ID3()
    tags.add(TIT2(3, "Title"))
    text = io.BytesIO()
    tags.save(text, padding=lambda _: 0)
    frames = text.getvalue()[10:]
    picture = b"APIC" + _synchsafe(HUGE) + bytes(2)
    after = ID3()
    after.add(TPE1(3, "Artist"))
    behind = io.BytesIO()
    after.save(behind, padding=lambda _: 0)
    size = len(frames) + len(picture) + HUGE + len(behind.getvalue()) - 10
    with path.open("wb") as file:
        file.write(b"ID3\x04\0\0" + _synchsafe(size) + frames + picture)
        file.seek(HUGE, io.SEEK_CUR)
        file.write(behind.getvalue()[10:] + sound(path.with_name("b.mp3"), format="MP3").read_bytes())


def huge_flac(path: Path) -> None:
    """Twelve pictures of 16 MB each, which is what a block can hold, before the comments."""
    tagged = FLAC(sound(path))
    tagged["title"], tagged["artist"] = "Title", "Artist"
    tagged.save()
    content = path.read_bytes()
    stream_info, rest = content[4:42], content[42:]
    with path.open("wb") as file:
        file.write(b"fLaC" + stream_info)
        for _ in range(12):
            file.write(b"\x06\xff\xff\xff")
            file.seek(0xFFFFFF, io.SEEK_CUR)
        file.write(rest)


def huge_m4a(path: Path) -> None:
    """A cover of 200 MB in the last atom of the file."""
    tagged = MP4(converted(path))
    tagged["\xa9nam"], tagged["\xa9ART"], tagged["covr"] = "Title", "Artist", [MP4Cover(b"\xff" * 100)]
    tagged.save(padding=lambda _: 0)
    content = bytearray(path.read_bytes())
    for name in (b"moov", b"udta", b"meta", b"ilst", b"covr", b"data"):
        at = content.rindex(name) - 4
        content[at : at + 4] = struct.pack(">I", struct.unpack_from(">I", content, at)[0] + HUGE)
    cut = content.rindex(b"\xff" * 100)
    with path.open("wb") as file:
        file.write(content[:cut])
        file.seek(HUGE, io.SEEK_CUR)
        file.write(content[cut:])


def _synchsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


READ = """
import resource, sys
from playlista.decode.metadata import read_metadata
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = read_metadata(sys.argv[1])
print(found.title, found.artist, found.has_cover, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize(("name", "make"), [("a.mp3", huge_mp3), ("a.flac", huge_flac), ("a.m4a", huge_m4a)])
def test_a_picture_of_200_megabytes_is_passed_over(tmp_path: Path, name: str, make: object) -> None:
    make(tmp_path / name)
    assert (tmp_path / name).stat().st_size > HUGE * 0.9
    command = [sys.executable, "-c", READ, str(tmp_path / name)]
    ended = subprocess.run(command, env=child_environment(), capture_output=True, text=True, timeout=120, check=True)
    title, artist, has_cover, grown_kb = ended.stdout.split()
    assert (title, artist, has_cover) == ("Title", "Artist", "True")
    assert int(grown_kb) < 64 * 1024  # what mutagen may read, a few times


def test_a_frame_that_would_inflate_to_a_gigabyte_is_not_inflated(tmp_path: Path) -> None:
    inflater = zlib.compressobj(9)
    bomb = b"".join(inflater.compress(bytes(2**20)) for _ in range(256)) + inflater.flush()
    frames = [b"TXXX" + _synchsafe(len(bomb) + 4) + b"\x00\x09" + _synchsafe(2**27) + bomb]
    title = b"\x03Title"
    frames.append(b"TIT2" + _synchsafe(len(title)) + bytes(2) + title)
    body = b"".join(frames)
    path = tmp_path / "a.mp3"
    path.write_bytes(b"ID3\x04\0\0" + _synchsafe(len(body)) + body)
    command = [sys.executable, "-c", READ, str(path)]
    ended = subprocess.run(command, env=child_environment(), capture_output=True, text=True, timeout=120, check=True)
    assert ended.stdout.split()[0] == "Title"
    assert int(ended.stdout.split()[-1]) < 64 * 1024


def test_a_picture_is_noticed(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.mp3", format="MP3")
    tags = ID3()
    tags.add(APIC(3, "image/png", 3, "front", b"\x89PNG"))
    tags.save(path)
    assert read_metadata(str(path)).has_cover is True
    tagged = FLAC(sound(tmp_path / "a.flac"))
    tagged.add_picture(Picture())
    tagged.save()
    assert read_metadata(str(tmp_path / "a.flac")).has_cover is True
