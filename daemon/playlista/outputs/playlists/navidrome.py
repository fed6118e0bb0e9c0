"""Rules in the language of Navidrome (``.nsp``), which then chooses the tracks itself, at every look.

Input: a rule. Output: the bytes of the file, or a `RuleError` where Navidrome has no word for a part of the rule: it
knows what stands in the tags of the files, and nothing of how they sound. Tempo is there once it is in the tags.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from playlista.library.track_filter import Range
from playlista.outputs.playlists.rules import BEST, SHUFFLE, PlaylistRule, RuleError

#: Navidrome's fields for our ranges, and what stands for an end that is open. A year of 0 is an unknown one.
_RANGES = {"year": ("year", 1, 9999), "bpm": ("bpm", 1, 9999), "duration": ("duration", 0, 1_000_000)}
_NAMES = {"artist": "artist", "album": "album", "genre": "genre"}
#: Navidrome knows formats by the suffix of the name.
_SUFFIXES = {"FLAC": "flac", "MP3": "mp3", "WAV": "wav", "OPUS": "opus"}
_SORTS = {
    BEST: "filepath",
    SHUFFLE: "random",
    "path": "filepath",
    "title": "title",
    "artist": "artist",
    "album": "album",
    "bpm": "bpm",
    "duration": "duration",
    "year": "year",
}


def refuse_unsayable(rule: PlaylistRule) -> None:
    """Raise RuleError where a part of the rule cannot be said to Navidrome."""
    foreign = [name for name, is_used in _foreign_parts(rule, rule.order.removeprefix("-")).items() if is_used]
    if foreign:
        raise RuleError(f"cannot say {', '.join(foreign)} to Navidrome; without file = 'nsp' it is written as m3u8")


def smart_playlist(rule: PlaylistRule, *, mark: str) -> bytes:
    """The file of a rule that can be said, with `mark` as its comment."""
    document = {
        "name": rule.name,
        "comment": mark,
        "all": list(_conditions(rule)) or [{"gt": {"duration": 0}}],
        "sort": _SORTS[rule.order.removeprefix("-")],
        "order": "desc" if rule.order.startswith("-") else "asc",
        "limit": rule.limit,
    }
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def _foreign_parts(rule: PlaylistRule, order: str) -> dict[str, bool]:
    wanted = rule.track_filter
    return {
        "text": wanted.text is not None,
        "key": bool(wanted.camelot),
        "loudness": wanted.loudness is not None,
        "energy": wanted.energy is not None,
        "voice": wanted.voice is not None,
        "mood": bool(wanted.moods),
        "tags": bool(wanted.tags or wanted.any_tags or wanted.without_tags),
        "similar or blend": rule.like is not None,
        "path": rule.path is not None,
        "per_artist": rule.per_artist > 0,
        f"the order {order}": order not in _SORTS,
        f"the format {wanted.format}": wanted.format is not None and wanted.format not in _SUFFIXES,
    }


def _conditions(rule: PlaylistRule) -> Iterator[dict[str, Any]]:
    wanted = rule.track_filter
    for name, (word, lowest, highest) in _RANGES.items():
        limits: Range | None = getattr(wanted, name)
        if limits is not None:
            low, high = limits
            ends = [lowest if low is None else low, highest if high is None else high]
            yield {"inTheRange": {word: [_number(one) for one in ends]}}
    for name, word in _NAMES.items():
        if (text := getattr(wanted, name)) is not None:
            yield {"is": {word: text}}
    if wanted.format is not None:
        yield {"is": {"filetype": _SUFFIXES[wanted.format]}}


def _number(value: float) -> int | float:
    """Whole numbers without a point, as people write them."""
    return int(value) if value == int(value) else value
