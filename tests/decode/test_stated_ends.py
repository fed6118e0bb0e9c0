"""No header states the end, or a wrong one does, or tags stand in front: all of the music is decoded, as by ffmpeg."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from playlista.decode.readers.ffmpeg_child import ffmpeg_path
from tests.decode.files import chord, decoded, encoded
from tests.exhaustive import but_few
from tests.ffmpeg import ffmpeg

#: What the table of files allows; three frames of MPEG-1 at 44.1 kHz are 0.08 s.
SLACK_SECONDS = 0.1
ID3V1 = b"TAG" + bytes(125)


def id3v2(body_bytes: int) -> bytes:
    """An ID3v2.4 tag of padding alone: the size has seven bits a byte."""
    return b"ID3\x04\0\0" + bytes(body_bytes >> shift & 0x7F for shift in (21, 14, 7, 0)) + bytes(body_bytes)


def seconds_by_ffmpeg(path: Path, rate_hz: int, channels: int) -> float:
    return len(ffmpeg("-i", f"file:{path}", "-f", "f32le", "-")) / 4 / channels / rate_hz


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("quality", but_few(["-b:a 32k", "-b:a 160k", "-q:a 6", "-q:a 0"], "-b:a 160k", "-q:a 6"))
@pytest.mark.parametrize(("rate_hz", "channels"), [(22050, 1), (44100, 2), (48000, 1)])
def test_an_mp3_without_a_xing_header_is_as_long_as_ffmpeg_finds_it(
    rate_hz: int, channels: int, quality: str, wrapped: bool, tmp_path: Path
) -> None:
    arguments = ("-c:a", "libmp3lame", *quality.split(), "-write_xing", "0", "-id3v2_version", "0")
    for seconds in (0.4, 1.5, 4.0):
        # Silence first: of a VBR file, from whose first frame the length is estimated, most is then left over.
        silence = np.zeros((round(0.3 * seconds * rate_hz), channels), np.float32)
        signal = np.concatenate([silence, chord(0.7 * seconds, rate_hz, channels)])
        path = encoded(signal, rate_hz, tmp_path / "track.mp3", *arguments)
        if wrapped:
            path.write_bytes(id3v2(2048) + path.read_bytes() + ID3V1)

        result = decoded(path)

        assert (result.info.declared_frames, result.error) == (None, None)
        expected = seconds_by_ffmpeg(path, rate_hz, channels)
        assert len(result.samples) / rate_hz == pytest.approx(expected, abs=SLACK_SECONDS)


@pytest.mark.parametrize("behind", [bytes(4096), bytes(40_000), bytes(300_000) + ID3V1])
def test_zeros_behind_a_vbr_mp3_without_a_xing_header_cost_no_music(behind: bytes, tmp_path: Path) -> None:
    # Noise first: its frame is the largest, and the estimate for the file without the zeros the least.
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (4410, 2)).astype(np.float32)
    signal = np.concatenate([noise, chord(3.9, 44100, 2)])
    path = tmp_path / "track.mp3"
    encoded(signal, 44100, path, "-c:a", "libmp3lame", "-q:a", "2", "-write_xing", "0", "-id3v2_version", "0")
    plain = seconds_by_ffmpeg(path, 44100, 2)
    path.write_bytes(path.read_bytes() + behind)

    result = decoded(path)

    assert (len(result.samples) / 44100, result.error) == (pytest.approx(plain, abs=2 * 1152 / 44100), None)


def test_a_short_mp3_joined_to_another_is_read(tmp_path: Path) -> None:
    parts = [
        encoded(chord(seconds, 44100, 2), 44100, tmp_path / f"{seconds}.mp3", "-b:a", "64k") for seconds in (2.0, 0.7)
    ]
    path = tmp_path / "joined.mp3"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))

    result = decoded(path)

    assert (len(result.samples) / 44100, result.error) == (pytest.approx(2.7, abs=SLACK_SECONDS + 0.05), None)


def flac_with_total(path: Path, seconds: float, rate_hz: int, total: int) -> bytes:
    """A FLAC whose STREAMINFO states `total` samples: the last 36 bits before the checksum (RFC 9639, 8.2)."""
    soundfile.write(path, chord(seconds, rate_hz, 1), rate_hz, "PCM_16", format="FLAC")
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = total.to_bytes(4, "big")
    return bytes(content)


@pytest.mark.parametrize("behind", [b"", ID3V1, bytes(3000), id3v2(500)])
@pytest.mark.parametrize(
    ("seconds", "rate_hz", "total"),
    [(1.0, 44100, 44099), (1.0, 44100, 100), (1.0, 44100, 40960), (0.2, 8000, 800), (10.0, 8000, 70_000)],
)
def test_a_flac_goes_on_behind_a_total_that_is_too_small(
    seconds: float, rate_hz: int, total: int, behind: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "track.flac"
    path.write_bytes(flac_with_total(path, seconds, rate_hz, total) + behind)

    for mapping_min_bytes in (None, 1):
        result = decoded(path, mapping_min_bytes=mapping_min_bytes)

        assert (len(result.samples), result.error) == (round(seconds * rate_hz), None)


#: Muxer, and what makes its sound.
KINDS: dict[str, tuple[str, ...]] = {
    "flac": ("-c:a", "flac"),
    "ogg": ("-c:a", "libvorbis"),
    "adts": ("-c:a", "aac"),
    "tta": ("-c:a", "tta"),
    "wv": ("-c:a", "wavpack"),
    "mp3": ("-c:a", "libmp3lame"),
    "wav": ("-c:a", "pcm_s16le"),
    "aiff": ("-c:a", "pcm_s16be"),
    "caf": ("-c:a", "pcm_s16be"),
    "ipod": ("-c:a", "aac"),
}
#: Whose length nobody but ffprobe finds behind tags that do not belong there; without it none is declared.
LENGTH_BY_FFPROBE = {"tta", "wv", "ipod"}
#: The second one holds a cover picture's worth, of which a reader must not think that it is the sound's.
FRONTS = {
    "two": id3v2(100) + id3v2(2048),
    "a large one": id3v2(200_000),
    "three": id3v2(10) + id3v2(70_000) + id3v2(0),
}


@pytest.mark.parametrize("front", but_few(FRONTS, "three"))
@pytest.mark.parametrize("kind", KINDS)
def test_id3v2_tags_in_front_change_nothing(kind: str, front: str, tmp_path: Path) -> None:
    plain = encoded(chord(1.5, 44100, 2), 44100, tmp_path / "plain", *KINDS[kind], "-f", kind)
    tagged = tmp_path / "tagged"
    tagged.write_bytes(FRONTS[front] + plain.read_bytes())

    expected = decoded(plain)
    info = expected.info
    if kind in LENGTH_BY_FFPROBE and not os.access(Path(ffmpeg_path()).with_name("ffprobe"), os.X_OK):
        info = replace(info, declared_frames=None)
    for mapping_min_bytes in (None, 1):
        result = decoded(tagged, mapping_min_bytes=mapping_min_bytes)

        assert (result.info, result.error) == (info, None)
        np.testing.assert_array_equal(result.samples, expected.samples)
