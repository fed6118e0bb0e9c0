"""What travels through the parts: the result object and what it is made of, names, hashes, chunks of audio."""

from __future__ import annotations

from playlista.tracks.groups import (
    FASTEST_BPM,
    FEATURE_GROUPS,
    SLOWEST_BPM,
    Fingerprint,
    GroupSettings,
    Loudness,
    Rhythm,
    Spectral,
    Tagging,
    Tonal,
    Vibenet,
)
from playlista.tracks.health import Health, Integrity, IntegrityState
from playlista.tracks.result import (
    MAX_CHAPTERS,
    Analysis,
    Audio,
    Chapter,
    MemoryUse,
    Status,
    Timings,
    TrackFile,
    reason_of,
)

__all__ = [
    "FASTEST_BPM",
    "FEATURE_GROUPS",
    "MAX_CHAPTERS",
    "SLOWEST_BPM",
    "Analysis",
    "Audio",
    "Chapter",
    "Fingerprint",
    "GroupSettings",
    "Health",
    "Integrity",
    "IntegrityState",
    "Loudness",
    "MemoryUse",
    "Rhythm",
    "Spectral",
    "Status",
    "Tagging",
    "Timings",
    "Tonal",
    "TrackFile",
    "Vibenet",
    "reason_of",
]
