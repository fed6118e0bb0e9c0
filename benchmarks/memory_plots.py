"""Plots of the memory results as PNG: ``python -m benchmarks.memory_plots FOLDER-OF-RESULTS FOLDER``.

A process of its own, because matplotlib would make the one that measures large.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import pyplot as plt

from benchmarks.plots import OURS, THEIRS, finish
from benchmarks.tables import MIB, length, load

FILE = "#9cc6e6"
MODE_COLOURS = {"standard": THEIRS, "capped array": FILE, "streaming": OURS}
NAMES = {"standard": "optimization off", "capped array": "capped array", "streaming": "streaming (default)"}
BAR_MIB = 260e6 / MIB


def main(results: Path, folder: Path) -> None:
    plots = {"durations": _durations, "files": _files, "limits": _limits, "growth": _growth, "mapping": _mapping}
    for name, plot in plots.items():
        path = results / f"{name}.json"
        measured = load(path)["result"] if path.exists() else None
        if measured:
            plot(measured, folder / f"memory-{name}.png")


def _durations(rows: Sequence[Any], path: Path) -> None:
    figure, axes = plt.subplots(figsize=(9, 3.6))
    places = [row["seconds"] for row in rows]
    axes.plot(places, [row["peak_rss_bytes"] / MIB for row in rows], "o-", color=OURS, label="resident")
    anonymous = [row["peak_anonymous_bytes"] / MIB for row in rows]
    axes.plot(places, anonymous, "o:", color=OURS, label="of it anonymous")
    axes.axhline(BAR_MIB, color=THEIRS, linestyle="--", label="bar: 260 MB resident")
    axes.set(xscale="log", xlabel="length of the file", ylabel="peak MiB of the whole process", ylim=(0, 290))
    axes.set_xticks(places, [length(place) for place in places])
    axes.minorticks_off()
    axes.legend(fontsize=8, loc="lower right", frameon=False)
    finish(figure, axes, path)


def _files(rows: Sequence[Any], path: Path) -> None:
    figure, axes = plt.subplots(figsize=(9, 3.6))
    modes = list(dict.fromkeys(row["mode"] for row in rows))
    names = sorted(dict.fromkeys(row["file"] for row in rows), key=lambda name: int(name.split()[0]))
    for number, mode in enumerate(modes):
        peaks = [
            next(r["peak_rss_bytes"] for r in rows if (r["mode"], r["file"]) == (mode, name)) / MIB for name in names
        ]
        places = [place + (number - (len(modes) - 1) / 2) * 0.8 / len(modes) for place in range(len(names))]
        bars = axes.bar(places, peaks, 0.8 / len(modes), label=NAMES[mode], color=MODE_COLOURS[mode])
        axes.bar_label(bars, fmt="%.0f", fontsize=8)
    axes.set_xticks(range(len(names)), names)
    axes.set_ylabel("peak RSS in MiB")
    axes.legend(fontsize=8, frameon=False)
    finish(figure, axes, path)


def _limits(rows: Sequence[Any], path: Path) -> None:
    figure, axes = plt.subplots(figsize=(9, 2.2))
    found = [row for row in rows if row["limit_mib"]][::-1]
    bars = axes.barh([row["runtime"] for row in found], [row["limit_mib"] for row in found], color=OURS)
    axes.bar_label(bars, fmt=" %d", fontsize=8)
    axes.axvline(192, color=THEIRS, linestyle="--")
    axes.set_xlabel("smallest memory limit in MiB for ten minutes of each format (dashed: the promise, 192)")
    finish(figure, axes, path)


def _growth(found: Any, path: Path) -> None:
    figure, axes = plt.subplots(figsize=(9, 2.6))
    axes.plot(range(1, len(found["peaks"]) + 1), [peak / MIB for peak in found["peaks"]], color=OURS)
    axes.axvline(found["settled_after"], color=THEIRS, linestyle="--")
    axes.set(xlabel="tracks analyzed in one process", ylabel="peak RSS in MiB")
    axes.set_ylim(0, 1.2 * max(found["peaks"]) / MIB)
    finish(figure, axes, path)


def _mapping(rows: Sequence[Any], path: Path) -> None:
    figure, axes = plt.subplots(figsize=(9, 2.8))
    for row, colour in zip(rows, (OURS, THEIRS), strict=False):
        shares = [100 * (number + 1) / len(row["usage"]) for number in range(len(row["usage"]))]
        axes.plot(
            shares, [usage / MIB for usage in row["usage"]], "o-", color=colour, label=row["way"].replace("`", "")
        )
    axes.set(xlabel="percent of the run", ylabel="charged in MiB", ylim=(0, None))
    axes.legend(fontsize=8, frameon=False)
    finish(figure, axes, path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
