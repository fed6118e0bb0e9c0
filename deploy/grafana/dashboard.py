"""Playlista's dashboard as code: `build` makes what ``deploy/generate.py`` writes to ``playlista.json``.

It answers, from the top: is it working, how far, how fast, how long still, does it fit into its memory, what is
wrong; below, the same over time. Only metrics of the daemon itself are used, so that it works without our rules.
"""

from __future__ import annotations

import json

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana import cluster, details, glance, health, library, panels

ROWS = {
    "At a glance": glance.at_a_glance,
    "Progress": details.progress,
    "Memory": details.memory_row,
    "Where the time goes": details.time_row,
    "Problems": details.trouble,
    "Health": health.health_row,
    "The library": library.library_row,
    "Cluster": cluster.cluster_row,
}


def build() -> str:
    """The dashboard as JSON text, the same on every call."""
    board = (
        dashboard.Dashboard("Playlista")
        .uid("playlista")
        .description("Music analysis: progress, speed, memory, failures.")
        .tags(["playlista", "music"])
        .time("now-6h", "now")
        .refresh("30s")
        .timezone("browser")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .with_variable(_label_variable("job", "playlista_build_info"))
        .with_variable(_label_variable("instance", 'playlista_build_info{job=~"$job"}'))
    )
    for title, row in ROWS.items():
        board = board.with_row(dashboard.Row(title))
        for panel in row():
            board = board.with_panel(panel)
    built = board.build()
    for number, shown in enumerate(built.panels or [], 1):
        shown.id_val = number
    return json.dumps(built, cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def _label_variable(label: str, series: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(label)
        .label(label.capitalize())
        .datasource(panels.DATASOURCE)
        .query({"query": f"label_values({series}, {label})", "refId": "PrometheusVariableQueryEditor-VariableQuery"})
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(models.VariableOption(selected=True, text="All", value="$__all"))
    )
