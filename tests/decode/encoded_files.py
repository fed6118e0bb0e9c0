"""Files of every container whose encoded audio is hashed, tagged by mutagen with much or little, and by hand."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path

from mutagen.aiff import AIFF
from mutagen.apev2 import APEv2
from mutagen.asf import ASF, ASFByteArrayAttribute
from mutagen.dsdiff import DSDIFF
from mutagen.dsf import DSF
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3, TIT2, ID3NoHeaderError
from mutagen.mp4 import MP4, MP4Cover
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

from tests.outputs.tag_files import TAGGABLE, encode

FRAGMENTS = ("-movflags", "frag_keyframe+empty_moov", "-frag_duration", "500000")
#: ffmpeg's arguments by suffix, for formats that come from it.
ENCODED: dict[str, tuple[str, ...]] = {
    **TAGGABLE,
    "mp2": ("-c:a", "mp2"),
    "vbr.mp3": ("-c:a", "libmp3lame", "-q:a", "4", "-ac", "2"),
    "aac": ("-c:a", "aac"),
    "ac3": ("-c:a", "ac3"),
    "fragmented.m4a": ("-c:a", "aac", *FRAGMENTS),
    "flac.mp4": ("-c:a", "flac", "-strict", "-2"),
    "opus.mp4": ("-c:a", "libopus"),
    "mov": ("-c:a", "pcm_s16le"),
    "rf64.wav": ("-c:a", "pcm_s16le", "-rf64", "always"),
    "adpcm.wav": ("-c:a", "adpcm_ms"),
    "w64": ("-c:a", "pcm_s16le"),
    "au": ("-c:a", "pcm_s16be"),
    "caf": ("-c:a", "pcm_s16be"),
    "alac.caf": ("-c:a", "alac"),
}
#: Formats without an encoder in ffmpeg: what their specifications say of the structure, around noise.
BY_HAND = ("dsf", "dff", "ape", "mpc")
#: Formats in which nobody keeps tags, or mutagen does not.
UNTAGGED = frozenset({"mov", "rf64.wav", "w64", "au", "caf", "alac.caf", "fragmented.m4a", "flac.mp4", "opus.mp4"})
TAGGED = tuple(suffix for suffix in (*ENCODED, *BY_HAND) if suffix not in UNTAGGED)


def song(folder: Path, suffix: str, *, seconds: float = 2.0, pitch_hz: int = 440) -> Path:
    """A file of one kind."""
    path = folder / f"song.{suffix}"
    if suffix in ENCODED:
        return encode(path, *ENCODED[suffix], seconds=seconds, pitch_hz=pitch_hz)
    path.write_bytes(_MADE[suffix](os.urandom(40_000)))
    return path


def retag(path: Path, title: str, picture: bytes) -> None:
    """Put a title and a picture into `path`, as its format has them."""
    suffix = path.suffix[1:]
    if suffix in {"mp3", "mp2", "aac", "ac3", "tta"}:
        _id3(path, title, picture)
    elif suffix in {"wv", "ape", "mpc"}:
        _apev2(path, title, picture)
    else:
        _TAGGERS[suffix](path, title, picture)


def _id3(path: Path, title: str, picture: bytes) -> None:
    """ID3v2 in front, ID3v1 behind."""
    try:
        tags = ID3(path)
    except ID3NoHeaderError:
        tags = ID3()
    _fill(tags, title, picture)
    tags.save(path, v1=2)


def _apev2(path: Path, title: str, picture: bytes) -> None:
    tags = APEv2()
    tags["Title"] = title
    tags["Cover Art (Front)"] = b"front.jpg\0" + picture
    tags.save(path)


def _fill(tags: ID3, title: str, picture: bytes) -> None:
    tags.add(TIT2(encoding=3, text=[title]))
    tags.add(APIC(encoding=3, mime="image/jpeg", type=3, desc="", data=picture))


def _chunk_id3(kind: type[WAVE | AIFF | DSF | DSDIFF]) -> Callable[[Path, str, bytes], None]:
    def tag(path: Path, title: str, picture: bytes) -> None:
        file = kind(path)
        if file.tags is None:
            file.add_tags()
        _fill(file.tags, title, picture)
        file.save()

    return tag


def _flac(path: Path, title: str, picture: bytes) -> None:
    file = FLAC(path)
    file["title"] = title
    file.clear_pictures()
    file.add_picture(_picture(picture))
    file.save()


def _picture(data: bytes) -> Picture:
    picture = Picture()
    picture.type, picture.mime, picture.data = 3, "image/jpeg", data
    return picture


def _ogg(kind: type[OggVorbis | OggOpus | OggFLAC | OggSpeex]) -> Callable[[Path, str, bytes], None]:
    def tag(path: Path, title: str, picture: bytes) -> None:
        file = kind(path)
        file["title"] = title
        file["metadata_block_picture"] = base64.b64encode(_picture(picture).write()).decode()
        file.save()

    return tag


def _mp4(path: Path, title: str, picture: bytes) -> None:
    file = MP4(path)
    file["\xa9nam"] = title
    file["covr"] = [MP4Cover(picture)]
    file.save()


def _asf(path: Path, title: str, picture: bytes) -> None:
    file = ASF(path)
    file["Title"] = title
    file["WM/Picture"] = ASFByteArrayAttribute(picture)
    file.save()


_TAGGERS: dict[str, Callable[[Path, str, bytes], None]] = {
    "flac": _flac,
    "ogg": _ogg(OggVorbis),
    "opus": _ogg(OggOpus),
    "oga": _ogg(OggFLAC),
    "spx": _ogg(OggSpeex),
    "m4a": _mp4,
    "wma": _asf,
    "wav": _chunk_id3(WAVE),
    "aiff": _chunk_id3(AIFF),
    "dsf": _chunk_id3(DSF),
    "dff": _chunk_id3(DSDIFF),
}


def _dsf(noise: bytes) -> bytes:
    """DSF File Format Specification 1.01: one channel in blocks of 4096 bytes."""
    samples = noise[: len(noise) // 4096 * 4096]
    fields = [1, 0, 1, 1, 2_822_400, 1]
    form = b"".join(value.to_bytes(4, "little") for value in fields)
    form += (len(samples) * 8).to_bytes(8, "little") + (4096).to_bytes(4, "little") + bytes(4)
    data = b"data" + (12 + len(samples)).to_bytes(8, "little") + samples
    total = 28 + 12 + len(form) + len(data)
    head = b"DSD " + b"".join(value.to_bytes(8, "little") for value in (28, total, 0))
    return head + b"fmt " + (12 + len(form)).to_bytes(8, "little") + form + data


def _dsdiff(noise: bytes) -> bytes:
    """DSDIFF 1.5: one channel."""
    rate = _long(b"FS  ", (2_822_400).to_bytes(4, "big"))
    channels = _long(b"CHNL", (1).to_bytes(2, "big") + b"C   ")
    coding = _long(b"CMPR", b"DSD \x0enot compressed\0")
    properties = _long(b"PROP", b"SND " + rate + channels + coding)
    body = b"DSD " + _long(b"FVER", bytes.fromhex("01050000")) + properties + _long(b"DSD ", noise)
    return _long(b"FRM8", body)


def _long(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(8, "big") + body + bytes(len(body) % 2)


_MADE: dict[str, Callable[[bytes], bytes]] = {
    "dsf": _dsf,
    "dff": _dsdiff,
    "ape": lambda noise: b"MAC \x96\x0f\0\0" + noise + b"\x01",
    "mpc": lambda noise: b"MPCK" + noise + b"\x01",
}
