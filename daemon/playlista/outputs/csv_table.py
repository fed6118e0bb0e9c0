"""Results as a flat table for spreadsheets: a line of names, and a line for each result.

Input: stored results, one at a time. Output: lines of CSV (RFC 4180, but with "\\n" at the end of a line), in UTF-8 but
for names that are not. Cells are copied from the stored text where it has today's fields; other results become objects.

Most lines are made out of orjson's JSON of their cells: Python needs a third of the time of a line for its digits.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from operator import itemgetter
from typing import Any

from playlista.library.quick_json import compact, read, read_strictly
from playlista.library.result_text import mood_in
from playlista.library.stored_results import StoredResult, understanding
from playlista.tracks import Health, IntegrityState, Loudness, Status, Vibenet
from playlista.tracks.findings import findings_of
from playlista.tracks.mood import MOOD_VERSION, MOODS
from playlista.tracks.result import reason_of

#: Columns of the flat table: group and field of the result object.
_GROUPS = {
    "": ("path", "status", "reason", "detail"),
    "audio": (
        "duration_seconds",
        "analyzed_seconds",
        "sample_rate_hz",
        "channels",
        "channel_layout",
        "format",
        "truncated",
    ),
    "rhythm": ("bpm", "bpm_confidence", "beats_count", "onset_rate_hz", "danceability"),
    "tonal": ("key", "scale", "strength", "camelot", "tuning_hz"),
    "loudness": ("integrated_lufs", "range_lu", "true_peak_dbtp", "replaygain_track_gain_db"),
    "spectral": ("centroid_hz", "rolloff_hz", "flatness", "flux", "zero_crossing_rate"),
}
#: Behind `top_tags`, so that columns by number stay what they were.
_METADATA = (
    "title",
    "artist",
    "album_artist",
    "album",
    "track",
    "disc",
    "year",
    "genres",
    "musicbrainz_recording_id",
    "musicbrainz_track_id",
    "musicbrainz_album_id",
    "musicbrainz_artist_id",
    "isrc",
    "compilation",
)
#: Behind these, for the same reason.
_HEALTH = (
    "integrity",
    "lossy_suspicion",
    "bandwidth_hz",
    "effective_bits",
    "clipped_runs",
    "dc_offset",
    "dead_channel",
    "polarity_inverted",
    "is_mono",
    "silence_start_seconds",
    "silence_end_seconds",
    "longest_silence_seconds",
    "dropouts",
    "clicks",
)
#: Behind the rest, for the same reason.
_MOOD = ("mood_energy", "mood_voice", *(f"mood_{name}" for name in MOODS))
_VIBENET_FIELDS = tuple(entry.name for entry in fields(Vibenet))
_VIBENET = tuple(f"vibenet_{name}" for name in _VIBENET_FIELDS)
_COLUMNS = tuple((group, field) for group, names in _GROUPS.items() for field in names)

#: Beginnings of cells that spreadsheet programs take for formulas (OWASP, "CSV Injection").
_FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n")
#: These in a line of JSON; what looks like an exponent may be part of a word.
_FORMULA, _EXPONENT, _GROUP = map(re.compile, (rb'"[=+\-@]', rb"e[-+]\d", rb",[\[{]"))

_FIELDS = tuple(f"{group}_{field}".lstrip("_") for group, field in _COLUMNS)
_HEALTH_COLUMNS = tuple(f"health_{field}" for field in _HEALTH)
_NAMES = (*_FIELDS, "top_tags", *_METADATA, *_HEALTH_COLUMNS, "health_findings", *_MOOD, *_VIBENET)
_SHOWN_TAGS = 5


class _Picked:
    """Some fields of an object in JSON; each None where there is no object."""

    def __init__(self, names: Sequence[str]) -> None:
        self._pick = itemgetter(*names)
        self._unknown = (None,) * len(names)

    def of(self, group: Mapping[str, Any] | None) -> tuple[Any, ...]:
        """Raises what the group does where a field is missing."""
        return self._unknown if group is None else self._pick(group)


_OF_TRACK = _Picked(_GROUPS[""])
_OF_GROUPS = tuple((group, _Picked(names)) for group, names in _GROUPS.items() if group)
_OF_METADATA, _OF_HEALTH, _OF_MOODS, _OF_VIBENET = map(_Picked, (_METADATA, _HEALTH, MOODS, _VIBENET_FIELDS))


def csv_lines(results: Iterable[StoredResult]) -> Iterator[bytes]:
    """The table, line by line."""
    # It puts those cells in quotes that hold a character of its line end, and readers take a bare CR for one.
    write = csv.writer(_Lines(), lineterminator=_Lines.END).writerow
    yield write(_NAMES) + b"\n"
    for stored in results:
        cells, line = _cells_of(stored)
        yield (line or write(map(_harmless, cells))) + b"\n"


class _Lines:
    """What csv writes its lines to, so that its `writerow` returns them."""

    END = "\r\n"

    def write(self, line: str) -> bytes:
        return line.removesuffix(self.END).encode(errors="surrogateescape")


def _cells_of(stored: StoredResult) -> tuple[list[Any], bytes | None]:
    """The cells of a result, and their line where it is plain."""
    try:
        cells = _cells(*_todays(stored))
        return cells, _plain_line(cells)
    except (AttributeError, LookupError, TypeError, ValueError):
        analysis = stored.analysis()
        with understanding(stored.path):
            return _cells(analysis.to_json(), analysis.health, analysis.loudness), None


def _plain_line(cells: Sequence[Any]) -> bytes | None:
    """What csv writes of cells out of JSON, in half of the time: their JSON without quotes and nulls.

    None where a cell needs quotes or an apostrophe, and where orjson may write a number in another way.
    """
    line = compact(cells)[1:-1]
    if line.count(b",") != len(_NAMES) - 1 or b"\\" in line or b"0.0000" in line:
        return None
    if _FORMULA.search(line) or _EXPONENT.search(line) or _GROUP.search(line):
        return None
    # What a cell begins with has a quotation mark in front where it is a text.
    return line.replace(b",null", b",").replace(b",true", b",True").replace(b",false", b",False").replace(b'"', b"")


def _todays(stored: StoredResult) -> tuple[dict[str, Any], Any, Any]:
    """The result object with what `_cells` shows of it, and two groups of it, without objects of their classes.

    Raises
    ------
    AttributeError, LookupError, TypeError, ValueError : it has not all fields of today, or words that are not known.
    """
    document = read_strictly(stored.text)
    Status(document["status"])
    if reason_of(document["reason"]) != document["reason"] or (document["tags"] is None) != (
        document["tagging"] is None
    ):
        raise ValueError("a result that another version understands")
    health, loudness = document["health"], document["loudness"]
    if health is not None:
        IntegrityState(health["integrity"])
    if document["versions"].get("mood") != MOOD_VERSION:
        mood = mood_in(document)
        document["mood"] = None if mood is None else asdict(mood)
    document["path"], document["metadata"] = stored.path, read(stored.names) if stored.names else None
    return document, _as_object(health), _as_object(loudness)


class _Fields:
    """A group in JSON with its fields as attributes. An object of its class would be checked, which takes longer."""

    def __init__(self, group: dict[str, Any]) -> None:
        self.__dict__ = group


def _as_object(group: dict[str, Any] | None) -> Any:
    return None if group is None else _Fields(group)


def _cells(document: Mapping[str, Any], health: Health | None, loudness: Loudness | None) -> list[Any]:
    """The cells of a result object; the two groups are those in it, as `findings_of` takes them."""
    mood = document["mood"] or {}
    cells = list(_OF_TRACK.of(document))
    for group, picked in _OF_GROUPS:
        cells += picked.of(document[group])
    cells += (
        "; ".join(_top(document["tags"] or {})),
        *_metadata_cells(document["metadata"]),
        *_OF_HEALTH.of(document["health"]),
        "; ".join(findings_of(health, loudness)),
        mood.get("energy"),
        mood.get("voice"),
        *_OF_MOODS.of(mood.get("moods")),
        *_OF_VIBENET.of(document["vibenet"]),
    )
    return cells


def _metadata_cells(names: Mapping[str, Any] | None) -> tuple[Any, ...]:
    return _OF_METADATA.of(names and {**names, "genres": "; ".join(names["genres"])})


def _harmless(cell: Any) -> Any:
    """A text that a spreadsheet would run as a formula, with an apostrophe in front; any other cell as it is."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_BEGINNINGS) else cell


def _top(tags: Mapping[str, float]) -> list[str]:
    return sorted(tags, key=tags.__getitem__, reverse=True)[:_SHOWN_TAGS]
