"""Write the files that are made from others, or with ``--check`` say which of them are out of date.

==============================  ==================================================================
made                            from
==============================  ==================================================================
deploy/grafana/playlista.json   deploy/grafana/dashboard.py
helm/playlista/files/…          the dashboard and deploy/prometheus/playlista.rules.yml: a chart
                                can only ship what lies inside it; the rules with places for
                                the matchers of a release and for its runbook
helm/playlista/README.md        the comments of helm/playlista/values.yaml, between two marks
==============================  ==================================================================

Run from the project's root: ``python -m deploy.generate [--check]``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from deploy.grafana.dashboard import build

BEGIN, END = "<!-- values: begin -->", "<!-- values: end -->"
CHART = Path("helm/playlista")
DASHBOARD = Path("deploy/grafana/playlista.json")
RULES = Path("deploy/prometheus/playlista.rules.yml")

#: What the chart's template puts its own text in place of: matchers of the release's series, and the runbook's page.
RELEASE, RUNBOOK = "__release__", "__runbook__"

#: A series of ours, and with which matchers it is read; `ANY_JOB` stands for them where every target has the series.
SERIES = re.compile(r"((?:instance:)?\bplaylista_\w+(?::\w+)*)(?:\{([^}]*)\})?")
ANY_JOB = '{job=~".*playlista.*"}'


def wanted(root: Path) -> dict[Path, str]:
    """What each generated file should contain, by its path below `root`."""
    dashboard = build()
    readme = CHART / "README.md"
    return {
        DASHBOARD: dashboard,
        CHART / "files" / DASHBOARD.name: dashboard,
        CHART / "files" / RULES.name: bounded_rules((root / RULES).read_text("utf-8")),
        readme: with_table((root / readme).read_text("utf-8"), (root / CHART / "values.yaml").read_text("utf-8")),
    }


def outdated(root: Path) -> list[Path]:
    """Generated files below `root` that do not contain what they should."""
    return [
        path
        for path, text in wanted(root).items()
        if not (root / path).is_file() or (root / path).read_text("utf-8") != text
    ]


class _Readable(yaml.SafeDumper):
    """Writes texts of several lines as such."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _represent_text)


def bounded_rules(source: str) -> str:
    """The rules of `source`, each selector with `RELEASE` among its matchers and each runbook at `RUNBOOK`."""
    rules = yaml.safe_load(source)
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule["expr"] = bounded(rule["expr"])
            if "annotations" in rule:
                section = rule["annotations"]["runbook_url"].partition("#")[2]
                rule["annotations"]["runbook_url"] = f"{RUNBOOK}#{section}"
    dumped = yaml.dump(rules, Dumper=_Readable, sort_keys=False, allow_unicode=True, width=1000)
    return f"# Made from {RULES} by deploy/generate.py, for the template to fill in.\n{dumped}"


def bounded(expression: str) -> str:
    """A PromQL `expression` with `RELEASE` among the matchers of every selector."""
    expression = expression.replace(ANY_JOB, f"{{{RELEASE}}}")
    return SERIES.sub(lambda found: f"{found[1]}{{{','.join(filter(None, (RELEASE, found[2])))}}}", expression)


def with_table(readme: str, values: str) -> str:
    """`readme` with the table of all `values` between the marks."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README.md of the chart needs the lines {BEGIN} and {END}")
    rows = [f"| `{key}` | {about} | `{default}` |" for key, about, default in value_rows(values)]
    return "\n".join([before + BEGIN, "| value | what | default |", "|---|---|---|", *rows, END + after])


def value_rows(values: str) -> Iterator[tuple[str, str, str]]:
    """Dotted key, description and default of every value with a ``# --`` comment, in order.

    The comment stands on the line or lines right above its key; keys are told apart by their indentation, two spaces
    a level, as YAML does it.
    """
    defaults = yaml.safe_load(values)
    parents: list[str] = []
    about = ""
    for line in values.splitlines():
        comment = re.match(r" *# -- (.+)", line)
        key = re.match(r"( *)([A-Za-z]\w*):", line)
        if comment:
            about = comment[1]
        elif key:
            parents[len(key[1]) // 2 :] = [key[2]]
            if about:
                yield ".".join(parents), about.replace("|", "\\|"), _default(defaults, parents)
            about = ""


def _default(values: Any, keys: list[str]) -> str:
    for key in keys:
        values = values[key]
    return yaml.safe_dump(values, default_flow_style=True, width=1000).removesuffix("\n...\n").strip()


def main(arguments: list[str]) -> int:
    """Write or check; 1 when something is out of date."""
    root = Path()
    stale = outdated(root)
    for path in stale:
        if "--check" in arguments:
            sys.stderr.write(f"{path}: out of date; run python -m deploy.generate\n")
        else:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(wanted(root)[path], "utf-8")
            sys.stdout.write(f"wrote {path}\n")
    return int("--check" in arguments and bool(stale))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
