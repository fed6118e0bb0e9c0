"""The reliability diagrams of the tempo's confidence, as a PNG: what is said against what is true.

Input: what ``quality_confidence_heard`` measured. Output: a picture with two diagrams; a perfect confidence would lie
on their diagonals, and bars are intervals of 95 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import pyplot as plt

from benchmarks.plots import OURS, THEIRS, finish
from benchmarks.quality_confidence import OTHERS, RECORDED, Point, of_sets, points


def draw(measured: dict[str, Any], path: Path) -> None:
    """Left: confidence as it is stored. Right: with factors that are fitted on the other sets."""
    sets = of_sets(measured["rows"])
    rows = [row for row in sets if row["set"] in RECORDED]
    others = [row for row in measured["rows"] if row["set"] == OTHERS and row["bpm"] is not None]
    right = [row["right"] for row in rows]
    figure, (left, fitted) = plt.subplots(1, 2, figsize=(9, 4.2))
    _diagram(
        left,
        "confidence, as stored",
        points([row["confidence"] for row in rows], right),
        OURS,
        f"{len(rows)} of development",
    )
    other_points = points([row["confidence"] for row in others], [row["right"] for row in others])
    _diagram(left, "confidence, as stored", other_points, THEIRS, f"{len(others)} others")
    left.legend(loc="lower right", frameon=False, fontsize=8)
    elsewhere = points([row["elsewhere"] for row in sets], [row["right"] for row in sets])
    _diagram(fitted, "confidence, fitted on the other sets", elsewhere, OURS, "")
    finish(figure, fitted, path)


def _diagram(axes: Any, label: str, found: Sequence[Point], colour: str, name: str) -> None:
    axes.plot((0, 1), (0, 1), ":", color="#808080", linewidth=1)
    means, shares = [point.mean for point in found], [point.share for point in found]
    reach = [[point.share - point.low for point in found], [point.high - point.share for point in found]]
    axes.errorbar(means, shares, yerr=reach, fmt="o-", color=colour, capsize=3, label=name)
    for point in found:
        axes.annotate(str(point.files), (point.mean, point.share), (5, -11), textcoords="offset points", fontsize=7)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.05), xlabel=label, ylabel="share of right tempi")
