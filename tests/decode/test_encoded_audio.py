"""The identity of encoded audio: tags, pictures and copies leave it, another byte of the sound does not."""

from __future__ import annotations

import hashlib
import io
import os
import random
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from mutagen.flac import FLAC
from mutagen.ogg import OggPage

from playlista.decode.content import hash_file
from playlista.decode.encoded.audio import encoded_audio
from tests.decode.encoded_files import BY_HAND, ENCODED, TAGGED, retag, song
from tests.ffmpeg import ffmpeg
from tests.outputs.tag_files import encode, odd

PICTURE = random.Random(0).randbytes(300_000)
#: ffmpeg packs WMA's frames into other packets, and copies no WavPack.
COPIED = tuple(sorted(ENCODED.keys() - {"wma", "wv"}))


def identity(path: Path) -> tuple[str | None, bytes | None]:
    read = hash_file(str(path))
    return read.encoded_kind, read.encoded


def known(path: Path) -> bytes:
    """The identity of a file whose structure is known."""
    kind, digest = identity(path)
    assert digest is not None, kind
    return digest


def copied(path: Path, target: Path, *arguments: str) -> Path:
    """The packets of `path` in another file, by ffmpeg."""
    how = ("-map", "0:a", "-c", "copy", "-metadata", "title=Another", *arguments)
    ffmpeg("-i", f"file:{path}", *how, f"file:{target}")
    return target


def spans_of(path: Path) -> list[tuple[int, int]]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return [span for span in encoded_audio(descriptor).spans if span[0] < span[1]]
    finally:
        os.close(descriptor)


def test_stored_identities_hold_for_ever(tmp_path: Path) -> None:
    """Kind, setup, the head of each MiB, CRC-32 and length: a change of the rules needs a new kind."""
    stream = b"MAC " + bytes(range(1, 256)) * 5000
    (tmp_path / "a.ape").write_bytes(stream)
    whole = hashlib.blake2b(b"ape/1\n0\n" + stream[:4096] + stream[2**20 : 2**20 + 4096], digest_size=16)
    whole.update(zlib.crc32(stream).to_bytes(4, "little") + len(stream).to_bytes(8, "little"))
    assert identity(tmp_path / "a.ape") == ("ape/1", whole.digest())


@pytest.mark.parametrize("suffix", TAGGED)
def test_tags_and_pictures_leave_it_whether_they_come_grow_shrink_or_go(tmp_path: Path, suffix: str) -> None:
    path = song(tmp_path, suffix)
    before = known(path)
    for title, picture in (("a", b"x"), ("b" * 70_000, PICTURE), ("c", PICTURE[:777])):
        retag(path, title, picture)
        assert known(path) == before


def test_tags_leave_speex(tmp_path: Path) -> None:
    try:
        path = encode(tmp_path / "song.spx", "-c:a", "libspeex", "-ar", "32000", "-ac", "1")
    except subprocess.CalledProcessError:
        pytest.skip("this ffmpeg has no encoder for Speex")
    before = known(path)
    retag(path, "title", PICTURE)
    assert known(path) == before


def with_checksums(pages: bytes) -> bytes:
    """Ogg pages with the checksums of what stands on them now; anything else as it is."""
    stream, written = io.BytesIO(pages), b""
    while pages.startswith(b"OggS") and stream.tell() < len(pages):
        written += OggPage(stream).write()
    return written or pages


