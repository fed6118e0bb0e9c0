"""What the shipped ways to start the daemon put into its environment: image, systemd unit, compose file and chart.

Input: those files. Output: the variables that each of them sets, and those among them that the program itself decides
(``playlista.system.environment``: malloc and the thread pools). A variable found in the environment overrules the
program, so that a file that sets one of them ships another program than the one that was measured.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from deploy.checks.chart import CHART
from deploy.checks.compose import FILE as COMPOSE
from deploy.checks.image import instructions
from deploy.checks.unit import UNIT
from playlista.system.environment import prepare_environment

Environment = dict[str, str]


def image(root: Path) -> Environment:
    """Variables of the image's last stages: every ENV from the runtime stage on."""
    text = (root / "Dockerfile").read_text("utf-8")
    runtime = text[text.index(" AS runtime") :]
    words = (shlex.split(line[4:]) for line in instructions(runtime) if line.startswith("ENV "))
    return dict(word.split("=", 1) for line in words for word in line)


def unit(root: Path) -> Environment:
    """Variables of the systemd unit's Environment lines."""
    lines = re.findall(r"^Environment=(.*)$", (root / UNIT).read_text("utf-8"), re.MULTILINE)
    return dict(word.split("=", 1) for line in lines for word in shlex.split(line))


def compose(root: Path) -> Environment:
    """Variables of the daemon's service; the image's come below them."""
    service = yaml.safe_load((root / COMPOSE).read_text("utf-8"))["services"]["playlista"]
    return {name: str(value) for name, value in service["environment"].items()}


def chart(root: Path) -> Environment:
    """Variables of the chart's defaults, and those that a template names outright."""
    folder = root / CHART
    defaults = yaml.safe_load((folder / "values.yaml").read_text("utf-8"))["env"]
    templates = "\n".join(
        path.read_text("utf-8") for path in sorted((folder / "templates").glob("*")) if path.is_file()
    )
    named = re.findall(r"^\s*- name: ([A-Z][A-Z0-9_]*)\s+value: *(\S*)", templates, re.MULTILINE)
    return {**dict(named), **{entry["name"]: str(entry.get("value", "")) for entry in defaults}}


SHIPPED: Mapping[str, Callable[[Path], Environment]] = {
    "Dockerfile": image,
    str(UNIT): unit,
    str(COMPOSE): compose,
    str(CHART): chart,
}


def decided() -> frozenset[str]:
    """Names of the variables that the program decides by itself."""
    return frozenset(prepare_environment({}, threads=1, environ={}, imported=()).set)


def left_to_the_program(root: Path) -> list[str]:
    """No shipped environment sets what the program decides."""
    return [
        f"{file}: sets {name}, which playlista/system/environment.py decides; take it out"
        for file, variables in SHIPPED.items()
        for name in sorted(decided() & variables(root).keys())
    ]
