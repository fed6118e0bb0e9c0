"""What files say of their own integrity: sound ones are verified where they can be, damaged ones say where."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from mutagen.ogg import OggPage

from playlista.decode.integrity.crc16 import Crc16
from playlista.decode.mpeg_header import parse_mpeg_header
from playlista.errors import DecodeError
from playlista.tracks.health import Integrity, IntegrityState
from tests.decode.encoded_files import song
from tests.decode.files import opened

CHECKED = ("flac", "mp3", "ogg", "opus", "oga", "wv", "tta")
UNCHECKED = ("wav", "aiff", "m4a", "alac.m4a", "wma", "aac", "mp2")


def finding(path: Path) -> Integrity:
    """The finding of one pass over a file, however it ends."""
    with opened(path, checks_integrity=True) as source:
        with suppress(DecodeError):
            deque(source.blocks(), maxlen=0)
        assert source.integrity is not None
        return source.integrity


def noise(path: Path, subtype: str, *, channels: int = 2, frames: int = 50_001) -> Path:
    bits = {"PCM_S8": 8, "PCM_16": 16, "PCM_24": 24}[subtype]
    numbers = np.random.default_rng(bits).integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (frames, channels))
    soundfile.write(path, numbers / 2.0 ** (bits - 1), 44100, subtype=subtype)
    return path


def frames_of(data: bytes) -> list[int]:
    """Where the frames of a plain MP3 begin, by their headers."""
    places, position = [], data.index(b"\xff\xfb")
    while header := parse_mpeg_header(data[position:]):
        places.append(position)
        position += header.frame_bytes or 0
    return places


@pytest.mark.parametrize("suffix", CHECKED)
def test_a_sound_file_with_checksums_is_verified(suffix: str, tmp_path: Path) -> None:
    assert finding(song(tmp_path, suffix)).state is IntegrityState.VERIFIED


@pytest.mark.parametrize("suffix", UNCHECKED)
def test_a_sound_file_without_checksums_is_not_accused(suffix: str, tmp_path: Path) -> None:
    assert finding(song(tmp_path, suffix)).state is IntegrityState.NO_CHECKSUM


@pytest.mark.parametrize("suffix", [*CHECKED, *UNCHECKED])
def test_half_a_file_is_never_verified(suffix: str, tmp_path: Path) -> None:
    path = song(tmp_path, suffix)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with suppress(DecodeError):  # of which nothing can be decoded has no result that could be wrong
        assert finding(path).state is not IntegrityState.VERIFIED


def test_what_was_not_read_to_its_end_is_not_verified(tmp_path: Path) -> None:
    path = noise(tmp_path / "a.flac", "PCM_16")
    with opened(path, checks_integrity=True, block_seconds=0.1) as source:
        next(source.blocks())
        assert source.integrity is not None
        assert source.integrity.state is IntegrityState.NO_CHECKSUM


@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_16", "PCM_24"])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_flac_of_whole_bytes_is_verified_to_the_last_bit(subtype: str, channels: int, tmp_path: Path) -> None:
    path = noise(tmp_path / "a.flac", subtype, channels=channels)
    assert finding(path) == Integrity(IntegrityState.VERIFIED, "MD5 of the samples")


def test_another_md5_in_a_flac_is_a_mismatch(tmp_path: Path) -> None:
    path = noise(tmp_path / "a.flac", "PCM_16")
    data = bytearray(path.read_bytes())
    data[8 + 18 : 8 + 34] = hashlib.md5(b"other samples", usedforsecurity=False).digest()
    path.write_bytes(data)
    assert finding(path).state is IntegrityState.MISMATCH


def test_a_flac_without_an_md5_has_no_checksum(tmp_path: Path) -> None:
    path = noise(tmp_path / "a.flac", "PCM_16")
    data = bytearray(path.read_bytes())
    data[8 + 18 : 8 + 34] = bytes(16)
    path.write_bytes(data)
    assert finding(path) == Integrity(IntegrityState.NO_CHECKSUM, "the encoder wrote no MD5")


def test_two_flacs_in_one_file_are_told_to_be_checked_in_part(tmp_path: Path) -> None:
    one, two = noise(tmp_path / "a.flac", "PCM_16"), noise(tmp_path / "b.flac", "PCM_16", frames=30_000)
    one.write_bytes(one.read_bytes() + two.read_bytes())
    found = finding(one)
    assert found.state is IntegrityState.NO_CHECKSUM
    assert "first 1.13 s" in (found.detail or "")  # 50,001 samples at 44.1 kHz


@pytest.mark.parametrize("suffix", ["flac", "ogg", "opus", "oga", "wv", "tta"])
def test_one_flipped_bit_in_the_middle_is_a_mismatch(suffix: str, tmp_path: Path) -> None:
    path = song(tmp_path, suffix, seconds=4.0)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x08
    path.write_bytes(data)
    assert finding(path).state is IntegrityState.MISMATCH


def test_a_bit_flipped_in_an_mp3_is_said_but_accuses_nobody(tmp_path: Path) -> None:
    """mp3gain changes frames without renewing LAME's checksum: most files whose checksum is wrong are sound."""
    path = song(tmp_path, "mp3")
    data = bytearray(path.read_bytes())
    data[frames_of(bytes(data))[40] + 100] ^= 0x08
    path.write_bytes(data)
    found = finding(path)
    assert found.state is IntegrityState.NO_CHECKSUM
    assert "CRC-16" in (found.detail or "")


