"""``make bench-memory``: the guide's tables measured, and the limits in which the product lives.

``python -m benchmarks.memory --music DIR`` measures, prints the tables, and writes them with plots into
docs/benchmarks.md. What it measured lies in build/bench/results; ``--tables`` makes the page from that alone;
``--short`` divides every length by twenty, to try it out.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmarks import cgroups, machine, memory_limits, memory_modes, memory_tables, tables
from benchmarks.children import python, run
from benchmarks.contest import RUNTIMES
from benchmarks.music import Request, Source, find_music, make_music
from benchmarks.published import published_graphs
from benchmarks.scaling import by_duration
from benchmarks.speed import DURATIONS, PAGE, PLOTS

DURATION_RUNTIMES = ("numpy", "essentia")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--music", type=Path, default=Path("../shared/audio"))
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--work", type=Path, default=Path("build/bench"))
    parser.add_argument("--wheel", type=Path, help="the musicnn wheel, where pip cannot fetch it")
    parser.add_argument("--runtimes", nargs="+", default=RUNTIMES)
    parser.add_argument("--short", action="store_true", help="try it out with lengths divided by twenty")
    parser.add_argument("--tables", action="store_true", help="from the last results, without measuring")
    return parser.parse_args()


def main() -> None:
    asked = parse()
    kept = asked.work / "results" / "memory.json"
    if not asked.tables:
        tables.save(kept, measure(asked))
    results = tables.load(kept)
    for name, text in memory_tables.sections(results).items():
        print(f"\n{text}\n")
        tables.write_section(PAGE, name, text)
    run(python("-m", "benchmarks.plots", "memory", str(kept), str(PLOTS))).checked()
    print(f"written into {PAGE} and {PLOTS}")


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    share = 1 / 20 if asked.short else 1.0
    sources, music, models = find_music(asked.music, total_seconds=1800), asked.work / "music", asked.models.resolve()
    results: dict[str, Any] = {"machine": machine.describe(), "no_cgroups": cgroups.why_not(), "share": share}
    _say("the guide's inventories")
    graphs = published_graphs(asked.work / "model", asked.wheel)
    results["inventory"] = memory_modes.inventories(_three_tracks(sources, music, share), models, graphs)
    _say("the guide's files")
    results["files"] = memory_modes.files(sources, music, models, share)
    _say("what each setting buys")
    results["settings"] = memory_modes.settings(sources, music, models, share)
    _say("from short to long")
    lengths = [seconds * share for seconds in DURATIONS]
    results["durations"] = [
        {"runtime": runtime, **row}
        for runtime in DURATION_RUNTIMES
        for row in by_duration(sources, music, lengths, runtime, models)
    ]
    _say("track after track")
    results["growth"] = memory_limits.growth(sources, music, models, round(500 * share))
    if results["no_cgroups"]:
        return {**results, "limits": [], "choices": [], "daemon": None}
    hours = _hours(sources, music, share)
    _say("smallest limits")
    results["limits"] = [memory_limits.smallest(runtime, hours, models) for runtime in asked.runtimes]
    _say("the automatic choice")
    results["choices"] = memory_limits.choices(hours[:1], models)
    _say("the daemon in 256 MiB")
    (long,) = make_music(sources, music, [Request(".flac", seconds=36000 * share)])
    results["daemon"] = memory_limits.daemon([*hours, long], models)
    return results


def _three_tracks(sources: list[Source], music: Path, share: float) -> list[Path]:
    """Of 5 minutes each, no two alike."""
    wanted = [Request(".flac", seconds=300 * share, skip_seconds=40.0 * number) for number in range(3)]
    return make_music(sources, music, wanted)


def _hours(sources: list[Source], music: Path, share: float) -> list[Path]:
    """An hour as FLAC, WAV and MP3."""
    return make_music(sources, music, [Request(suffix, seconds=3600 * share) for suffix in (".flac", ".wav", ".mp3")])


def _say(what: str) -> None:
    print(f"benchmarks: {what}", flush=True)


if __name__ == "__main__":
    main()
