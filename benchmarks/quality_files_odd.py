"""Makes the odd files of the table "files": chapters, delays, joined, padded, tagged at both ends, piped.

Input: a folder. Output: files in it, named like those of ``quality_files_making``. The bytes of tags are written by
hand, after the specifications of ID3v2.3, ID3v1 and APEv2.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.quality_files_writing import WRITE_SECONDS, Job, ffmpeg, raw_input
from playlista.decode.readers.ffmpeg_child import ffmpeg_path

#: More than ffmpeg's log of one file keeps in view.
CHAPTERS = 100
#: Codecs of files that are joined byte by byte: name, ending, encoder.
JOINED = (
    ("mp3", "mp3", ("-c:a", "libmp3lame", "-b:a", "128k")),
    ("mp3vbrbare", "mp3", ("-c:a", "libmp3lame", "-q:a", "6", "-write_xing", "0")),
    ("vorbis", "ogg", ("-c:a", "libvorbis")),
    ("opus", "opus", ("-c:a", "libopus")),
    ("oggflac", "ogg", ("-c:a", "flac")),
    ("flac", "flac", ("-c:a", "flac")),
    ("adts", "aac", ("-c:a", "aac")),
    ("ac3", "ac3", ("-c:a", "ac3")),
)
#: Containers that keep a start time, a second stream or chapters: name, ending, encoder.
CONTAINED = (
    ("aac", "m4a", ("-c:a", "aac", "-f", "mp4")),
    ("alac", "m4a", ("-c:a", "alac", "-f", "mp4")),
    ("aac", "m4b", ("-c:a", "aac", "-f", "ipod")),
    ("flac", "mka", ("-c:a", "flac")),
    ("vorbis", "mka", ("-c:a", "libvorbis")),
    ("opus", "webm", ("-c:a", "libopus")),
    ("mp3", "mp3", ("-c:a", "libmp3lame")),
    ("vorbis", "ogg", ("-c:a", "libvorbis")),
    ("aac", "mov", ("-c:a", "aac")),
)
#: Files that get tags and padding before and behind the sound.
WRAPPED = (
    ("mp3", "mp3", ("-c:a", "libmp3lame")),
    ("mp3vbrbare", "mp3", ("-c:a", "libmp3lame", "-q:a", "5", "-write_xing", "0")),
    ("flac", "flac", ("-c:a", "flac")),
    ("wavpack", "wv", ("-c:a", "wavpack")),
    ("adts", "aac", ("-c:a", "aac")),
    ("tta", "tta", ("-c:a", "tta")),
    ("wav", "wav", ("-c:a", "pcm_s16le")),
    ("aiff", "aiff", ("-c:a", "pcm_s16be")),
    ("vorbis", "ogg", ("-c:a", "libvorbis")),
)
PIPED = (("wav", ("-c:a", "pcm_s16le")), ("flac", ("-c:a", "flac")), ("au", ("-c:a", "pcm_s16be")))
_TEXT_FRAME = b"TIT2" + (9).to_bytes(4, "big") + b"\0\0" + b"\0Playlist"
#: 200 bytes of frames and padding: 1 * 128 + 72 in the seven-bit digits of an ID3v2 size.
ID3V2 = b"ID3\3\0\0" + bytes((0, 0, 1, 72)) + _TEXT_FRAME.ljust(200, b"\0")
ID3V1 = b"TAG" + b"Playlista".ljust(30, b"\0") + bytes(95)
_APE_ITEM = (5).to_bytes(4, "little") + bytes(4) + b"Title\0" + b"Plays"


def _ape_part(flags: int) -> bytes:
    size = (len(_APE_ITEM) + 32).to_bytes(4, "little")
    return (
        b"APETAGEX"
        + (2000).to_bytes(4, "little")
        + size
        + (1).to_bytes(4, "little")
        + flags.to_bytes(4, "little")
        + bytes(8)
    )


APEV2 = _ape_part(0xA0000000) + _APE_ITEM + _ape_part(0x80000000)
WRAPPINGS: dict[str, tuple[bytes, bytes]] = {
    "both ends": (ID3V2, APEV2 + ID3V1),
    "id3v1": (b"", ID3V1),
    "apev2": (b"", APEV2),
    "id3 and zeros": (ID3V2 + bytes(5000), b""),
    "zeros behind": (b"", bytes(40_000)),
    "two id3v2": (ID3V2 + ID3V2, ID3V1),
}


def odd_jobs(folder: Path, scratch: Path) -> Iterator[Job]:
    """Each file with what writes it."""
    for name, ending, encoder in JOINED:
        for how in ("short", "long", "rates", "channels"):
            path = folder / f"joined--{name}--{how}.{ending}"
            yield path, partial(_join, scratch=scratch, encoder=encoder, how=how)
    for name, ending, encoder in WRAPPED:
        for how in WRAPPINGS:
            path = folder / f"wrapped--{name}--{how}.{ending}"
            yield path, partial(_wrap, scratch=scratch, encoder=encoder, how=how)
    for name, ending, encoder in CONTAINED:
        for how, make in {"chapters": _chapters, "delay": _delay, "video": _video}.items():
            yield folder / f"{how}--{name}--{ending}.{ending}", partial(make, scratch=scratch, encoder=encoder)
    for ending, encoder in PIPED:
        yield folder / f"piped--{ending}.{ending}", partial(_pipe, scratch=scratch, encoder=encoder)
    yield folder / "fragmented--aac.m4a", partial(_fragmented, scratch=scratch)


def _join(path: Path, *, scratch: Path, encoder: tuple[str, ...], how: str) -> None:
    """Two files one behind the other: short ones, long ones, with other rates, with other channels."""
    seconds = 12.0 if how == "long" else 2.0
    shapes = [("stereo", 44_100 if "opus" not in path.name else 48_000), ("stereo", 44_100)]
    if how == "rates":
        shapes[1] = ("stereo", 48_000)
    if how == "channels":
        shapes[1] = ("mono", 44_100)
    parts = []
    for number, (layout, rate_hz) in enumerate(shapes):
        part = scratch / f"{path.stem}-{number}{path.suffix}"
        serial = ("-serial_offset", str(number + 1)) if path.suffix in {".ogg", ".opus"} else ()
        ffmpeg(part, *raw_input(scratch, layout, rate_hz, seconds + number, number), *encoder, *serial)
        parts.append(part)
    if all(part.exists() for part in parts):
        path.write_bytes(b"".join(part.read_bytes() for part in parts))


def _wrap(path: Path, *, scratch: Path, encoder: tuple[str, ...], how: str) -> None:
    bare = scratch / path.name
    ffmpeg(bare, *raw_input(scratch, "stereo", 44_100), *encoder)
    before, behind = WRAPPINGS[how]
    if bare.exists():
        path.write_bytes(before + bare.read_bytes() + behind)


def _chapters(path: Path, *, scratch: Path, encoder: tuple[str, ...]) -> None:
    listing = scratch / f"{path.name}.chapters"
    each = "[CHAPTER]\nTIMEBASE=1/1000\nSTART={0}\nEND={1}\ntitle=Chapter {0}\n"
    chapters = (each.format(20 * number, 20 * number + 20) for number in range(CHAPTERS))
    listing.write_text(";FFMETADATA1\n" + "".join(chapters), encoding="utf-8")
    ffmpeg(path, *raw_input(scratch, "stereo"), "-f", "ffmetadata", "-i", str(listing), "-map_chapters", "1", *encoder)


def _delay(path: Path, *, scratch: Path, encoder: tuple[str, ...]) -> None:
    """The sound begins 2 s after the file does."""
    ffmpeg(path, "-itsoffset", "2", *raw_input(scratch, "stereo"), "-avoid_negative_ts", "disabled", *encoder)


def _video(path: Path, *, scratch: Path, encoder: tuple[str, ...]) -> None:
    """A picture that moves for 3 s longer than the sound lasts."""
    picture = ("-f", "lavfi", "-i", "testsrc=size=64x64:rate=5:duration=6")
    codec = {".webm": "libvpx", ".ogg": "libtheora"}.get(path.suffix, "mpeg4")
    ffmpeg(path, *raw_input(scratch, "stereo"), *picture, "-c:v", codec, *encoder)


def _pipe(path: Path, *, scratch: Path, encoder: tuple[str, ...]) -> None:
    """A file whose writer could not go back to fill in the sizes."""
    command = [
        ffmpeg_path(),
        "-nostdin",
        "-loglevel",
        "error",
        *raw_input(scratch, "stereo"),
        *encoder,
        "-f",
        path.suffix[1:],
        "pipe:1",
    ]
    ended = subprocess.run(command, capture_output=True, check=False, timeout=WRITE_SECONDS)
    if not ended.returncode:
        path.write_bytes(ended.stdout)


def _fragmented(path: Path, *, scratch: Path) -> None:
    flags = ("-movflags", "frag_keyframe+empty_moov", "-frag_duration", "500000")
    ffmpeg(path, *raw_input(scratch, "stereo"), "-c:a", "aac", "-f", "mp4", *flags)
