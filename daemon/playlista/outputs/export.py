"""Results for other programs: JSON lines, a flat table, or documents in AcousticBrainz' low-level layout.

Input: analyses, one at a time. Output: bytes on a stream. Nothing is collected, so a library of any size costs the
memory of one result. The collection for DJ programs is in ``rekordbox``.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

from playlista.outputs.rekordbox import REKORDBOX
from playlista.system.output_files import OutputKind
from playlista.tracks import Analysis
from playlista.tracks.findings import findings
from playlista.tracks.metadata import Metadata
from playlista.tracks.mood import MOODS, Mood

#: Columns of the flat table: group and field of the result object.
_CSV_GROUPS = {
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
#: Behind the rest, for the same reason.
_CSV_HEALTH = (
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
#: Behind `top_tags`, so that columns by number stay what they were.
_CSV_METADATA = (
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
#: Behind the rest, for the same reason.
_CSV_MOOD = ("mood_energy", "mood_voice", *(f"mood_{name}" for name in MOODS))
CSV_COLUMNS = tuple((group, field) for group, fields in _CSV_GROUPS.items() for field in fields)

#: Beginnings of cells that spreadsheet programs take for formulas (OWASP, "CSV Injection").
_FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n")

JSON_LINES = OutputKind("a file of JSON lines", lambda head: head.lstrip().startswith(b"{"), (".json", ".jsonl"))
#: What a file must hold already for an export to replace it, by format.
EXPORT_KINDS = {
    "jsonl": JSON_LINES,
    "csv": OutputKind("a CSV export", lambda head: head.startswith(b"path,status,"), (".csv",)),
    "acousticbrainz": JSON_LINES,
    "rekordbox": REKORDBOX,
}


def write_results(results: Iterable[Analysis], kind: str, stream: BinaryIO) -> int:
    """Write `results` to `stream` as "jsonl", "csv" or "acousticbrainz"; how many there were."""
    writers: dict[str, Callable[[Iterable[Analysis]], Iterator[bytes]]] = {
        "jsonl": _json_lines,
        "csv": _csv_lines,
        "acousticbrainz": _acousticbrainz_lines,
    }
    count = 0
    for count, line in enumerate(writers[kind](results), 0 if kind == "csv" else 1):  # noqa: B007 - the last is wanted
        stream.write(line)
    return count


def _json_lines(results: Iterable[Analysis]) -> Iterator[bytes]:
    for analysis in results:
        yield json.dumps(analysis.to_json()).encode() + b"\n"


def _csv_lines(results: Iterable[Analysis]) -> Iterator[bytes]:
    yield _csv_row(_csv_names())
    for analysis in results:
        document = analysis.to_json()
        row = [(document[group] or {} if group else document).get(field) for group, field in CSV_COLUMNS]
        names = document["metadata"] or {}
        told = (_joined(names.get(field)) for field in _CSV_METADATA)
        health = document["health"] or {}
        measured = (health.get(field) for field in _CSV_HEALTH)
        found = "; ".join(findings(analysis))
        yield _csv_row([*row, "; ".join(_top_tags(analysis)), *told, *measured, found, *_mood_cells(analysis)])


def _csv_names() -> list[str]:
    measured = [f"{group}_{field}".lstrip("_") for group, field in CSV_COLUMNS]
    health = (*(f"health_{field}" for field in _CSV_HEALTH), "health_findings")
    return [*measured, "top_tags", *_CSV_METADATA, *health, *_CSV_MOOD]


def _mood_cells(analysis: Analysis) -> list[float | None]:
    mood = analysis.mood or Mood(None, None, None)
    return [mood.energy, mood.voice, *((mood.moods or {}).get(name) for name in MOODS)]


def _joined(value: Any) -> Any:
    return "; ".join(value) if isinstance(value, tuple) else value


def _csv_row(values: Iterable[Any]) -> bytes:
    line = io.StringIO()
    # It puts those cells in quotes that hold a character of its line end, and readers take a bare CR for one.
    csv.writer(line, lineterminator="\r\n").writerow(map(_harmless, values))
    return line.getvalue().removesuffix("\r\n").encode(errors="surrogateescape") + b"\n"


def _harmless(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula, with an apostrophe in front; numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_BEGINNINGS) else value


def _top_tags(analysis: Analysis) -> list[str]:
    tags = analysis.tagging.tags if analysis.tagging else {}
    return sorted(tags, key=lambda name: -tags[name])[:5]


def _acousticbrainz_lines(results: Iterable[Analysis]) -> Iterator[bytes]:
    for analysis in results:
        if analysis.audio is not None:
            yield json.dumps(acousticbrainz_document(analysis)).encode() + b"\n"


def acousticbrainz_document(analysis: Analysis) -> dict[str, Any]:
    """One result in the names and units of AcousticBrainz' low-level documents (what we compute of them).

    Source: the output of essentia's ``streaming_extractor_music`` 2.1, on which AcousticBrainz was built.
    """
    audio, rhythm, tonal = analysis.audio, analysis.rhythm, analysis.tonal
    loudness = analysis.loudness
    return {
        "metadata": {
            "audio_properties": audio
            and {
                "length": audio.analyzed_seconds,
                "sample_rate": audio.sample_rate_hz,
                "number_channels": audio.channels,
                "codec": audio.format,
                "replay_gain": loudness and loudness.replaygain_track_gain_db,
            },
            "tags": {"file_name": analysis.path.rpartition("/")[2], **_acousticbrainz_tags(analysis.metadata)},
            "version": {"extractor": "playlista", **analysis.versions},
        },
        "rhythm": rhythm
        and {
            "bpm": rhythm.bpm,
            "beats_count": rhythm.beats_count,
            "onset_rate": rhythm.onset_rate_hz,
            "danceability": rhythm.danceability,
        },
        "tonal": tonal
        and {
            "key_key": tonal.key,
            "key_scale": tonal.scale,
            "key_strength": tonal.strength,
            "tuning_frequency": tonal.tuning_hz,
        },
        "lowlevel": _lowlevel(analysis),
    }


def _acousticbrainz_tags(names: Metadata | None) -> dict[str, list[str]]:
    """The names of a track as lists of texts; what is unknown is left out, as in AcousticBrainz."""
    if names is None:
        return {}
    values = {
        "title": names.title,
        "artist": names.artist,
        "albumartist": names.album_artist,
        "album": names.album,
        "tracknumber": names.track,
        "discnumber": names.disc,
        "date": names.year,
        "isrc": names.isrc,
        "musicbrainz_recordingid": names.musicbrainz_recording_id,
        "musicbrainz_releasetrackid": names.musicbrainz_track_id,
        "musicbrainz_albumid": names.musicbrainz_album_id,
        "musicbrainz_artistid": names.musicbrainz_artist_id,
        "compilation": None if names.compilation is None else int(names.compilation),
    }
    found = {name: [str(value)] for name, value in values.items() if value is not None}
    return found | ({"genre": list(names.genres)} if names.genres else {})


def _lowlevel(analysis: Analysis) -> dict[str, Any]:
    loudness, spectral = analysis.loudness, analysis.spectral
    return {
        "loudness_ebu128": loudness and {"integrated": loudness.integrated_lufs, "loudness_range": loudness.range_lu},
        "spectral_centroid": spectral and {"mean": spectral.centroid_hz},
        "spectral_rolloff": spectral and {"mean": spectral.rolloff_hz},
        "spectral_flux": spectral and {"mean": spectral.flux},
        "zerocrossingrate": spectral and {"mean": spectral.zero_crossing_rate},
        "mfcc": spectral and {"mean": spectral.mfcc_mean},
    }
