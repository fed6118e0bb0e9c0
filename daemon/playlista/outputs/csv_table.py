"""Results as a flat table for spreadsheets: a line of names, and a line for each result.

Input: stored results, one at a time. Output: lines of CSV (RFC 4180, but with "\\n" at the end of a line), in UTF-8 but
for names that are not. Cells are copied from the stored text where it has today's fields; other results become objects.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from playlista.library.result_parts import ResultParts, parts_of
from playlista.library.result_text import mood_in
from playlista.library.stored_results import StoredResult, understanding
from playlista.tracks import Analysis, Health, Loudness, Vibenet
from playlista.tracks.findings import findings_of
from playlista.tracks.metadata import Metadata
from playlista.tracks.mood import MOODS, Mood

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
_VIBENET = tuple(f"vibenet_{entry.name}" for entry in fields(Vibenet))
_COLUMNS = tuple((group, field) for group, names in _GROUPS.items() for field in names)

#: Beginnings of cells that spreadsheet programs take for formulas (OWASP, "CSV Injection").
_FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n")

#: What these are in a cell; numbers are written in a table as in JSON.
_WORDS = {"null": None, "true": "True", "false": "False"}
_MEASURED = tuple(f"{group}_{field}".lstrip("_") for group, field in _COLUMNS)
_HEALTH_PARTS = tuple(f"health_{field}" for field in _HEALTH)
_PARTS = tuple(name for name in _MEASURED if name != "path")
_NAMES = (*_MEASURED, "top_tags", *_METADATA, *_HEALTH_PARTS, "health_findings", *_MOOD, *_VIBENET)
_SHOWN_TAGS = 5


def csv_lines(results: Iterable[StoredResult]) -> Iterator[bytes]:
    """The table, line by line."""
    yield _line(_NAMES)
    for stored in results:
        with understanding(stored.path):
            parts = parts_of(stored.text)
            cells = _cells_of_object(stored.analysis()) if parts is None else _cells_of_parts(stored, parts)
        yield _line(cells)


def _cells_of_parts(stored: StoredResult, parts: ResultParts) -> list[Any]:
    tags: Mapping[str, float] = json.loads(parts["tags"]) or {}
    return [
        _harmless(stored.path),
        *map(_cell, parts.of(*_PARTS)),
        _harmless("; ".join(_top(tags))),
        *map(_harmless, _metadata_cells(stored.metadata())),
        *map(_cell, parts.of(*_HEALTH_PARTS)),
        _harmless("; ".join(findings_of(*_health_in(parts)))),
        *_mood_cells(mood_in(parts)),
        *map(_cell, parts.of(*_VIBENET)),
    ]


def _health_in(parts: ResultParts) -> tuple[Health | None, Loudness | None]:
    health, loudness = json.loads(parts["health"]), json.loads(parts["loudness"])
    return None if health is None else Health(**health), None if loudness is None else Loudness(**loudness)


def _cells_of_object(analysis: Analysis) -> list[Any]:
    document = analysis.to_json()
    health = document["health"] or {}
    cells = [
        *((document[group] or {} if group else document).get(field) for group, field in _COLUMNS),
        "; ".join(_top(analysis.tagging.tags if analysis.tagging else {})),
        *_metadata_cells(analysis.metadata),
        *(health.get(field) for field in _HEALTH),
        "; ".join(findings_of(analysis.health, analysis.loudness)),
        *_mood_cells(analysis.mood),
        *(getattr(analysis.vibenet, name.removeprefix("vibenet_"), None) for name in _VIBENET),
    ]
    return list(map(_harmless, cells))


def _cell(text: str | None) -> str | None:
    """The cell for a value that is neither array nor object, given as JSON; None where its group is null."""
    if text is None or text in _WORDS:
        return None if text is None else _WORDS[text]
    if text[0] != '"':
        return text
    told: str = json.loads(text) if "\\" in text else text[1:-1]
    return str(_harmless(told))


def _metadata_cells(names: Metadata | None) -> Iterator[Any]:
    if names is None:
        return iter([None] * len(_METADATA))
    return (_joined(getattr(names, field)) for field in _METADATA)


def _mood_cells(mood: Mood | None) -> list[float | None]:
    mood = mood or Mood(None, None, None)
    return [mood.energy, mood.voice, *((mood.moods or {}).get(name) for name in MOODS)]


def _joined(value: Any) -> Any:
    return "; ".join(value) if isinstance(value, tuple) else value


def _line(cells: Iterable[Any]) -> bytes:
    line = io.StringIO()
    # It puts those cells in quotes that hold a character of its line end, and readers take a bare CR for one.
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().removesuffix("\r\n").encode(errors="surrogateescape") + b"\n"


def _harmless(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula, with an apostrophe in front; numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_BEGINNINGS) else value


def _top(tags: Mapping[str, float]) -> list[str]:
    return sorted(tags, key=lambda name: -tags[name])[:_SHOWN_TAGS]
