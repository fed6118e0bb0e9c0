"""Draw the dashboard as a picture from the answers of a live Prometheus, with matplotlib.

``python -m deploy.grafana.picture http://127.0.0.1:9090 docs/deploy/dashboard.png [MINUTES]``

Input: ``playlista.json``, and what Prometheus says to each of its queries now. Output: a PNG. It is not
Grafana that draws here (Grafana is in no package registry that the build may use), and it looks plainer; but panels,
places, queries, units, thresholds, words and legends are read from the same JSON, and every number is real.
"""

from __future__ import annotations

import json
import math
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Wedge

DASHBOARD = Path(__file__).with_name("playlista.json")
COLORS = {"green": "#73bf69", "yellow": "#fade2a", "red": "#f2495c", "blue": "#5794f2"}
PALETTE = ("#73bf69", "#fade2a", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#c0d8ff", "#96d98d", "#ffb357")
BACKGROUND, PANEL, TEXT, FAINT = "#111217", "#181b1f", "#ccccdc", "#3a3d44"
COLUMN_INCHES, ROW_INCHES, POINTS = 0.72, 0.42, 120


@dataclass(frozen=True, slots=True)
class Series:
    """One line: name, Unix seconds, values."""

    name: str
    times: list[float]
    values: list[float]


@dataclass(frozen=True, slots=True)
class Source:
    """A Prometheus, and the span of time that is shown."""

    url: str
    start: float
    end: float

    def ask(self, target: dict[str, Any]) -> list[Series]:
        """The series of one query of a panel."""
        step = max(1.0, (self.end - self.start) / POINTS)
        span = f"{self.end - self.start:.0f}s"
        variables = {"$job": ".*", "$instance": ".*", "$__rate_interval": "1m", "$__range": span}
        expression = target["expr"]
        for variable, value in variables.items():
            expression = expression.replace(variable, value)
        query = {"query": expression, "start": f"{self.start}", "end": f"{self.end}", "step": f"{step}"}
        with urllib.request.urlopen(f"{self.url}/api/v1/query_range?{urllib.parse.urlencode(query)}") as answer:  # noqa: S310
            found = json.load(answer)["data"]["result"]
        every = [_series(target.get("legendFormat", ""), one) for one in found]
        return [one for one in every if math.isfinite(one.values[-1])]


def _series(legend: str, answer: dict[str, Any]) -> Series:
    name = legend if legend != "__auto" else ""
    for label, value in answer["metric"].items():
        name = name.replace("{{" + label + "}}", value)
    times, values = zip(*answer["values"], strict=True)
    return Series(name, [float(moment) for moment in times], [float(value) for value in values])


def written(value: float, defaults: dict[str, Any]) -> str:
    """`value` in the panel's unit, or the word that it maps to."""
    for mapping in defaults.get("mappings", []):
        if (word := mapping["options"].get(f"{value:g}")) is not None:
            return str(word["text"])
    unit = defaults["unit"]
    if unit.startswith("suffix:"):
        digits = int(defaults.get("decimals", 1))
        return f"{value:.{digits}f}{unit.removeprefix('suffix:')}"
    if unit == "percentunit":
        return f"{value:.0%}"
    if unit == "bytes":
        return f"{value / 2**30:.2f} GiB" if value >= 2**30 else f"{value / 2**20:.0f} MiB"
    if unit == "s":
        return f"{value:.3g} s" if value < 60 else f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"
    return f"{value:.4g}"


def color_of(value: float, defaults: dict[str, Any]) -> str:
    """Colour by the word that `value` maps to, else by the thresholds."""
    for mapping in defaults.get("mappings", []):
        if (word := mapping["options"].get(f"{value:g}")) is not None:
            return COLORS.get(str(word["color"]), str(word["color"]))
    steps = defaults["thresholds"]["steps"]
    color = str([step["color"] for step in steps if step["value"] is None or value >= step["value"]][-1])
    return COLORS.get(color, color)


def draw_number(axes: Axes, panel: dict[str, Any], series: Sequence[Series]) -> None:
    """One large number over its own history."""
    axes.axis("off")
    defaults = panel["fieldConfig"]["defaults"]
    if not series:
        axes.text(0.5, 0.42, defaults.get("noValue", "-"), ha="center", va="center", fontsize=13, color=TEXT)
        return
    shown = series[0]
    text = shown.name if panel["options"]["textMode"] == "name" else written(shown.values[-1], defaults)
    color = color_of(shown.values[-1], defaults)
    if panel["options"]["colorMode"] == "background":
        axes.set_facecolor(color)
        axes.axis("on")
        axes.set(xticks=[], yticks=[])
        color = BACKGROUND
    elif panel["options"]["graphMode"] == "area" and len(shown.values) > 1:
        history = axes.inset_axes((0, 0, 1, 1))
        history.fill_between(range(len(shown.values)), shown.values, color=color, alpha=0.25)
        history.set_ylim(0, max(*shown.values, 1e-9) * 3)
        history.axis("off")
    axes.text(
        0.5, 0.5, text, ha="center", va="center", fontsize=19 if len(text) < 12 else 12, color=color, weight="bold"
    )


def draw_dial(axes: Axes, panel: dict[str, Any], series: Sequence[Series]) -> None:
    """A share on three quarters of a ring."""
    defaults = panel["fieldConfig"]["defaults"]
    axes.axis("off")
    axes.set(xlim=(-1.2, 1.2), ylim=(-0.5, 1.2), aspect="equal")
    axes.add_patch(Wedge((0, 0), 1, 0, 180, width=0.3, color=FAINT))
    if series:
        value = series[0].values[-1]
        axes.add_patch(Wedge((0, 0), 1, 180 - 180 * min(value, 1), 180, width=0.3, color=color_of(value, defaults)))
        axes.text(0, -0.02, written(value, defaults), ha="center", fontsize=15, color=color_of(value, defaults))
    else:
        axes.text(0, 0, defaults.get("noValue", "-"), ha="center", fontsize=11, color=TEXT)


def draw_bars(axes: Axes, panel: dict[str, Any], series: Sequence[Series]) -> None:
    """A horizontal bar a series."""
    defaults = panel["fieldConfig"]["defaults"]
    for place, one in enumerate(series):
        axes.barh(place, one.values[-1], color=PALETTE[place % len(PALETTE)], height=0.7)
        axes.text(one.values[-1], place, f" {written(one.values[-1], defaults)}", va="center", fontsize=7, color=TEXT)
    axes.set_yticks(range(len(series)), [one.name for one in series], fontsize=7, color=TEXT)
    axes.set_xlim(0, max((one.values[-1] for one in series), default=1) * 1.25)
    axes.set_xticks([])
    axes.invert_yaxis()


def draw_states(axes: Axes, panel: dict[str, Any], series: Sequence[Series]) -> None:
    """A coloured band a series."""
    defaults = panel["fieldConfig"]["defaults"]
    for place, one in enumerate(series):
        minutes = [(moment - one.times[0]) / 60 for moment in one.times]  # the clock's large numbers overflow the text
        width = minutes[-1] / max(1, len(minutes) - 1)
        axes.barh([place] * len(minutes), width, left=minutes, color=[color_of(v, defaults) for v in one.values])
        middle = minutes[-1] / 2
        axes.text(
            middle, place, written(one.values[-1], defaults), ha="center", va="center", fontsize=8, color=BACKGROUND
        )
    axes.set_yticks(range(len(series)), [one.name for one in series], fontsize=7, color=TEXT)
    axes.set_xticks([])


def draw_lines(axes: Axes, panel: dict[str, Any], series: Sequence[Series]) -> None:
    """Lines or stacked areas over time, with last value in the legend."""
    defaults = panel["fieldConfig"]["defaults"]
    stacked = defaults["custom"].get("stacking", {}).get("mode") == "normal"
    names = [f"{one.name}  {written(one.values[-1], defaults)}" for one in series]
    moments = sorted({moment for one in series for moment in one.times})
    grid = [[dict(zip(one.times, one.values, strict=True)).get(m, float("nan")) for m in moments] for one in series]
    if stacked and grid:
        filled = [[0.0 if math.isnan(value) else value for value in row] for row in grid]
        axes.stackplot(moments, *filled, labels=names, colors=PALETTE, alpha=0.7)
    else:
        for place, row in enumerate(grid):
            dash = "--" if series[place].name == "limit" else "-"
            color = COLORS["red"] if dash == "--" else PALETTE[place % len(PALETTE)]
            axes.plot(moments, row, dash, label=names[place], color=color, linewidth=1.2)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _: written(value, defaults))
    axes.xaxis.set_major_formatter(lambda value, _: f"{datetime.fromtimestamp(value, UTC):%H:%M}")
    axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(4))
    axes.grid(color=FAINT, linewidth=0.4)
    axes.tick_params(colors=TEXT, labelsize=6)
    if names:
        axes.legend(fontsize=6, labelcolor=TEXT, facecolor=PANEL, edgecolor=FAINT, loc="upper left", ncols=2)


