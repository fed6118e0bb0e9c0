"""Metrics of what is in the library: how tempo, keys, loudness, years, formats, moods and tags are spread.

Input: the statistics that the library keeps. Output: gauges with a fixed, small set of label values, whatever the files
say of themselves: what lies outside of a range counts in its first or last value, rare formats count as "other".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from playlista.library.duplicates import DuplicateCounts
from playlista.library.scrubs import ScrubProgress
from playlista.library.statistics import BPM_STEP, LOUDNESS_STEP, Statistics
from playlista.library.track_rows import CAMELOT
from playlista.tracks.findings import Finding

_BPM = range(60, 210, BPM_STEP)
_LOUDNESS = range(-30, 0, LOUDNESS_STEP)
_DECADES = range(1950, 2040, 10)
FORMATS = ("FLAC", "MP3", "AAC", "ALAC", "VORBIS", "OPUS", "WAV", "AIFF", "WMAV2", "APE", "WAVPACK", "other")
_MOST_TAGS = 64
NO_DUPLICATES = DuplicateCounts(recordings=0, tracks=0, due=0)
NO_SCRUB = ScrubProgress(None, None, files=0, scrubbed=0, rotted=0)


@dataclass(frozen=True, slots=True)
class LibraryReading:
    """The library at one moment.

    tags_due : tracks whose tags are still to be read.
    moods_due : tracks whose mood is still to be derived.
    tag_writes_pending : tracks whose tags are still to be looked at and perhaps written; 0 where TAG_WRITE is not set.
    """

    statistics: Statistics
    tags_due: int
    moods_due: int
    tag_writes_pending: int
    scrub: ScrubProgress = NO_SCRUB
    duplicates: DuplicateCounts = NO_DUPLICATES


def library_metrics(reading: LibraryReading) -> Iterable[Metric]:
    """All gauges of the library."""
    found = reading.statistics
    yield _gauge("tags_due_tracks", "Tracks whose tags are still to be read", reading.tags_due)
    yield _gauge("moods_due_tracks", "Tracks whose mood is still to be derived", reading.moods_due)
    yield _gauge(
        "tag_writes_pending_tracks", "Tracks whose tags are still to be checked and written", reading.tag_writes_pending
    )
    yield from _scrub_metrics(reading.scrub)
    yield _gauge("copies_due_tracks", "Tracks whose copies are still to be looked for", reading.duplicates.due)
    yield _gauge(
        "duplicate_recordings", "Recordings that the library has more than once", reading.duplicates.recordings
    )
    yield _gauge("duplicate_tracks", "Tracks that hold such a recording", reading.duplicates.tracks)
    yield _gauge("library_audio_seconds", "Length of all tracks with a result", found.seconds)
    yield _gauge("library_artists", "Artists of the tracks with a result", found.artists)
    yield _gauge("library_albums", "Albums of the tracks with a result", found.albums)
    yield _spread("tempo", "Tracks by tempo, ranges of 10 BPM by their lower end", "bpm", _clamped(found.bpm, _BPM))
    yield _spread("key", "Tracks by key, as on the Camelot wheel", "camelot", dict.fromkeys(CAMELOT, 0) | found.camelot)
    yield _spread(
        "loudness",
        "Tracks by loudness, ranges of 2 LUFS by their lower end",
        "lufs",
        _clamped(found.loudness, _LOUDNESS),
    )
    yield _spread("decade", "Tracks by the decade of their year", "decade", _clamped(_by_decade(found), _DECADES))
    yield _spread("format", "Tracks by format", "format", _formats(found.formats))
    yield _spread("energy", "Tracks by energy, tenths of 0..1 by their lower end", "energy", _tenths(found.energy))
    yield _spread("voice", "Tracks by voice, tenths of 0..1 by their lower end", "voice", _tenths(found.voice))
    yield _spread("mood", "Tracks that have a mood, from a value of 0.8 on", "mood", found.moods)
    findings = dict.fromkeys(map(str, Finding), 0)
    findings |= {name: count for name, count in found.findings.items() if name in findings}
    yield _spread("finding", "Tracks by what was found wrong with them", "finding", findings)
    tags = {one.name: one.tracks for one in found.tags[:_MOST_TAGS]}
    yield _spread("tag", "Tracks by MusiCNN tag, from an activation of 0.3 on", "tag", tags)


def _scrub_metrics(progress: ScrubProgress) -> Iterable[Metric]:
    is_running = progress.started_at is not None and (progress.finished_at or 0.0) < progress.started_at
    yield _gauge("rotted_tracks", "Files whose bytes changed while size and time stamp did not", progress.rotted)
    left = max(0, progress.files - progress.scrubbed) if is_running else 0
    yield _gauge("scrub_left_tracks", "Files that the running pass of the scrub has still to read", left)
    yield _gauge(
        "scrub_finished_timestamp_seconds",
        "When a pass of the scrub last came to its end, in Unix seconds; 0 before the first",
        progress.finished_at or 0.0,
    )


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"playlista_{name}", about, value=value)


def _spread(name: str, about: str, label: str, tracks: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(f"playlista_library_{name}_tracks", about, labels=[label])
    for value, count in tracks.items():
        family.add_metric([value], count)
    return family


def _clamped(tracks: Mapping[int, int], ends: range) -> dict[str, int]:
    """Tracks by each of `ends`; those outside count at the nearest."""
    counted = dict.fromkeys(ends, 0)
    for value, count in tracks.items():
        counted[min(max(value, ends[0]), ends[-1])] += count
    return {str(value): count for value, count in counted.items()}


def _tenths(tracks: Mapping[int, int]) -> dict[str, int]:
    return {f"{tenth / 10:g}": tracks.get(tenth, 0) for tenth in range(10)}


def _by_decade(found: Statistics) -> dict[int, int]:
    decades: Counter[int] = Counter()
    for year, count in found.years.items():
        decades[year // 10 * 10] += count
    return decades


def _formats(tracks: Mapping[str, int]) -> dict[str, int]:
    counted = dict.fromkeys(FORMATS, 0)
    for name, count in tracks.items():
        counted[name if name in counted else "other"] += count
    return counted
