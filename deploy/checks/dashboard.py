"""The dashboard as Grafana will read it: that a person can read it, and that everything it asks for exists."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

from deploy.checks.metrics_page import series_names
from deploy.checks.rules import unknown_series
from deploy.checks.tools import run

DASHBOARD = Path("deploy/grafana/playlista.json")

#: What Grafana puts in place of its variables, so that an expression is plain PromQL.
VARIABLES = {"$job": ".*", "$instance": ".*", "$__rate_interval": "1m", "$__range": "10m"}


def load_dashboard(root: Path) -> dict[str, Any]:
    """The dashboard's JSON."""
    loaded: dict[str, Any] = json.loads((root / DASHBOARD).read_text("utf-8"))
    return loaded


def shown_panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """All panels but the rows' headings."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries(dashboard: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Panel's title and expression in plain PromQL, for every query."""
    for panel in shown_panels(dashboard):
        for target in panel["targets"]:
            expression = target["expr"]
            for variable, value in VARIABLES.items():
                expression = expression.replace(variable, value)
            yield panel["title"], expression


def readable(root: Path) -> list[str]:
    """Every panel has title, description, unit and thresholds, and takes its data from the chosen Prometheus."""
    dashboard = load_dashboard(root)
    return [problem for panel in shown_panels(dashboard) for problem in _unreadable(panel)]


def _unreadable(panel: dict[str, Any]) -> Iterator[str]:
    defaults = panel.get("fieldConfig", {}).get("defaults", {})
    name = panel.get("title") or f"panel {panel.get('id')}"
    if not panel.get("title"):
        yield f"{name}: no title"
    if len(panel.get("description", "")) < 20:
        yield f"{name}: no description"
    if not defaults.get("unit"):
        yield f"{name}: no unit"
    if not defaults.get("thresholds", {}).get("steps"):
        yield f"{name}: no thresholds"
    if not panel.get("targets"):
        yield f"{name}: asks nothing"
    sources = [panel.get("datasource"), *(target.get("datasource") for target in panel.get("targets", []))]
    if any((source or {}).get("uid") != "${datasource}" for source in sources):
        yield f"{name}: a datasource that the reader cannot choose"


def layout(root: Path) -> list[str]:
    """Ids and places are each taken once, inside the 24 columns."""
    panels = load_dashboard(root)["panels"]
    ids = [panel.get("id") for panel in panels]
    problems = [] if len(set(ids)) == len(ids) and all(ids) else ["two panels have one id, or one has none"]
    problems += [f"{panel['title']}: off the grid" for panel in panels if not _on_grid(panel["gridPos"])]
    return problems + [
        f"{one['title']} and {other['title']} overlap"
        for one, other in combinations(panels, 2)
        if _overlap(one["gridPos"], other["gridPos"])
    ]


def _on_grid(place: dict[str, int]) -> bool:
    return place["x"] >= 0 and place["x"] + place["w"] <= 24 and min(place["w"], place["h"]) > 0


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    across = one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
    return across and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"]


def selectable(root: Path) -> list[str]:
    """Job and instance can be chosen, and every expression of a series of ours honours the choice."""
    dashboard = load_dashboard(root)
    names = {variable["name"] for variable in dashboard["templating"]["list"]}
    problems = [f"no variable {name}" for name in ("datasource", "job", "instance") if name not in names]
    for panel in shown_panels(dashboard):
        for target in panel["targets"]:
            expression = target["expr"]
            series = expression.count("playlista_")
            chosen = expression.count('job=~"$job", instance=~"$instance"')
            if series != chosen:
                problems.append(f"{panel['title']}: a series without the job and instance that were chosen")
    return problems


def metrics(root: Path) -> list[str]:
    """Every series that a panel asks for is on the daemon's page; recorded ones are not, since rules may be absent."""
    known = series_names()
    return [
        f"{title}: asks for {name}, which does not exist"
        for title, expression in queries(load_dashboard(root))
        for name in unknown_series(expression, known)
    ]


def syntax(root: Path) -> list[str]:
    """Promtool parses every expression."""
    rules = [
        {"record": f"panel:{number}", "expr": expression}
        for number, (_, expression) in enumerate(queries(load_dashboard(root)))
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "dashboard.rules.yml")
        file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}), "utf-8")
        return run("promtool", "check", "rules", file).problems()
