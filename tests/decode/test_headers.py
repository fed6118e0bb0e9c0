"""Headers lie: what they claim is compared with what is there, and never believed."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from playlista.decode.containers import Container, Identified, identify
from playlista.decode.headers import Declaration, declared_length, ogg_has_end
from playlista.decode.mpeg_header import parse_mpeg_header
from playlista.decode.wave_header import parse_wave_header
from playlista.errors import DecodeError, FailureReason
from tests.decode.files import MIB, chord, decoded, encoded, opened, outcome
from tests.exhaustive import examples

RATE_HZ = 44100
SIGNAL = chord(1, RATE_HZ, 2)
FRAMES = len(SIGNAL)
FLAC_UNKNOWN, FLAC_MOST = 0, 2**36 - 1


def declared(path: Path) -> Declaration | None:
    with path.open("rb") as file:
        return declared_length(file.fileno(), identify(file.fileno()))


def wav_with_data_size(path: Path, claimed_bytes: int) -> Path:
    """A 16-bit stereo WAV of one second whose data chunk claims another size."""
    soundfile.write(path, SIGNAL, RATE_HZ, "PCM_16", format="WAV")
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, 40, claimed_bytes)
    path.write_bytes(content)
    return path


def flac_with_total(path: Path, total_samples: int) -> Path:
    """A FLAC of one second whose STREAMINFO claims another number of samples."""
    soundfile.write(path, SIGNAL, RATE_HZ, "PCM_16", format="FLAC")
    content = bytearray(path.read_bytes())
    content[21] = content[21] & 0xF0 | total_samples >> 32
    struct.pack_into(">I", content, 22, total_samples & 0xFFFFFFFF)
    path.write_bytes(content)
    return path


def mp3_with_frames(path: Path, frames: int) -> Path:
    """An MP3 whose Info header claims another number of MPEG frames."""
    encoded(SIGNAL, RATE_HZ, path, "-c:a", "libmp3lame", "-b:a", "128k")
    content = bytearray(path.read_bytes())
    struct.pack_into(">I", content, content.index(b"Info") + 8, frames)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("mapping_min_bytes", [None, 1])
@pytest.mark.parametrize("claimed_bytes", [0, 0xFFFFFFFF, 0x7FFFF000, 0x7FFFFFFF, 0x80000000])
def test_a_wav_from_a_pipe_declares_nothing_and_is_read_whole(
    claimed_bytes: int, mapping_min_bytes: int | None, tmp_path: Path
) -> None:
    result = decoded(wav_with_data_size(tmp_path / "streamed.wav", claimed_bytes), mapping_min_bytes=mapping_min_bytes)

    assert (result.info.declared_frames, result.error) == (None, None)
    np.testing.assert_allclose(result.samples, SIGNAL, atol=1 / 2**15)


@pytest.mark.parametrize("mapping_min_bytes", [None, 1])
def test_a_wav_that_claims_hours_is_partial_and_says_how_much_there_is(
    mapping_min_bytes: int | None, tmp_path: Path
) -> None:
    claimed = wav_with_data_size(tmp_path / "claims.wav", 4 * RATE_HZ * 3600)

    result = decoded(claimed, mapping_min_bytes=mapping_min_bytes)

    assert len(result.samples) == FRAMES
    assert result.info.declared_frames == RATE_HZ * 3600
    assert result.reason is FailureReason.CORRUPT
    assert "1.00 s of 3600.00 s" in str(result.error)


@pytest.mark.parametrize("total_samples", [FLAC_UNKNOWN, FLAC_MOST])
@pytest.mark.parametrize("mapping_min_bytes", [None, 1])
def test_a_flac_of_unknown_length_declares_nothing_and_is_read_whole(
    total_samples: int, mapping_min_bytes: int | None, tmp_path: Path
) -> None:
    result = decoded(flac_with_total(tmp_path / "live.flac", total_samples), mapping_min_bytes=mapping_min_bytes)

    assert (result.info.declared_frames, result.error, len(result.samples)) == (None, None, FRAMES)


def test_a_flac_that_claims_days_is_partial_and_allocates_nothing_for_them(tmp_path: Path) -> None:
    with opened(flac_with_total(tmp_path / "days.flac", 2**36 - 2)) as source:
        assert source.retained_bytes <= 4 * MIB
        with pytest.raises(DecodeError, match="could be decoded") as caught:
            list(source.blocks())
        assert source.frames_decoded == FRAMES

    assert caught.value.reason is FailureReason.CORRUPT


def test_a_flac_that_claims_less_than_it_holds_is_read_whole(tmp_path: Path) -> None:
    noisy = np.random.default_rng(0).uniform(-1, 1, (10 * RATE_HZ, 2)).astype(np.float32)
    path = tmp_path / "more.flac"
    soundfile.write(path, noisy, RATE_HZ, "PCM_16")
    whole = decoded(path).samples
    content = bytearray(path.read_bytes())
    struct.pack_into(">I", content, 22, 2 * RATE_HZ)
    path.write_bytes(content)

    result = decoded(path)

    assert (result.info.declared_frames, result.error) == (2 * RATE_HZ, None)
    np.testing.assert_array_equal(result.samples, whole)


@pytest.mark.parametrize("mpeg_frames", [0, 0xFFFFFFFF])
def test_an_mp3_whose_tag_knows_no_length_declares_nothing(mpeg_frames: int, tmp_path: Path) -> None:
    result = decoded(mp3_with_frames(tmp_path / "track.mp3", mpeg_frames))

    assert (result.info.declared_frames, result.error) == (None, None)
    assert len(result.samples) == pytest.approx(FRAMES, abs=2 * 1152)


def test_an_mp3_without_a_tag_has_an_estimate_that_is_no_declaration(tmp_path: Path) -> None:
    path = encoded(SIGNAL, RATE_HZ, tmp_path / "bare.mp3", "-c:a", "libmp3lame", "-q:a", "2", "-write_xing", "0")

    result = decoded(path)

    assert (result.info.declared_frames, result.error) == (None, None)


def test_an_mp3_declares_its_length_without_delay_and_padding(tmp_path: Path) -> None:
    path = encoded(SIGNAL, RATE_HZ, tmp_path / "track.mp3", "-c:a", "libmp3lame", "-q:a", "2")

    result = decoded(path)

    assert result.info.declared_frames == FRAMES == len(result.samples)


def test_an_mp3_that_claims_more_is_partial(tmp_path: Path) -> None:
    assert outcome(mp3_with_frames(tmp_path / "track.mp3", 100_000)) == "partial: corrupt"


@pytest.mark.parametrize(("container", "claim_at", "claim"), [("AIFF", 22, ">I"), ("CAF", None, ">q"), ("AU", 8, ">I")])
def test_other_containers_that_claim_more_are_partial(
    container: str, claim_at: int | None, claim: str, tmp_path: Path
) -> None:
    path = tmp_path / "track"
    soundfile.write(path, SIGNAL, RATE_HZ, "PCM_16", format=container)
    assert declared(path) == Declaration(FRAMES)
    content = bytearray(path.read_bytes())
    struct.pack_into(claim, content, content.index(b"data") + 4 if claim_at is None else claim_at, 100_000_000)
    path.write_bytes(content)

    result = decoded(path)

    assert len(result.samples) == FRAMES
    assert result.reason is FailureReason.CORRUPT


def test_a_wma_declares_its_play_time_even_when_cut(tmp_path: Path) -> None:
    path = encoded(chord(10, RATE_HZ, 2), RATE_HZ, tmp_path / "track.wma", "-c:a", "wmav2")
    declaration = declared(path)
    assert declaration is not None
    assert declaration.seconds == pytest.approx(10, abs=0.1)
    os.truncate(path, path.stat().st_size // 2)

    result = decoded(path)

    assert result.info.declared_frames == pytest.approx(10 * RATE_HZ, abs=0.1 * RATE_HZ)
    assert result.reason is FailureReason.CORRUPT


def test_an_ogg_without_its_last_page_is_partial(tmp_path: Path) -> None:
    path = tmp_path / "track.ogg"
    soundfile.write(path, chord(10, RATE_HZ, 2), RATE_HZ)
    assert outcome(path) == "whole"
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"OggS")])

    assert outcome(path) == "partial: corrupt"


@pytest.mark.parametrize(
    ("channels", "rate_hz"), [(65535, 44100), (1024, 44100), (65, 44100), (2, 999), (2, 2_000_000)]
)
@pytest.mark.parametrize("mapping_min_bytes", [None, 1])
def test_absurd_channels_and_rates_are_refused_in_words(
    channels: int, rate_hz: int, mapping_min_bytes: int | None, tmp_path: Path
) -> None:
    path = tmp_path / "absurd.wav"
    frame_bytes = 2 * channels % 65536
    fmt = struct.pack("<IHHIIHH", 16, 1, channels, rate_hz, rate_hz * frame_bytes & 0xFFFFFFFF, frame_bytes, 16)
    body = b"WAVEfmt " + fmt + b"data" + struct.pack("<I", 400_000) + bytes(400_000)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)

    with pytest.raises(DecodeError) as caught:
        opened(path, mapping_min_bytes=mapping_min_bytes)

    assert caught.value.reason is FailureReason.CORRUPT


@pytest.mark.parametrize(("channels", "rate_hz"), [(8, 192_000), (64, 768_000), (1, 8000)])
def test_a_block_keeps_to_its_bytes_whatever_the_channels_and_the_rate(
    channels: int, rate_hz: int, tmp_path: Path
) -> None:
    path = tmp_path / "wide.wav"
    soundfile.write(path, np.zeros((rate_hz // 4, channels), np.float32), rate_hz, "PCM_16")

    for limit in (MIB, 4 * MIB):
        assert max(decoded(path, max_block_bytes=limit).block_lengths) * channels * 4 <= limit


def test_a_block_has_1024_frames_even_where_there_is_no_room_for_them(tmp_path: Path) -> None:
    path = tmp_path / "track.wav"
    soundfile.write(path, chord(0.2, RATE_HZ, 8), RATE_HZ)

    assert decoded(path, max_block_bytes=1).block_lengths[0] == 1024


@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.0, 3.0, 30.0])
@pytest.mark.parametrize("name", ["track.wav", "track.flac", "track.ogg", "track.mp3", "track.m4a"])
def test_the_samples_do_not_depend_on_the_length_of_the_blocks(seconds: float, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    arguments = ("-c:a", "libmp3lame") if name.endswith("mp3") else ()
    encoded(chord(2.3, RATE_HZ, 2), RATE_HZ, path, *arguments)

    result = decoded(path, block_seconds=seconds)

    np.testing.assert_array_equal(result.samples, decoded(path, block_seconds=2.0).samples)
    assert set(result.block_lengths[:-1]) <= {round(seconds * RATE_HZ)}


@settings(max_examples=examples(300))
@given(
    content=st.binary(max_size=600),
    magic=st.sampled_from(
        (
            b"RIFF0000WAVEfmt ",
            b"RF640000WAVEds64",
            b"FORM0000AIFFCOMM",
            b"fLaC\0\0\0\x22",
            b"\xff\xfb\x90\x44",
            b"caff\0\1\0\0desc",
            b".snd\0\0\0\x18",
            b"OggS\0",
            b"ID3\x04\0\0",
            b"APETAGEX",
            bytes.fromhex("726966662e91cf11a5d628db04c10000"),
            bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
            b"",
        )
    ),
)
def test_no_header_makes_a_parser_fail(content: bytes, magic: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "header"
    path.write_bytes(magic + content)
    with path.open("rb") as file:
        found = identify(file.fileno())
        for container in Container:
            claimed = Identified(container, found.start, found.size, tags_only=False)
            declaration = declared_length(file.fileno(), claimed)
            frames = declaration.frames_at(44100) if declaration else None
            assert frames is None or frames >= 0
            ogg_has_end(file.fileno(), claimed)
            parse_wave_header(file.fileno(), claimed)
        parse_mpeg_header(magic + content)


def test_frame_lengths_of_mpeg_headers_follow_the_standard() -> None:
    # ISO/IEC 11172-3, 2.4.3.1, by layer: III and II: 144 * bit rate / rate + padding; I: (12 * bit rate / rate) * 4.
    # ISO/IEC 13818-3 halves the samples of a layer III frame, and with them its bytes.
    cases = {
        "fffb9044": 144 * 128000 // 44100,
        "fffb9244": 144 * 128000 // 44100 + 1,
        "fffd9444": 144 * 160000 // 48000,
        "ffff9044": 12 * 288000 // 44100 * 4,
        "fff39044": 72 * 80000 // 22050,
        "ffe39044": 72 * 80000 // 11025,
    }
    for header, length in cases.items():
        parsed = parse_mpeg_header(bytes.fromhex(header))
        assert parsed is not None
        assert parsed.frame_bytes == length
