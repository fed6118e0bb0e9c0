"""Results for other programs: JSON lines, a flat table, or documents in AcousticBrainz' low-level layout.

Input: stored results, one at a time. Output: bytes on a stream. Nothing is collected, so a library of any size costs
the memory of one result. The flat table is in ``csv_table``, the collection for DJ programs in ``rekordbox``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

from playlista.library.result_text import result_bytes
from playlista.library.stored_results import StoredResult
from playlista.outputs.csv_table import csv_lines
from playlista.outputs.rekordbox import REKORDBOX
from playlista.system.output_files import OutputKind
from playlista.tracks import Analysis
from playlista.tracks.metadata import Metadata

JSON_LINES = OutputKind("a file of JSON lines", lambda head: head.lstrip().startswith(b"{"), (".json", ".jsonl"))
#: What a file must hold already for an export to replace it, by format.
EXPORT_KINDS = {
    "jsonl": JSON_LINES,
    "csv": OutputKind("a CSV export", lambda head: head.startswith(b"path,status,"), (".csv",)),
    "acousticbrainz": JSON_LINES,
    "rekordbox": REKORDBOX,
}


def write_results(results: Iterable[StoredResult], kind: str, stream: BinaryIO) -> int:
    """Write `results` to `stream` as "jsonl", "csv" or "acousticbrainz"; how many there were."""
    writers: dict[str, Callable[[Iterable[StoredResult]], Iterator[bytes]]] = {
        "jsonl": _json_lines,
        "csv": csv_lines,
        "acousticbrainz": _acousticbrainz_lines,
    }
    count = 0
    for count, line in enumerate(writers[kind](results), 0 if kind == "csv" else 1):  # noqa: B007 - the last is wanted
        stream.write(line)
    return count


def _json_lines(results: Iterable[StoredResult]) -> Iterator[bytes]:
    return (result_bytes(stored) + b"\n" for stored in results)


def _acousticbrainz_lines(results: Iterable[StoredResult]) -> Iterator[bytes]:
    for analysis in (stored.analysis() for stored in results):
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
