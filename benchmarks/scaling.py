"""Whether the cost of an hour of audio stays what it is: from 3 minutes to 10 hours, and from 10 tracks to thousands.

Input: real music. Output: rows of figures. The same rows tell the memory against the duration.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.children import python, run
from benchmarks.contest import ours
from benchmarks.music import Request, Source, make_music

EXCERPT_SECONDS = 5.0


def by_duration(
    sources: Sequence[Source], folder: Path, seconds: Sequence[float], runtime: str, models: Path
) -> list[dict[str, Any]]:
    """One FLAC of each duration through the product."""
    files = make_music(sources, folder, [Request(".flac", seconds=wanted) for wanted in seconds])
    contender = ours(runtime, models)
    rows = []
    for wanted, path in zip(seconds, files, strict=True):
        ended = run([*contender.command, str(path)], environment=contender.environment).checked()
        analysis = json.loads(ended.output)
        rows.append(
            {
                "seconds": wanted,
                **ended.figures(),
                "analyzed_seconds": analysis["audio"]["analyzed_seconds"],
                "truncated": analysis["audio"]["truncated"],
                "retained_bytes": analysis["memory"]["retained_bytes"],
                "timings": analysis["timings"],
            }
        )
        print(f"  {wanted / 3600:6.2f} h: {ended.cpu_seconds:8.2f} CPU s, {ended.peak_rss_bytes >> 20} MiB", flush=True)
    return rows


def by_cpus(sources: Sequence[Source], runtime: str, models: Path, rounds: int) -> list[dict[str, Any]]:
    """The music on one CPU and on two, in turns: on two, the next chunk is decoded during the analysis."""
    contender, rows = ours(runtime, models), []
    command = [*contender.command, *(source.path for source in sources)]
    available = sorted(os.sched_getaffinity(0))
    for _ in range(rounds):
        for cpus in (available[:1], available[:2]):
            ended = run(confined(command, cpus), environment=contender.environment).checked()
            rows.append({"runtime": runtime, "cpus": len(cpus), **ended.figures()})
            print(
                f"  {runtime} on {len(cpus)}: {ended.cpu_seconds:6.2f} CPU s, {ended.wall_seconds:6.2f} s", flush=True
            )
    return rows


def confined(command: Sequence[str], cpus: Sequence[int]) -> list[str]:
    """`command`, to be run on these CPUs alone."""
    confine = "import os, sys; os.sched_setaffinity(0, {}); os.execv(sys.argv[1], sys.argv[1:])"
    return python("-c", confine.format(set(cpus)), *command)


def start_up(runtime: str, models: Path) -> float:
    """CPU seconds of the product on an empty folder."""
    contender = ours(runtime, models)
    with tempfile.TemporaryDirectory() as nothing:
        return run([*contender.command, nothing], environment=contender.environment).checked().cpu_seconds


def by_count(
    sources: Sequence[Source], folder: Path, counts: Sequence[int], runtime: str, models: Path
) -> list[dict[str, Any]]:
    """Folders of 5-second excerpts, no two alike, through scan, queue, analysis and database (``run --once``).

    The result of one track is reused for another with the same samples, so every excerpt begins elsewhere. The first
    row is a library of one track: what the daemon costs before it has done anything twice.
    """
    most = max(counts)
    step = sum(source.seconds for source in sources) / most
    requests = [Request(".flac", EXCERPT_SECONDS, skip_seconds=round(number * step, 6)) for number in range(most)]
    excerpts = make_music(sources, folder / "excerpts", requests)
    rows = []
    for count in (1, *counts):
        chosen = excerpts[:: most // count][:count]
        figures = _library(chosen, runtime, models)
        rows.append({"count": count, "seconds": count * EXCERPT_SECONDS, **figures})
        print(f"  {count:6} tracks: {figures['cpu_seconds']:8.2f} CPU s", flush=True)
    return rows


def _library(files: Sequence[Path], runtime: str, models: Path) -> dict[str, Any]:
    with filled_folder(files) as (music, data):
        command = python("-m", "playlista", "run", "--once", "--music", str(music), "--data", str(data))
        ended = run(command, environment=quiet_daemon(runtime, models)).checked()
        status = run(python("-m", "playlista", "status", "--json", "--data", str(data))).checked()
        return {**ended.figures(), "status": json.loads(status.output)}


def quiet_daemon(runtime: str, models: Path) -> dict[str, str]:
    """The settings of a daemon that analyzes what is there and says nothing."""
    return {
        "MUSICNN_RUNTIME": runtime,
        "MODELS_DIR": str(models.resolve()),
        "LISTEN_ADDRESS": "127.0.0.1:0",
        "WATCH_SETTLE_SECONDS": "0",
        "LOG_LEVEL": "error",
    }


@contextmanager
def filled_folder(files: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """A music folder with `files` and an empty data folder, for the length of a block."""
    with tempfile.TemporaryDirectory(dir=files[0].parent) as place:  # in the same folder, where a hard link will do
        music, data = Path(place) / "music", Path(place) / "data"
        music.mkdir()
        for path in files:
            _link(path, music / path.name)
        yield music, data


def _link(path: Path, name: Path) -> None:
    """A second name for the file where the file system can, else a copy."""
    try:
        os.link(path, name)
    except OSError:
        shutil.copyfile(path, name)
