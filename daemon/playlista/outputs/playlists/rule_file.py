"""The file ``playlists.toml``: the rules of playlists as people write them, checked.

Input: the text of the file. Output: a `PlaylistRule` for each of its tables, or a `RuleError` whose one line names the
file, the line, the playlist and key, and what is allowed. Nothing is asked of a library here.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from playlista.library.filter_texts import (
    camelot_code,
    camelot_neighbours,
    mood_floor,
    number_range,
    tag_floor,
    within_shares,
)
from playlista.library.ranking import RANKINGS
from playlista.library.track_filter import FilterError, Range
from playlista.library.track_rows import LEAST_ACTIVATION
from playlista.outputs.playlists.navidrome import refuse_unsayable
from playlista.outputs.playlists.rule_lines import line_of
from playlista.outputs.playlists.rules import BEST, FLOW, SHUFFLE, Mixture, PlaylistRule, RuleError, RuleFile

#: The name of the file, in PLAYLIST_DIR or in DATA_DIR.
FILE_NAME = "playlists.toml"
#: The key outside of all tables that switches the playlists off that are there without a rule.
DEFAULTS_KEY = "defaults"
MOST_TRACKS = 10_000
#: Every track is compared with every other to put them into a smooth order.
MOST_IN_FLOW = 1000
#: A path has both of its ends and something between them.
LEAST_STEPS = 3
_COLUMNS = tuple(one for one in RANKINGS if one not in ("best", "spread"))
_FILE_KINDS = ("m3u8", "nsp")
_LONGEST_NAME = 100


def parse_rules(text: str, name: str) -> RuleFile:
    """The rules in `text`, which is the content of the file called `name`.

    Raises
    ------
    RuleError : it is no TOML, or a key or a value is not allowed.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"{name}: is no TOML: {error}") from error
    wants_defaults = document.pop(DEFAULTS_KEY, True)
    if not isinstance(wants_defaults, bool):
        raise RuleError(f"{_place(name, text, None, DEFAULTS_KEY)}: {DEFAULTS_KEY} is true or false")
    rules = tuple(_rule(playlist, table, text, name) for playlist, table in document.items())
    return RuleFile(rules, wants_defaults)


def parse_rule(name: str, keys: Mapping[str, object]) -> PlaylistRule:
    """The rule of one playlist whose `keys` have been read from elsewhere, such as a JSON object.

    Raises
    ------
    RuleError : a key or a value is not allowed.
    """
    return _rule(name, keys, "", "rule")


def _place(name: str, text: str, playlist: str | None, key: str | None) -> str:
    line = line_of(text, playlist, key) or line_of(text, None, playlist)
    return name if line is None else f"{name}:{line}"


def _rule(playlist: str, table: object, text: str, name: str) -> PlaylistRule:
    key: str | None = None
    try:
        rule = PlaylistRule(_checked_name(playlist))
        keys = _keys_of(table)
        for key, value in keys.items():
            rule = _reader_of(key)(rule, value)
        key = None
        return _whole(rule, keys)
    except (RuleError, FilterError) as error:
        shown = f"{playlist!r}" if key is None else f"{playlist!r}: {key}"
        raise RuleError(f"{_place(name, text, playlist, key)}: {shown} {error}") from error


def _keys_of(table: object) -> Mapping[str, object]:
    if isinstance(table, Mapping):
        return table
    raise RuleError('is not a playlist; a playlist is a table such as ["Calm evening"] with keys below it')


def _reader_of(key: str) -> _Read:
    if key not in _KEYS:
        raise RuleError(f"is unknown{_suggestion(key)}")
    return _KEYS[key]


def _suggestion(key: str) -> str:
    close = difflib.get_close_matches(key, _KEYS, n=1)
    return f"; did you mean {close[0]}?" if close else f"; a playlist has {', '.join(_KEYS)}"


def _checked_name(playlist: str) -> str:
    if not playlist.strip() or not playlist.isprintable() or len(playlist) > _LONGEST_NAME:
        raise RuleError(f"is not a name; one has 1 to {_LONGEST_NAME} printable characters")
    return playlist


def _whole(rule: PlaylistRule, table: Mapping[str, object]) -> PlaylistRule:
    """The rule once all of its keys are read: neighbours of its keys, and what does not go together."""
    if table.get("neighbours"):
        if not rule.track_filter.camelot:
            raise RuleError("has neighbours, and no key of which they could be")
        wider = dict.fromkeys(one for code in rule.track_filter.camelot for one in camelot_neighbours(code))
        rule = replace(rule, track_filter=replace(rule.track_filter, camelot=tuple(wider)))
    if rule.path is not None and (others := sorted(table.keys() - {"path", "limit", "file"})):
        raise RuleError(f"has a path, which takes no {', '.join(others)}; only limit goes with it")
    if rule.path is not None and not LEAST_STEPS <= rule.limit <= MOST_IN_FLOW:
        raise RuleError(f"has a path, which takes a limit from {LEAST_STEPS} to {MOST_IN_FLOW}")
    if sum(one in table for one in ("similar", "blend")) > 1:
        raise RuleError("has similar and blend; name one of them")
    if rule.file_kind == "nsp":
        refuse_unsayable(rule)
    if rule.order == FLOW and rule.limit > MOST_IN_FLOW:
        raise RuleError(f"has the order {FLOW}, which takes a limit of at most {MOST_IN_FLOW}")
    return rule


