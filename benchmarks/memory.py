"""``make bench-memory``: the guide's tables measured, and the limits in which the product lives.

``python -m benchmarks.memory --music DIR`` measures section by section, prints the tables, and writes them with plots
into docs/appendix. Each section is kept in build/bench/results/memory as soon as it is done: ``--only NAME …``
measures those anew, ``--resume`` those that are missing, ``--tables`` makes the page from what is there. ``--short``
divides every length by twenty, to try it out.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import cgroups, machine, memory_daemon, memory_limits, memory_modes, memory_tables, tables
from benchmarks.children import python, run
from benchmarks.contest import RUNTIMES
from benchmarks.memory_limits import Bench
from benchmarks.music import Request, find_music
from benchmarks.published import published_graphs
from benchmarks.scaling import by_duration
from benchmarks.speed import DURATIONS, PAGE, PLOTS

#: The one that takes the most memory of those that need no extra.
DURATION_RUNTIME = "essentia"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: what is said while it is measured, how, and whether it takes real cgroups."""

    about: str
    measure: Callable[[Bench], Any]
    in_cgroups: bool = False


def inventory(bench: Bench) -> Any:
    """Three tracks of five minutes, no two alike."""
    wanted = [Request(".flac", seconds=300 * bench.share, skip_seconds=40.0 * number) for number in range(3)]
    graphs = published_graphs(bench.work / "model", bench.wheel)
    return memory_modes.inventories(bench.music(wanted), bench.models, graphs)


def peers(bench: Bench) -> Any:
    """The guide's files by other means."""
    return memory_modes.peers_on_files(bench, published_graphs(bench.work / "model", bench.wheel))


def durations(bench: Bench) -> Any:
    """One file of each length."""
    lengths = [seconds * bench.share for seconds in DURATIONS]
    return by_duration(bench.sources, bench.folder, lengths, DURATION_RUNTIME, bench.models)


SECTIONS = {
    "inventory": Section("the guide's inventories", inventory),
    "files": Section("the guide's files", memory_modes.files),
    "wall": Section("the guide's classes of files on the clock", memory_modes.wall),
    "peers": Section("the guide's files by other means", peers),
    "pressure": Section("the guide's files where memory is short", memory_modes.pressure, in_cgroups=True),
    "settings": Section("what each setting buys", memory_modes.settings),
    "durations": Section("from short to long", durations),
    "growth": Section("track after track", memory_limits.growth),
    "hours": Section("an hour of each format in 192 MiB", memory_limits.hours, in_cgroups=True),
    "daemon": Section("the daemon in 256 MiB", memory_daemon.daemon, in_cgroups=True),
    "mapping": Section("a file of 4 GB", memory_daemon.mapping, in_cgroups=True),
    "choices": Section("the automatic choice", memory_limits.choices, in_cgroups=True),
    "limits": Section("smallest limits", memory_limits.limits, in_cgroups=True),
}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--music", type=Path, default=Path("../shared/audio"))
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--work", type=Path, default=Path("build/bench"))
    parser.add_argument("--wheel", type=Path, help="the musicnn wheel, where pip cannot fetch it")
    parser.add_argument("--runtimes", nargs="+", default=RUNTIMES)
    parser.add_argument("--short", action="store_true", help="try it out with lengths divided by twenty")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), help="sections to measure")
    parser.add_argument("--resume", action="store_true", help="measure what is missing")
    parser.add_argument("--tables", action="store_true", help="from the last results, without measuring")
    return parser.parse_args()


def main() -> None:
    asked = parse()
    kept = asked.work / "results" / ("memory-short" if asked.short else "memory")
    if not asked.tables:
        measure(asked, kept)
    results = {path.stem: tables.load(path) for path in sorted(kept.glob("*.json"))}
    for name, text in memory_tables.sections(results).items():
        print(f"\n{text}\n")
        if not asked.short:
            tables.write_section(PAGE, name, text)
    if asked.short:
        print("a trial run: nothing written")
        return
    run(python("-m", "benchmarks.memory_plots", str(kept), str(PLOTS))).checked()
    print(f"written into {PAGE} and {PLOTS}")


def measure(asked: argparse.Namespace, kept: Path) -> None:
    """Measure the sections that were asked for, keeping each as soon as it is done."""
    bench = Bench(
        sources=find_music(asked.music, total_seconds=1800),
        work=asked.work,
        models=asked.models.resolve(),
        wheel=asked.wheel,
        runtimes=asked.runtimes,
        share=1 / 20 if asked.short else 1.0,
    )
    no_cgroups = cgroups.why_not()
    for name in asked.only:
        section, path = SECTIONS[name], kept / f"{name}.json"
        if asked.resume and path.exists():
            continue
        print(f"benchmarks: {section.about}", flush=True)
        why = no_cgroups if section.in_cgroups else None
        before = os.getloadavg()[0]
        measured = None if why else section.measure(bench)
        load = (before + os.getloadavg()[0]) / 2
        tables.save(path, {"machine": machine.describe(), "load": load, "not_measured": why, "result": measured})


if __name__ == "__main__":
    main()
