"""The result object as JSON, put together from what is stored: no objects are made where the stored text has today's
fields. The text is the same as that of ``Analysis.to_json``, to the last byte.

Three ways lead to it. A text whose seal fits is passed on in its sections, as all are that this version recorded. One
that has today's fields nevertheless is passed on in its parts. Of any other an object is made.

Input: a `StoredResult`. Output: its result object as text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from playlista.library.fingerprints import fingerprint_texts
from playlista.library.quick_json import digits_of, numbers_of, read
from playlista.library.result_parts import parts_of
from playlista.library.sealed_text import Sections, sections_of
from playlista.library.stored_results import DAMAGES, StoredResult, damaged
from playlista.tracks.mood import MOOD_VERSION, SILENT, Mood, mood_of

#: What the mood follows from.
_MOOD_GROUPS = ("rhythm", "loudness", "spectral", "tags", "vibenet")
_MOOD_NAMES = tuple(entry.name for entry in fields(Mood))

#: Writes the numbers of an embedding, given as it is stored, without brackets.
NumberWriter = Callable[[bytes], bytes]


def of_nine_digits(vector: bytes) -> bytes:
    """Each with the nine digits that a float32 has: the same float32 in half of the length."""
    return _nine_digits(numbers_of(vector)).encode()


def result_text(stored: StoredResult, *, write_numbers: NumberWriter = digits_of) -> str:
    """The result object in one line.

    Raises
    ------
    DamagedResultError : the stored result cannot be understood.
    """
    return result_bytes(stored, write_numbers=write_numbers).decode()


def result_bytes(stored: StoredResult, *, write_numbers: NumberWriter = digits_of) -> bytes:
    """The same in UTF-8, as files hold it."""
    try:
        numbers = b"[%b]" % write_numbers(stored.vector) if stored.vector else b"null"
        sections = sections_of(stored.text)
        if sections is not None and sections.has_tags == bool(stored.vector):
            return _of_sections(stored, sections, numbers)
        return _of_parts(stored, numbers.decode()).encode()
    except DAMAGES as error:
        raise damaged(stored.path) from error


def _of_sections(stored: StoredResult, sections: Sections, numbers: bytes) -> bytes:
    return b"".join(
        (
            b'{"path": ',
            json.dumps(stored.path).encode(),
            b", ",
            sections.head,
            b', "fingerprint": ',
            _fingerprint(stored),
            sections.middle,
            b', "metadata": ',
            _metadata(stored).encode(),
            sections.mood_and_tags,
            b', "embedding": ',
            numbers,
            sections.tagging,
            b"}",
        )
    )


def _of_parts(stored: StoredResult, numbers: str) -> str:
    parts = parts_of(stored.text)
    if parts is None or (parts["tagging"] != "null") != bool(stored.vector):
        return _text_of_object(stored, numbers)
    mood = mood_in({name: read(parts[name]) for name in _MOOD_GROUPS})
    return (
        f'{{"path": {json.dumps(stored.path)}, {parts["head"]}, "fingerprint": {_fingerprint(stored).decode()}, '
        f'"vibenet": {parts["vibenet"]}, '
        f'"versions": {_versions(parts["versions"], mood)}, {parts["middle"]}, '
        f'"metadata": {_metadata(stored)}, "mood": {_mood(mood)}, "tags": {parts["tags"]}, '
        f'"embedding": {numbers}, "tagging": {parts["tagging"]}}}'
    )


def _text_of_object(stored: StoredResult, numbers: str) -> str:
    document = stored.analysis().to_json()
    return _with_numbers(document, numbers) if document["embedding"] else json.dumps(document)


def document_text(document: Mapping[str, Any]) -> str:
    """The text of a result object, which may have more fields, with nine digits for each number of the embedding."""
    embedding = document.get("embedding")
    return _with_numbers(document, f"[{_nine_digits(embedding)}]") if embedding else json.dumps(document)


def _with_numbers(document: Mapping[str, Any], numbers: str) -> str:
    # A quotation mark inside of a text has a backslash in front, so that this is the field.
    before, behind = json.dumps({**document, "embedding": None}).split('"embedding": null')
    return f'{before}"embedding": {numbers}{behind}'


def _nine_digits(numbers: Sequence[float]) -> str:
    return ", ".join(["%.9g"] * len(numbers)) % tuple(numbers)


def mood_in(document: Mapping[str, Any]) -> Mood | None:
    """The mood that follows from the groups of a result in JSON, as ``derive_mood`` has it."""
    rhythm, loudness, spectral, tags, vibenet = (document[name] for name in _MOOD_GROUPS)
    if all(group is None for group in (rhythm, loudness, spectral, tags, vibenet)):
        return None
    if loudness and loudness["integrated_lufs"] is None and spectral is None:
        return SILENT
    return mood_of(
        rhythm and rhythm["onset_rate_hz"],
        loudness and loudness["integrated_lufs"],
        spectral and spectral["flux"],
        spectral and spectral["flatness"],
        tags,
        vibenet=vibenet,
    )


def _fingerprint(stored: StoredResult) -> bytes:
    """Base64 needs no escapes."""
    if not stored.chromaprint:
        return b"null"
    return b'{"chromaprint": "%b", "band_levels": "%b"}' % fingerprint_texts(stored.chromaprint, stored.band_levels)


def _versions(text: str, mood: Mood | None) -> str:
    """The versions with that of the mood, which is derived now."""
    versions = {group: number for group, number in json.loads(text).items() if group != "mood"}
    return json.dumps(versions | ({} if mood is None else {"mood": MOOD_VERSION}))


def _metadata(stored: StoredResult) -> str:
    return json.dumps(read(stored.names)) if stored.names else "null"


def _mood(mood: Mood | None) -> str:
    if mood is None:
        return "null"
    return json.dumps({name: getattr(mood, name) for name in _MOOD_NAMES})
