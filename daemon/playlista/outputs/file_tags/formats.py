"""How each format has the fields, through mutagen.

Input: the path of a file, and fields. Output: the file with its tags rewritten in place, all tags that are not ours as
they were. The class is chosen by content, never by name: an ID3 tag does not belong into a FLAC called ``.mp3``.

Fields: ID3v2 TBPM, TKEY, TMOO (2.4) or TXXX:MOOD (2.3), TXXX:REPLAYGAIN_*; Vorbis comments and APEv2 BPM, INITIALKEY
(with KEY), MOOD, REPLAYGAIN_*; MP4 tmpo and iTunes freeform atoms; ASF WM/BeatsPerMinute, WM/InitialKey, WM/Mood,
REPLAYGAIN_*; Opus R128_TRACK_GAIN (RFC 7845: Q7.8 against -23 LUFS). A value that stands there already under a name of
other capitals is replaced, so that no player reads a former one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mutagen import File, MutagenError
from mutagen.aiff import AIFF
from mutagen.apev2 import APEv2File
from mutagen.asf import ASF
from mutagen.dsdiff import DSDIFF
from mutagen.dsf import DSF
from mutagen.flac import FLAC
from mutagen.monkeysaudio import MonkeysAudio
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4, AtomDataType, MP4FreeForm
from mutagen.musepack import Musepack
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggtheora import OggTheora
from mutagen.oggvorbis import OggVorbis
from mutagen.tak import TAK
from mutagen.trueaudio import TrueAudio
from mutagen.wave import WAVE
from mutagen.wavpack import WavPack

from playlista.decode.containers import Container, identify
from playlista.errors import PlaylistaError
from playlista.outputs.file_tags import id3
from playlista.outputs.file_tags.fields import Fields

#: ReplayGain 2 refers to -18 LUFS, R128_TRACK_GAIN to -23 (RFC 7845, section 5.2.1).
R128_BELOW_REPLAYGAIN_DB = 5.0

_OF_CONTAINER: Mapping[Container, Sequence[type[Any]]] = {
    Container.WAV: (WAVE,),
    Container.AIFF: (AIFF,),
    Container.FLAC: (FLAC,),
    Container.OGG: (OggVorbis, OggOpus, OggFLAC, OggSpeex, OggTheora),
    Container.MPEG: (MP3,),
    Container.UNKNOWN: (MP3,),  # what stands before its first frame may hide what it is
    Container.ASF: (ASF,),
    Container.OTHER: (MP4, MonkeysAudio, WavPack, Musepack, TrueAudio, DSF, DSDIFF, TAK),
}
_OF_ID3 = (MP3, TrueAudio, WAVE, AIFF, DSF, DSDIFF)
_ITUNES = "----:com.apple.iTunes:"
#: The last part of the names under which the formats have our fields, in lower case.
_FIELDS_BY_NAME = {
    **dict.fromkeys(("bpm", "tbpm", "tmpo", "wm/beatsperminute"), "bpm"),
    **dict.fromkeys(("key", "tkey", "initialkey", "wm/initialkey"), "key"),
    **dict.fromkeys(("mood", "tmoo", "wm/mood"), "mood"),
    **dict.fromkeys(("replaygain_track_gain", "r128_track_gain", "rva2:track"), "replaygain_track_gain"),
    "replaygain_track_peak": "replaygain_track_peak",
}


def open_tagged(path: str) -> Any:
    """The file at `path` as mutagen has it.

    Raises
    ------
    PlaylistaError : no tags are known for what it is.
    MutagenError, OSError, and what else mutagen raises on damaged files.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        container = identify(descriptor).container
    finally:
        os.close(descriptor)
    file = File(path, options=_OF_CONTAINER.get(container, ()))
    if file is None:
        raise PlaylistaError("no tags are known for this format")
    return type(file)(path, translate=False) if isinstance(file, _OF_ID3) else file


def write_fields(path: str, fields: Fields) -> None:
    """Put `fields` into the tags of the file at `path`, in place.

    Raises
    ------
    PlaylistaError : another tag would be lost.
    MutagenError, OSError, and what else mutagen raises on damaged files.
    """
    file = open_tagged(path)
    former = other_tags(file)
    if isinstance(file, _OF_ID3):
        id3.write(file, path, fields)
    else:
        if file.tags is None:
            file.add_tags()
        _writer_for(file)(file, fields)
        file.save()
    kept = other_tags(open_tagged(path))
    if lost := sorted(former.keys() - kept.keys()) or [name for name in former if former[name] != kept[name]]:
        raise PlaylistaError(f"its tag {lost[0]} would not stay as it is")


