"""What a file has under our fields already, in a form that can be compared with what we would write.

Input: a file that mutagen opened. Output: by field the texts that stand there, and the texts that would stand there if
we wrote. Formats hold less than we know: ID3, MP4 and ASF whole beats, Opus steps of 1/256 dB and no peak. So both are
brought to one form, in which equal values are equal texts whatever the format and its writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mutagen.asf import ASF
from mutagen.id3 import RVA2
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4
from mutagen.oggopus import OggOpus
from mutagen.trueaudio import TrueAudio

from playlista.outputs.file_tags import id3
from playlista.outputs.file_tags.fields import Fields, gain_text, peak_text
from playlista.outputs.file_tags.formats import (
    OF_ID3,
    R128_BELOW_REPLAYGAIN_DB,
    R128_STEPS_PER_DB,
    is_held_by_opus,
    items_of,
)
from playlista.outputs.file_tags.names import KeyNames, comment_names, field_of

#: By field all texts that stand in a file, under whatever name.
Present = dict[str, frozenset[str]]


def present_in(file: Any, path: str, key_names: KeyNames = "both") -> Present:
    """Our fields in the opened `file`, which is at `path`; those that it has not are left out."""
    if not isinstance(file, OF_ID3):
        return _gathered(_plain_texts(file, key_names))
    frames = _gathered(_frame_texts(file))
    apev2 = id3.apev2_of(path) if isinstance(file, (MP3, TrueAudio)) else None
    if apev2 is None:
        return frames
    items = _gathered(_comment_texts(((name, [str(value)]) for name, value in apev2.items()), key_names))
    # Players that know both read the ID3 tag. Of gains any may be read, and mp3gain writes the other tag alone.
    both = {field: frames.get(field, frozenset()) | items.get(field, frozenset()) for field in {*frames, *items}}
    return {field: texts if "gain" in field else frames.get(field, texts) for field, texts in both.items()}


def as_written(file: Any, path: str, fields: Fields) -> Fields:
    """`fields` as `present_in` will find them once they are written into the opened `file`."""
    held = fields
    if isinstance(file, OggOpus):
        gains = ("replaygain_track_gain", "replaygain_album_gain")  # which have comments of their own
        held = {field: text for field, text in fields.items() if field in gains or is_held_by_opus(field, file)}
    whole_beats = isinstance(file, (MP4, ASF)) or (isinstance(file, OF_ID3) and not _has_apev2_alone(file, path))
    return {
        field: _comparable(field, str(round(float(text))) if field == "bpm" and whole_beats else text)
        for field, text in held.items()
    }


def _has_apev2_alone(file: Any, path: str) -> bool:
    return isinstance(file, (MP3, TrueAudio)) and not id3.has_v2(file) and id3.apev2_of(path) is not None


def _gathered(texts: Iterable[tuple[str, str]]) -> Present:
    found: dict[str, set[str]] = {}
    for field, text in texts:
        if text.strip():
            found.setdefault(field, set()).add(_comparable(field, text))
    return {field: frozenset(texts) for field, texts in found.items()}


def _frame_texts(file: Any) -> Iterator[tuple[str, str]]:
    for name, frame in (file.tags or {}).items():
        field = field_of(name)
        if field is None:
            continue
        if isinstance(frame, RVA2):
            yield field, gain_text(vars(frame)["gain"])
        else:
            yield from ((field, str(text)) for text in frame.text)


def _plain_texts(file: Any, key_names: KeyNames) -> Iterator[tuple[str, str]]:
    pairs = ((name, value if isinstance(value, list) else [value]) for name, value in items_of(file))
    if isinstance(file, (MP4, ASF)):
        for name, values in pairs:
            if (field := field_of(name)) is not None:
                yield from ((field, _decoded(value)) for value in values)
    else:
        yield from _comment_texts(pairs, key_names)


def _comment_texts(pairs: Iterable[tuple[str, list[Any]]], key_names: KeyNames) -> Iterator[tuple[str, str]]:
    keys = comment_names(key_names)["key"]
    for name, values in pairs:
        field = field_of(name)
        if field is None or (field == "key" and name.upper() not in keys):
            continue
        for value in values:
            text = _decoded(value)
            yield field, _gain_of_r128(text) if name.lower().startswith("r128_") else text


def _decoded(value: Any) -> str:
    return bytes(value).decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _gain_of_r128(text: str) -> str:
    try:
        return gain_text(int(text) / R128_STEPS_PER_DB + R128_BELOW_REPLAYGAIN_DB)
    except ValueError:
        return text


def _comparable(field: str, text: str) -> str:
    """`text` with the digits that we write, where it is a number; as it is where it is none."""
    plain = " ".join(text.split())
    form = _FORMS.get(field)
    try:
        return plain if form is None else form(float(plain.lower().removesuffix("db")))
    except ValueError:
        return plain


_FORMS: Mapping[str, Callable[[float], str]] = {
    "bpm": "{:.2f}".format,
    "replaygain_track_gain": gain_text,
    "replaygain_album_gain": gain_text,
    "replaygain_track_peak": peak_text,
    "replaygain_album_peak": peak_text,
}
