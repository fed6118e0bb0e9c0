"""Damaged files: everything that can be decoded is, and what cannot is said."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from playlista.errors import DecodeError, FailureReason
from tests.decode.files import chord, decoded, encoded, opened, outcome
from tests.exhaustive import exhaustive

RATE_HZ = 44100
SECONDS = 1.5
SPOKEN = {"whole", "partial: corrupt", "failed: corrupt", "failed: empty", "failed: not_audio"}
KINDS = {
    "wav": ("WAV", "PCM_16"),
    "float.wav": ("WAV", "FLOAT"),
    "mulaw.wav": ("WAV", "ULAW"),
    "aiff": ("AIFF", "PCM_24"),
    "w64": ("W64", "PCM_16"),
    "rf64": ("RF64", "PCM_16"),
    "caf": ("CAF", "PCM_16"),
    "au": ("AU", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "m4a": ("ffmpeg", "aac"),
    "alac.m4a": ("ffmpeg", "alac"),
    "wma": ("ffmpeg", "wmav2"),
    "wv": ("ffmpeg", "wavpack"),
    "tta": ("ffmpeg", "tta"),
}


def noisy(seconds: float) -> NDArray[np.float32]:
    """A chord under noise, so that a lossless encoder finds nothing to fold [shape=(n, 2)]."""
    signal = chord(seconds, RATE_HZ, 2)
    return signal + np.random.default_rng(0).uniform(-0.1, 0.1, signal.shape).astype(np.float32)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One undamaged file of each kind."""
    folder, made = tmp_path_factory.mktemp("sound"), {}
    for kind, (container, coding) in KINDS.items():
        path = folder / f"track.{kind}"
        if container == "ffmpeg":
            encoded(noisy(SECONDS), RATE_HZ, path, "-c:a", coding)
        else:
            soundfile.write(path, noisy(SECONDS), RATE_HZ, coding, format=container)
        assert outcome(path) == "whole"
        made[kind] = path.read_bytes()
    return made


