"""The section "confidence": how often a tempo is right at each confidence, and what rhythm costs.

Input: the rows of ``quality_confidence_heard``, as plain types. Output: Markdown, the points of the diagrams, and what
misses its bar. The split that is not fitted on: each set of recordings in turn, with the probability of being right
fitted on the other sets alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from benchmarks.tables import markdown_table

Row = dict[str, Any]

HEADER = ("values", "right at this confidence", "mean confidence", "right at this probability", "mean probability")
#: Ends of the ranges of the diagrams; under the first one there are few.
ENDS = (0.0, 0.4, 0.55, 0.65, 0.75, 0.85, 1.0)
#: The other recordings, on which no constant of the confidence was chosen.
OTHERS = "audio"
#: Bar of the cost, and of the area under the ROC curve on the sets.
MOST_MILLISECONDS, LEAST_AREA = 45.0, 0.75
#: Of the normal distribution, for intervals of 95 %.
_Z = 1.96
#: From this confidence on a tempo is meant to be trusted.
_TRUSTED = 0.8
_STEPS = 25


@dataclass(frozen=True, slots=True)
class Point:
    """Recordings with values in a range: their mean, the share of right tempi with its 95 % interval (Wilson, 1927)."""

    range: str
    mean: float
    share: float
    low: float
    high: float
    files: int


def points(values: Sequence[float], right: Sequence[bool]) -> list[Point]:
    """A point for each range of `ENDS` in which there is a value."""
    found = []
    for low, high in pairwise(ENDS):
        chosen = [place for place, value in enumerate(values) if low <= value < high or value == high == 1.0]
        if chosen:
            share = sum(right[place] for place in chosen) / len(chosen)
            mean = sum(values[place] for place in chosen) / len(chosen)
            found.append(Point(f"{low:.2f} to {high:.2f}", mean, share, *_interval(share, len(chosen)), len(chosen)))
    return found


def of_sets(rows: Sequence[Row]) -> list[Row]:
    """The recordings with a tempo that development was done with."""
    return [row for row in rows if row["set"] != OTHERS and row["bpm"] is not None]


def fitted_elsewhere(rows: Sequence[Row]) -> list[float]:
    """For each of `rows` the probability of being right by a logistic regression on the other sets."""
    found = {}
    for name in dict.fromkeys(row["set"] for row in rows):
        base, slope = logistic_fit([row for row in rows if row["set"] != name])
        found |= {row["file"]: _share(base + slope * row["confidence"]) for row in rows if row["set"] == name}
    return [found[row["file"]] for row in rows]


def logistic_fit(rows: Sequence[Row]) -> tuple[float, float]:
    """Base and slope of the log odds of being right over confidence, by Newton's method, hardly regularized."""
    base, slope = 0.0, 0.0
    for _ in range(_STEPS):
        gradient, curvature = [-1e-3 * base, -1e-3 * slope], [1e-3, 0.0, 1e-3]
        for row in rows:
            share, value = _share(base + slope * row["confidence"]), row["confidence"]
            gradient[0] += row["right"] - share
            gradient[1] += (row["right"] - share) * value
            weight = share * (1 - share)
            curvature = [curvature[0] + weight, curvature[1] + weight * value, curvature[2] + weight * value**2]
        determinant = curvature[0] * curvature[2] - curvature[1] ** 2
        base += (curvature[2] * gradient[0] - curvature[1] * gradient[1]) / determinant
        slope += (curvature[0] * gradient[1] - curvature[1] * gradient[0]) / determinant
    return base, slope


def area(values: Sequence[float], right: Sequence[bool]) -> float:
    """Area under the ROC curve: how often a right tempo has the higher value than a wrong one; 0.5 says nothing."""
    good = [value for value, is_right in zip(values, right, strict=True) if is_right]
    bad = [value for value, is_right in zip(values, right, strict=True) if not is_right]
    wins = sum((one > other) + 0.5 * (one == other) for one in good for other in bad)
    return wins / (len(good) * len(bad)) if good and bad else 0.5


def table(measured: dict[str, Any]) -> str:
    """The picture, the numbers in it, and the cost."""
    rows = of_sets(measured["rows"])
    if not rows:
        return "No recordings of known tempo."
    right, confidence = [row["right"] for row in rows], [row["confidence"] for row in rows]
    elsewhere, usual = fitted_elsewhere(rows), sum(right) / len(right)
    others = [row for row in measured["rows"] if row["set"] == OTHERS and row["bpm"] is not None]
    trusted = [row["right"] for row in rows if row["confidence"] >= _TRUSTED]
    lines = [
        "![Share of right tempi over confidence, on the development recordings and on splits not fitted on]"
        "(quality/confidence.png)",
        markdown_table(HEADER, list(_lines(points(confidence, right), points(elsewhere, right)))),
        f"Of {len(trusted)} with a confidence of {_TRUSTED:g} and more {sum(trusted)} are right. Area under the ROC "
        f"curve for a right tempo: {area(confidence, right):.2f}; of the probabilities fitted on the other sets "
        f"{area(elsewhere, right):.2f}, with a mean squared error (Brier) of {_brier(elsewhere, right):.3f}; always to "
        f"say {100 * usual:.0f} % has {_brier([usual] * len(right), right):.3f}.",
        f"Of {len(others)} other recordings {sum(row['right'] for row in others)} are right, at a mean confidence of "
        f"{sum(row['confidence'] for row in others) / max(1, len(others)):.2f}.",
        f"Rhythm costs {measured['milliseconds']:.0f} ms of CPU a minute of music, resampling apart.",
    ]
    return "\n\n".join(lines)


def failures(measured: dict[str, Any]) -> list[str]:
    """What misses its bar."""
    rows = of_sets(measured.get("rows", ()))
    if not rows:
        return []
    missed = ["cost of rhythm"] if measured["milliseconds"] > MOST_MILLISECONDS else []
    trusted = area([row["confidence"] for row in rows], [row["right"] for row in rows])
    return missed + (["what confidence says of the tempo"] if trusted < LEAST_AREA else [])


def _lines(raw: Sequence[Point], elsewhere: Sequence[Point]) -> Iterator[tuple[str, ...]]:
    for low, high in pairwise(ENDS):
        name = f"{low:.2f} to {high:.2f}"
        cells = [_cells(point) for found in (raw, elsewhere) for point in [_named(found, name)]]
        yield name, *cells[0], *cells[1]


def _named(found: Sequence[Point], name: str) -> Point | None:
    return next((point for point in found if point.range == name), None)


def _cells(point: Point | None) -> tuple[str, str]:
    return ("-", "-") if point is None else (f"{100 * point.share:.0f} % of {point.files}", f"{point.mean:.2f}")


def _interval(share: float, count: int) -> tuple[float, float]:
    middle = share + _Z**2 / (2 * count)
    half = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return (middle - half) / (1 + _Z**2 / count), (middle + half) / (1 + _Z**2 / count)


def _brier(values: Sequence[float], right: Sequence[bool]) -> float:
    return sum((value - is_right) ** 2 for value, is_right in zip(values, right, strict=True)) / len(values)


def _share(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))
