"""One figure for memory: every document, default and check says the same least and the same advised limit."""

from __future__ import annotations

import re

import pytest
import yaml

from deploy.checks.chart import memory_bytes
from deploy.checks.tools import PROJECT
from playlista.memory.advice import ADVISED_MIB, LEAST_MIB

MIB = 1024**2

#: Documents that tell people how much memory to give.
DOCUMENTS = (
    "README.md", "docs/deploy/README.md", "docs/deploy/compose.md", "docs/deploy/kubernetes.md",
    "docs/deploy/cgroup2.md", "docs/runbook.md", "docs/benchmarks.md", "helm/playlista/README.md", "deploy/env.example",
)  # fmt: skip

#: Files whose limit is what is advised, each with the text around the figure.
DEFAULTS = {
    "deploy/compose.yaml": r"mem_limit: \$\{MEMORY:-(\d+)m\}",
    "deploy/env.example": r"^MEMORY=(\d+)m$",
    "deploy/systemd/playlista.service": r"^MemoryMax=(\d+)M$",
    "deploy/truenas/playlista.yaml": r"mem_limit: (\d+)m",
    "deploy/unraid/playlista.xml": r"--memory (\d+)m",
    "docs/deploy/image.md": r"docker run .*--memory (\d+)m",
    "docs/deploy/raspberry-pi.md": r"docker run .*--memory (\d+)m",
    "docs/deploy/systemd.md": r"`MemoryMax=(\d+)M` is what the daemon",
    "docs/deploy/unraid.md": r"--memory (\d+)m",
}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_says_the_one_least_and_the_one_advised_limit(document: str) -> None:
    text = " ".join((PROJECT / document).read_text("utf-8").split())
    advised = {int(figure) for figure in re.findall(r"(\d+) ?(?:MiB|m)\b(?: of \w+)*\*{0,2} (?:is|are) advised", text)}
    least = {int(figure) for figure in re.findall(r"(\d+) ?(?:MiB|m) (?:is|are) the least", text)}
    assert (advised, least) == ({ADVISED_MIB}, {LEAST_MIB})


@pytest.mark.parametrize("file", DEFAULTS)
def test_a_default_is_the_advised_limit(file: str) -> None:
    figures = re.findall(DEFAULTS[file], (PROJECT / file).read_text("utf-8"), re.MULTILINE)
    assert {int(figure) for figure in figures} == {ADVISED_MIB}


def test_the_chart_asks_for_the_advised_limit_and_refuses_less_than_the_least() -> None:
    resources = yaml.safe_load((PROJECT / "helm/playlista/values.yaml").read_text("utf-8"))["resources"]
    assert memory_bytes(resources["limits"]["memory"]) == ADVISED_MIB * MIB
    assert memory_bytes(resources["requests"]["memory"]) == ADVISED_MIB * MIB
    helpers = (PROJECT / "helm/playlista/templates/_helpers.tpl").read_text("utf-8")
    assert re.findall(r'\$least := "(\w+)"', helpers) == [f"{LEAST_MIB}Mi"]


def test_the_least_is_the_limit_of_the_measured_tables() -> None:
    table = (PROJECT / "docs/appendix/benchmarks.md").read_text("utf-8")
    assert f"| 1 h whole with tags in {LEAST_MIB} MiB, default settings | FLAC, WAV, MP3 |" in table