DRAW = {"stat": draw_number, "gauge": draw_dial, "bargauge": draw_bars, "statetimeline": draw_states}
DRAW |= {"state-timeline": draw_states, "timeseries": draw_lines}


def draw(source: Source, target: Path) -> None:
    """Draw the whole dashboard into `target`."""
    board = json.loads(DASHBOARD.read_text("utf-8"))
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    width, height = 24 * COLUMN_INCHES, rows * ROW_INCHES
    figure = plt.figure(figsize=(width, height), facecolor=BACKGROUND)
    for panel in board["panels"]:
        place = panel["gridPos"]
        left, top = place["x"] / 24, 1 - place["y"] / rows
        if panel["type"] == "row":
            figure.text(left + 0.005, top - 0.7 / rows, panel["title"], color=TEXT, fontsize=11, weight="bold")
            continue
        margins = (0.045, 0.012) if panel["type"] not in {"stat", "gauge"} else (0.006, 0.006)
        box = (
            left + margins[0],
            top - (place["h"] - 0.75) / rows,
            place["w"] / 24 - sum(margins),
            (place["h"] - 1.8) / rows,
        )
        axes = figure.add_axes(box, facecolor=PANEL)
        for spine in axes.spines.values():
            spine.set_color(FAINT)
        figure.text(left + 0.006, top - 0.7 / rows, panel["title"], color=TEXT, fontsize=8)
        DRAW[panel["type"]](axes, panel, [one for query in panel["targets"] for one in source.ask(query)])
    figure.savefig(target, dpi=75, facecolor=BACKGROUND)


def main(arguments: list[str]) -> int:
    """URL of a Prometheus, where to write, and how many minutes back."""
    url, target, *rest = arguments
    end = time.time()
    draw(Source(url.rstrip("/"), end - 60 * float(rest[0] if rest else 10), end), Path(target))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
