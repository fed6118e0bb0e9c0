"""Plots of the results as PNG: ``python -m benchmarks.plots speed|memory RESULTS.json FOLDER``.

A process of its own, because matplotlib would make the one that measures large.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

from benchmarks.tables import MIB, length, load

mpl.use("Agg")
OURS, THEIRS, FLOOR = "#1b6ca8", "#b0b0b0", "#e0c060"
ANONYMOUS, FILE = "#1b6ca8", "#9cc6e6"


def speed(results: Any, folder: Path) -> None:
    """CPU seconds of each contender; cost of an hour against length and number."""
    _contenders(results, folder / "speed.png")
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
    _finish(figure, axes, path)


def _name(results: Any, key: str) -> str:
    about = results["contenders"][key]
    peer = not key.startswith(("ours", "floor"))
    return f"{about['title']}, hop {about['hop']}" if peer and about["hop"] else about["title"]


def _colour(key: str) -> str:
    return OURS if key.startswith("ours") else FLOOR if key.startswith("floor") else THEIRS


def _flatness(results: Any, path: Path) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
    start = results["start_up_seconds"]
    for axes, rows, key, label in (
        (left, results["durations"], "seconds", "length of one file"),
        (right, results["counts"], "count", "number of 10 s files"),
    ):
        places = [row[key] for row in rows]
        axes.plot(places, [3600 * (row["cpu_seconds"] - start) / row["seconds"] for row in rows], "o-", color=OURS)
        axes.set(xscale="log", xlabel=label, ylabel="CPU seconds per audio hour", ylim=(0, None))
        axes.set_xticks(places, [length(place) if key == "seconds" else str(place) for place in places])
        axes.minorticks_off()
    _finish(figure, right, path)


def memory(results: Any, folder: Path) -> None:
    """Peak memory against duration, the guide's files, and the smallest limits."""
    _durations(results["durations"], folder / "memory-duration.png")
    _files(results["files"], folder / "memory-files.png")
    if results["limits"]:
        _limits(results["limits"], folder / "memory-limits.png")


def _durations(rows: Sequence[Any], path: Path) -> None:
    figure, axes = plt.subplots(figsize=(9, 3.6))
    for runtime in dict.fromkeys(row["runtime"] for row in rows):
        own = [row for row in rows if row["runtime"] == runtime]
        places = [row["seconds"] for row in own]
        (line,) = axes.plot(places, [row["peak_rss_bytes"] / MIB for row in own], "o-", label=f"{runtime}: resident")
        anonymous = [row["peak_anonymous_bytes"] / MIB for row in own]
        axes.plot(places, anonymous, "o:", color=line.get_color(), label=f"{runtime}: anonymous")
    axes.set(xscale="log", xlabel="length of the file", ylabel="peak MiB of the whole process", ylim=(0, None))
    axes.set_xticks(places, [length(place) for place in places])
    axes.minorticks_off()
    axes.legend(fontsize=8)
    _finish(figure, axes, path)


def _files(rows: Sequence[Any], path: Path) -> None:
    figure, axes = plt.subplots(figsize=(9, 3.6))
    modes = list(dict.fromkeys(row["mode"] for row in rows))
    names = list(dict.fromkeys(row["file"] for row in rows))
    for number, mode in enumerate(modes):
        peaks = [
            next(r["peak_rss_bytes"] for r in rows if (r["mode"], r["file"]) == (mode, name)) / MIB for name in names
        ]
        places = [place + (number - (len(modes) - 1) / 2) * 0.8 / len(modes) for place in range(len(names))]
        bars = axes.bar(places, peaks, 0.8 / len(modes), label=mode)
        axes.bar_label(bars, fmt="%.0f", fontsize=8)
    axes.set_xticks(range(len(names)), names)
    axes.set_ylabel("peak RSS in MiB")
    axes.legend(fontsize=8)
    _finish(figure, axes, path)


def _limits(rows: Sequence[Any], path: Path) -> None:
    figure, axes = plt.subplots(figsize=(9, 3.2))
    names = [row["runtime"] for row in rows]
    bars = axes.bar(names, [row["limit_mib"] for row in rows], color=OURS)
    axes.bar_label(bars, fmt="%d")
    axes.set_ylabel("smallest cgroup in MiB")
    _finish(figure, axes, path)


def _finish(figure: Any, axes: Any, path: Path) -> None:
    for other in figure.axes:
        other.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.08)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    {"speed": speed, "memory": memory}[sys.argv[1]](load(Path(sys.argv[2])), Path(sys.argv[3]))
