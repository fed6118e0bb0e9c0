"""Music files for the tests of tag writing, made by ffmpeg and mutagen: every format that takes tags, and odd ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import mutagen
from mutagen.apev2 import APEv2

from tests.ffmpeg import ffmpeg

#: ffmpeg's arguments by suffix, for the formats that take tags.
TAGGABLE: dict[str, tuple[str, ...]] = {
    "flac": ("-c:a", "flac"),
    "mp3": ("-c:a", "libmp3lame", "-b:a", "128k"),
    "ogg": ("-c:a", "libvorbis"),
    "opus": ("-c:a", "libopus"),
    "oga": ("-c:a", "flac", "-f", "ogg"),
    "m4a": ("-c:a", "aac"),
    "alac.m4a": ("-c:a", "alac"),
    "wma": ("-c:a", "wmav2"),
    "wav": ("-c:a", "pcm_s16le"),
    "aiff": ("-c:a", "pcm_s16be"),
    "wv": ("-c:a", "wavpack"),
    "tta": ("-c:a", "tta"),
}
#: Kinds of file that a tag library damages, or may.
ODD = ("fragmented.m4a", "dash.m4a", "piped.wav", "cut.wav", "long.rf64.wav", "chained.ogg", "wave64.w64", "junk.wav")


def encode(path: Path, *arguments: str, seconds: float = 2.0, pitch_hz: int = 440) -> Path:
    """A tone as ffmpeg's `arguments` ask for it."""
    path.write_bytes(_encoded(path.name, arguments, seconds, pitch_hz))
    return path


@cache
def _encoded(name: str, arguments: tuple[str, ...], seconds: float, pitch_hz: int) -> bytes:
    """The content of such a file, made once."""
    source = f"aevalsrc=0.4*sin(2*PI*{pitch_hz}*t)*(1+0.5*sin(7*t)):s=44100:d={seconds}"
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        ffmpeg("-f", "lavfi", "-i", source, "-metadata", "title=A title", *arguments, f"file:{path}")
        return path.read_bytes()


def taggable(folder: Path, suffix: str, **how: int) -> Path:
    """A sound file in one of the formats of `TAGGABLE`."""
    return encode(folder / f"song.{suffix}", *TAGGABLE[suffix], **how)


def odd(folder: Path, name: str) -> Path:
    """A file of one of the kinds of `ODD`."""
    path = folder / name
    _MAKERS[name](path)
    return path


def _cut(path: Path) -> None:
    whole = encode(path, "-c:a", "pcm_s16le").read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])


def _piped(path: Path) -> None:
    source = ("-f", "lavfi", "-i", "sine=440:d=2", "-c:a", "pcm_s16le", "-f", "wav", "-")
    path.write_bytes(ffmpeg(*source))


def _chained(path: Path) -> None:
    links = [encode(path, "-c:a", "libvorbis", pitch_hz=pitch).read_bytes() for pitch in (440, 660)]
    path.write_bytes(b"".join(links))


def _junk(path: Path) -> None:
    encode(path, "-c:a", "pcm_s16le")
    path.write_bytes(path.read_bytes() + b"\x55" * 5000)


_FRAGMENTS = ("-c:a", "aac", "-movflags", "frag_keyframe+empty_moov", "-frag_duration", "500000")
_MAKERS: dict[str, Callable[[Path], object]] = {
    "fragmented.m4a": lambda path: encode(path, *_FRAGMENTS, seconds=6.0),
    "dash.m4a": lambda path: encode(path, "-c:a", "aac", "-movflags", "+dash+global_sidx+frag_keyframe", seconds=6.0),
    "piped.wav": _piped,
    "cut.wav": _cut,
    "long.rf64.wav": lambda path: encode(path, "-c:a", "pcm_s16le", "-rf64", "always"),
    "chained.ogg": _chained,
    "wave64.w64": lambda path: encode(path, "-c:a", "pcm_s16le"),
    "junk.wav": _junk,
}


def with_apev2(path: Path, **items: str) -> Path:
    """`path` with an APEv2 tag at its end, before an ID3v1 tag if there is one."""
    end = path.read_bytes()[-128:]
    tags = APEv2()
    for name, text in items.items():
        tags[name] = text
    tags.save(path)
    if end.startswith(b"TAG"):
        path.write_bytes(path.read_bytes() + end)
    return path


def decoded(path: Path) -> bytes:
    """What ffmpeg decodes of the sound of `path`: the judge, which shares nothing with the product but its ffmpeg."""
    return ffmpeg("-i", f"file:{path}", "-map", "0:a", "-c:a", "pcm_s32le", "-f", "s32le", "-", check=False)


def tags_of(path: Path) -> dict[str, list[str]]:
    """All tags of `path` by name, as texts."""
    file = mutagen.File(path)
    tags = file.tags if file.tags is not None else {}
    pairs = [(name, value) for name, value in tags] if isinstance(tags, list) else list(tags.items())
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        values = value if isinstance(value, list) else [value]
        found.setdefault(name, []).extend(one.decode() if isinstance(one, bytes) else str(one) for one in values)
    return found
