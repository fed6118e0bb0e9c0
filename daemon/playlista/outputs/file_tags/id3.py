"""ID3 tags, kept at their version, with the other tags that such a file may have: ID3v1 and APEv2 at its end.

Input: a file that mutagen opened without translation, and fields. Output: the file, rewritten in place. mutagen writes
ID3v2.4 unless told otherwise and translates on the way: a 2.3 tag would lose what 2.4 does not have. So frames are
taken as they are and written at the version that the tag has. ID3v2.2 cannot be written by mutagen: refused.

A gain that stands in an APEv2 tag as well (mp3gain writes it there) is renewed, too. Where there is an APEv2 tag alone,
only that is written: players read nothing else once there is an ID3v2 tag, which would hide its title.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from mutagen.apev2 import APENoHeaderError, APEv2
from mutagen.id3 import RVA2, TBPM, TKEY, TMOO, TXXX
from mutagen.mp3 import MP3
from mutagen.trueaudio import TrueAudio

from playlista.errors import TagRefusal
from playlista.outputs.file_tags.fields import Fields
from playlista.outputs.file_tags.refusal import RefusedError

_V1_BYTES = 128
_SHOWN_BYTES = 4096
_LYRICS3_END = b"LYRICS200"
_LATIN_1 = 0  # all our texts are ASCII, which every version and every player has
_ENCODING = re.compile(r"encoding=<[^>]*>")
_OUR_FRAMES = frozenset({"TBPM", "TKEY", "TMOO", "TXXX", "RVA2"})


def write(file: Any, path: str, fields: Fields, item_names: Mapping[str, tuple[str, ...]]) -> None:
    """Put `fields` into the ID3 tag of `file`, which is at `path`, and into its APEv2 tag where it has one.

    `item_names` are those of APEv2 items that are not called as the field.

    Raises
    ------
    RefusedError : a tag of the file cannot be kept as it is.
    """
    if not isinstance(file, (MP3, TrueAudio)):  # the tag is a chunk of its own; nothing stands at the end
        _write_frames(file, fields)
        return
    end, apev2, former = _tail(path), apev2_of(path), _frames(path)
    if apev2 is not None and end[:-_V1_BYTES].endswith(_LYRICS3_END):
        raise RefusedError("its Lyrics3 tag behind an APEv2 tag would be lost", TagRefusal.TAGS_LOST)
    if apev2 is None or has_v2(file):
        _write_frames(file, fields)
        if lost := former - _frames(path):
            raise RefusedError(f"its ID3 frame {next(iter(lost))} would be lost", TagRefusal.TAGS_LOST)
    if apev2 is not None:
        _write_apev2(apev2, path, fields, item_names)
    if end[-_V1_BYTES:].startswith(b"TAG"):
        _put_v1(path, end[-_V1_BYTES:])


def has_v2(file: Any) -> bool:
    """Whether `file` has an ID3v2 tag."""
    return file.tags is not None and bool(file.tags.version[0] == 2)


def comparable(tags: Any) -> dict[str, str]:
    """The frames of an ID3 tag by their keys, without the encoding of their text; none for None."""
    if tags is None:
        return {}
    shown = {key: _shown(frame) for key, frame in tags.items()}
    return shown | {f"unknown frame {frame[:4]!r}": repr(frame) for frame in tags.unknown_frames}


def _shown(frame: Any) -> str:
    """`frame` as text; of a picture or another large object its hash, since its text would be four times as long."""
    data = getattr(frame, "data", b"")
    if len(data) > _SHOWN_BYTES:
        return repr({**vars(frame), "data": hashlib.blake2b(data).hexdigest()})
    return _ENCODING.sub("", repr(frame))


def _write_frames(file: Any, fields: Fields) -> None:
    if file.tags is None:
        file.add_tags()
        version = 4
    else:
        version = _writable_version(file.tags.version)
    for field, text in fields.items():
        _put(file.tags, field, text, version)
    # No separator: a text of several values, which 2.3 does not know but some write, stays what it was.
    file.tags.save(file.filename, v2_version=version, v23_sep=None)


def _writable_version(version: tuple[int, ...]) -> int:
    """The minor version of ID3v2 in which a tag of this version is written; a tag of version 1 alone becomes 2.4."""
    if version[:2] == (2, 2):
        message = "its ID3v2.2 tag cannot be written at that version; convert it to 2.3 first"
        raise RefusedError(message, TagRefusal.TAGS_LOST)
    return 3 if version[:2] == (2, 3) else 4


def _put(tags: Any, field: str, text: str, version: int) -> None:
    if field == "bpm":
        tags.setall("TBPM", [TBPM(encoding=_LATIN_1, text=[str(round(float(text)))])])  # the standard wants whole beats
    elif field == "key":
        tags.setall("TKEY", [TKEY(encoding=_LATIN_1, text=[text])])
    elif field == "mood" and (version == 4 or "TMOO" in tags):
        tags.setall("TMOO", [TMOO(encoding=_LATIN_1, text=[text])])
    else:
        _put_user_text(tags, "EnergyLevel" if field == "energy" else field.upper(), text)
    if field.startswith("replaygain"):
        _, of, what = field.split("_")
        _renew_rva2(tags, of, what, text)


def _put_user_text(tags: Any, name: str, text: str) -> None:
    for key in [key for key in tags if key.lower() == f"txxx:{name}".lower()]:
        del tags[key]
    tags.add(TXXX(encoding=_LATIN_1, desc=name, text=[text]))


def _renew_rva2(tags: Any, of: str, what: str, text: str) -> None:
    """Renew gain or peak in a relative volume frame of the track or album, where there is one: some players read it."""
    for key in [key for key in tags if key.lower() == f"rva2:{of}"]:
        frame = tags[key]
        gain, peak = frame.gain, frame.peak
        if what == "gain":
            gain = float(text.removesuffix(" dB"))
        else:
            peak = min(float(text), 1.0)  # which is the most that the frame holds
        tags[key] = RVA2(desc=frame.desc, channel=frame.channel, gain=gain, peak=peak)


def apev2_of(path: str) -> Any:
    """The APEv2 tag at the end of the file at `path`, or None."""
    try:
        return APEv2(path)
    except APENoHeaderError:
        return None


def _write_apev2(tags: Any, path: str, fields: Fields, item_names: Mapping[str, tuple[str, ...]]) -> None:
    for field, text in fields.items():
        for name in item_names.get(field, (field.upper(),)):
            tags[name] = text
    tags.save(path)


def _tail(path: str) -> bytes:
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _V1_BYTES - len(_LYRICS3_END)))
        return file.read()


def _put_v1(path: str, tag: bytes) -> None:
    """Put the ID3v1 tag back as it was: mutagen makes it anew from the other one, or drops it with an APEv2 tag."""
    with open(path, "rb+") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _V1_BYTES))
        has_one = file.read(3) == b"TAG"
        file.seek(size - _V1_BYTES if has_one else size)
        file.write(tag)


def _frames(path: str) -> Counter[str]:
    """How many frames of each name but ours the ID3v2 tag at the start of the file has, by its bytes.

    mutagen leaves out what it cannot parse, without a word; this tells.
    """
    with open(path, "rb") as file:
        head = file.read(10)
        if head[:3] != b"ID3" or head[3] not in {3, 4}:
            return Counter()
        body = file.read(_synchsafe(head[6:10]))
    if head[5] & 0x80 and head[3] == 3:
        body = body.replace(b"\xff\x00", b"\xff")
    position = 0
    if head[5] & 0x40:
        position = _synchsafe(body[:4]) if head[3] == 4 else 4 + int.from_bytes(body[:4], "big")
    found: Counter[str] = Counter()
    while re.fullmatch(rb"[A-Z][A-Z0-9]{3}", name := body[position : position + 4]):
        size = body[position + 4 : position + 8]
        length = _frame_length(size, body, position) if head[3] == 4 else int.from_bytes(size, "big")
        if length and any(body[position + 10 : position + 10 + length].strip(b"\0\1\2\3")):
            found[name.decode()] += 1
        position += 10 + length
    return Counter({name: count for name, count in found.items() if name not in _OUR_FRAMES})


def _frame_length(size: bytes, body: bytes, position: int) -> int:
    """Bytes of a 2.4 frame; iTunes wrote the sizes of 2.3, which is told by where the next frame begins."""
    right, wrong = _synchsafe(size), int.from_bytes(size, "big")
    if right != wrong:
        behind_right, behind_wrong = (body[position + 10 + n :][:1] for n in (right, wrong))
        if not re.match(rb"[A-Z\0]|$", behind_right) and re.match(rb"[A-Z\0]|$", behind_wrong):
            return wrong
    return right


def _synchsafe(number: bytes) -> int:
    """The integer in four bytes of seven bits each."""
    return sum((byte & 0x7F) << shift for byte, shift in zip(number, (21, 14, 7, 0), strict=True))
