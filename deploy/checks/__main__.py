"""``python -m deploy.checks``: everything that ``make check-deploy`` checks, a line each.

Exit 1 when a check fails, or when one had to be skipped although CI is set.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy import generate
from deploy.checks import chart, compose, dashboard, environment, image, rules, unit, workflow
from deploy.checks.tools import PROJECT, ToolMissing

Check = Callable[[Path], list[str]]


def generated(root: Path) -> list[str]:
    """Every generated file is what it would be if it were made now."""
    return [f"{path}: out of date; run python -m deploy.generate" for path in generate.outdated(root)]


CHECKS: Mapping[str, Check] = {
    "image: hadolint": image.hadolint,
    "image: promises": image.promises,
    "image: build context": image.context,
    "image: scripts": image.scripts,
    "workflow: actionlint": workflow.actionlint,
    "workflow: promises": workflow.promises,
    "chart: lint": chart.lint,
    "chart: Kubernetes schemas": chart.valid,
    "chart: operator schemas": chart.operator_objects,
    "chart: promises": chart.promises,
    "chart: package": chart.packaged,
    "prometheus: syntax": rules.syntax,
    "prometheus: unit tests": rules.unit_tests,
    "prometheus: every alert tested": rules.tested,
    "prometheus: every alert explained": rules.explained,
    "prometheus: metrics exist": rules.metrics,
    "dashboard: readable": dashboard.readable,
    "dashboard: layout": dashboard.layout,
    "dashboard: variables": dashboard.selectable,
    "dashboard: metrics exist": dashboard.metrics,
    "dashboard: syntax": dashboard.syntax,
    "compose: valid": compose.valid,
    "compose: promises": compose.promises,
    "systemd: valid": unit.valid,
    "systemd: hardened": unit.hardened,
    "systemd: limits": unit.limited,
    "environment: left to the program": environment.left_to_the_program,
    "generated files": generated,
}


def main(root: Path, *, skips_fail: bool) -> int:
    """Run them all on `root` and say how each went."""
    failed = False
    for name, check in CHECKS.items():
        try:
            problems = check(root)
        except ToolMissing as missing:
            failed |= skips_fail
            sys.stdout.write(f"skip  {name}: {missing}\n")
            continue
        failed |= bool(problems)
        sys.stdout.write(f"{'FAIL' if problems else 'ok  '}  {name}\n" + "".join(f"        {p}\n" for p in problems))
        sys.stdout.flush()
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main(PROJECT, skips_fail=bool(os.environ.get("CI"))))
