"""The sound stream of a container: its own length and codec, whatever else the container holds."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from playlista.decode.readers.ffmpeg_child import ffmpeg_path
from playlista.errors import DecodeError, FailureReason
from tests.decode.files import chord, decoded, encoded, opened, outcome
from tests.exhaustive import exhaustive
from tests.ffmpeg import ffmpeg

RATE_HZ = 44100
VIDEO = ("-f", "lavfi", "-i", "testsrc=size=64x64:rate=5:duration=6", "-map", "0:a", "-map", "1:v")


@pytest.fixture(params=[*exhaustive(["the ffmpeg that is found"]), "without ffprobe"])
def found(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each test runs as on a machine with ffprobe, where there is one, and as on one without."""
    if request.param == "without ffprobe":
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "ffmpeg").symlink_to(ffmpeg_path())
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))


LONGER_CONTAINERS: dict[str, tuple[str, ...]] = {
    "video.mp4": (*VIDEO, "-c:v", "mpeg4", "-c:a", "aac"),
    "video.mov": (*VIDEO, "-c:v", "mjpeg", "-c:a", "alac"),
    "video.mkv": (*VIDEO, "-c:v", "mjpeg", "-c:a", "flac"),
    "video.avi": (*VIDEO, "-c:v", "mjpeg", "-c:a", "libmp3lame"),
    "video.flv": (*VIDEO, "-c:v", "flv", "-c:a", "libmp3lame"),
    "video.wmv": (*VIDEO, "-c:v", "mjpeg", "-c:a", "wmav2"),
    "video.ts": (*VIDEO, "-c:v", "mpeg2video", "-r", "25", "-c:a", "mp2"),
}


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("name", LONGER_CONTAINERS)
def test_sound_that_ends_before_the_picture_is_whole(name: str, tmp_path: Path) -> None:
    path = encoded(chord(3, RATE_HZ, 2), RATE_HZ, tmp_path / name, *LONGER_CONTAINERS[name])

    result = decoded(path)

    assert result.error is None
    assert len(result.samples) == pytest.approx(3 * RATE_HZ, abs=3 * 1152)


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("name", ["late.m4a", "late.mka", "late.mp4"])
def test_sound_that_begins_late_is_whole(name: str, tmp_path: Path) -> None:
    plain = tmp_path / "plain.wav"
    soundfile.write(plain, chord(3, RATE_HZ, 2), RATE_HZ)
    path = tmp_path / name
    ffmpeg("-itsoffset", "2", "-i", plain, "-c:a", "aac", path)

    result = decoded(path)

    assert result.error is None
    if result.info.declared_frames is not None:
        assert result.info.declared_frames == pytest.approx(3 * RATE_HZ, abs=0.15 * RATE_HZ)


@pytest.mark.usefixtures("found")
def test_an_edit_list_that_leaves_out_the_beginning_is_no_damage(tmp_path: Path) -> None:
    whole = encoded(chord(6, RATE_HZ, 2), RATE_HZ, tmp_path / "whole.m4a", "-c:a", "aac")
    path = tmp_path / "edited.m4a"
    ffmpeg("-ss", "2.3", "-i", whole, "-c", "copy", path)

    assert outcome(path) == "whole"


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("name", ["cut.m4a", "cut.mka", "cut.wv"])
def test_sound_that_is_cut_is_still_partial(name: str, tmp_path: Path) -> None:
    how = ("-c:a", "aac", "-movflags", "+faststart") if name.endswith("m4a") else ()
    path = encoded(chord(6, RATE_HZ, 2), RATE_HZ, tmp_path / name, *how)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])

    assert outcome(path) == "partial: corrupt"


