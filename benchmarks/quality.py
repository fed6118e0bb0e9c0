"""``make bench-quality MUSIC=…``: every number against its truth, and the optimized against the full analysis.

``python -m benchmarks.quality --music DIR`` measures, prints the tables, and writes docs/appendix/quality.md. What it
measured lies in build/bench/results; ``--tables`` makes the page from that alone. It ends with 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks import (
    machine,
    quality_determinism,
    quality_drift,
    quality_files,
    quality_key_changes,
    quality_keys,
    quality_rhythm,
    quality_tables,
    tables,
)
from benchmarks.quality_tracks import longest_tracks
from playlista.config import Settings
from playlista.system.environment import prepare_environment

PAGE = Path("docs/appendix/quality.md")
PICTURE = Path("docs/appendix/quality/confidence.png")
DETERMINISM_TRACKS = 8


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--music", type=Path, default=Path("../shared/audio"))
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--work", type=Path, default=Path("build/bench"))
    parser.add_argument("--wheel", type=Path, help="the musicnn wheel, where pip cannot fetch it")
    parser.add_argument("--most", type=int, default=40, help="tracks for the drift, the longest ones")
    parser.add_argument("--files", type=Path, action="append", help="more folders for the table of files")
    parser.add_argument("--tempo", type=Path, default=Path("../shared/tempo"), help="folder of the table of keys")
    parser.add_argument("--material", type=Path, default=Path("build/bench/tempo-material"), help="by tempo_material")
    parser.add_argument("--only", choices=tuple(ALONE), help="measure this section anew, keep the rest")
    parser.add_argument("--tables", action="store_true", help="from the last results, without measuring")
    return parser.parse_args()


def main() -> None:
    asked = parse()
    kept = asked.work / "results" / "quality.json"
    if asked.only:
        before = tables.load(kept) if kept.exists() else {}
        tables.save(kept, before | {asked.only: ALONE[asked.only](asked)})
    elif not asked.tables:
        tables.save(kept, measure(asked))
    results = tables.load(kept)
    for name, text in quality_tables.sections(results).items():
        print(f"\n{text}\n")
        tables.write_section(PAGE, name, text)
    if results.get("confidence", {}).get("rows"):
        from benchmarks import quality_confidence_plot  # matplotlib, which nothing that measures should load

        quality_confidence_plot.draw(results["confidence"], PICTURE)
    print(f"written into {PAGE}")
    if missed := quality_tables.failures(results):
        sys.exit(f"benchmarks: missed: {'; '.join(missed)}")


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    tracks = longest_tracks(asked.music, asked.models, asked.most)
    print(f"benchmarks: {len(tracks)} tracks for the drift", flush=True)
    drift = quality_drift.measure(tracks, asked.models)
    print("benchmarks: determinism", flush=True)
    steady = list(quality_determinism.rows(tracks[:DETERMINISM_TRACKS], asked.models))
    _prepare()
    from benchmarks import quality_conformance  # native libraries come in only now, after the environment

    conformance = quality_conformance.measure(asked.music, tracks, asked.models, asked.work, asked.wheel)
    conformance["sections"]["Determinism"] = [asdict(row) for row in steady]
    alone = {name: section(asked) for name, section in ALONE.items()}
    return {"machine": machine.describe(), "conformance": conformance, "drift": drift, **alone}


@cache
def _prepare() -> None:
    prepare_environment(Settings().native_environment(), threads=1)


def _keys(asked: argparse.Namespace) -> list[quality_keys.Row]:
    """Keys of recordings, and of what has none."""
    _prepare()
    from benchmarks import quality_keys_heard

    return quality_keys_heard.measure(asked.music, asked.tempo, asked.work / "speech")


def _key_changes(asked: argparse.Namespace) -> list[quality_key_changes.Row]:
    """Changes of key in medleys."""
    _prepare()
    from benchmarks import quality_key_changes_heard

    return quality_key_changes_heard.measure(asked.tempo)


def _rhythm(asked: argparse.Namespace) -> list[quality_rhythm.Row]:
    """Tempo and beats of recordings that nothing here is known of but those."""
    _prepare()
    from benchmarks import quality_rhythm_heard

    return quality_rhythm_heard.measure(asked.tempo)


def _confidence(asked: argparse.Namespace) -> dict[str, Any]:
    """How often the tempo is right at each confidence, and the cost of rhythm."""
    _prepare()
    from benchmarks import quality_confidence_heard

    return quality_confidence_heard.measure((asked.tempo, asked.material), asked.music)


def _mood(asked: argparse.Namespace) -> dict[str, Any]:
    """Energy, voice and moods of recordings that are known by ear."""
    _prepare()
    from benchmarks import quality_mood_heard

    return quality_mood_heard.measure(asked.music, asked.models)


def _files(asked: argparse.Namespace) -> list[quality_files.Row]:
    """Length, loudness, rate, layout and status of every file of the folders and of those that are made."""
    folders = [asked.music, *(asked.files or [Path("../shared/field/files")])]
    return quality_files.measure(folders, asked.work / "files")


#: Sections that can be measured by themselves.
ALONE: dict[str, Callable[[argparse.Namespace], Any]] = {
    "rhythm": _rhythm,
    "confidence": _confidence,
    "keys": _keys,
    "key-changes": _key_changes,
    "mood": _mood,
    "files": _files,
}


if __name__ == "__main__":
    main()
