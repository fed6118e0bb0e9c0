"""``make bench MUSIC=…``: what the job costs us and others, side by side, and whether it stays so with length and
number.

``python -m benchmarks.speed --music DIR`` measures, prints the tables, and writes them with a plot into
docs/benchmarks.md. What it measured lies in build/bench/results; ``--tables`` makes the page from that alone.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import machine, speed_tables, tables
from benchmarks.children import python, run
from benchmarks.contest import RUNTIMES, contest, floors, ours, peers, warm_up, write_patches
from benchmarks.music import Source, find_music
from benchmarks.published import published_graphs
from benchmarks.scaling import by_count, by_duration, start_up

DURATIONS = (180, 600, 1800, 3600, 3 * 3600, 10 * 3600)
COUNTS = (10, 100, 1000)
PAGE = Path("docs/benchmarks.md")
PLOTS = Path("docs/benchmarks")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--music", type=Path, default=Path("../shared/audio"))
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--work", type=Path, default=Path("build/bench"))
    parser.add_argument("--wheel", type=Path, help="the musicnn wheel, where pip cannot fetch it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=20.0, help="of music for the contest")
    parser.add_argument("--durations", type=float, nargs="*", default=DURATIONS, help="seconds of a single file")
    parser.add_argument("--counts", type=int, nargs="*", default=COUNTS, help="files in a library")
    parser.add_argument("--runtimes", nargs="+", default=RUNTIMES)
    parser.add_argument("--tables", action="store_true", help="from the last results, without measuring")
    return parser.parse_args()


def main() -> None:
    asked = parse()
    kept = asked.work / "results" / "speed.json"
    if not asked.tables:
        tables.save(kept, measure(asked))
    results = tables.load(kept)
    for name, text in speed_tables.sections(results).items():
        print(f"\n{text}\n")
        tables.write_section(PAGE, name, text)
    run(python("-m", "benchmarks.plots", "speed", str(kept), str(PLOTS))).checked()
    print(f"written into {PAGE} and {PLOTS}")


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    sources = find_music(asked.music, total_seconds=60 * asked.minutes)
    total = sum(source.seconds for source in sources)
    print(f"benchmarks: {len(sources)} files, {total / 60:.1f} minutes, {asked.rounds} rounds", flush=True)
    results: dict[str, Any] = {
        "machine": machine.describe(),
        "files": [Path(source.path).name for source in sources],
        "audio_seconds": total,
        **_contest(asked, sources),
    }
    music, fastest = asked.work / "music", speed_tables.fastest(results)
    print(f"benchmarks: from short to long, {fastest}", flush=True)
    results["start_up_seconds"] = start_up(fastest, asked.models)
    results["durations"] = by_duration(sources, music, asked.durations, fastest, asked.models)
    print(f"benchmarks: from few to many, {fastest}", flush=True)
    results["counts"] = by_count(sources, music, asked.counts, fastest, asked.models) if asked.counts else []
    return results


def _contest(asked: argparse.Namespace, sources: list[Source]) -> dict[str, Any]:
    graphs = published_graphs(asked.work / "model", asked.wheel)
    files = [source.path for source in sources]
    with tempfile.TemporaryDirectory() as place:
        nothing, patches = Path(place) / "nothing", Path(place) / "patches"
        nothing.mkdir()
        write_patches(patches, files)
        contenders = [ours(runtime, asked.models) for runtime in asked.runtimes]
        contenders += [*peers(graphs), *floors(asked.models, graphs, patches, asked.runtimes)]
        warm_up(contenders, min(sources, key=lambda source: source.seconds).path)
        figures = contest(contenders, files, str(nothing), asked.rounds)
        shutil.rmtree(patches)
    about = {
        contender.key: {"title": contender.title, "does": contender.does, "hop": contender.hop_frames}
        for contender in contenders
    }
    return {"contenders": about, "contest": figures}


if __name__ == "__main__":
    main()
