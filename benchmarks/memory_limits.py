"""In how little memory the product does its whole job, and what it does not lose from track to track.

All but ``growth`` in real cgroups, without swap, with the pages of its libraries and of its music charged to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import product
from benchmarks.cgroups import MIB, memory_cgroup
from benchmarks.children import python, run
from benchmarks.music import Request, Source, make_music

STEP_MIB = 4
LOW_MIB, HIGH_MIB = 32, 1024
CHOICE_LIMITS_MIB = (192, 256, 512, 1024, 4096)
HOUR_LIMIT_MIB = 192
#: A limit in which the pages of the code itself are read again and again is too small, though nothing is killed.
SLOWEST = 3.0
GROWTH_TRACKS, SETTLED_AFTER = 500, 50
#: Formats and lengths of the tracks that are analyzed one after another in one process.
GROWTH_SUFFIXES = (".flac", ".ogg", ".wav", ".mp3")
GROWTH_SECONDS = (10.0, 25.0, 40.0)


@dataclass(frozen=True, slots=True)
class Bench:
    """What all sections need.

    share : of every length and number; 1 but in a trial run.
    """

    sources: Sequence[Source]
    work: Path
    models: Path
    wheel: Path | None
    runtimes: Sequence[str]
    share: float

    @property
    def folder(self) -> Path:
        """Of the files that were made."""
        return self.work / "music"

    def music(self, wanted: Sequence[Request]) -> list[Path]:
        """Files of real music."""
        return make_music(self.sources, self.folder, wanted)

    def hours(self) -> list[Path]:
        """An hour as FLAC, WAV and MP3."""
        return self.music([Request(suffix, seconds=3600 * self.share) for suffix in (".flac", ".wav", ".mp3")])

    def settings(self, runtime: str) -> dict[str, str]:
        """Of a run with `runtime`."""
        return {"MODELS_DIR": str(self.models), "MUSICNN_RUNTIME": runtime}


def hours(bench: Bench) -> list[dict[str, Any]]:
    """An hour of each format in a process and a cgroup of its own, with every default and with essentia's runtime."""
    rows = []
    for runtime in ("auto", "essentia"):
        for path in bench.hours():
            outcome = product.analyze([path], bench.settings(runtime), HOUR_LIMIT_MIB)
            row = {"format": path.suffix[1:], "runtime": runtime, "limit_mib": HOUR_LIMIT_MIB}
            rows.append({**row, "whole": outcome.is_whole([path]), **outcome.figures()})
            print(f"  {path.suffix} {runtime}: {'whole' if rows[-1]['whole'] else 'NOT WHOLE'}", flush=True)
    return rows


def limits(bench: Bench) -> list[dict[str, Any]]:
    """The smallest limit of each runtime."""
    rows = []
    for runtime in bench.runtimes:
        print(f"  {runtime}", flush=True)
        rows.append(smallest(bench, runtime))
    return rows


def smallest(bench: Bench, runtime: str) -> dict[str, Any]:
    """The smallest limit in which ten minutes of every format are analyzed whole, and not at a crawl: bisected on one
    file, shown on all."""
    wanted = [Request(suffix, seconds=600 * bench.share) for suffix in (".flac", ".wav", ".mp3")]
    trials = [Trial(path, bench.settings(runtime)) for path in bench.music(wanted)]
    low, high = LOW_MIB, HIGH_MIB
    while high - low > STEP_MIB:
        middle = (low + high) // 2 // STEP_MIB * STEP_MIB
        low, high = (low, middle) if trials[0].passes(middle) else (middle, high)
    while high <= HIGH_MIB:
        if all(trial.passes(high) for trial in trials):
            slowest = max(trial.slowdown for trial in trials)
            peak = max(trial.peak_rss_bytes for trial in trials)
            return {"runtime": runtime, "limit_mib": high, "slowest": slowest, "peak_rss_bytes": peak}
        high += STEP_MIB
    return {"runtime": runtime, "limit_mib": None}


class Trial:
    """One file in one limit after another; `slowdown` and `peak_rss_bytes` are of the last.

    Time is CPU time: a process at a crawl spends it on faults, and the machine's other work does not count.
    """

    def __init__(self, path: Path, settings: Mapping[str, str]) -> None:
        self._path, self._settings = path, settings
        ample = product.analyze([path], settings, HIGH_MIB).run
        self._cpu_seconds, self._timeout_seconds = ample.cpu_seconds, 2 * SLOWEST * ample.wall_seconds
        self.slowdown = self.peak_rss_bytes = 0.0

    def passes(self, limit_mib: int) -> bool:
        """Whether the file is analyzed whole in `limit_mib`, and not at a crawl."""
        found = product.analyze([self._path], self._settings, limit_mib, timeout_seconds=self._timeout_seconds)
        self.slowdown, self.peak_rss_bytes = found.run.cpu_seconds / self._cpu_seconds, found.run.peak_rss_bytes
        whole = found.is_whole([self._path]) and self.slowdown < SLOWEST
        print(f"  {limit_mib} MiB: {'whole' if whole else 'no'}, {found.run.cpu_seconds:.1f} CPU s", flush=True)
        return whole


def choices(bench: Bench) -> list[dict[str, Any]]:
    """What ``auto`` takes in each limit, why, and that it holds."""
    rows = []
    files = bench.hours()[:1]
    for limit_mib in CHOICE_LIMITS_MIB:
        with memory_cgroup(limit_mib * MIB) as cgroup:
            command = python("-m", "benchmarks.probes.choice")
            asked = run(command, environment=bench.settings("auto"), cgroup=cgroup).checked()
        outcome = product.analyze(files, bench.settings("auto"), limit_mib)
        row = {"limit_mib": limit_mib, **json.loads(asked.output), "whole": outcome.is_whole(files)}
        rows.append({**row, **outcome.figures()})
        print(f"  {limit_mib} MiB: {row['runtime']}", flush=True)
    return rows


def growth(bench: Bench) -> dict[str, Any]:
    """Peak RSS after each of many tracks in one process, essentia's runtime; formats and lengths take turns."""
    count = round(GROWTH_TRACKS * bench.share)
    step = sum(source.seconds for source in bench.sources) / count
    wanted = [
        Request(
            GROWTH_SUFFIXES[number % len(GROWTH_SUFFIXES)],
            seconds=GROWTH_SECONDS[number % len(GROWTH_SECONDS)],
            skip_seconds=round(number * step, 6),
        )
        for number in range(count)
    ]
    files = make_music(bench.sources, bench.folder / "tracks", wanted)
    outcome = product.analyze(files, bench.settings("essentia"))
    peaks = [analysis["memory"]["peak_rss_bytes"] for analysis in outcome.analyses]
    seconds = sum(analysis["audio"]["analyzed_seconds"] for analysis in outcome.analyses)
    settled = min(SETTLED_AFTER, len(peaks) // 2)
    return {"settled_after": settled, "peaks": peaks, "audio_seconds": seconds, **outcome.figures()}
