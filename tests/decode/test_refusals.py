"""What is no music is refused with the reason, at once, and without touching it more than a look."""

from __future__ import annotations

import os
import socket
import stat
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from playlista.decode.readers import ffmpeg_child
from playlista.errors import Blame, DecodeError, FailureReason
from tests.deadlines import allowed
from tests.decode.files import chord, encoded, opened, outcome
from tests.exhaustive import but_few


def refusal(path: Path | str) -> tuple[FailureReason, bool]:
    """Why `path` is refused, and whether another attempt may help."""
    with pytest.raises(DecodeError) as caught:
        opened(path)
    assert str(path) in str(caught.value)
    assert "\n" not in caught.value.message
    return caught.value.reason, caught.value.retryable


def png() -> bytes:
    """A grey picture of 64 by 64."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = b"".join(b"\0" + bytes(range(64)) for _ in range(64))
    header = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


NO_SOUND: dict[str, bytes] = {
    "text": b"There is no music in here, only words.\n" * 500,
    "utf-16 text, whose byte order mark looks like an MPEG frame": ("Worte " * 3000).encode("utf-16"),
    "html": b"<!DOCTYPE html><html><body>" + b"<p>404</p>" * 1000,
    "a playlist that names other files": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/passwd\n#EXT-X-ENDLIST\n",
    "a concat script": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "a picture": png(),
    "a jpeg's first bytes": b"\xff\xd8\xff\xe0\0\x10JFIF\0\1" + bytes(5000),
    "an archive": b"PK\3\4" + np.random.default_rng(1).bytes(50_000),
    "random bytes": np.random.default_rng(2).bytes(300_000),
    "an MPEG frame header in random bytes": b"\xff\xfb\x90\x44" + np.random.default_rng(3).bytes(300_000),
    "zeros": bytes(300_000),
    "a MIDI file": b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0",
    "one byte": b"R",
    "a torn download page with a FLAC's name": b"fLa",
    "a WEBP picture": b"RIFF\x24\0\0\0WEBPVP8 " + bytes(100),
}


@pytest.mark.parametrize("kind", NO_SOUND)
def test_what_is_not_sound_is_called_so(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "track.mp3"
    path.write_bytes(NO_SOUND[kind])

    assert refusal(path) == (FailureReason.NOT_AUDIO, False)


@pytest.mark.usefixtures("bundled_ffmpeg")
@pytest.mark.parametrize("kind", NO_SOUND)
@pytest.mark.parametrize("name", but_few(["track.flac", "track.m4a"], "track.m4a"))
def test_what_is_not_sound_is_called_so_whatever_its_name(kind: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(NO_SOUND[kind])

    assert refusal(path) == (FailureReason.NOT_AUDIO, False)


def test_a_film_without_sound_is_not_audio(tmp_path: Path) -> None:
    silent = ("-f", "lavfi", "-i", "testsrc=size=64x64:rate=5:duration=1", "-map", "1:v", "-c:v", "mjpeg")
    for name in ("film.mp4", "film.mkv"):
        path = encoded(chord(0.1, 44100, 1), 44100, tmp_path / name, *silent)
        assert refusal(path) == (FailureReason.NOT_AUDIO, False)


def test_a_file_of_0_bytes_is_empty(tmp_path: Path) -> None:
    (tmp_path / "track.mp3").touch()

    assert refusal(tmp_path / "track.mp3") == (FailureReason.EMPTY, False)


@pytest.mark.parametrize("rest", [b"", bytes(1000), b"TAG" + bytes(125)])
def test_a_file_of_tags_alone_is_empty(rest: bytes, tmp_path: Path) -> None:
    path = tmp_path / "track.mp3"
    path.write_bytes(b"ID3\x04\0\0\0\0\x07\x76" + bytes(1014) + rest)

    assert refusal(path) == (FailureReason.EMPTY, False)


@pytest.mark.parametrize("container", ["WAV", "AIFF", "FLAC", "W64", "RF64", "AU", "CAF"])
def test_a_sound_header_without_a_sample_is_empty(container: str, tmp_path: Path) -> None:
    path = tmp_path / "track"
    soundfile.write(path, np.zeros((0, 2), np.float32), 44100, "PCM_16", format=container)

    assert refusal(path) == (FailureReason.EMPTY, False)


@pytest.mark.parametrize(
    ("container", "kept_bytes"), [("WAV", 44), ("AIFF", 54), ("FLAC", 60), ("OGG", 60), ("MP3", 60)]
)
def test_a_header_whose_samples_are_gone_is_corrupt(container: str, kept_bytes: int, tmp_path: Path) -> None:
    path = tmp_path / "track"
    soundfile.write(path, chord(1, 44100, 2), 44100, format=container)
    os.truncate(path, kept_bytes)

    assert refusal(path) == (FailureReason.CORRUPT, False)


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_folder(path: Path) -> None:
    path.mkdir()


def make_socket(path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.close()


def make_link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [make_fifo, make_folder, make_socket, make_link_to_a_device])
def test_what_is_no_regular_file_is_refused_without_waiting(make: Callable[[Path], None], tmp_path: Path) -> None:
    path = Path(os.path.relpath(tmp_path)) / "track.mp3" if make is make_socket else tmp_path / "track.mp3"
    make(path)
    began = time.monotonic()

    assert refusal(path) == (FailureReason.NOT_AUDIO, False)
    assert time.monotonic() - began < allowed(1)


def test_a_device_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "track.mp3"
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root may make a device")

    assert refusal(path) == (FailureReason.NOT_AUDIO, False)


def test_a_file_that_is_not_there_any_more_has_vanished(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    (tmp_path / "file").touch()

    for path in (tmp_path / "gone", tmp_path / "dangling", tmp_path / "file" / "track.mp3"):
        assert refusal(path) == (FailureReason.VANISHED, False)


def test_links_that_lead_nowhere_and_names_that_cannot_be_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")

    for path in (tmp_path / "one", tmp_path / ("x" * 300), "nul\0byte"):
        assert refusal(path) == (FailureReason.UNREADABLE, False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_permission_denied(tmp_path: Path) -> None:
    path = tmp_path / "track.wav"
    soundfile.write(path, chord(0.1, 44100, 1), 44100)
    path.chmod(0)

    assert refusal(path) == (FailureReason.PERMISSION_DENIED, False)


def test_what_the_kernel_will_not_open_is_permission_denied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # As root no file mode refuses; the error that a user would meet is put in the place of the call.
    path = tmp_path / "track.wav"
    soundfile.write(path, chord(0.1, 44100, 1), 44100)

    def refuse(*_arguments: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)

    assert refusal(path) == (FailureReason.PERMISSION_DENIED, False)


@pytest.mark.parametrize(
    "name",
    ["-i.m4a", "a:b.m4a", "http:host.m4a", "%03d.m4a", "two\nlines.m4a", "'; rm -rf x; '.m4a", "[x]*?.m4a", " .m4a"],
)
@pytest.mark.parametrize("folder", ["", "pipe:0"])
def test_odd_names_reach_ffmpeg_unharmed(
    name: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = encoded(chord(0.2, 44100, 1), 44100, tmp_path / "plain.m4a")
    (tmp_path / folder).mkdir(exist_ok=True)
    made.rename(tmp_path / folder / name)
    monkeypatch.chdir(tmp_path / folder)

    assert outcome(name) == "whole"


@pytest.mark.parametrize("suffix", [".flac", ".m4a"])
def test_names_that_are_not_utf_8_are_opened(suffix: str, tmp_path: Path) -> None:
    made = encoded(chord(0.2, 44100, 1), 44100, tmp_path / f"plain{suffix}")
    name = os.fsdecode(os.fsencode(tmp_path) + b"/m\xfcsik" + suffix.encode())
    try:
        os.rename(made, name)
    except OSError:
        pytest.skip("this file system takes only UTF-8")

    assert outcome(name) == "whole"


def test_a_format_that_needs_ffmpeg_says_so_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = encoded(chord(0.2, 44100, 1), 44100, tmp_path / "track.m4a")
    text = tmp_path / "text.mp3"
    text.write_bytes(NO_SOUND["text"])

    def missing() -> str:
        raise ffmpeg_child.FfmpegMissingError("none here")

    monkeypatch.setattr(ffmpeg_child, "ffmpeg_path", missing)

    with pytest.raises(DecodeError, match="ffmpeg cannot be started: none here") as caught:
        opened(path)
    assert caught.value.blame is Blame.INSTALLATION
    assert refusal(text) == (FailureReason.UNREADABLE, True), "ffmpeg might know it"
    ffmpeg_child.ffmpeg_health.cache_clear()


def test_a_refusal_of_ffmpeg_names_no_descriptor_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "broken.wma"
    path.write_bytes(bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(4096))  # the mark of ASF, then nothing

    with pytest.raises(DecodeError) as caught:
        opened(path)
    assert caught.value.message.startswith("ffmpeg: ")
    assert "/fd/" not in caught.value.message


def test_a_header_that_announces_more_than_the_file_holds_is_damage_and_no_want_of_memory(tmp_path: Path) -> None:
    path = encoded(chord(1, 44100, 2), 44100, tmp_path / "stuffed.wma", "-c:a", "wmav2")
    content = bytearray(path.read_bytes())
    start = content.index(struct.pack("<HHI", 0x161, 2, 44100))  # of its WAVEFORMATEX, whose last field is a length
    content[start - 14 : start - 10] = struct.pack("<I", 60_018)
    content[start + 16 : start + 18] = struct.pack("<H", 60_000)
    path.write_bytes(content[:20_000])

    with pytest.raises(DecodeError) as caught:
        opened(path)
    assert (caught.value.reason, caught.value.blame) == (FailureReason.CORRUPT, Blame.TRACK)
    assert "ailed to read extradata" in caught.value.message


def test_no_descriptor_is_left_open_by_a_refusal_or_a_pass(tmp_path: Path) -> None:
    (tmp_path / "text.mp3").write_bytes(NO_SOUND["text"])
    soundfile.write(tmp_path / "track.wav", chord(0.1, 44100, 1), 44100)
    encoded(chord(0.2, 44100, 1), 44100, tmp_path / "track.m4a")
    for path in tmp_path.iterdir():
        outcome(path)
    before = sorted(os.listdir("/proc/self/fd"))

    for path in tmp_path.iterdir():
        outcome(path, mapping_min_bytes=1)

    assert sorted(os.listdir("/proc/self/fd")) == before
