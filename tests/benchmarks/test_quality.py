"""Distances between result objects, the bars on them, and the tables they end up in."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest

from benchmarks import quality_tables
from benchmarks.quality_determinism import distance, values
from benchmarks.quality_distances import BY_PATH, FEATURES, cents
from benchmarks.quality_drift import bars, compare, key_share, share_within

TRACK: dict[str, Any] = {
    "path": "a.flac",
    "audio": {"truncated": False, "duration_seconds": 60.0},
    "rhythm": {"bpm": 100.0, "bpm_confidence": 0.5, "beats_count": 100, "onset_rate_hz": 2.0, "danceability": None},
    "tonal": {"key": "C", "scale": "major", "strength": 0.8, "tuning_hz": 440.0},
    "loudness": {"integrated_lufs": -14.0, "range_lu": 5.0, "true_peak_dbtp": -1.0},
    "spectral": None,
    "tags": {"rock": 0.5, "pop": 0.0},
    "embedding": [1.0, 0.0],
    "timings": {"total_seconds": 1.0},
}


def changed(**groups: dict[str, Any]) -> dict[str, Any]:
    other = copy.deepcopy(TRACK)
    for group, fields in groups.items():
        other[group].update(fields)
    return other


def apart(path: str, other: dict[str, Any]) -> float | None:
    return BY_PATH[path].apart(other, TRACK)


def test_a_track_is_nowhere_apart_from_itself() -> None:
    assert all(feature.apart(TRACK, TRACK) in (None, 0.0) for feature in FEATURES)


def test_distances_are_in_the_unit_of_their_feature() -> None:
    assert apart("rhythm.bpm", changed(rhythm={"bpm": 102.0})) == pytest.approx(2.0)
    assert apart("tonal.key", changed(tonal={"key": "G"})) == 1.0
    assert apart("loudness.integrated_lufs", changed(loudness={"integrated_lufs": -14.3})) == pytest.approx(0.3)
    assert apart("tags", changed(tags={"rock": 0.0, "pop": 0.5})) == pytest.approx(1.0)
    assert cents(440 * 2 ** (98 / 1200), 440) == pytest.approx(2.0)


def test_a_value_that_only_one_analysis_has_is_infinitely_far_and_none_in_both_is_agreement() -> None:
    assert apart("rhythm.bpm", changed(rhythm={"bpm": None})) == math.inf
    assert apart("rhythm.danceability", TRACK) is None
    assert apart("spectral.centroid_hz", TRACK) is None


def test_the_bars_count_tracks_that_disagree_and_take_the_worst_of_loudness_and_tags() -> None:
    others = [TRACK] * 17 + [changed(rhythm={"bpm": 200.0}), changed(rhythm={"bpm": None}), changed(tonal={"key": "G"})]
    distances = compare(others, [TRACK] * 20)["distances"]
    assert share_within(distances["rhythm.bpm"], 1.0) == 0.9
    assert key_share(distances) == 0.95
    assert [reached for *_, reached in bars(distances)] == [False, True, True, True]
    loud = compare([changed(loudness={"integrated_lufs": -13.8})], [TRACK])["distances"]
    assert [reached for *_, reached in bars(loud)] == [True, True, False, True]
    other_tags = compare([changed(tags={"pop": 0.2})], [TRACK])["distances"]
    assert [reached for *_, reached in bars(other_tags)] == [True, True, True, False]


def test_what_differs_by_nature_is_no_value_and_everything_else_is() -> None:
    later = {**TRACK, "timings": {"total_seconds": 2.0}, "path": "b.flac"}
    assert distance(values(later), values(TRACK)) == 0.0
    assert distance(values(changed(rhythm={"bpm": 100.1})), values(TRACK)) == pytest.approx(0.001, rel=0.01)
    assert distance(values(changed(rhythm={"bpm": None})), values(TRACK)) == math.inf
    assert distance(values({**TRACK, "embedding": [1.0, 1e-6]}), values(TRACK)) == pytest.approx(1e-6)


def results(passed: bool, bpm: float) -> dict[str, Any]:
    row = {"name": "a value", "measured": 1.0, "truth": 1, "source": "s", "tolerance": "t", "passed": passed}
    described = {"name": "a.flac", "seconds": 60.0, "bpm": 100.0, "bpm_confidence": 0.5}
    effect = compare([changed(rhythm={"bpm": bpm})], [TRACK])
    return {
        "machine": "here",
        "conformance": {"sections": {"Rhythm": [row], "Tags": []}, "tempi": [], "truth": False},
        "drift": {"tracks": [described], "settings": {"the defaults": effect}},
    }


def test_what_misses_its_bar_is_said_in_the_table_and_at_the_end() -> None:
    good, bad = results(True, 100.0), results(False, 120.0)
    assert quality_tables.failures(good) == []
    assert quality_tables.failures(bad) == ["a value", "BPM within 1 %"]
    pages = quality_tables.sections(bad)
    assert "**does not hold**" in pages["conformance"]
    assert "0 of 1 values hold" in pages["conformance"]
    assert "**no**" in pages["drift"]
    assert "no TRUTH.tsv" in pages["tempi"]
    assert "| the defaults | 0 | 0% |" in pages["settings"]
