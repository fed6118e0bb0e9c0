"""Dockerfile and the scripts inside the image: the linters of the trade, and what they do not ask for."""

from __future__ import annotations

import re
from pathlib import Path

from deploy.checks.tools import run

#: What the final stages have to say, each as a pattern of a whole instruction.
PROMISES = {
    "a base of one version": r"ARG PYTHON_IMAGE=python:\d+\.\d+\.\d+-slim-\w+",
    "a user who is not root": r"USER 65534:65534",
    "an entrypoint in exec form": r'ENTRYPOINT \["',
    "a health check in exec form": r'HEALTHCHECK [^\[]*CMD \["',
    "an install that is locked by hash": r"RUN pip install .*--require-hashes .*requirements\.lock",
    "a lean install that is locked by hash": r"RUN pip install .*--require-hashes .*requirements-lean\.lock",
    "no dependency that would have to be compiled": r"RUN pip install --only-binary :all: ",
    "a volume for the data": r'VOLUME \["/data"\]',
    "the target lean": r"FROM runtime AS lean",
    "the target full": r"FROM runtime AS full",
    "the target cluster": r"FROM runtime AS cluster",
    "its licence as a label": r"LABEL [\s\S]*org\.opencontainers\.image\.licenses=",
    **{
        f"its {label} as a label": rf"LABEL [\s\S]*org\.opencontainers\.image\.{label}="
        for label in ("version", "revision", "created", "source", "url", "documentation")
    },
}


def hadolint(root: Path) -> list[str]:
    """Hadolint finds nothing, not even of level info."""
    return run("hadolint", "--failure-threshold", "style", "Dockerfile", cwd=root).problems()


def promises(root: Path) -> list[str]:
    """The Dockerfile keeps each of `PROMISES`."""
    found = instructions((root / "Dockerfile").read_text("utf-8"))
    return [
        f"Dockerfile: lacks {promise}"
        for promise, pattern in PROMISES.items()
        if not any(re.match(pattern, instruction) for instruction in found)
    ]


def context(root: Path) -> list[str]:
    """Every file that the Dockerfile copies from the context exists and passes .dockerignore."""
    allowed = re.findall(r"^!(\S+)", (root / ".dockerignore").read_text("utf-8"), re.MULTILINE)
    sources = [
        source
        for instruction in instructions((root / "Dockerfile").read_text("utf-8"))
        if (copy := re.match(r"COPY (?!--from)(.+) \S+$", instruction))
        for source in copy[1].split()
    ]
    return [
        f"Dockerfile: copies {source}, which is not there" for source in sources if not (root / source).exists()
    ] + [
        f".dockerignore: keeps {source} out, which the Dockerfile copies"
        for source in sources
        if not any(source == entry or source.startswith(f"{entry}/") for entry in allowed)
    ]


def scripts(root: Path) -> list[str]:
    """Shellcheck has nothing to say about any script, and they are executable where they are executed."""
    found = sorted((root / "deploy").rglob("*.sh"))
    entrypoint = root / "deploy/image/entrypoint.sh"
    problems = [] if entrypoint.stat().st_mode & 0o111 else ["deploy/image/entrypoint.sh: not executable"]
    return problems + run("shellcheck", *found, cwd=root).problems()


def instructions(dockerfile: str) -> list[str]:
    """The instructions, comments left out and continued lines joined."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [re.sub(r" {2,}", " ", line.strip()) for line in joined.splitlines() if line.strip()]
