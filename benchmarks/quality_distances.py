"""How far two result objects of the same track lie apart, value by value.

Input: two result objects. Output: one distance per feature, in its unit; None where both have no value,
infinity where only one has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import Any

Analysis = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Feature:
    """A value of the result object, by its path, and how its distance is taken."""

    path: str
    unit: str
    distance: Callable[[Any, Any], float]

    @property
    def name(self) -> str:
        """Without the group, which the value's own name tells."""
        return self.path.split(".")[-1]

    def apart(self, one: Analysis, other: Analysis) -> float | None:
        """Distance between the values of `one` and `other`."""
        left, right = value_at(one, self.path), value_at(other, self.path)
        if left is None or right is None:
            return None if left is right else math.inf
        return self.distance(left, right)


def value_at(analysis: Analysis, path: str) -> Any:
    """The value, None where a group on the way is."""
    value: Any = analysis
    for key in path.split("."):
        value = None if value is None else value[key]
    return value


def absolute(left: float, right: float) -> float:
    return abs(left - right)


def percent(left: float, right: float) -> float:
    """Of the second."""
    return 100.0 * abs(left / right - 1.0) if right else (0.0 if left == right else math.inf)


def cents(left: float, right: float) -> float:
    """Between two frequencies; a tuning that is a semitone off is the same tuning."""
    apart = abs(1200.0 * math.log2(left / right)) % 100.0
    return min(apart, 100.0 - apart)


def other_word(left: str, right: str) -> float:
    return float(left != right)


def greatest(left: Sequence[float], right: Sequence[float]) -> float:
    """Of the distances between the members of two lists; infinity where they have not as many."""
    return max(starmap(absolute, zip(left, right, strict=True))) if len(left) == len(right) else math.inf


def angle(left: Sequence[float], right: Sequence[float]) -> float:
    """One minus the cosine between two vectors."""
    product = sum(a * b for a, b in zip(left, right, strict=True))
    return max(0.0, 1.0 - product / (math.hypot(*left) * math.hypot(*right)))


def tags_angle(left: dict[str, float], right: dict[str, float]) -> float:
    return angle([left[name] for name in right], list(right.values()))


FEATURES = (
    Feature("rhythm.bpm", "%", percent),
    Feature("rhythm.bpm_confidence", "", absolute),
    Feature("rhythm.beats_count", "%", percent),
    Feature("rhythm.onset_rate_hz", "a second", absolute),
    Feature("rhythm.danceability", "%", percent),
    Feature("tonal.key", "0 or 1", other_word),
    Feature("tonal.scale", "0 or 1", other_word),
    Feature("tonal.strength", "", absolute),
    Feature("tonal.tuning_hz", "cents", cents),
    Feature("loudness.integrated_lufs", "LU", absolute),
    Feature("loudness.range_lu", "LU", absolute),
    Feature("loudness.true_peak_dbtp", "dB", absolute),
    Feature("spectral.centroid_hz", "%", percent),
    Feature("spectral.rolloff_hz", "%", percent),
    Feature("spectral.flatness", "", absolute),
    Feature("spectral.flux", "", absolute),
    Feature("spectral.zero_crossing_rate", "", absolute),
    Feature("spectral.contrast", "dB", greatest),
    Feature("spectral.mfcc_mean", "dB", greatest),
    Feature("tags", "1 - cosine", tags_angle),
    Feature("embedding", "1 - cosine", angle),
)
BY_PATH = {feature.path: feature for feature in FEATURES}
