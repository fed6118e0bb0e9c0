"""In how little memory the product does its whole job, and what it does not lose from track to track.

All in real cgroups, without swap, with the pages of its libraries and of its music charged to it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import product
from benchmarks.cgroups import MIB, memory_cgroup
from benchmarks.children import python, run
from benchmarks.music import Request, Source, make_music
from benchmarks.scaling import EXCERPT_SECONDS, filled_folder

STEP_MIB = 4
LOW_MIB, HIGH_MIB = 32, 1024
CHOICE_LIMITS_MIB = (192, 256, 512, 1024, 4096)
DAEMON_LIMIT_MIB = 256


def smallest(runtime: str, files: Sequence[Path], models: Path) -> dict[str, Any]:
    """The smallest limit in which all `files` are analyzed whole in one process: bisected on one, shown on all."""
    settings = {"MODELS_DIR": str(models), "MUSICNN_RUNTIME": runtime}

    def passes(limit_mib: int, chosen: Sequence[Path]) -> product.Outcome | None:
        outcome = product.analyze(chosen, settings, limit_mib)
        return outcome if outcome.is_whole(chosen) else None

    low, high = LOW_MIB, HIGH_MIB
    while high - low > STEP_MIB:
        middle = (low + high) // 2 // STEP_MIB * STEP_MIB
        low, high = (low, middle) if passes(middle, files[:1]) else (middle, high)
    outcome = passes(high, files)
    while outcome is None and high < HIGH_MIB:
        high += STEP_MIB
        outcome = passes(high, files)
    print(f"  {runtime}: {high} MiB", flush=True)
    if outcome is None:
        return {"runtime": runtime, "limit_mib": None}
    return {"runtime": runtime, "limit_mib": high, **outcome.run.figures()}


def choices(files: Sequence[Path], models: Path) -> list[dict[str, Any]]:
    """What ``auto`` takes in each limit, why, and that it holds."""
    rows = []
    settings = {"MODELS_DIR": str(models), "MUSICNN_RUNTIME": "auto"}
    for limit_mib in CHOICE_LIMITS_MIB:
        with memory_cgroup(limit_mib * MIB) as cgroup:
            asked = run(python("-m", "benchmarks.probes.choice"), environment=settings, cgroup=cgroup).checked()
        outcome = product.analyze(files, settings, limit_mib)
        row = {"limit_mib": limit_mib, **json.loads(asked.output), "whole": outcome.is_whole(files)}
        rows.append({**row, **outcome.run.figures(), "cgroup_peak_bytes": outcome.cgroup_peak_bytes})
        print(f"  {limit_mib} MiB: {row['runtime']}", flush=True)
    return rows


def growth(sources: Sequence[Source], folder: Path, models: Path, count: int) -> dict[str, Any]:
    """Peak RSS after the 50th and after the last of `count` tracks in one process, essentia's runtime."""
    step = sum(source.seconds for source in sources) / count
    wanted = [Request(".flac", EXCERPT_SECONDS, skip_seconds=round(number * step, 6)) for number in range(count)]
    files = make_music(sources, folder / "excerpts", wanted)
    outcome = product.analyze(files, {"MODELS_DIR": str(models), "MUSICNN_RUNTIME": "essentia"})
    peaks = [analysis["memory"]["peak_rss_bytes"] for analysis in outcome.analyses]
    settled = min(49, len(peaks) // 2)
    return {"count": len(peaks), "settled_after": settled + 1, "settled": peaks[settled], "last": peaks[-1]}


def daemon(files: Sequence[Path], models: Path) -> dict[str, Any]:
    """The daemon over a folder with `files`, in 256 MiB."""
    with filled_folder(files) as (music, data):
        product.forget_cached(files)
        settings = {"MODELS_DIR": str(models), "LISTEN_ADDRESS": "127.0.0.1:0", "WATCH_SETTLE_SECONDS": "0"}
        command = python("-m", "playlista", "run", "--once", "--music", str(music), "--data", str(data))
        with memory_cgroup(DAEMON_LIMIT_MIB * MIB) as cgroup:
            ended = run(command, environment=settings, cgroup=cgroup)
            peak, kills = cgroup.peak_bytes(), cgroup.oom_kills()
        listed = run(python("-m", "playlista", "export", "--format", "jsonl", "--data", str(data))).checked()
    analyses = [json.loads(line) for line in listed.output.splitlines()]
    return {
        **ended.figures(),
        "limit_mib": DAEMON_LIMIT_MIB,
        "cgroup_peak_bytes": peak,
        "oom_kills": kills,
        "tracks": [
            {
                "hours": analysis["audio"]["analyzed_seconds"] / 3600,
                "format": analysis["audio"]["format"],
                "status": analysis["status"],
                "truncated": analysis["audio"]["truncated"],
                "tags": analysis["tags"] is not None,
            }
            for analysis in analyses
        ],
    }