_Read = Callable[[PlaylistRule, object], PlaylistRule]


def _filtered(field_name: str, read: Callable[[object], Any]) -> _Read:
    def put(rule: PlaylistRule, value: object) -> PlaylistRule:
        return replace(rule, track_filter=replace(rule.track_filter, **{field_name: read(value)}))

    return put


def _direct(field_name: str, read: Callable[[object], Any]) -> _Read:
    return lambda rule, value: replace(rule, **{field_name: read(value)})


def _range(value: object) -> Range:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value), float(value)
    if isinstance(value, str):
        return number_range(value)
    raise RuleError("is a range of numbers in quotes, such as '90-110', '90..' or '-20..-10'")


def _shares(value: object) -> Range:
    return within_shares(_range(value))


def _text(value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise RuleError("is a text in quotes")


def _texts(value: object) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(one, str) and one.strip() for one in texts):
        raise RuleError("is a text in quotes, or a list of them in brackets")
    return tuple(texts)


def _key_codes(value: object) -> tuple[str, ...]:
    codes = [camelot_code(one.strip()) for one in _texts(value)]
    if None in codes:
        raise RuleError("is a key or a list of them: '8A' on the Camelot wheel, or its name 'Am'")
    return tuple(code for code in codes if code is not None)


def _tags(value: object) -> tuple[tuple[str, float], ...]:
    floors = tuple(tag_floor(one) for one in _texts(value))
    if not all(LEAST_ACTIVATION <= activation <= 1 for _, activation in floors):
        raise RuleError(f"has a least activation that is not from {LEAST_ACTIVATION:g} to 1")
    return floors


def _number(low: int, high: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise RuleError(f"is a whole number from {low} to {high}")

    return read


def _order(value: object) -> str:
    if isinstance(value, str) and (value in (BEST, FLOW, SHUFFLE) or value.removeprefix("-") in _COLUMNS):
        return value
    raise RuleError(
        f"is one of {BEST}, {FLOW}, {SHUFFLE}, {', '.join(_COLUMNS)}; the columns with - in front to go down"
    )


def _file_kind(value: object) -> str:
    if isinstance(value, str) and value in _FILE_KINDS:
        return value
    raise RuleError(f"is one of {', '.join(_FILE_KINDS)}")


def _blend(value: object) -> Mixture:
    if isinstance(value, Mapping):
        if value.keys() <= {"add", "subtract"} and "add" in value:
            return Mixture(_texts(value["add"]), _texts(value["subtract"]) if "subtract" in value else ())
        raise RuleError("is a list of tracks, or {add = [...], subtract = [...]}")
    return Mixture(_texts(value))


def _ends(value: object) -> tuple[str, str]:
    texts = _texts(value)
    if len(texts) != 2:
        raise RuleError("is a list of two tracks: the first and the last")
    return texts[0], texts[1]


def _neighbours(rule: PlaylistRule, value: object) -> PlaylistRule:
    if not isinstance(value, bool):
        raise RuleError("is true or false")
    return rule


#: How each key of a table is read. A track is named as for the command ``similar``.
_KEYS: dict[str, _Read] = {
    "text": _filtered("text", _text),
    "artist": _filtered("artist", _text),
    "album": _filtered("album", _text),
    "genre": _filtered("genre", _text),
    "year": _filtered("year", _range),
    "bpm": _filtered("bpm", _range),
    "key": _filtered("camelot", _key_codes),
    "neighbours": _neighbours,
    "loudness": _filtered("loudness", _range),
    "length": _filtered("duration", _range),
    "tags": _filtered("tags", _tags),
    "any_tags": _filtered("any_tags", _tags),
    "without_tags": _filtered("without_tags", _tags),
    "energy": _filtered("energy", _shares),
    "voice": _filtered("voice", _shares),
    "mood": _filtered("moods", lambda value: tuple(mood_floor(one) for one in _texts(value))),
    "format": _filtered("format", lambda value: _text(value).upper()),
    "similar": _direct("like", lambda value: Mixture((_text(value),))),
    "blend": _direct("like", _blend),
    "path": _direct("path", _ends),
    "limit": _direct("limit", _number(1, MOST_TRACKS)),
    "per_artist": _direct("per_artist", _number(0, MOST_TRACKS)),
    "order": _direct("order", _order),
    "file": _direct("file_kind", _file_kind),
}
