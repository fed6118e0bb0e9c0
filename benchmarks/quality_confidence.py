"""The section "confidence": how often a tempo is right at each confidence, and what rhythm costs.

Input: the rows of ``quality_confidence_heard``, as plain types. Output: Markdown, the points of the diagrams, and what
misses its bar. The split that is not fitted on: each set in turn, with the factors of the confidence fitted on the
other sets alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from benchmarks.tables import markdown_table

Row = dict[str, Any]

HEADER = ("confidence", "right, as stored", "mean", "right, fitted on other sets", "mean")
SET_HEADER = (
    "set",
    "files",
    "right",
    "area, as stored",
    "area, fitted on other sets",
    "right from 0.8 on, as stored",
    "fitted on other sets",
)
#: Ends of the ranges of the diagrams; under the first one there are few.
ENDS = (0.0, 0.4, 0.55, 0.65, 0.75, 0.85, 1.0)
#: The other recordings, on which no constant of the confidence was chosen.
OTHERS = "audio"
#: Of recordings; the other sets were rendered by ``tempo_material``.
RECORDED = ("gmd", "nott", "openmsx")
#: Bars: of the cost; of the area under the ROC curve of the recordings, and of all sets where not fitted on.
MOST_MILLISECONDS, LEAST_AREA, LEAST_AREA_ELSEWHERE = 45.0, 0.75, 0.70
#: The factors in use are those that are fitted, this near.
_SAME_FACTOR = 0.05
#: Of the normal distribution, for intervals of 95 %.
_Z = 1.96
#: From this confidence on a tempo is meant to be trusted.
_TRUSTED = 0.8


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
    """Those with a tempo that development was done with, recorded and rendered."""
    return [row for row in rows if row["set"] != OTHERS and row["bpm"] is not None]


def area(values: Sequence[float], right: Sequence[bool]) -> float:
    """Area under the ROC curve: how often a right tempo has the higher value than a wrong one; 0.5 says nothing."""
    good = [value for value, is_right in zip(values, right, strict=True) if is_right]
    bad = [value for value, is_right in zip(values, right, strict=True) if not is_right]
    wins = sum((one > other) + 0.5 * (one == other) for one in good for other in bad)
    return wins / (len(good) * len(bad)) if good and bad else 0.5


def table(measured: dict[str, Any]) -> str:
    """The picture, the numbers in it, a line for each set, and the cost."""
    rows = of_sets(measured["rows"])
    if not rows:
        return "No recordings of known tempo."
    recorded, others = _recorded(rows), [row for row in measured["rows"] if row["set"] == OTHERS and row["bpm"]]
    stored = [points([row["confidence"] for row in recorded], [row["right"] for row in recorded])]
    stored.append(points([row["elsewhere"] for row in rows], [row["right"] for row in rows]))
    base, octave, bars, parts = measured["fitted"]
    return "\n\n".join(
        (
            "![Share of right tempi over confidence, on the development recordings and on splits not fitted on]"
            "(quality/confidence.png)",
            markdown_table(HEADER, list(_lines(*stored))),
            markdown_table(SET_HEADER, list(_sets(rows))),
            f"Fitted on all sets: base {base:.2f}, octave {octave:.2f}, bars {bars:.2f}, parts {parts:.2f}.",
            f"Of {len(others)} recordings on which nothing was fitted {_rights(others)} are right, at a mean "
            f"confidence of {sum(row['confidence'] for row in others) / max(1, len(others)):.2f}; from {_TRUSTED:g} on "
            f"{_trusted(others, 'confidence')}.",
            _candidates(rows),
            f"Rhythm costs {measured['milliseconds']:.0f} ms of CPU a minute of music, resampling apart.",
        )
    )


def failures(measured: dict[str, Any]) -> list[str]:
    """What misses its bar."""
    rows = of_sets(measured.get("rows", ()))
    if not rows:
        return []
    missed = ["cost of rhythm"] if measured["milliseconds"] > MOST_MILLISECONDS else []
    if _area(_recorded(rows), "confidence") < LEAST_AREA:
        missed.append("what confidence says of the tempo")
    if len(_recorded(rows)) == len(rows):
        return missed  # without what was rendered neither the fit nor its check can be repeated
    if _area(rows, "elsewhere") < LEAST_AREA_ELSEWHERE:
        missed.append("what confidence says of sets that it was not fitted on")
    moved = [abs(one - other) for one, other in zip(measured["fitted"], measured["in_use"], strict=True)]
    return missed + ["constants of the confidence"] * (max(moved) > _SAME_FACTOR)


def _candidates(rows: Sequence[Row]) -> str:
    """How much the tempi weigh between which the octave is open, and how often they are right."""
    opened = [row["candidates"] for row in rows if row["candidates"]]
    told = []
    for name, candidates in (
        ("the first", [each[0] for each in opened]),
        ("another", [one for each in opened for one in each[1:]]),
    ):
        count = max(1, len(candidates))
        weight, right = (sum(candidate[place] for candidate in candidates) / count for place in (0, 1))
        told.append(f"{name} candidate weighs {weight:.2f} on average and is right for {100 * right:.0f} %")
    return f"The octave is open for {len(opened)}: {', '.join(told)}."


def _recorded(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["set"] in RECORDED]


def _sets(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    """A line for each set, for the recorded ones, and for all."""
    sets = {name: [row for row in rows if row["set"] == name] for name in dict.fromkeys(row["set"] for row in rows)}
    for name, chosen in {**sets, "recordings": _recorded(rows), "all": rows}.items():
        areas = (f"{_area(chosen, value):.2f}" for value in ("confidence", "elsewhere"))
        trusted = (_trusted(chosen, value) for value in ("confidence", "elsewhere"))
        yield name, str(len(chosen)), str(_rights(chosen)), *areas, *trusted


def _area(rows: Sequence[Row], value: str) -> float:
    return area([row[value] for row in rows], [row["right"] for row in rows])


def _trusted(rows: Sequence[Row], value: str) -> str:
    """ "16 of 17": those that are right among those that are trusted."""
    trusted = [row for row in rows if row[value] >= _TRUSTED]
    return f"{_rights(trusted)} of {len(trusted)}"


def _rights(rows: Sequence[Row]) -> int:
    return sum(row["right"] for row in rows)


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
