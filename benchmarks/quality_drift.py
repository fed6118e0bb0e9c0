"""What the optimization costs in quality: the same tracks analyzed optimized and in full, value by value.

Input: tracks. Output: distances per feature with their worst tracks, the bars of the design, and what each
setting of the memory guide does by itself.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.quality_distances import BY_PATH, FEATURES, Analysis, Feature
from benchmarks.quality_tracks import FULL, analyses

#: Settings whose effect on the values is measured, against full analysis.
SETTINGS: dict[str, dict[str, str]] = {
    "the defaults": {},
    "float16, at 44.1 kHz": {"MEMORY_REDUCE_SAMPLE_RATE": "false"},
    "22 050 Hz, in float32": {"MEMORY_USE_FLOAT16": "false"},
    "a bit depth of 32 instead of 16": {"MEMORY_OPTIMIZED_BIT_DEPTH": "32"},
    "16 000 Hz": {"MEMORY_OPTIMIZED_SAMPLE_RATE": "16000"},
    "8 000 Hz": {"MEMORY_OPTIMIZED_SAMPLE_RATE": "8000"},
    "chunks of 0.5 s": {"MEMORY_OPTIMIZED_CHUNK_DURATION_SECONDS": "0.5"},
    "chunks of 30 s": {"MEMORY_OPTIMIZED_CHUNK_DURATION_SECONDS": "30"},
    "a capped array of 100 MB (no streaming)": {"MEMORY_STREAMING_ENABLED": "false"},
    "a capped array of 1 MB (no streaming)": {
        "MEMORY_STREAMING_ENABLED": "false",
        "MEMORY_OPTIMIZED_MAX_MB_PER_TRACK": "1",
    },
    "optimization off": {"MEMORY_OPTIMIZATION_ENABLED": "false"},
    "patches every 93 frames instead of 187": {"MUSICNN_PATCH_HOP_FRAMES": "93"},
}
SAME_BPM_PERCENT = 1.0
LEAST_SHARE = 0.95
GREATEST_LUFS = 0.1
LEAST_COSINE = 0.99


def measure(tracks: Sequence[Path], models: Path) -> dict[str, Any]:
    """Everything the tables of drift need, as plain types."""
    full = analyses(tracks, models, FULL)
    effects = {}
    for name, settings in SETTINGS.items():
        print(f"benchmarks: {name}", flush=True)
        effects[name] = compare(analyses(tracks, models, settings), full)
    return {"tracks": [describe(each) for each in full], "settings": effects}


def describe(analysis: Analysis) -> dict[str, Any]:
    """What a reader wants to know of a track, apart from its drift."""
    return {
        "name": Path(analysis["path"]).name,
        "seconds": analysis["audio"]["duration_seconds"],
        "bpm": analysis["rhythm"]["bpm"],
        "bpm_confidence": analysis["rhythm"]["bpm_confidence"],
    }


def compare(changed: Sequence[Analysis], full: Sequence[Analysis]) -> dict[str, Any]:
    """Distances per feature, in the order of the tracks, and how many tracks were cut."""
    pairs = list(zip(changed, full, strict=True))
    distances = {feature.path: [feature.apart(*pair) for pair in pairs] for feature in FEATURES}
    return {"distances": distances, "cut": sum(analysis["audio"]["truncated"] for analysis in changed)}


def known(apart: Iterable[float | None]) -> list[float]:
    """Distances between values that are there."""
    return [each for each in apart if each is not None]


def share_within(apart: Sequence[float | None], bound: float) -> float:
    """Of all tracks; two that have no value agree."""
    return sum(each is None or each <= bound for each in apart) / len(apart)


def key_share(distances: Mapping[str, Sequence[float | None]]) -> float:
    """Of all tracks that have the same key and scale."""
    pairs = zip(distances["tonal.key"], distances["tonal.scale"], strict=True)
    both = [key in (None, 0.0) and scale in (None, 0.0) for key, scale in pairs]
    return sum(both) / len(both)


def bars(distances: Mapping[str, Sequence[float | None]]) -> list[tuple[str, str, str, bool]]:
    """What, bar, measured, reached: the bars of the design on drift."""
    bpm = share_within(distances["rhythm.bpm"], SAME_BPM_PERCENT)
    keys = key_share(distances)
    lufs = max(known(distances["loudness.integrated_lufs"]), default=0.0)
    cosine = 1.0 - max(known(distances["tags"]), default=math.inf)
    return [
        ("BPM within 1 %", ">= 95 % of tracks", f"{bpm:.1%}", bpm >= LEAST_SHARE),
        ("key and scale the same", ">= 95 % of tracks", f"{keys:.1%}", keys >= LEAST_SHARE),
        ("integrated loudness", "<= 0.1 LU apart", f"{lufs:.3f} LU at most", lufs <= GREATEST_LUFS),
        ("tags, cosine", ">= 0.99", f"{cosine:.5f} at least", cosine >= LEAST_COSINE),
    ]


def spread(feature: Feature, apart: Sequence[float | None], names: Sequence[str]) -> tuple[str, ...]:
    """Feature, unit, tracks with a value, median, 95th percentile, greatest, and whose that is."""
    values = sorted(known(apart))
    if not values:
        return feature.name, feature.unit, "0", "-", "-", "-", "-"
    worst = max(zip(names, apart, strict=True), key=lambda pair: -1.0 if pair[1] is None else pair[1])[0]
    p95 = values[min(len(values) - 1, math.ceil(0.95 * len(values)) - 1)]
    numbers = (said(value) for value in (statistics.median(values), p95, values[-1]))
    return feature.name, feature.unit, str(len(values)), *numbers, worst if values[-1] > 0 else "-"


def effect(name: str, figures: Mapping[str, Any]) -> tuple[str, ...]:
    """A setting, tracks cut, and how the values that matter most keep."""
    distances = figures["distances"]
    greatest = {path: max(known(distances[path]), default=0.0) for path in BY_PATH}
    return (
        name,
        str(figures["cut"]),
        f"{share_within(distances['rhythm.bpm'], SAME_BPM_PERCENT):.0%}",
        f"{key_share(distances):.0%}",
        said(greatest["loudness.integrated_lufs"]),
        said(greatest["spectral.centroid_hz"]),
        said(greatest["spectral.mfcc_mean"]),
        f"{1.0 - greatest['tags']:.5f}",
    )


def said(value: float) -> str:
    """Two digits; "one has none" where only one analysis has a value."""
    return "one has none" if math.isinf(value) else f"{value:.2g}"
