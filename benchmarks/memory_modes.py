"""The guide's claims, measured: its inventories, its file and speed tables, and what each setting buys.

Standard is ``MEMORY_OPTIMIZATION_ENABLED=false`` (whole files, 44.1 kHz, float32), optimized the default; the capped
array (``MEMORY_STREAMING_ENABLED=false``) is the guide's own way. Both run in our program, so that the difference is
the memory optimization and nothing else; the textbook and the guide's loader read literally are there for their totals.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import product
from benchmarks.cgroups import why_not
from benchmarks.children import python, run
from benchmarks.contest import peers
from benchmarks.music import Request, Source, make_music
from benchmarks.published import PublishedGraphs

STANDARD = {"MEMORY_OPTIMIZATION_ENABLED": "false"}
CAPPED = {"MEMORY_STREAMING_ENABLED": "false"}
MODES: dict[str, dict[str, str]] = {"standard": STANDARD, "capped array": CAPPED, "streaming": {}}

#: The guide's files, then one for each class of its speed table (below 50 MB, above 100, above 200).
FILES = {
    "50 MB MP3": Request(".mp3", megabytes=50),
    "100 MB FLAC": Request(".flac", megabytes=100),
    "200 MB WAV": Request(".wav", megabytes=200),
    "10 MB MP3": Request(".mp3", megabytes=10),
    "150 MB FLAC": Request(".flac", megabytes=150),
    "400 MB WAV": Request(".wav", megabytes=400),
}
ROUNDS = 3

#: Each setting away from its default, and what is put in its place.
SETTINGS: dict[str, dict[str, str]] = {
    "as delivered": {},
    "MEMORY_OPTIMIZATION_ENABLED=false": STANDARD,
    "MEMORY_STREAMING_ENABLED=false": CAPPED,
    "MEMORY_STREAMING_ENABLED=false, MEMORY_OPTIMIZED_MAX_MB_PER_TRACK=10": {
        **CAPPED,
        "MEMORY_OPTIMIZED_MAX_MB_PER_TRACK": "10",
    },
    "MEMORY_STREAMING_ENABLED=false, MEMORY_OPTIMIZED_MEMORY_LIMIT_PERCENT=0.5": {
        **CAPPED,
        "MEMORY_OPTIMIZED_MEMORY_LIMIT_PERCENT": "0.5",
    },
    "MEMORY_STREAMING_ENABLED=false, MEMORY_USE_FLOAT16=false": {**CAPPED, "MEMORY_USE_FLOAT16": "false"},
    "MEMORY_STREAMING_ENABLED=false, MEMORY_REDUCE_SAMPLE_RATE=false": {**CAPPED, "MEMORY_REDUCE_SAMPLE_RATE": "false"},
    "MEMORY_REDUCE_SAMPLE_RATE=false": {"MEMORY_REDUCE_SAMPLE_RATE": "false"},
    "MEMORY_USE_FLOAT16=false": {"MEMORY_USE_FLOAT16": "false"},
    "MEMORY_OPTIMIZED_BIT_DEPTH=32": {"MEMORY_OPTIMIZED_BIT_DEPTH": "32"},
    "MEMORY_OPTIMIZED_CHUNK_DURATION_SECONDS=30": {"MEMORY_OPTIMIZED_CHUNK_DURATION_SECONDS": "30"},
    "MEMORY_OPTIMIZED_CHUNK_DURATION_SECONDS=1": {"MEMORY_OPTIMIZED_CHUNK_DURATION_SECONDS": "1"},
    "MEMORY_MAPPING_ENABLED=false": {"MEMORY_MAPPING_ENABLED": "false"},
    "MEMORY_FORCE_CLEANUP=false": {"MEMORY_FORCE_CLEANUP": "false"},
    "MUSICNN_BATCH_SIZE=64": {"MUSICNN_BATCH_SIZE": "64"},
}
#: In which page cache counts, but binds nobody.
AMPLE_LIMIT_MIB = 4096


def inventories(files: Sequence[Path], models: Path, graphs: PublishedGraphs) -> dict[str, Any]:
    """The guide's four items, standard and optimized, on essentia's runtime, and peers' peaks on the same files."""
    common = {"MODELS_DIR": str(models), "MUSICNN_RUNTIME": "essentia"}
    found: dict[str, Any] = {}
    for mode, changes in (("standard", STANDARD), ("optimized", {})):
        command = python("-m", "benchmarks.probes.inventory", *map(str, files))
        found[mode] = json.loads(run(command, environment={**common, **changes}).checked().output)
    for peer in peers(graphs):
        if peer.key in ("textbook-93", "guide-93"):
            found[peer.key] = run([*peer.command, *map(str, files)]).checked().figures()
    return found


def files(sources: Sequence[Source], folder: Path, models: Path, share: float) -> list[dict[str, Any]]:
    """Every file of `FILES` in every mode, in turn, `ROUNDS` times."""
    wanted = [Request(request.suffix, megabytes=(request.megabytes or 0) * share) for request in FILES.values()]
    paths = make_music(sources, folder, wanted)
    rows = []
    for name, path in zip(FILES, paths, strict=True):
        for number in range(ROUNDS):
            for mode, changes in MODES.items():
                outcome = product.analyze([path], {"MODELS_DIR": str(models), **changes})
                rows.append({"file": name, "mode": mode, "round": number, **_figures(outcome)})
        print(f"  {name}", flush=True)
    return rows


def settings(sources: Sequence[Source], folder: Path, models: Path, share: float) -> list[dict[str, Any]]:
    """The 200 MB WAV with one setting at a time away from its default."""
    (path,) = make_music(sources, folder, [Request(".wav", megabytes=200 * share)])
    limit = None if why_not() else AMPLE_LIMIT_MIB
    rows = []
    for name, changes in SETTINGS.items():
        environment = {"MODELS_DIR": str(models), "MUSICNN_RUNTIME": "essentia", **changes}
        rows.append({"setting": name, **_figures(product.analyze([path], environment, limit))})
        print(f"  {name}", flush=True)
    return rows


def _figures(outcome: product.Outcome) -> dict[str, Any]:
    (analysis,) = outcome.analyses
    return {
        **outcome.run.figures(),
        "retained_bytes": outcome.retained_bytes,
        "cgroup_peak_bytes": outcome.cgroup_peak_bytes,
        "audio_seconds": analysis["audio"]["duration_seconds"],
        "analyzed_seconds": analysis["audio"]["analyzed_seconds"],
        "truncated": analysis["audio"]["truncated"],
        "total_seconds": analysis["timings"]["total_seconds"],
    }
