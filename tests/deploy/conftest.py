"""A copy of the project to break, and the tools that the checks need."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("grafana_foundation_sdk", reason="the test requirements are not installed")

from deploy.checks.tools import PROJECT, ToolMissing

#: What the checks look at.
SUBJECTS = (
    "Dockerfile", ".dockerignore", "LICENSE", "README.md", "pyproject.toml", "requirements.lock",
    "requirements-lean.lock", "deploy", "docs/deploy", "helm", "daemon",
)  # fmt: skip

Check = Callable[[Path], list[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project that may be broken."""
    copy = tmp_path / "project"
    for name in SUBJECTS:
        source, target = PROJECT / name, copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy2(source, target)
    return copy


@pytest.fixture
def problems_of() -> Callable[[Check, Path], list[str]]:
    """Run a check, and skip the test where its tool cannot be had."""

    def run(check: Check, root: Path) -> list[str]:
        try:
            return check(root)
        except ToolMissing as missing:
            pytest.skip(str(missing))

    return run
