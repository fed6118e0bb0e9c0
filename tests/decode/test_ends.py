"""Where the music ends: not where a decoder's estimate does, and not where the first of several joined streams does."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from playlista.errors import DecodeError, FailureReason
from tests.decode.files import chord, decoded, encoded, outcome

#: What two MPEG frames, of padding or at a seam, may add or take.
MPEG_SLACK_SECONDS = 0.1
EXACT_SECONDS = 0.002


def mp3(path: Path, seconds: float, rate_hz: int = 44100, channels: int = 2, *arguments: str) -> bytes:
    return encoded(chord(seconds, rate_hz, channels), rate_hz, path, "-c:a", "libmp3lame", *arguments).read_bytes()


def ogg(path: Path, codec: str, seconds: float, rate_hz: int = 44100, channels: int = 2) -> bytes:
    return encoded(chord(seconds, rate_hz, channels), rate_hz, path, "-c:a", codec, "-f", "ogg").read_bytes()


def flac(path: Path, seconds: float, rate_hz: int = 44100, channels: int = 2) -> bytes:
    soundfile.write(path, chord(seconds, rate_hz, channels), rate_hz, "PCM_16", format="FLAC")
    return path.read_bytes()


def seconds_of(content: bytes, path: Path) -> float:
    """Length of `content`, which has to be decoded without a complaint."""
    path.write_bytes(content)
    result = decoded(path)
    assert result.error is None
    return len(result.samples) / result.info.sample_rate_hz


@pytest.mark.parametrize(("rate_hz", "channels"), [(44100, 2), (22050, 1), (16000, 1)])
def test_a_vbr_mp3_without_a_xing_header_is_read_to_its_end(rate_hz: int, channels: int, tmp_path: Path) -> None:
    # Silence first: the bit rate of the first frame, from which the length is estimated, is then the least.
    signal = np.concatenate([np.zeros((rate_hz, channels), np.float32), chord(7, rate_hz, channels)])
    arguments = ("-c:a", "libmp3lame", "-q:a", "6", "-write_xing", "0", "-id3v2_version", "0")
    path = encoded(signal, rate_hz, tmp_path / "track.mp3", *arguments)

    result = decoded(path)

    assert (result.info.declared_frames, result.error) == (None, None)
    # Without the header nothing says how much the encoder put in front and behind: up to three frames of 1152.
    assert len(result.samples) == pytest.approx(8 * rate_hz, abs=3 * 1152 + 529)


def ape_tag(body_bytes: int) -> bytes:
    """An APEv2 tag of nothing but a header, `body_bytes` bytes and a footer; its size counts body and footer."""

    def edge(flags: int) -> bytes:
        return b"APETAGEX" + struct.pack("<IIII8x", 2000, body_bytes + 32, 0, flags)

    return edge(0xA0000000) + bytes(body_bytes) + edge(0x80000000)


TAGS: dict[str, bytes] = {
    "ID3v1": b"TAG" + bytes(125),
    "APEv2": ape_tag(2008),
    "Lyrics3": b"LYRICSBEGIN" + b"la " * 3000 + b"009011LYRICS200" + b"TAG" + bytes(125),
    "ID3v2 at the end": b"ID3\x04\0\x10\0\0\x10\0" + bytes(2048) + b"3DI\x04\0\x10\0\0\x10\0",
    "zeros": bytes(100_000),
    "several": ape_tag(100) + b"TAG" + bytes(124) + b"\xff" + bytes(3000),
}


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("xing", ["0", "1"])
def test_what_other_programs_put_behind_an_mp3_is_no_music(tag: str, xing: str, tmp_path: Path) -> None:
    content = mp3(tmp_path / "source.mp3", 3, 44100, 2, "-b:a", "128k", "-write_xing", xing)

    plain = seconds_of(content, tmp_path / "plain.mp3")

    assert seconds_of(content + TAGS[tag], tmp_path / "tagged.mp3") == pytest.approx(plain, abs=1152 / 44100)


JOINED_MP3: dict[str, tuple[tuple[object, ...], tuple[object, ...]]] = {
    "another bit rate": ((2.0, 44100, 2, "-b:a", "128k"), (1.0, 44100, 2, "-b:a", "64k")),
    "another rate": ((2.0, 44100, 2, "-b:a", "128k"), (1.0, 24000, 2, "-b:a", "64k")),
    "a lower rate first": ((1.0, 22050, 1, "-b:a", "64k"), (2.0, 44100, 2, "-b:a", "128k")),
    "mono behind stereo": ((2.0, 44100, 2, "-b:a", "128k"), (1.0, 44100, 1, "-b:a", "64k")),
    "no header in front of either": ((2.0, 44100, 2, "-write_xing", "0"), (1.0, 44100, 2, "-write_xing", "0")),
    "tags between": ((2.0, 44100, 2, "-b:a", "128k", "-write_id3v1", "1"), (1.0, 44100, 2, "-metadata", "title=x")),
}


@pytest.mark.parametrize("kind", JOINED_MP3)
def test_joined_mp3s_are_read_behind_the_seam(kind: str, tmp_path: Path) -> None:
    parts = [mp3(tmp_path / f"{number}.mp3", *how) for number, how in enumerate(JOINED_MP3[kind])]  # type: ignore[arg-type]

    joined = seconds_of(b"".join(parts), tmp_path / "joined.mp3")

    assert joined == pytest.approx(3, abs=MPEG_SLACK_SECONDS + 0.05)


LINKS: dict[str, tuple[tuple[str, float, int, int], ...]] = {
    "Vorbis": (("libvorbis", 2, 44100, 2), ("libvorbis", 1, 44100, 2)),
    "Vorbis, rate and channels": (("libvorbis", 1, 44100, 2), ("libvorbis", 2, 22050, 1)),
    "Opus": (("libopus", 2, 48000, 2), ("libopus", 1, 48000, 1)),
    "Opus, three": (("libopus", 1, 48000, 2), ("libopus", 0.5, 48000, 2), ("libopus", 1.5, 48000, 2)),
    "FLAC": (("flac", 1, 44100, 2), ("flac", 1.5, 22050, 1), ("flac", 0.5, 44100, 2)),
    "mixed": (("libopus", 1, 48000, 2), ("libvorbis", 1, 44100, 2), ("flac", 1, 44100, 1)),
    "mixed, FLAC first": (("flac", 1, 44100, 2), ("libopus", 1, 48000, 2), ("libvorbis", 1, 44100, 1)),
}


@pytest.mark.parametrize("kind", LINKS)
def test_every_link_of_a_chained_ogg_is_read(kind: str, tmp_path: Path) -> None:
    links = LINKS[kind]
    parts = [ogg(tmp_path / f"{number}.ogg", *link) for number, link in enumerate(links)]

    chained = seconds_of(b"".join(parts), tmp_path / "chained.ogg")

    assert chained == pytest.approx(sum(seconds for _, seconds, _, _ in links), abs=EXACT_SECONDS)


def test_a_link_of_another_rate_keeps_its_pitch_and_its_level(tmp_path: Path) -> None:
    low = np.tile(chord(2, 22050, 1, peak=0.5), (1, 1))
    first = ogg(tmp_path / "first.ogg", "libvorbis", 1)
    second = encoded(low, 22050, tmp_path / "second.ogg", "-c:a", "libvorbis", "-q:a", "8").read_bytes()
    (tmp_path / "chained.ogg").write_bytes(first + second)

    result = decoded(tmp_path / "chained.ogg")

    tail = result.samples[44100 + 4410 : 3 * 44100 - 4410]
    np.testing.assert_array_equal(tail[:, 0], tail[:, 1])
    crossings = np.count_nonzero(np.diff(np.signbit(tail[:, 0]))) / 2 / (len(tail) / 44100)
    assert crossings == pytest.approx(110, abs=1)
    assert np.abs(tail).max() == pytest.approx(0.5, abs=0.03)


def test_a_damaged_link_is_said_and_the_next_one_is_read(tmp_path: Path) -> None:
    first = bytearray(ogg(tmp_path / "first.ogg", "libvorbis", 4))
    first[len(first) // 2] ^= 0xFF
    (tmp_path / "chained.ogg").write_bytes(bytes(first) + ogg(tmp_path / "second.ogg", "libopus", 2, 48000))

    result = decoded(tmp_path / "chained.ogg")

    assert 3 * 44100 < len(result.samples) <= 6.1 * 44100


@pytest.mark.parametrize("second", [(1.0, 44100, 2), (1.0, 22050, 1), (0.1, 96000, 2)])
@pytest.mark.parametrize("first_seconds", [0.5, 3.0])
def test_joined_flacs_are_read_whole(first_seconds: float, second: tuple[float, int, int], tmp_path: Path) -> None:
    content = flac(tmp_path / "1.flac", first_seconds) + flac(tmp_path / "2.flac", *second)

    joined = seconds_of(content, tmp_path / "joined.flac")

    assert joined == pytest.approx(first_seconds + second[0], abs=EXACT_SECONDS)


def test_the_first_of_two_joined_flacs_loses_nothing(tmp_path: Path) -> None:
    first = flac(tmp_path / "1.flac", 3)
    (tmp_path / "joined.flac").write_bytes(first + flac(tmp_path / "2.flac", 1))

    expected, _rate_hz = soundfile.read(tmp_path / "1.flac", dtype="float32")

    np.testing.assert_array_equal(decoded(tmp_path / "joined.flac").samples[: len(expected)], expected)


@pytest.mark.parametrize("junk", [b"junk" * 20_000, bytes(50_000), np.random.default_rng(0).bytes(70_000)])
@pytest.mark.parametrize("mapping_min_bytes", [None, 1])
def test_what_lies_behind_the_data_of_a_wav_is_not_sound(
    junk: bytes, mapping_min_bytes: int | None, tmp_path: Path
) -> None:
    path = tmp_path / "track.wav"
    soundfile.write(path, chord(1, 44100, 2), 44100, "PCM_16")
    path.write_bytes(path.read_bytes() + junk)

    result = decoded(path, mapping_min_bytes=mapping_min_bytes)

    assert (len(result.samples), result.error) == (44100, None)


ID3 = b"ID3\x04\0\0\0\0\x10\0" + bytes(2048)


@pytest.mark.parametrize("zeros", [4096, 70_001, 3_000_000])
@pytest.mark.parametrize("tag", [ID3, b""])
@pytest.mark.parametrize("make", [mp3, flac])
def test_zeros_between_the_tags_and_the_music_are_skipped(
    make: Callable[..., bytes], tag: bytes, zeros: int, tmp_path: Path
) -> None:
    content = make(tmp_path / "source.mp3" if make is mp3 else tmp_path / "source.flac", 2.0)

    padded = seconds_of(tag + bytes(zeros) + content, tmp_path / "padded")

    assert padded == pytest.approx(seconds_of(content, tmp_path / "plain"), abs=EXACT_SECONDS)


@pytest.mark.parametrize("make", [mp3, flac])
def test_a_tag_that_claims_more_than_the_file_does_not_hide_the_music(
    make: Callable[..., bytes], tmp_path: Path
) -> None:
    content = make(tmp_path / "source.mp3" if make is mp3 else tmp_path / "source.flac", 2.0)
    lying = b"ID3\x03\0\0\x7f\x7f\x7f\x7f" + bytes(2048)

    assert seconds_of(lying + content, tmp_path / "lying") == pytest.approx(2, abs=MPEG_SLACK_SECONDS)


def test_a_file_that_ends_inside_its_first_tag_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "cut.mp3"
    path.write_bytes(b"ID3\x03\0\0\0\x7f\x7f\x7f" + np.random.default_rng(0).bytes(20_000))

    with pytest.raises(DecodeError, match="ends inside the tag") as caught:
        decoded(path)

    assert caught.value.reason is FailureReason.CORRUPT


@pytest.mark.parametrize("rate_hz", [0, 8000, 16000, 44100, 192_000, 0xFFFFFFFF])
def test_opus_is_decoded_at_48_khz_whatever_its_header_says_for_information(rate_hz: int, tmp_path: Path) -> None:
    """RFC 7845, section 5.1: the input sample rate is not the rate to decode at."""
    path = tmp_path / "track.opus"
    content = bytearray(ogg(path, "libopus", 2, 48000, 1))
    place = content.index(b"OpusHead") + 12
    content[place : place + 4] = rate_hz.to_bytes(4, "little")
    with_checksum(content)
    path.write_bytes(content)

    result = decoded(path)

    assert (result.info.sample_rate_hz, result.error) == (48000, None)
    assert len(result.samples) == pytest.approx(2 * 48000, abs=480)


def with_checksum(content: bytearray) -> None:
    """Set the checksum of the first page anew: CRC-32 of RFC 3533, polynomial 0x04c11db7, not reflected."""
    length = 27 + content[26] + sum(content[27 : 27 + content[26]])
    content[22:26] = bytes(4)
    value = 0
    for byte in content[:length]:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    content[22:26] = value.to_bytes(4, "little")


def test_a_cut_last_link_is_partial(tmp_path: Path) -> None:
    content = ogg(tmp_path / "1.ogg", "libvorbis", 2) + ogg(tmp_path / "2.ogg", "libvorbis", 3)
    (tmp_path / "cut.ogg").write_bytes(content[:-3000])

    assert outcome(tmp_path / "cut.ogg") == "partial: corrupt"
