"""The release workflow: actionlint, with shellcheck for its scripts, and what they do not ask for."""

from __future__ import annotations

import re
from pathlib import Path

from deploy.checks.tools import run

RELEASE = ".github/workflows/release.yml"

#: What the release has to do, each as a pattern of its text.
PROMISES = {
    "build on x86-64": r"runner: \[.*ubuntu-[\d.]+[,\]]",
    "build on ARM": r"runner: \[.*ubuntu-[\d.]+-arm\]",
    "build every target": r"target: \[lean, cluster, full\][\s\S]*target: \[lean, cluster, full\]",
    "call the lean image alone the newest": r'"\$TARGET" != lean \] \|\| tags=',
    "test before it builds": r"needs: test",
    "run each image before it pushes it": r"deploy/image/smoke\.sh",
    "attach an SBOM": r"sbom: true",
    "attach the provenance": r"provenance: mode=max",
    "publish only a tag": r"if: github\.ref_type == 'tag'",
}


def actionlint(root: Path) -> list[str]:
    """Actionlint has nothing to say about any workflow."""
    found = sorted((root / ".github/workflows").glob("*.yml"))
    return run("actionlint", "-no-color", *found, cwd=root).problems()


def promises(root: Path) -> list[str]:
    """The release keeps each of `PROMISES`, and names the registry in one place."""
    text = (root / RELEASE).read_text("utf-8")
    problems = [
        f"{RELEASE}: does not {promise}" for promise, pattern in PROMISES.items() if not re.search(pattern, text)
    ]
    named = len(re.findall(r"\bghcr\.io\b", text))
    return problems + ([f"{RELEASE}: names the registry {named} times"] if named != 1 else [])
