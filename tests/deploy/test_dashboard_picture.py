"""What draws the picture of the dashboard knows every panel of it, and comes from pinned packages."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from deploy.checks.dashboard import load_dashboard, shown_panels
from deploy.checks.tools import PROJECT
from deploy.grafana.picture import DRAWING, LOCK, DrawingError, Source, empty_panels

PANELS = shown_panels(load_dashboard(PROJECT))


def _named_in(file: str, pattern: str) -> set[str]:
    """Words inside the part of a source of the drawing that `pattern` finds."""
    found = re.search(pattern, (DRAWING / file).read_text("utf-8"), re.DOTALL)
    assert found is not None
    return set(re.findall(r"\w+", found[1]))


def test_every_type_of_panel_can_be_drawn() -> None:
    assert {panel["type"] for panel in PANELS} <= _named_in("panels.jsx", r"const PANELS = \{(.*?)\}")


def test_every_transformation_of_a_panel_is_registered() -> None:
    used = {f"{one['id']}Transformer" for panel in PANELS for one in panel.get("transformations", [])}
    used = {name.replace("organizeT", "organizeFieldsT") for name in used}
    assert used <= _named_in("registries.js", r"const \{([^}]*Transformer[^}]*)\}")


def test_every_option_of_a_field_is_registered() -> None:
    options = {option for panel in PANELS for option in _options_of(panel)}
    custom = {option.removeprefix("custom.") for option in options if option.startswith("custom.")}
    assert custom <= _named_in("registries.js", r"OF_TIMESERIES = \[(.*?)\]")
    standard = {option for option in options if not option.startswith("custom.")}
    assert standard <= _named_in("registries.js", r"STANDARD = \[(.*?)\]")


def _options_of(panel: dict[str, Any]) -> set[str]:
    config = panel["fieldConfig"]
    of_overrides = {option["id"] for override in config["overrides"] for option in override["properties"]}
    of_all = {f"custom.{option}" for option in config["defaults"].get("custom", {})}
    return of_overrides | of_all | set(config["defaults"]) - {"custom"}


def test_the_packages_are_pinned_by_their_content_and_name_no_registry() -> None:
    packages = json.loads((DRAWING / LOCK).read_text("utf-8"))["packages"]
    wanted = packages.pop("")["dependencies"]
    assert wanted == json.loads((DRAWING / "package.json").read_text("utf-8"))["dependencies"]
    assert [name for name, package in packages.items() if not package["integrity"].startswith("sha512-")] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_what_the_page_says_when_it_is_drawn_names_the_empty_panels() -> None:
    console = 'x"dashboard: drawn {"panels":2,"empty":["Top tags"]}", source: main.js (1)'
    assert empty_panels(console) == ["Top tags"]


@pytest.mark.parametrize(
    ("console", "words"),
    [("dashboard: Queue: Error: no unit", "Queue: Error: no unit"), ("nothing of ours", "was not drawn")],
)
def test_a_page_that_failed_makes_no_picture(console: str, words: str) -> None:
    with pytest.raises(DrawingError, match=words):
        empty_panels(console)


def test_a_prometheus_that_does_not_answer_is_told_with_the_query() -> None:
    source = Source("http://127.0.0.1:1", 0, 60)  # nobody listens on a port that low
    with pytest.raises(DrawingError, match="Prometheus does not answer up: "):
        source.answers({"panels": [{"gridPos": {"y": 0, "h": 1}, "targets": [{"expr": "up"}]}]})
