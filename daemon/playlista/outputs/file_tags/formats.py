"""How each format has the fields, through mutagen.

Input: the path of a file, and fields. Output: the file with its tags rewritten in place, all tags that are not ours as
they were. The class is chosen by content, never by name: an ID3 tag does not belong into a FLAC called ``.mp3``.

Fields: ID3v2 TBPM, TKEY, TMOO (2.4) or TXXX:MOOD (2.3), TXXX:EnergyLevel, TXXX:REPLAYGAIN_*; Vorbis comments and APEv2
BPM, INITIALKEY or KEY or both, MOOD, ENERGYLEVEL, REPLAYGAIN_*; MP4 tmpo and iTunes freeform atoms; ASF
WM/BeatsPerMinute, WM/InitialKey, WM/Mood, ENERGYLEVEL, REPLAYGAIN_*; Opus R128_TRACK_GAIN and R128_ALBUM_GAIN (RFC
7845: Q7.8 against -23 LUFS). A value that stands there already under a name of other capitals is replaced, so that no
player reads a former one.
"""

from __future__ import annotations

import hashlib
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
from playlista.errors import TagRefusal
from playlista.outputs.file_tags import id3
from playlista.outputs.file_tags.fields import Fields
from playlista.outputs.file_tags.names import KeyNames, comment_names, field_of
from playlista.outputs.file_tags.refusal import RefusedError

#: ReplayGain 2 refers to -18 LUFS, R128_TRACK_GAIN to -23, in Q7.8 (RFC 7845, section 5.2.1).
R128_BELOW_REPLAYGAIN_DB = 5.0
R128_STEPS_PER_DB = 256

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
OF_ID3 = (MP3, TrueAudio, WAVE, AIFF, DSF, DSDIFF)
_SHOWN_BYTES = 4096
_ITUNES = "----:com.apple.iTunes:"


def open_tagged(path: str) -> Any:
    """The file at `path` as mutagen has it.

    Raises
    ------
    RefusedError : no tags are known for what it is.
    MutagenError, OSError, and what else mutagen raises on damaged files.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        container = identify(descriptor).container
    finally:
        os.close(descriptor)
    file = File(path, options=_OF_CONTAINER.get(container, ()))
    if file is None:
        raise RefusedError("no tags are known for this format", TagRefusal.FORMAT)
    return type(file)(path, translate=False) if isinstance(file, OF_ID3) else file


def write_fields(path: str, fields: Fields, *, key_names: KeyNames = "both") -> None:
    """Put `fields` into the tags of the file at `path`, in place.

    `key_names` chooses the comments that get the key, where the format has more than one name for it.

    Raises
    ------
    RefusedError : another tag would be lost.
    MutagenError, OSError, and what else mutagen raises on damaged files.
    """
    file = open_tagged(path)
    former = other_tags(file)
    if isinstance(file, OF_ID3):
        id3.write(file, path, fields, comment_names(key_names))
    else:
        if file.tags is None:
            file.add_tags()
        _writer_for(file)(file, fields, key_names)
        file.save()
    kept = other_tags(open_tagged(path))
    if lost := sorted(former.keys() - kept.keys()) or [name for name in former if former[name] != kept[name]]:
        raise RefusedError(f"its tag {lost[0]} would not stay as it is", TagRefusal.TAGS_LOST)


def other_tags(file: Any) -> dict[str, str]:
    """The tags that are not ours, by name, in a form that can be compared."""
    if isinstance(file, OF_ID3):
        return {name: text for name, text in id3.comparable(file.tags).items() if field_of(name) is None}
    found: dict[str, str] = {}
    for name, value in items_of(file):
        if field_of(name) is None:
            found[name] = found.get(name, "") + shown(value)
    return found


def shown(value: Any) -> str:
    """`value` as a text of bounded length; of a picture the hash, since its text would be four times as long."""
    if isinstance(value, list):
        return ", ".join(map(shown, value))
    if isinstance(value, bytes) and len(value) > _SHOWN_BYTES:
        return f"{len(value)} bytes, {hashlib.blake2b(value).hexdigest()}"
    return repr(value)


def items_of(file: Any) -> list[tuple[str, Any]]:
    """Names and values of the tags of `file`, pictures among them; values may be lists."""
    tags = file.tags if file.tags is not None else {}
    pairs = list(tags) if isinstance(tags, list) else list(tags.items())
    return pairs + [("picture", picture.data) for picture in getattr(file, "pictures", ())]


def _writer_for(file: Any) -> Callable[[Any, Fields, KeyNames], None]:
    if isinstance(file, OggOpus):
        return _write_opus
    if isinstance(file, MP4):
        return _write_mp4
    if isinstance(file, ASF):
        return _write_asf
    if isinstance(file, (FLAC, APEv2File)) or type(file).__name__.startswith("Ogg"):
        return _write_comments
    raise MutagenError("no tags are known for this format")


def _write_comments(file: Any, fields: Fields, key_names: KeyNames) -> None:
    """Fields as Vorbis comments or APEv2 items, whose names mutagen compares without regard to capitals."""
    names = comment_names(key_names)
    for field, text in fields.items():
        for name in names.get(field, (field.upper(),)):
            file[name] = text


def _write_opus(file: Any, fields: Fields, key_names: KeyNames) -> None:
    """RFC 7845 forbids the REPLAYGAIN comments; where another program has left some, players read them."""
    _write_comments(file, {name: text for name, text in fields.items() if is_held_by_opus(name, file)}, key_names)
    for of in ("track", "album"):
        if (gain := fields.get(f"replaygain_{of}_gain")) is not None:
            gain_db = float(gain.removesuffix(" dB"))
            file[f"R128_{of.upper()}_GAIN"] = str(round((gain_db - R128_BELOW_REPLAYGAIN_DB) * R128_STEPS_PER_DB))


def is_held_by_opus(field: str, file: Any) -> bool:
    """Whether an Opus file has a comment for `field` as it is: for a gain or peak only if it has it already."""
    return "replaygain" not in field or field in file


def _write_mp4(file: Any, fields: Fields, _key_names: KeyNames) -> None:
    atoms = {"key": "initialkey", "mood": "MOOD", "energy": "energylevel"}
    for field, text in fields.items():
        if field == "bpm":
            file["tmpo"] = [round(float(text))]
            continue
        name = f"{_ITUNES}{atoms.get(field, field)}"
        _drop_variants(file, name)
        file[name] = [MP4FreeForm(text.encode(), dataformat=AtomDataType.UTF8)]


def _write_asf(file: Any, fields: Fields, _key_names: KeyNames) -> None:
    names = {"bpm": "WM/BeatsPerMinute", "key": "WM/InitialKey", "mood": "WM/Mood", "energy": "ENERGYLEVEL"}
    for field, text in fields.items():
        name = names.get(field, field.upper())
        _drop_variants(file, name)
        file[name] = str(round(float(text))) if field == "bpm" else text


def _drop_variants(file: Any, name: str) -> None:
    """Remove what stands there under `name` in other capitals."""
    for key in {key for key, _ in items_of(file) if key.lower() == name.lower() and key != name}:
        del file[key]
