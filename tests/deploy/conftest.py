"""A copy of the project to break, and the tools that the checks need."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.checks.tools import PROJECT, ToolMissing, locate

#: Packages of the test requirements that these tests import; without them nothing here is collected.
NEEDED = ("grafana_foundation_sdk", "jsonschema", "kubernetes_validate", "yaml")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]
collect_ignore_glob = ["test_*.py"] if MISSING else []

#: What the checks look at.
SUBJECTS = (
    "Dockerfile", ".dockerignore", "LICENSE", "README.md", "pyproject.toml", "requirements.lock",
    "requirements-lean.lock", ".github", "deploy", "docs/deploy", "docs/runbook.md", "helm",
)  # fmt: skip

Check = Callable[[Path], list[str]]


def pytest_report_header() -> str | None:
    """Say what is left out."""
    return f"tests/deploy: left out, not installed: {', '.join(MISSING)}" if MISSING else None


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project that may be broken."""
    return copy_project(tmp_path / "project")


def skip_module_without(*tools: str) -> None:
    """Skip the test file that calls this while it is imported, once and with the reason, where a tool is missing."""
    try:
        for tool in tools:
            locate(tool)
    except ToolMissing as missing:
        pytest.skip(str(missing), allow_module_level=True)


def copy_project(copy: Path) -> Path:
    """Copy what the checks look at to `copy`, which is made, and return it."""
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
