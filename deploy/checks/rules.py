"""Recorded series, alerts and the Prometheus of compose.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from deploy.checks.metrics_page import series_names
from deploy.checks.tools import run

FOLDER = Path("deploy/prometheus")
RULES = FOLDER / "playlista.rules.yml"
TESTS = FOLDER / "playlista.rules.test.yml"
RUNBOOK = Path("docs/runbook.md")

#: A series of ours in a PromQL expression; a colon makes it one that is recorded.
OURS = re.compile(r"(?:instance:)?\bplaylista_\w+(?::\w+)*")


def load_rules(root: Path) -> list[dict[str, Any]]:
    """All rules, as they stand in the file."""
    groups = yaml.safe_load((root / RULES).read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts(root: Path) -> list[dict[str, Any]]:
    """The rules that alert."""
    return [rule for rule in load_rules(root) if "alert" in rule]


def syntax(root: Path) -> list[str]:
    """Promtool reads the configuration of compose.yaml's Prometheus, and with it the rules."""
    return run("promtool", "check", "config", FOLDER / "prometheus.yml", cwd=root).problems()


def unit_tests(root: Path) -> list[str]:
    """Promtool's tests of the rules pass."""
    return run("promtool", "test", "rules", TESTS, cwd=root).problems()


def tested(root: Path) -> list[str]:
    """Every alert is expected to fire in one test, and to keep silent in another case, or before, in one."""
    firing: set[str] = set()
    silent: set[str] = set()
    for case in yaml.safe_load((root / TESTS).read_text("utf-8"))["tests"]:
        for expectation in case["alert_rule_test"]:
            (firing if expectation.get("exp_alerts") else silent).add(expectation["alertname"])
    names = [alert["alert"] for alert in alerts(root)]
    return [f"{name}: no test in which it fires" for name in names if name not in firing] + [
        f"{name}: no test in which it keeps silent" for name in names if name not in silent
    ]


def explained(root: Path) -> list[str]:
    """Every alert has severity, summary and description, and a section of the runbook that it points to."""
    sections = set(re.findall(r"^## (\w+)$", (root / RUNBOOK).read_text("utf-8"), re.MULTILINE))
    return [problem for alert in alerts(root) for problem in _unexplained(alert, sections)]


def _unexplained(alert: dict[str, Any], sections: set[str]) -> Iterator[str]:
    name = alert["alert"]
    said = alert.get("annotations", {})
    if alert.get("labels", {}).get("severity") not in {"warning", "critical"}:
        yield f"{name}: severity is neither warning nor critical"
    yield from (f"{name}: no {key}" for key in ("summary", "description") if not said.get(key))
    if name not in sections or not str(said.get("runbook_url")).endswith(f"/{RUNBOOK}#{name.lower()}"):
        yield f"{name}: no section in {RUNBOOK}, or its runbook_url points elsewhere"


def metrics(root: Path) -> list[str]:
    """Every series that a rule reads is on the daemon's page, or recorded by another rule."""
    rules = load_rules(root)
    known = series_names() | {rule["record"] for rule in rules if "record" in rule}
    return [
        f"{rule.get('alert') or rule['record']}: reads {name}, which does not exist"
        for rule in rules
        for name in unknown_series(rule["expr"], known)
    ]


def unknown_series(expression: str, known: Iterable[str]) -> list[str]:
    """Series of ours in `expression` that are not `known`."""
    return sorted(set(OURS.findall(expression)) - set(known))
