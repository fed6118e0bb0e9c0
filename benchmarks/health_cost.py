"""What the health of the music adds to an analysis, by format: ``python -m benchmarks.health_cost FILE [--write]``.

The same file is analyzed without the groups of health (as before 0.2) and with `health`, the integrity of the file and
`fingerprint`, in turns in one process on one CPU; of all rounds the median. What health adds is what the analysis says
that the group took, and what decoding took more than without the checksums, within a round: the difference of two whole
analyses is lost in what other programs do to them. CPU time is that of this process and of its ffmpeg children.

Input: a recording of some minutes. Output: a table, with ``--write`` in docs/appendix/health.md.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.floor import cost, encode
from benchmarks.tables import markdown_table, write_section

PAGE = Path("docs/appendix/health.md")
SECONDS = 180
ROUNDS = 5
HEADER = ("format", "before, CPU ms a minute", "health", "fingerprint", "after", "before, MiB kept", "after")


@dataclass(frozen=True, slots=True)
class Costs:
    """Of one file in one round: CPU milliseconds a minute of audio, in all and of three stages, and the most bytes that
    the analysis kept."""

    milliseconds: float
    decode: float
    health: float
    fingerprint: float
    retained_bytes: int


def measure(analyzer: Any, path: Path, rounds: int) -> list[dict[str, Costs]]:
    """The costs by what is computed, for each round; once before it counts."""
    from playlista.analysis.audio_analyzer import Pass
    from playlista.tracks import FEATURE_GROUPS

    former = [group for group in FEATURE_GROUPS if group not in {"health", "fingerprint", "vibenet"}]
    ways = {"before": former, "after": [*former, "health", "fingerprint"]}
    measured = []
    for number in range(rounds + 1):
        costs = {name: _costs(analyzer, path, Pass(groups=groups)) for name, groups in ways.items()}
        if number:
            measured.append(costs)
    return measured


def _costs(analyzer: Any, path: Path, how: Any) -> Costs:
    results: list[Any] = []
    spent = cost(lambda: results.append(analyzer.analyze(str(path), how=how)))
    (analysis,) = results
    minutes, took = analysis.audio.analyzed_seconds / 60, analysis.timings
    stages = (
        1000 * seconds / minutes for seconds in (took.decode_seconds, took.health_seconds, took.fingerprint_seconds)
    )
    return Costs(spent / minutes, *stages, analysis.memory.retained_bytes)


def row(name: str, rounds: Sequence[dict[str, Costs]]) -> tuple[str, ...]:
    """The medians of one format."""

    health = [one["after"].health + one["after"].decode - one["before"].decode for one in rounds]
    fingerprint = [one["after"].fingerprint for one in rounds]

    def spent(way: str) -> str:
        return f"{statistics.median(one[way].milliseconds for one in rounds):.0f}"

    def kept(way: str) -> str:
        return f"{statistics.median(one[way].retained_bytes for one in rounds) / 2**20:.1f}"

    added = (f"{statistics.median(figures):+.0f}" for figures in (health, fingerprint))
    return name, spent("before"), *added, spent("after"), kept("before"), kept("after")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write the table where that is wanted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.health_cost", description=__doc__)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--write", action="store_true", help=f"write the table into {PAGE}")
    given = parser.parse_args(arguments)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    from playlista.analysis.audio_analyzer import AudioAnalyzer
    from playlista.analysis.tagger import load_tagger
    from playlista.config import Settings
    from playlista.memory.cgroup import Cgroup

    cgroup = Cgroup(affinity=lambda: 1)
    settings = Settings(musicnn_runtime="numpy", models_dir=given.models)
    analyzer = AudioAnalyzer(settings, tagger=load_tagger(settings, cgroup).accumulator, cgroup=cgroup)
    with tempfile.TemporaryDirectory() as folder:
        files = encode(given.recording, Path(folder), SECONDS)
        rows = [row(name, measure(analyzer, path, given.rounds)) for name, path in files]
    table = f"{machine.describe()}\n\n{markdown_table(HEADER, rows)}"
    print(table)
    if given.write:
        write_section(PAGE, "cost-by-format", table)


if __name__ == "__main__":
    main()
