"""Plots of the speed results as PNG: ``python -m benchmarks.plots RESULTS FOLDER``.

A process of its own, because matplotlib would make the one that measures large.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

from benchmarks.speed_tables import beyond_first, hour_seconds
from benchmarks.tables import length, load

mpl.use("Agg")
OURS, THEIRS, FLOOR = "#1b6ca8", "#b0b0b0", "#e0c060"


def speed(results: Any, folder: Path) -> None:
    """CPU seconds of each contender; cost of an hour against length and number."""
    if "contest" in results:
        _contenders(results["contest"], folder / "speed.png")
    if "durations" in results and "counts" in results:
        _flatness(results, folder / "scaling.png")


def _contenders(results: Any, path: Path) -> None:
    hours = results["audio_seconds"] / 3600
    keys = list(results["contenders"])[::-1]
    costs = [[figures["cpu_seconds"] / hours for figures in results["contest"][key]["runs"]] for key in keys]
    middle = [statistics.median(cost) for cost in costs]
    reach = [
        [m - min(c) for m, c in zip(middle, costs, strict=True)],
        [max(c) - m for m, c in zip(middle, costs, strict=True)],
    ]
    figure, axes = plt.subplots(figsize=(9, 0.36 * len(keys) + 1.2))
    axes.barh([_name(results, key) for key in keys], middle, xerr=reach, color=[_colour(key) for key in keys])
    for place, value in enumerate(middle):
        axes.text(value + reach[1][place], place, f" {value:.0f}", va="center", fontsize=8)
    axes.set_xlabel("CPU seconds for an hour of audio, start-up included")
    finish(figure, axes, path)


def _name(results: Any, key: str) -> str:
    about = results["contenders"][key]
    peer = not key.startswith(("ours", "floor"))
    return f"{about['title']}, hop {about['hop']}" if peer and about["hop"] else about["title"]


def _colour(key: str) -> str:
    return OURS if key.startswith("ours") else FLOOR if key.startswith("floor") else THEIRS


def _flatness(results: Any, path: Path) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
    start = results["durations"]["start_up_seconds"]
    hourly = [(row["seconds"], hour_seconds(row, start)) for row in results["durations"]["rows"]]
    first, *rows = results["counts"]
    each = [(row["count"], 1000 * beyond_first(row, first)) for row in rows]
    for axes, points, shown, label, unit in (
        (left, hourly, length, "length of one file", "CPU seconds per audio hour"),
        (right, each, str, "number of short files", "CPU ms per file"),
    ):
        places = [place for place, _ in points]
        axes.plot(places, [cost for _, cost in points], "o-", color=OURS)
        axes.set(xscale="log", xlabel=label, ylabel=unit, ylim=(0, 1.25 * max(cost for _, cost in points)))
        axes.set_xticks(places, [shown(place) for place in places])
        axes.minorticks_off()
    finish(figure, right, path)


def finish(figure: Any, axes: Any, path: Path) -> None:
    """Write the figure without frames on two sides, and the same bytes for the same data."""
    for other in figure.axes:
        other.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.08)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    speed({path.stem: load(path) for path in Path(sys.argv[1]).glob("*.json")}, Path(sys.argv[2]))