def chapters(path: Path, number: int) -> Path:
    lines = [";FFMETADATA1"]
    for index in range(number):
        start, end = 50 * index, 50 * (index + 1)
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={start}", f"END={end}", f"title=Part {index + 1}"]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize(("name", "codec"), [("book.m4b", "AAC"), ("book.mka", "VORBIS")])
def test_a_hundred_chapters_do_not_hide_the_codec(name: str, codec: str, tmp_path: Path) -> None:
    listed = chapters(tmp_path / "chapters.txt", 100)
    how = ("-i", str(listed), "-map_chapters", "1", "-c:a", "aac" if codec == "AAC" else "libvorbis")
    how += ("-f", "mp4") if codec == "AAC" else ()
    path = encoded(chord(5, RATE_HZ, 2), RATE_HZ, tmp_path / name, *how)

    result = decoded(path)

    assert (result.info.format, result.error, len(result.info.chapters)) == (codec, None, 100)
    # Some versions of ffmpeg count from the first sample, which an encoder's delay puts 3 ms earlier.
    assert result.info.chapters[1].start_seconds == pytest.approx(0.05, abs=0.004)
    assert result.info.chapters[1].title == "Part 2"


def dsf(path: Path, rate_hz: int, seconds: float) -> Path:
    """A stereo DSD stream file of silence: the byte 0x69 has as many ones as zeros."""
    bits = round(rate_hz * seconds)
    blocks = -(-bits // 8 // 4096)
    data = b"\x69" * (2 * 4096 * blocks)
    form = struct.pack("<4sQIIIIIIQII", b"fmt ", 52, 1, 0, 2, 2, rate_hz, 1, bits, 4096, 0)
    head = struct.pack("<4sQQQ", b"DSD ", 28, 28 + 52 + 12 + len(data), 0)
    path.write_bytes(head + form + struct.pack("<4sQ", b"data", 12 + len(data)) + data)
    return path


@pytest.mark.parametrize("multiple", [64, 128, 256, 512])
def test_dsd_of_every_rate_that_is_sold_is_read(multiple: int, tmp_path: Path) -> None:
    path = dsf(tmp_path / "track.dsf", multiple * RATE_HZ, 0.5)

    result = decoded(path)

    assert result.error is None
    assert result.info.sample_rate_hz == multiple * RATE_HZ // 8
    assert len(result.samples) / result.info.sample_rate_hz == pytest.approx(0.5, abs=0.05)


def as_samples(path: Path, stream: bytes) -> Path:
    """A 16-bit stereo WAV of 44.1 kHz with `stream` for samples."""
    soundfile.write(path, np.frombuffer(stream[: len(stream) // 4 * 4], "<i2").reshape(-1, 2), RATE_HZ, "PCM_16")
    return path


def swapped(stream: bytes) -> bytes:
    return np.frombuffer(stream[: len(stream) // 2 * 2], np.uint16).byteswap().tobytes()


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("kind", ["dts", "dts swapped", "dts in 61937", "ac3 in 61937", "dts behind silence"])
def test_surround_sound_inside_a_wav_is_never_measured_as_noise(kind: str, tmp_path: Path) -> None:
    codec, _, how = kind.partition(" ")
    encoder = ("-c:a", "dca", "-strict", "-2", "-b:a", "768k") if codec == "dts" else ("-c:a", "ac3", "-b:a", "448k")
    muxer = ("-f", "spdif") if how == "in 61937" else ("-f", codec)
    stream = encoded(chord(2, 48000, 2), 48000, tmp_path / "stream", *encoder, *muxer).read_bytes()
    if how == "swapped":
        stream = swapped(stream)
    if how == "behind silence":
        stream = bytes(4 * 4000) + stream
    path = as_samples(tmp_path / "track.wav", stream)

    ended = outcome(path)

    assert ended in {"whole", "failed: not_audio"}
    assert outcome(path, mapping_min_bytes=1) == ended
    if ended == "whole":
        result = decoded(path)
        assert result.info.format.startswith(codec.upper())
        assert np.abs(result.samples).max() < 0.9
    else:
        assert codec.upper() in refusal(path) or "61937" in refusal(path)


def test_a_sawtooth_at_full_level_is_not_taken_for_a_bitstream(tmp_path: Path) -> None:
    wave = np.tile(np.round(np.linspace(-32767, 32766, 400)).astype(np.int16), 300)
    path = tmp_path / "saw.wav"
    soundfile.write(path, np.stack([wave, wave], axis=1), RATE_HZ, "PCM_16")

    assert decoded(path).info.format == "WAV"


@pytest.mark.parametrize("name", ["track.aifc", "track.caf"])
def test_ima_adpcm_declares_its_frames_and_not_its_packets(name: str, tmp_path: Path) -> None:
    how = ("-c:a", "adpcm_ima_qt", "-f", "aiff" if name.endswith("aifc") else "caf")
    path = encoded(chord(2, RATE_HZ, 2), RATE_HZ, tmp_path / name, *how)

    result = decoded(path)

    assert result.error is None
    assert result.info.declared_frames == pytest.approx(2 * RATE_HZ, abs=64)
    assert len(result.samples) == pytest.approx(2 * RATE_HZ, abs=128)


def refusal(path: Path) -> str:
    with pytest.raises(DecodeError) as caught:
        opened(path)
    assert caught.value.reason is FailureReason.NOT_AUDIO
    return caught.value.message


@pytest.mark.usefixtures("found")
def test_a_codec_that_ffmpeg_does_not_know_is_named(tmp_path: Path) -> None:
    path = encoded(chord(2, RATE_HZ, 2), RATE_HZ, tmp_path / "track.m4a", "-c:a", "alac")
    path.write_bytes(path.read_bytes().replace(b"alac", b"xyzw"))

    assert "is not supported by this ffmpeg" in refusal(path)


@pytest.mark.usefixtures("found")
def test_an_aac_that_ffmpeg_has_no_decoder_for_is_named(tmp_path: Path) -> None:
    path = encoded(chord(2, RATE_HZ, 2), RATE_HZ, tmp_path / "track.m4a", "-c:a", "aac")
    content = bytearray(path.read_bytes())
    # The decoder's configuration: object type 31 escapes to 32 + 10 = 42, which is xHE-AAC; nothing else is right.
    place = content.index(b"\x05\x80\x80\x80\x05") + 5
    content[place : place + 5] = int("11111" + "001010" + "0100" + "0010" + "0" * 21, 2).to_bytes(5, "big")
    path.write_bytes(content)

    # An ffmpeg that knows xHE-AAC finds that this is none.
    assert outcome(path) in {"failed: not_audio", "failed: corrupt"}


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("entry", [b"drms", b"enca"])
def test_protected_sound_is_named_and_not_called_damaged(entry: bytes, tmp_path: Path) -> None:
    path = encoded(chord(2, RATE_HZ, 2), RATE_HZ, tmp_path / "track.m4a", "-c:a", "aac", "-movflags", "+faststart")
    path.write_bytes(path.read_bytes().replace(b"mp4a", entry))

    assert "codec" in refusal(path)


def test_protected_wma_is_named_and_not_called_damaged(tmp_path: Path) -> None:
    path = encoded(chord(2, RATE_HZ, 2), RATE_HZ, tmp_path / "track.wma", "-c:a", "wmav2")
    content = bytearray(path.read_bytes())
    encryption = bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e") + struct.pack("<Q", 24 + 16) + bytes(16)
    size, count = struct.unpack_from("<QI", content, 16)
    content[30:30] = encryption
    struct.pack_into("<QI", content, 16, size + len(encryption), count + 1)
    path.write_bytes(content)

    assert "DRM" in refusal(path)


def test_latm_is_decoded_or_named(tmp_path: Path) -> None:
    path = encoded(chord(2, RATE_HZ, 2), RATE_HZ, tmp_path / "track.latm", "-c:a", "aac", "-f", "latm")

    assert outcome(path) in {"whole", "failed: not_audio"}


@pytest.mark.usefixtures("found")
def test_flac_behind_something_unknown_is_called_by_its_codec(tmp_path: Path) -> None:
    path = tmp_path / "track.flac"
    soundfile.write(path, chord(2, RATE_HZ, 1), RATE_HZ)
    path.write_bytes(b"x" * 50 + path.read_bytes()[100:])

    assert decoded(path).info.format == "FLAC"
