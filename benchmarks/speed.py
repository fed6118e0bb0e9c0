"""``make bench MUSIC=…``: what the job costs us and others, side by side; whether it stays so with length and number;
and what the program costs apart from analysis.

``python -m benchmarks.speed --music DIR`` measures section by section, prints the tables, and writes them with plots
into docs/appendix. Each section is kept in build/bench/results/speed as soon as it is done: ``--only NAME …``
measures those anew, ``--tables`` makes the page from what is there.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import idle, machine, speed_tables, tables
from benchmarks.children import python, run
from benchmarks.contest import RUNTIMES, contest, floors, ours, peers, warm_up, write_patches
from benchmarks.music import Source, find_music
from benchmarks.published import published_graphs
from benchmarks.scaling import by_count, by_cpus, by_duration, start_up

DURATIONS = (180, 600, 1800, 3600, 3 * 3600, 10 * 3600)
COUNTS = (10, 100, 1000, 10_000)
PAGE = Path("docs/appendix/benchmarks.md")
PLOTS = Path("docs/appendix/benchmarks")
#: What long files and large libraries are measured with: every machine has it.
SCALING_RUNTIME = "numpy"


def main() -> None:
    asked = parse()
    kept = asked.work / "results" / "speed"
    for name in [] if asked.tables else asked.only:
        print(f"benchmarks: {name}", flush=True)
        tables.save(kept / f"{name}.json", SECTIONS[name](asked, _sources(asked)))
    results = {path.stem: tables.load(path) for path in sorted(kept.glob("*.json"))}
    for name, text in speed_tables.sections(results).items():
        print(f"\n{text}\n")
        tables.write_section(PAGE, name, text)
    run(python("-m", "benchmarks.plots", str(kept), str(PLOTS))).checked()
    print(f"written into {PAGE} and {PLOTS}")


def side_by_side(asked: argparse.Namespace, sources: list[Source]) -> dict[str, Any]:
    """All contenders on the same files."""
    total = sum(source.seconds for source in sources)
    print(f"benchmarks: {len(sources)} files, {total / 60:.1f} minutes, {asked.rounds} rounds", flush=True)
    return {
        "machine": machine.describe(),
        "files": [Path(source.path).name for source in sources],
        "audio_seconds": total,
        **_contest(asked, sources),
    }


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


def from_short_to_long(asked: argparse.Namespace, sources: list[Source]) -> dict[str, Any]:
    """One file of each length."""
    return {
        "runtime": SCALING_RUNTIME,
        "start_up_seconds": start_up(SCALING_RUNTIME, asked.models),
        "rows": by_duration(sources, asked.work / "music", asked.durations, SCALING_RUNTIME, asked.models),
    }


def on_one_cpu_and_two(asked: argparse.Namespace, sources: list[Source]) -> list[dict[str, Any]]:
    """What decoding in another thread saves."""
    runtimes = [runtime for runtime in asked.runtimes if runtime != "tensorflow"]  # whose start outlasts the music
    return [row for runtime in runtimes for row in by_cpus(sources, runtime, asked.models, asked.rounds)]


def from_few_to_many(asked: argparse.Namespace, sources: list[Source]) -> list[dict[str, Any]]:
    """Libraries of each size."""
    return by_count(sources, asked.work / "music", asked.counts, SCALING_RUNTIME, asked.models)


def beside_analysis(asked: argparse.Namespace, _sources: list[Source]) -> list[dict[str, Any]]:
    """Start-up, idleness, scans, large libraries."""
    return idle.measure(asked.models, asked.work)


SECTIONS: dict[str, Callable[[argparse.Namespace, list[Source]], Any]] = {
    "contest": side_by_side,
    "cpus": on_one_cpu_and_two,
    "durations": from_short_to_long,
    "counts": from_few_to_many,
    "idle": beside_analysis,
}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--music", type=Path, default=Path("../shared/audio"))
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--work", type=Path, default=Path("build/bench"))
    parser.add_argument("--wheel", type=Path, help="the musicnn wheel, where pip cannot fetch it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=20.0, help="of music at most for the contest")
    parser.add_argument("--durations", type=float, nargs="+", default=DURATIONS, help="seconds of a single file")
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS, help="files in a library")
    parser.add_argument("--runtimes", nargs="+", default=RUNTIMES)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), help="sections to measure")
    parser.add_argument("--tables", action="store_true", help="from the last results, without measuring")
    return parser.parse_args()


def _sources(asked: argparse.Namespace) -> list[Source]:
    return find_music(asked.music, total_seconds=60 * asked.minutes)


if __name__ == "__main__":
    main()