def other_tags(file: Any) -> dict[str, str]:
    """The tags that are not ours, by name, in a form that can be compared."""
    if isinstance(file, _OF_ID3):
        return {name: text for name, text in id3.comparable(file.tags).items() if not is_ours(name)}
    found: dict[str, str] = {}
    for name, value in _items(file):
        if not is_ours(name):
            found[name] = found.get(name, "") + repr(value)
    return found


def fields_in(path: str) -> frozenset[str]:
    """Which of our fields the file at `path` has by whatever name: bpm, key, mood, replaygain_track_gain, …_peak.

    Raises
    ------
    PlaylistaError : no tags are known for what it is.
    MutagenError, OSError, and what else mutagen raises on damaged files.
    """
    file = open_tagged(path)
    names = id3.comparable(file.tags) if isinstance(file, _OF_ID3) else [name for name, _ in _items(file)]
    return frozenset(field for name in names if (field := _FIELDS_BY_NAME.get(_last_part(name))) is not None)


def is_ours(name: str) -> bool:
    """Whether `name` is one under which some format has one of our fields."""
    return _last_part(name) in _FIELDS_BY_NAME


def _last_part(name: str) -> str:
    lower = name.lower()
    return lower.rpartition(":")[2] if lower.startswith(("txxx:", "----:")) else lower


def _items(file: Any) -> list[tuple[str, Any]]:
    tags = file.tags if file.tags is not None else {}
    pairs = list(tags) if isinstance(tags, list) else list(tags.items())
    return pairs + [("picture", picture.data) for picture in getattr(file, "pictures", ())]


def _writer_for(file: Any) -> Callable[[Any, Fields], None]:
    if isinstance(file, OggOpus):
        return _write_opus
    if isinstance(file, MP4):
        return _write_mp4
    if isinstance(file, ASF):
        return _write_asf
    if isinstance(file, (FLAC, APEv2File)) or type(file).__name__.startswith("Ogg"):
        return write_comments
    raise MutagenError("no tags are known for this format")


def write_comments(file: Any, fields: Fields) -> None:
    """Fields as Vorbis comments or APEv2 items, whose names mutagen compares without regard to capitals."""
    names = {"bpm": ("BPM",), "key": ("INITIALKEY", "KEY"), "mood": ("MOOD",)}
    for field, text in fields.items():
        for name in names.get(field, (field.upper(),)):
            file[name] = text


def _write_opus(file: Any, fields: Fields) -> None:
    """RFC 7845 forbids the REPLAYGAIN comments; where another program has left some, players read them."""
    gain_db = fields.get("replaygain_track_gain")
    write_comments(file, {name: text for name, text in fields.items() if name in file or "replaygain" not in name})
    if gain_db is not None:
        file["R128_TRACK_GAIN"] = str(round((float(gain_db.removesuffix(" dB")) - R128_BELOW_REPLAYGAIN_DB) * 256))


def _write_mp4(file: Any, fields: Fields) -> None:
    atoms = {"key": "initialkey", "mood": "MOOD"}
    for field, text in fields.items():
        if field == "bpm":
            file["tmpo"] = [round(float(text))]
            continue
        name = f"{_ITUNES}{atoms.get(field, field)}"
        _drop_variants(file, name)
        file[name] = [MP4FreeForm(text.encode(), dataformat=AtomDataType.UTF8)]


def _write_asf(file: Any, fields: Fields) -> None:
    names = {"bpm": "WM/BeatsPerMinute", "key": "WM/InitialKey", "mood": "WM/Mood"}
    for field, text in fields.items():
        name = names.get(field, field.upper())
        _drop_variants(file, name)
        file[name] = str(round(float(text))) if field == "bpm" else text


def _drop_variants(file: Any, name: str) -> None:
    """Remove what stands there under `name` in other capitals."""
    for key in {key for key, _ in _items(file) if key.lower() == name.lower() and key != name}:
        del file[key]