def test_junk_between_mp3_frames_is_counted_with_its_first_place(tmp_path: Path) -> None:
    path = song(tmp_path, "mp3", seconds=4.0)
    data = path.read_bytes()
    starts = frames_of(data)
    first, second = starts[50], starts[100]
    path.write_bytes(data[:first] + b"junk" * 100 + data[first:second] + b"junk" * 100 + data[second:])
    found = finding(path)
    assert found.state is IntegrityState.MISMATCH
    assert found.detail == f"MPEG frames break off in 2 places, the first at {50 * 1152 / 44100:.2f} s (byte {first})"


@pytest.mark.parametrize("suffix", ["mp3", "aac"])
def test_missing_bytes_break_the_row_of_frames(suffix: str, tmp_path: Path) -> None:
    path = song(tmp_path, suffix, seconds=4.0)
    data = path.read_bytes()
    middle = len(data) // 2
    path.write_bytes(data[:middle] + data[middle + 1000 :])
    found = finding(path)
    assert found.state is IntegrityState.MISMATCH
    assert "in 1 place" in (found.detail or "")


def test_tags_between_joined_mp3s_are_no_damage(tmp_path: Path) -> None:
    data = song(tmp_path, "mp3").read_bytes()
    ape = b"APETAGEX" + (2000).to_bytes(4, "little") + (32).to_bytes(4, "little") + bytes(16) + bytes(32)
    id3v1 = b"TAG" + b"x" * 125
    path = tmp_path / "joined.mp3"
    path.write_bytes(data + id3v1 + data + ape + data[data.index(b"\xff\xfb") :])
    assert finding(path).state is not IntegrityState.MISMATCH


def test_an_mp3_whose_last_frame_is_cut_says_so(tmp_path: Path) -> None:
    path = song(tmp_path, "mp3")
    data = path.read_bytes()
    last = frames_of(data)[-1]
    path.write_bytes(data[: last + 100])
    assert "cut after 100 bytes" in (finding(path).detail or "")


def test_a_page_missing_from_an_ogg_is_a_gap(tmp_path: Path) -> None:
    path = song(tmp_path, "opus", seconds=6.0)
    with path.open("rb") as file:
        pages = [OggPage(file) for _ in range(6)]
    path.write_bytes(
        b"".join(page.write() for page in pages[:3] + pages[4:]) + path.read_bytes()[pages[5].offset + pages[5].size :]
    )
    found = finding(path)
    assert found.state is IntegrityState.MISMATCH
    assert "missing in 1 place" in (found.detail or "")


def test_crc_16_is_that_of_the_catalogue() -> None:
    """CRC-16/ARC has the check value BB3D; a CRC does not depend on how its bytes are cut."""
    whole = Crc16()
    whole.update(memoryview(b"123456789"))
    assert whole.value == 0xBB3D
    data, pieces = os.urandom(10_001), Crc16()
    whole = Crc16()
    whole.update(memoryview(data))
    for start in range(0, len(data), 777):
        pieces.update(memoryview(data)[start : start + 777])
    assert pieces.value == whole.value


@pytest.mark.parametrize("length", [0, 1, 2, 119, 120, 121, 127, 128, 129, 240, 241, 1_920, 1_921, 4_095, 9_001])
def test_crc_16_is_that_of_its_polynomial_bit_by_bit(length: int) -> None:
    data, expected, crc = os.urandom(length), 0, Crc16()
    for byte in data:
        expected ^= byte
        for _ in range(8):
            expected = expected >> 1 ^ (0xA001 if expected & 1 else 0)
    crc.update(memoryview(data))
    assert crc.value == expected