@pytest.mark.usefixtures("bundled_ffmpeg")
@pytest.mark.parametrize("first", [1, *exhaustive([2, 3])])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_anywhere_ends_in_words(kind: str, first: int, sound: dict[str, bytes], tmp_path: Path) -> None:
    whole, path = sound[kind], tmp_path / "cut"
    cuts = 9 if KINDS[kind][0] == "ffmpeg" else 25
    for cut in range(first, cuts, 3):
        # Up to four fifths: less than 0.25 s missing is within the tolerance for ffmpeg's rounded durations.
        path.write_bytes(whole[: len(whole) * 4 * cut // (5 * cuts)])
        assert outcome(path, timeout_seconds=20, mapping_min_bytes=1 if cut % 2 else None) in SPOKEN - {"whole"}


@pytest.mark.parametrize("kind", ["wav", "aiff", "w64", "rf64", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("mapping_min_bytes", [None, 1])
def test_half_a_file_gives_the_first_half_of_the_music(
    kind: str, mapping_min_bytes: int | None, sound: dict[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "whole").write_bytes(sound[kind])
    (tmp_path / "half").write_bytes(sound[kind][: len(sound[kind]) // 2])

    whole, half = decoded(tmp_path / "whole"), decoded(tmp_path / "half", mapping_min_bytes=mapping_min_bytes)

    assert half.reason is FailureReason.CORRUPT
    # A page of Vorbis holds up to half a second of such a short file; the others lose a frame at most.
    assert len(half.samples) == pytest.approx(len(whole.samples) / 2, rel=0.5 if kind == "ogg" else 0.1)
    certain = len(half.samples) - 2 * 1152  # the last MPEG frames lean on bits that are gone
    np.testing.assert_array_equal(half.samples[:certain], whole.samples[:certain])


def test_an_m4a_with_its_index_in_front_is_partial_where_its_sound_is_cut(tmp_path: Path) -> None:
    path = encoded(noisy(10), RATE_HZ, tmp_path / "track.m4a", "-movflags", "+faststart")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    result = decoded(path)

    assert result.reason is FailureReason.CORRUPT
    assert 3 * RATE_HZ < len(result.samples) < 6 * RATE_HZ


def mutant(content: bytes, random_source: random.Random) -> bytes:
    """`content` with a few bytes changed, overwritten by extreme numbers, removed or put in."""
    changed = bytearray(content)
    for _ in range(random_source.choice([1, 1, 3, 20])):
        place = random_source.randrange(random_source.choice([200, len(changed)]) or 1) % (len(changed) or 1)
        match random_source.randrange(4):
            case 0:
                changed[place : place + 1] = random_source.randbytes(1)
            case 1:
                changed[place : place + 4] = random_source.choice([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"])
            case 2:
                del changed[place : place + random_source.randrange(1, 2000)]
            case _:
                changed[place:place] = random_source.randbytes(random_source.randrange(1, 2000))
    return bytes(changed)


@pytest.mark.usefixtures("bundled_ffmpeg")
@pytest.mark.parametrize("series", [0, *exhaustive([1, 2])])
@pytest.mark.parametrize("kind", KINDS)
def test_mutants_end_in_words(kind: str, series: int, sound: dict[str, bytes], tmp_path: Path) -> None:
    random_source, path = random.Random(f"{kind} {series}"), tmp_path / "mutant"
    for number in range(3 if KINDS[kind][0] == "ffmpeg" else 10):
        path.write_bytes(mutant(sound[kind], random_source))
        assert outcome(path, timeout_seconds=20, mapping_min_bytes=1 if number % 2 else None) in SPOKEN


def long_flac(path: Path) -> bytes:
    soundfile.write(path, noisy(20), RATE_HZ, "PCM_16", format="FLAC")
    return path.read_bytes()


def test_a_flipped_bit_in_a_flac_costs_a_frame_and_not_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "track.flac"
    content = bytearray(long_flac(path))
    whole = decoded(path).samples
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    result = decoded(path)

    assert result.reason is FailureReason.CORRUPT
    assert "another decoder went on" in str(result.error)
    assert len(result.samples) == len(whole)
    differing = np.flatnonzero((result.samples != whole).any(axis=1))
    assert len(differing) <= 2 * 4096


def test_a_hole_in_an_mp3_costs_its_length_and_not_the_rest(tmp_path: Path) -> None:
    path = encoded(noisy(20), RATE_HZ, tmp_path / "track.mp3", "-c:a", "libmp3lame", "-b:a", "128k")
    whole = decoded(path)
    content = bytearray(path.read_bytes())
    content[100_000:120_000] = b"\x33" * 20_000  # 1.25 s at 128 kbit/s
    path.write_bytes(content)

    result = decoded(path)

    assert result.reason is FailureReason.CORRUPT
    assert len(result.samples) > len(whole.samples) - 1.5 * RATE_HZ


@pytest.mark.parametrize("name", ["track.mp3", "track.ogg", "track.flac"])
def test_files_that_were_joined_are_read_behind_the_seam(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    soundfile.write(path, noisy(8), RATE_HZ)
    content = path.read_bytes()
    path.write_bytes(content + content)

    result = decoded(path)

    assert result.error is None
    assert len(result.samples) == pytest.approx(16 * RATE_HZ, abs=4 * 1152)


def ogg_checksum(page: bytes) -> int:
    """CRC-32 of RFC 3533: polynomial 0x04c11db7, nothing reflected, nothing inverted."""
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


def with_late_pages(content: bytes, first: int, frames: int) -> bytes:
    """An Ogg stream whose pages from number `first` on end `frames` earlier than they do, with true checksums."""
    pages = [b"OggS" + page for page in content.split(b"OggS")[1:]]
    for number in range(first, len(pages)):
        page = bytearray(pages[number])
        page[6:14] = (int.from_bytes(page[6:14], "little") - frames).to_bytes(8, "little")
        page[22:26] = bytes(4)
        page[22:26] = ogg_checksum(page).to_bytes(4, "little")
        pages[number] = bytes(page)
    return b"".join(pages)


def test_an_opus_page_that_is_a_sample_short_is_no_damage_but_a_broken_one_is(tmp_path: Path) -> None:
    path = encoded(noisy(8)[:, :1], RATE_HZ, tmp_path / "track.opus", "-c:a", "libopus", "-b:a", "64k")
    content = with_late_pages(path.read_bytes(), first=4, frames=1)
    path.write_bytes(content)
    with pytest.raises(soundfile.LibsndfileError):
        soundfile.read(path)

    result = decoded(path)

    assert result.error is None
    assert len(result.samples) == pytest.approx(8 * 48000, abs=960)
    path.write_bytes(content[:-2000] + bytes([content[-2000] ^ 1]) + content[-1999:])
    assert outcome(path) == "partial: corrupt"


@pytest.mark.parametrize("tag", [b"TAG" + bytes(125), b"APETAGEX" + bytes(24), b"TAG" + bytes(40_000)])
@pytest.mark.parametrize("name", ["track.mp3", "track.flac", "track.wav", "track.ogg"])
def test_tags_at_the_end_are_no_damage(tag: bytes, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    soundfile.write(path, noisy(2), RATE_HZ)
    before = decoded(path)
    with path.open("ab") as file:
        file.write(tag)

    result = decoded(path)

    assert result.error is None
    np.testing.assert_array_equal(result.samples[: len(before.samples)], before.samples)
    assert len(result.samples) - len(before.samples) < 1152


@pytest.mark.parametrize("junk", [b"\x55" * 3000, bytes(3000)])
def test_an_mp3_behind_garbage_is_found(junk: bytes, tmp_path: Path) -> None:
    path = encoded(noisy(3), RATE_HZ, tmp_path / "track.mp3", "-c:a", "libmp3lame", "-b:a", "128k")
    path.write_bytes(junk + path.read_bytes())

    assert len(decoded(path).samples) == pytest.approx(3 * RATE_HZ, abs=4 * 1152)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("mapping_min_bytes", [None, 1])
def test_samples_that_are_no_numbers_become_silence(bad: float, mapping_min_bytes: int | None, tmp_path: Path) -> None:
    path, signal = tmp_path / "track.wav", chord(4, RATE_HZ, 2)
    signal[[5, 70_000, 170_000], [0, 1, 0]] = bad
    soundfile.write(path, signal, RATE_HZ, "FLOAT")

    result = decoded(path, mapping_min_bytes=mapping_min_bytes)

    assert result.error is None
    signal[[5, 70_000, 170_000], [0, 1, 0]] = 0
    np.testing.assert_array_equal(result.samples, signal)


def test_floats_as_large_as_16_bit_integers_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "track.wav"
    signal = np.full((1000, 2), -32768.0, np.float32)
    soundfile.write(path, signal, RATE_HZ, "FLOAT")

    result = decoded(path)

    np.testing.assert_array_equal(result.samples, signal)


def test_samples_that_no_recording_holds_become_silence(tmp_path: Path) -> None:
    """A flipped bit in an exponent makes a finite number whose square is not."""
    path, signal = tmp_path / "track.wav", chord(4, RATE_HZ, 2)
    signal[[5, 70_000], [0, 1]] = 3e38, -40_000
    soundfile.write(path, signal, RATE_HZ, "FLOAT")

    result = decoded(path)

    assert result.error is None
    signal[[5, 70_000], [0, 1]] = 0
    np.testing.assert_array_equal(result.samples, signal)


def test_doubles_that_float32_cannot_hold_are_silenced(tmp_path: Path) -> None:
    path = tmp_path / "track.wav"
    soundfile.write(path, np.array([0.25, 1e300, -0.25]), RATE_HZ, "DOUBLE")

    for mapping_min_bytes in (None, 1):
        result = decoded(path, mapping_min_bytes=mapping_min_bytes)
        np.testing.assert_array_equal(result.samples[:, 0], np.float32([0.25, 0, -0.25]))


def test_a_file_that_is_written_to_while_it_is_read_is_retried(tmp_path: Path) -> None:
    path = tmp_path / "growing.wav"
    soundfile.write(path, chord(3, RATE_HZ, 2), RATE_HZ)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    with opened(path, block_seconds=0.5) as source:
        blocks = source.blocks()
        next(blocks)
        path.write_bytes(content[: len(content) * 2 // 3])
        with pytest.raises(DecodeError, match="changed while it was read") as caught:
            list(blocks)

    assert caught.value.retryable


@pytest.mark.slow
@pytest.mark.parametrize("hours", [1, *exhaustive([10])])
def test_hours_of_silence_in_a_small_flac_pass_block_by_block(hours: int, tmp_path: Path) -> None:
    path = tmp_path / "silence.flac"
    with soundfile.SoundFile(path, "w", 8000, 1, "PCM_16", format="FLAC") as file:
        for _ in range(6 * hours):
            file.write(np.zeros(600 * 8000, np.int16))

    with opened(path, block_seconds=30) as source:
        assert source.info.declared_frames == hours * 3600 * 8000
        assert not any(block.any() for block in source.blocks())
        assert source.frames_decoded == hours * 3600 * 8000
