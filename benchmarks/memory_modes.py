"""The guide's claims, measured: its inventories, its file and speed tables, and what each setting buys.

Standard is ``MEMORY_OPTIMIZATION_ENABLED=false`` (whole files, 44.1 kHz, float32), optimized the default; the capped
array (``MEMORY_STREAMING_ENABLED=false``) is the guide's own way. Both run in our program, so that the difference is
the memory optimization and nothing else; the textbook and the guide's loader read literally are there for their totals.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from benchmarks import product
from benchmarks.cgroups import why_not
from benchmarks.children import ChildFailed, python, run
from benchmarks.contest import ESSENTIA_HOP, Contender, peers
from benchmarks.memory_limits import Bench
from benchmarks.music import Request
from benchmarks.published import PublishedGraphs

STANDARD = {"MEMORY_OPTIMIZATION_ENABLED": "false"}
CAPPED = {"MEMORY_STREAMING_ENABLED": "false"}
MODES: dict[str, dict[str, str]] = {"standard": STANDARD, "capped array": CAPPED, "streaming": {}}

#: The guide's files, and one for each class of its speed table (below 50 MB, above 100, above 200).
FILES = {
    "10 MB MP3": Request(".mp3", megabytes=10),
    "50 MB MP3": Request(".mp3", megabytes=50),
    "100 MB FLAC": Request(".flac", megabytes=100),
    "200 MB WAV": Request(".wav", megabytes=200),
    "150 MB FLAC": Request(".flac", megabytes=150),
    "400 MB WAV": Request(".wav", megabytes=400),
}
#: Of those whose speed the guide speaks about; the capped array, and the others, are measured once.
ROUNDS = 3
TIMED_FILES = ("10 MB MP3", "150 MB FLAC", "200 MB WAV", "400 MB WAV")

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
WALL_FILES = ("10 MB MP3", "150 MB FLAC", "400 MB WAV")
#: Of these files, the ones that other programs are run on, and the ones for which memory is made short.
PEER_FILES = ("10 MB MP3", "200 MB WAV")
PRESSURE_FILES = ("50 MB MP3", "100 MB FLAC", "200 MB WAV", "400 MB WAV")
PRESSURE_LIMITS_MIB = (512, 1024)
#: In which page cache counts, but binds nobody.
AMPLE_LIMIT_MIB = 4096


def inventories(files: Sequence[Path], models: Path, graphs: PublishedGraphs) -> dict[str, Any]:
    """The guide's four items, standard and optimized, on essentia's runtime, and peers' peaks on the same files."""
    common = {"MODELS_DIR": str(models), "MUSICNN_RUNTIME": "essentia"}
    found: dict[str, Any] = {}
    for mode, changes in (("standard", STANDARD), ("optimized", {})):
        command = python("-m", "benchmarks.probes.inventory", *map(str, files))
        found[mode] = json.loads(run(command, environment={**common, **changes}).checked().output)
    for peer in _peers(graphs):
        found[peer.key] = run([*peer.command, *map(str, files)]).checked().figures()
    return found


def files(bench: Bench) -> list[dict[str, Any]]:
    """Every file of `FILES` in every mode; standard against streaming `ROUNDS` times in turn where time is compared."""
    rows = []
    for name, path in _files(bench).items():
        for number in range(ROUNDS if name in TIMED_FILES else 1):
            for mode in MODES if number == 0 else ("standard", "streaming"):
                outcome = product.analyze([path], {**bench.settings("auto"), **MODES[mode]})
                rows.append({"file": name, "mode": mode, "round": number, **_figures(outcome)})
        print(f"  {name}", flush=True)
    return rows


def wall(bench: Bench) -> list[dict[str, Any]]:
    """`WALL_FILES` with the optimization off and on in turn, for the time on the clock."""
    rows = []
    for name, path in _files(bench, WALL_FILES).items():
        for number in range(ROUNDS):
            for mode in ("standard", "streaming"):
                outcome = product.analyze([path], {**bench.settings("auto"), **MODES[mode]})
                rows.append({"file": name, "mode": mode, "round": number, **_figures(outcome)})
        print(f"  {name}", flush=True)
    return rows


def peers_on_files(bench: Bench, graphs: PublishedGraphs) -> list[dict[str, Any]]:
    """`PEER_FILES` by other means, once."""
    rows = []
    for name, path in _files(bench, PEER_FILES).items():
        for peer in _peers(graphs):
            ended = run([*peer.command, str(path)], environment=peer.environment).checked()
            rows.append({"file": name, "mode": peer.title, "round": 0, **ended.figures()})
        print(f"  {name}", flush=True)
    return rows


def pressure(bench: Bench) -> list[dict[str, Any]]:
    """Both ways in limits that a NAS gives a container."""
    rows = []
    for name, path in _files(bench, PRESSURE_FILES).items():
        for limit_mib in PRESSURE_LIMITS_MIB:
            for mode in ("standard", "streaming"):
                outcome = product.analyze([path], {**bench.settings("auto"), **MODES[mode]}, limit_mib)
                row = {"file": name, "limit_mib": limit_mib, "mode": mode, "whole": outcome.is_whole([path])}
                rows.append({**row, **outcome.figures()})
        print(f"  {name}", flush=True)
    return rows


def settings(bench: Bench) -> list[dict[str, Any]]:
    """The 200 MB WAV with one setting at a time away from its default."""
    path = _files(bench, ["200 MB WAV"])["200 MB WAV"]
    limit = None if why_not() else AMPLE_LIMIT_MIB
    rows = []
    for name, changes in SETTINGS.items():
        environment = {**bench.settings("essentia"), **changes}
        rows.append({"setting": name, **_figures(product.analyze([path], environment, limit))})
        print(f"  {name}", flush=True)
    return rows


def _files(bench: Bench, names: Collection[str] = tuple(FILES)) -> dict[str, Path]:
    wanted = [Request(FILES[name].suffix, megabytes=(FILES[name].megabytes or 0) * bench.share) for name in names]
    return dict(zip(names, bench.music(wanted), strict=True))


def _peers(graphs: PublishedGraphs) -> list[Contender]:
    """The textbook and the guide's loader read literally, at essentia's own hop."""
    return [peer for peer in peers(graphs) if peer.key in (f"textbook-{ESSENTIA_HOP}", f"guide-{ESSENTIA_HOP}")]


def _figures(outcome: product.Outcome) -> dict[str, Any]:
    (analysis,) = outcome.analyses
    if analysis["memory"] is None:
        raise ChildFailed(f"{analysis['path']} was not analyzed: {analysis['reason']}, {analysis['detail']}")
    audio = analysis["audio"]
    return {
        **outcome.figures(),
        "retained_bytes": outcome.retained_bytes,
        "audio_seconds": audio["duration_seconds"],
        "analyzed_seconds": audio["analyzed_seconds"],
        "truncated": audio["truncated"],
        "timings": analysis["timings"],
    }
