"""The result object as JSON, put together from what is stored: no objects are made where the stored text has today's
fields. The text is the same as that of ``Analysis.to_json``.

Input: a `StoredResult`. Output: its result object as text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from playlista.library.result_parts import ResultParts, parts_of
from playlista.library.stored_results import StoredResult, understanding
from playlista.tracks.metadata import Metadata
from playlista.tracks.mood import MOOD_VERSION, SILENT, Mood, mood_of

#: The numbers that the mood follows from.
_MOOD_FIELDS = (
    "rhythm_onset_rate_hz",
    "loudness_integrated_lufs",
    "spectral_flux",
    "spectral_flatness",
)
_MOOD_GROUPS = ("rhythm", "loudness", "spectral", "tagging", "vibenet")
_MOOD_NAMES = tuple(entry.name for entry in fields(Mood))
_METADATA_FIELDS = tuple(entry.name for entry in fields(Metadata))

#: Writes the numbers of an embedding, without brackets.
NumberWriter = Callable[[Sequence[float]], str]


def exact(numbers: Sequence[float]) -> str:
    """Each as the float64 that it is in Python, as ``json`` writes it."""
    return json.dumps(numbers)[1:-1]


def of_nine_digits(numbers: Sequence[float]) -> str:
    """Each with the nine digits that a float32 has: the same float32, in a third of the time and half of the length."""
    return ", ".join(["%.9g"] * len(numbers)) % tuple(numbers)


def result_text(stored: StoredResult, *, write_numbers: NumberWriter = exact) -> str:
    """The result object in one line.

    Raises
    ------
    DamagedResultError : the stored result cannot be understood.
    """
    with understanding(stored.path):
        return _text_of(stored, write_numbers)


def _text_of(stored: StoredResult, write_numbers: NumberWriter) -> str:
    embedding = stored.embedding()
    parts = parts_of(stored.text)
    if parts is None or (embedding is None) != (parts["tagging"] == "null"):
        return document_text(stored.analysis().to_json(), write_numbers=write_numbers)
    numbers = "null" if embedding is None else f"[{write_numbers(embedding)}]"
    mood = mood_in(parts)
    return (
        f'{{"path": {json.dumps(stored.path)}, {parts["head"]}, "fingerprint": {_fingerprint(stored)}, '
        f'"vibenet": {parts["vibenet"]}, '
        f'"versions": {_versions(parts["versions"], mood)}, {parts["middle"]}, '
        f'"metadata": {_metadata(stored)}, "mood": {_mood(mood)}, "tags": {parts["tags"]}, '
        f'"embedding": {numbers}, "tagging": {parts["tagging"]}}}'
    )


def document_text(document: Mapping[str, Any], *, write_numbers: NumberWriter = exact) -> str:
    """The same of a result object, which may have more fields."""
    embedding = document.get("embedding")
    if not embedding or write_numbers is exact:
        return json.dumps(document)
    # A quotation mark inside of a text has a backslash in front, so that this is the field.
    before, behind = json.dumps({**document, "embedding": None}).split('"embedding": null')
    return f'{before}"embedding": [{write_numbers(embedding)}]{behind}'


def mood_in(parts: ResultParts) -> Mood | None:
    """The mood that follows from the parts of a result, as ``derive_mood`` has it."""
    has_rhythm, has_loudness, has_spectrum, has_tags, has_vibenet = (parts[name] != "null" for name in _MOOD_GROUPS)
    if not (has_rhythm or has_loudness or has_spectrum or has_tags or has_vibenet):
        return None
    onsets, lufs, flux, flatness = (_number(text) for text in parts.of(*_MOOD_FIELDS))
    if has_loudness and lufs is None and not has_spectrum:
        return SILENT
    return mood_of(onsets, lufs, flux, flatness, json.loads(parts["tags"]), vibenet=json.loads(parts["vibenet"]))


def _number(text: str | None) -> float | None:
    return None if text is None or text == "null" else float(text)


def _fingerprint(stored: StoredResult) -> str:
    """Base64 needs no escapes."""
    found = stored.fingerprint()
    if found is None:
        return "null"
    return f'{{"chromaprint": "{found.chromaprint}", "band_levels": "{found.band_levels}"}}'


def _versions(text: str, mood: Mood | None) -> str:
    """The versions with that of the mood, which is derived now."""
    versions = {group: number for group, number in json.loads(text).items() if group != "mood"}
    return json.dumps(versions | ({} if mood is None else {"mood": MOOD_VERSION}))


def _metadata(stored: StoredResult) -> str:
    names = stored.metadata()
    return "null" if names is None else json.dumps({name: getattr(names, name) for name in _METADATA_FIELDS})


def _mood(mood: Mood | None) -> str:
    if mood is None:
        return "null"
    return json.dumps({name: getattr(mood, name) for name in _MOOD_NAMES})
