"""Where the CPU time of an analysis goes: ``python -m benchmarks.stages RECORDING [--write]``.

The same two minutes of music as OGG, MP3 and FLAC, with the compiled kernels, in turns in one process on one CPU: CPU
milliseconds by stage, of all rounds the median, and the functions that were called. "decode" has the checksums of the
file in it, "resample" the hash of the samples, "other" what a track costs once: opening it, and asking how much memory
there is.

Input: a recording of two minutes or more. Output: a table.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.floor import FORMATS, SECONDS, encode, one_cpu
from benchmarks.tables import markdown_table, write_section

PAGE = Path("docs/appendix/benchmarks.md")
STAGES = ("decode", "resample", "rhythm", "tonal", "loudness", "spectral", "tags", "health", "fingerprint")
COLUMNS = (*STAGES, "other")


@dataclass(frozen=True, slots=True)
class Spent:
    """Of one file: CPU seconds of each round by stage, and calls of Python and built-in functions by stage."""

    rounds: Sequence[Mapping[str, float]]
    calls: Mapping[str, int]


def table(spent: Mapping[str, Spent]) -> str:
    """For each format a row of milliseconds a minute, and one of calls."""
    rows, per_minute = [], 1000 * 60 / SECONDS
    for name, of_format in spent.items():
        medians = [per_minute * statistics.median(one[stage] for one in of_format.rounds) for stage in COLUMNS]
        whole = per_minute * statistics.median(sum(one.values()) for one in of_format.rounds)
        rows.append([f"{name}, CPU ms", *(f"{figure:.0f}" for figure in (*medians, whole))])
        calls = [of_format.calls[stage] * 60 // SECONDS for stage in COLUMNS]
        rows.append([f"{name}, calls", *(f"{count:,}" for count in (*calls, sum(calls)))])
    return markdown_table(("a minute", *COLUMNS, "sum"), rows)


def measure(calls: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, Spent]:
    """Each of the analyses in `rounds` rounds, in turns; once before it counts."""
    from benchmarks.guard import count_calls, stage_seconds

    counted = {name: (analyze(), count_calls(analyze))[1] for name, analyze in calls.items()}
    seconds: dict[str, list[dict[str, float]]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, analyze in calls.items():
            seconds[name].append(stage_seconds(analyze))
    return {name: Spent(seconds[name], counted[name]) for name in calls}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE}")
    asked = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    from playlista.config import Settings
    from playlista.system.environment import prepare_environment

    prepare_environment(Settings().native_environment(), threads=1)
    from playlista.analysis.audio_analyzer import AudioAnalyzer
    from playlista.analysis.tagger import load_tagger

    settings = Settings(musicnn_runtime="numpy", models_dir=asked.models)
    analyzer = AudioAnalyzer(settings, tagger=load_tagger(settings, one_cpu()).accumulator, cgroup=one_cpu())
    with tempfile.TemporaryDirectory() as place:
        paths = dict(encode(asked.recording, Path(place), formats=FORMATS[:3]))
        calls = {name: lambda path=path: analyzer.analyze(str(path)) for name, path in paths.items()}
        spent = measure(calls, asked.rounds)
    text = f"{machine.describe()} Median of {asked.rounds} rounds; {SECONDS} s of music.\n\n{table(spent)}"
    print(text)
    if asked.write:
        write_section(PAGE, "stages", text)


if __name__ == "__main__":
    main()