@pytest.mark.parametrize("suffix", [*ENCODED, *BY_HAND])
def test_one_changed_byte_of_the_sound_changes_it(tmp_path: Path, suffix: str) -> None:
    path = song(tmp_path, suffix)
    whole, spans, found = path.read_bytes(), spans_of(path), {known(path)}
    assert sum(end - start for start, end in spans) > 0.5 * len(whole)
    for place in (spans[0][0], sum(spans[len(spans) // 2]) // 2, spans[-1][1] - 1):
        path.write_bytes(with_checksums(whole[:place] + bytes([whole[place] ^ 0x40]) + whole[place + 1 :]))
        found.add(identity(path)[1] or b"")
    path.write_bytes(whole)
    assert with_checksums(whole) == whole
    assert len(found) == 4
    assert known(path) in found


@pytest.mark.parametrize("suffix", COPIED)
def test_a_copy_of_the_packets_by_ffmpeg_is_the_same_music(tmp_path: Path, suffix: str) -> None:
    path = song(tmp_path, suffix)
    arguments = ENCODED[suffix][2:] if suffix in {"rf64.wav", "flac.mp4"} else ()
    form = ("-f", "ogg") if suffix == "oga" else ()
    assert known(copied(path, tmp_path / f"copy.{suffix}", *arguments, *form)) == known(path)


def test_fragments_and_a_file_as_a_whole_are_the_same_music(tmp_path: Path) -> None:
    path = song(tmp_path, "m4a", seconds=6.0)
    ways = (("-movflags", "frag_keyframe+empty_moov"), ("-movflags", "+dash+global_sidx"), ("-movflags", "+faststart"))
    copies = [copied(path, tmp_path / f"{number}.m4a", *way) for number, way in enumerate(ways)]
    short = copied(
        path, tmp_path / "short.m4a", "-movflags", "empty_moov+default_base_moof", "-frag_duration", "100000"
    )
    assert {known(copy) for copy in (*copies, short)} == {known(path)}


def test_another_song_is_another(tmp_path: Path) -> None:
    for suffix in ("mp3", "flac", "ogg", "opus", "m4a", "wav", "wma"):
        one = known(song(tmp_path, suffix))
        assert known(song(tmp_path, suffix, pitch_hz=660)) != one


def test_the_same_samples_at_another_rate_are_other_music(tmp_path: Path) -> None:
    for suffix in ("wav", "aiff", "caf", "au", "w64"):
        path = song(tmp_path, suffix)
        before, whole = known(path), path.read_bytes()
        rate = {"wav": (44100).to_bytes(4, "little"), "w64": (44100).to_bytes(4, "little")}.get(suffix, b"\xac\x44")
        place = whole.index(rate)
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert known(path) != before


def test_a_comment_on_loudspeakers_counts_where_there_are_more_than_two(tmp_path: Path) -> None:
    two, six = tmp_path / "two.flac", tmp_path / "six.flac"
    for path, channels in ((two, 2), (six, 6)):
        soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, (44100, channels)), 44100)
    before = known(two), known(six)
    for path in (two, six):
        tags = FLAC(path)
        tags["WAVEFORMATEXTENSIBLE_CHANNEL_MASK"] = "0x60F"
        tags.save()
    assert known(two) == before[0]
    assert known(six) != before[1]


def test_several_tags_at_both_ends_and_an_info_frame_leave_an_mp3(tmp_path: Path) -> None:
    path = song(tmp_path, "vbr.mp3")
    before, whole = known(path), path.read_bytes()
    lyrics = b"LYRICSBEGININD0000200LYR00005Words000037LYRICS200"
    path.write_bytes(whole + bytes(5000) + lyrics + b"TAG" + bytes(125))
    assert known(path) == before
    retag(path, "title", PICTURE)
    assert known(path) == before
    assert b"Xing" in whole
    path.write_bytes(whole.replace(b"Xing\0\0\0\x0f", b"Xing\0\0\0\x0e"))
    assert known(path) == before


def test_what_is_cut_is_not_the_whole(tmp_path: Path) -> None:
    for suffix in ("mp3", "flac", "wv", "wav", "m4a", "ogg", "opus", "wma", "dsf", "dff", "caf", "aiff"):
        path = song(tmp_path, suffix)
        before, whole = known(path), path.read_bytes()
        path.write_bytes(whole[: len(whole) * 2 // 3])
        kind, digest = identity(path)
        assert digest != before
        # A stream without a length of its own goes on as far as it does; else the cut is seen.
        assert (kind != "decoded/1") == (suffix in {"mp3", "flac", "wv"}), suffix


@pytest.mark.parametrize("suffix", ["mp3", "flac", "ogg", "opus"])
def test_joined_files_are_other_music_than_the_first_and_keep_it_when_they_are_tagged(
    tmp_path: Path, suffix: str
) -> None:
    parts = [song(tmp_path, suffix, pitch_hz=pitch).read_bytes() for pitch in (440, 660)]
    path = tmp_path / f"joined.{suffix}"
    path.write_bytes(parts[0])
    first = known(path)
    path.write_bytes(b"".join(parts))
    joined = known(path)
    assert joined != first
    if suffix in {"mp3", "flac"}:  # mutagen takes a chained Ogg for one stream
        retag(path, "title", PICTURE)
        assert known(path) == joined


def test_what_is_not_known_or_lies_about_its_size_is_left_to_the_decoder(tmp_path: Path) -> None:
    (tmp_path / "text.mp3").write_bytes(b"no music at all" * 1000)
    two = tmp_path / "two.m4a"
    copied(song(tmp_path, "m4a"), two, "-map", "0:a")
    film = encode(tmp_path / "song.mka", "-c:a", "flac")
    for path in (tmp_path / "text.mp3", two, film, odd(tmp_path, "piped.wav"), odd(tmp_path, "cut.wav")):
        assert identity(path) == ("decoded/1", None), path.name


def test_damage_between_ogg_pages_is_left_to_the_decoder(tmp_path: Path) -> None:
    path = song(tmp_path, "ogg")
    whole = path.read_bytes()
    place = whole.rindex(b"OggS")
    path.write_bytes(whole[:place] + b"JunK" + whole[place + 4 :])
    assert identity(path) == ("decoded/1", None)


@pytest.mark.parametrize("suffix", ["ogg", "opus", "oga"])
def test_an_ogg_page_that_decoders_leave_out_is_left_to_them(tmp_path: Path, suffix: str) -> None:
    """Its checksum covers the head, too: the packets are whole, and are not played."""
    path = song(tmp_path, suffix)
    whole = bytearray(path.read_bytes())
    whole[whole.rindex(b"OggS", 0, whole.rindex(b"OggS")) + 18] ^= 1  # the number of the page
    path.write_bytes(whole)
    assert identity(path) == ("decoded/1", None)


def test_an_offset_of_the_samples_in_aiff_makes_other_music(tmp_path: Path) -> None:
    path = song(tmp_path, "aiff")
    whole = bytearray(path.read_bytes())
    begin = whole.index(b"SSND") + 8
    found = {known(path)}
    for offset in (4, 44_100):
        whole[begin : begin + 4] = offset.to_bytes(4, "big")
        path.write_bytes(whole)
        found.add(known(path))
    assert len(found) == 3


def test_an_edit_list_that_plays_a_part_makes_other_music(tmp_path: Path) -> None:
    path = song(tmp_path, "m4a", seconds=6.0)
    before, whole = known(path), path.read_bytes()
    place = whole.index(b"elst") + 4 + 8
    late = whole[: place + 4] + (3 * 44100).to_bytes(4, "big") + whole[place + 8 :]
    early = whole[:place] + (2000).to_bytes(4, "big") + whole[place + 4 :]
    found = {before}
    for edited in (late, early):
        path.write_bytes(edited)
        found.add(known(path))
    assert len(found) == 3


#: Files of the shared recordings that hold the same sound under tags of several programs.
SAME_SOUND = (
    ("full.mp3", "min.mp3", "date.mp3", "bpm.mp3", "space_time.mp3"),
    ("empty.mp3", "image.mp3", "image-jpeg.mp3", "image_unknown_type.mp3", "unparseable.mp3"),
    ("full.m4a", "empty.m4a", "image.m4a", "min.m4a", "soundcheck-nonascii.m4a", "unparseable.m4a"),
    ("full.alac.m4a", "empty.alac.m4a", "unparseable.alac.m4a"),
    ("full.flac", "empty.flac", "image.flac", "min.flac", "unparseable.flac"),
    ("full.ogg", "empty.ogg", "image.ogg", "coverart.ogg", "discc.ogg", "unparseable.ogg"),
    ("empty.opus", "unparseable.opus"),
    ("full.wma", "empty.wma", "image.wma", "pure.wma", "unparseable.wma"),
    ("full.ape", "empty.ape", "image.ape", "unparseable.ape"),
    ("full.mpc", "empty.mpc", "unparseable.mpc"),
    ("full.wv", "empty.wv", "unparseable.wv"),
    ("full.aiff", "empty.aiff", "unparseable.aiff"),
    ("empty.dsf", "unparseable.dsf"),
)


@pytest.mark.parametrize("names", SAME_SOUND, ids=lambda names: names[0])
def test_the_tags_of_many_programs_leave_it(shared_audio: Path, names: tuple[str, ...]) -> None:
    assert len({known(shared_audio / "beets/test/rsrc" / name) for name in names}) == 1
