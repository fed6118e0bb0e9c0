"""How many tracks a whole machine analyzes in an hour: ``python -m benchmarks.throughput --music DIR [--write]``.

A library of two-minute tracks, FLAC, MP3 and Ogg in turn, no two alike, goes through ``playlista run --once``: in one
process on 1, 2 and 4 CPUs as far as the machine has them, and with a local worker for each CPU (docs/cluster.md). All
starts are included. A CPU second is one on this machine; those of an hour of audio are what energy follows.

Input: real music. Output: a table. Arrangements take turns, each round in another order.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine
from benchmarks.children import Run, python, run
from benchmarks.music import Request, find_music, make_music
from benchmarks.scaling import confined, filled_folder, quiet_daemon
from benchmarks.tables import markdown_table, spread, write_section

PAGE = Path("docs/appendix/benchmarks.md")
CPUS = (1, 2, 4)
TRACK_SECONDS, SONG_SECONDS = 120.0, 240.0
SUFFIXES = (".flac", ".mp3", ".ogg")
HEADER = (
    "on",
    "wall s",
    "times real time",
    "songs of 4 minutes in an hour",
    "CPU s for an hour of audio",
    "of one CPU",
)


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How the machine is used: that many CPUs, and that many worker processes; 0 for one process that does it all."""

    cpus: int
    workers: int = 0

    def __str__(self) -> str:
        cpus = f"{self.cpus} CPU{'s' if self.cpus > 1 else ''}"
        return f"{cpus}, WORKERS={self.workers}" if self.workers else f"{cpus}, one process"


def arrangements(cpus: int) -> Iterator[Arrangement]:
    """Those that `cpus` CPUs can show."""
    usable = [count for count in CPUS if count <= cpus]
    yield from (Arrangement(count) for count in usable)
    yield from (Arrangement(count, count) for count in usable if count > 1)  # WORKERS=1 is one process


def library(music: Path, folder: Path, count: int) -> list[Path]:
    """`count` excerpts of two minutes, each of which begins elsewhere, or the result of one would serve for another."""
    sources = find_music(music, total_seconds=900.0)
    step = sum(source.seconds for source in sources) / count
    wanted = [
        Request(SUFFIXES[number % len(SUFFIXES)], TRACK_SECONDS, skip_seconds=round(number * step, 6))
        for number in range(count)
    ]
    return make_music(sources, folder, wanted)


def analyze(tracks: Sequence[Path], how: Arrangement, models: Path, runtime: str) -> Run:
    """All of the tracks through a daemon of its own.

    Raises
    ------
    benchmarks.children.ChildFailed : not every track was analyzed.
    """
    environment = {**quiet_daemon(runtime, models), "WORKERS": str(how.workers) if how.workers else ""}
    with filled_folder(tracks) as (music, data):
        command = python("-m", "playlista", "run", "--once", "--music", str(music), "--data", str(data))
        available = sorted(os.sched_getaffinity(0))[: how.cpus]
        return run(confined(command, available), environment=environment).checked()


def table(runs: dict[Arrangement, list[Run]], audio_seconds: float) -> str:
    """A row for each arrangement, with the range over the rounds."""
    alone = [one.wall_seconds for one in runs[Arrangement(1)]]
    rows = []
    for how, of_it in runs.items():
        walls = [one.wall_seconds for one in of_it]
        faster = [audio_seconds / wall for wall in walls]
        rows.append(
            [
                str(how),
                spread(walls, 1),
                spread(faster, 0),
                f"{statistics.median(faster) * 3600 / SONG_SECONDS:,.0f}",
                spread([3600 * one.cpu_seconds / audio_seconds for one in of_it], 1),
                spread([one / other for one, other in zip(alone, walls, strict=True)]),
            ]
        )
    return markdown_table(HEADER, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--music", type=Path, required=True)
    parser.add_argument("--tracks", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--work", type=Path, default=Path("build/bench"))
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE}")
    asked = parser.parse_args()
    tracks = library(asked.music, asked.work / "music", asked.tracks)
    ways = list(arrangements(len(os.sched_getaffinity(0))))
    runs: dict[Arrangement, list[Run]] = {how: [] for how in ways}
    for round_number in range(asked.rounds):
        for how in ways[round_number % len(ways) :] + ways[: round_number % len(ways)]:
            runs[how].append(analyze(tracks, how, asked.models, asked.runtime))
            print(f"benchmarks: {how}: {runs[how][-1].wall_seconds:.1f} s", flush=True)
    text = (
        f"{machine.describe()} {platform.machine()}; {len(tracks)} tracks of {TRACK_SECONDS:.0f} s, runtime "
        f"{asked.runtime}, {asked.rounds} rounds; median (least-most).\n\n"
        f"{table(runs, len(tracks) * TRACK_SECONDS)}"
    )
    print(text)
    if asked.write:
        write_section(PAGE, "throughput", text)


if __name__ == "__main__":
    main()
