"""The daemon in a small cgroup over hours of music, and a file of 4 GB that is read without filling the page cache."""

from __future__ import annotations

import json
from typing import Any

from benchmarks import product
from benchmarks.cgroups import MIB, UsageTrail, memory_cgroup
from benchmarks.children import python, run
from benchmarks.memory_limits import Bench
from benchmarks.music import Request
from benchmarks.scaling import filled_folder

DAEMON_LIMIT_MIB = 256
#: In which page cache counts, but binds nobody.
AMPLE_LIMIT_MIB = 8192
BIG_MEGABYTES = 4000


def daemon(bench: Bench) -> dict[str, Any]:
    """``playlista run --once`` over an hour of each format and ten hours of FLAC, in 256 MiB."""
    files = [*bench.hours(), *bench.music([Request(".flac", seconds=36000 * bench.share)])]
    settings = {"MODELS_DIR": str(bench.models), "LISTEN_ADDRESS": "127.0.0.1:0", "WATCH_SETTLE_SECONDS": "0"}
    with filled_folder(files) as (music, data):
        product.forget_cached(files)
        command = python("-m", "playlista", "run", "--once", "--music", str(music), "--data", str(data))
        with memory_cgroup(DAEMON_LIMIT_MIB * MIB) as cgroup:
            ended = run(command, environment=settings, cgroup=cgroup)
            kernel = {"cgroup_peak_bytes": cgroup.peak_bytes(), "oom_kills": cgroup.oom_kills()}
        listed = run(python("-m", "playlista", "export", "--format", "jsonl", "--data", str(data))).checked()
    tracks = [_track(json.loads(line)) for line in listed.output.splitlines()]
    return {**ended.figures(), **kernel, "limit_mib": DAEMON_LIMIT_MIB, "tracks": tracks}


def mapping(bench: Bench) -> list[dict[str, Any]]:
    """A WAV of 4 GB, without tags, in a cgroup where page cache binds nobody, and a plain copy to compare with."""
    (path,) = bench.music([Request(".wav", megabytes=BIG_MEGABYTES * bench.share)])
    commands = {
        "analyzed, mapped": [*product.ANALYZE, str(path)],
        "`cat`, for comparison": ["sh", "-c", 'cat "$0" >/dev/null', str(path)],
    }
    rows = []
    for way, command in commands.items():
        product.forget_cached([path])
        with memory_cgroup(AMPLE_LIMIT_MIB * MIB) as cgroup, UsageTrail(cgroup) as trail:
            ended = run(command, environment=bench.settings("off"), cgroup=cgroup).checked()
            row = {"way": way, "size_bytes": path.stat().st_size, "peak_bytes": cgroup.peak_bytes()}
        rows.append({**row, "usage": trail.tenths(), **ended.figures()})
        print(f"  {way}: {(row['peak_bytes'] or 0) >> 20} MiB", flush=True)
    return rows


def _track(analysis: dict[str, Any]) -> dict[str, Any]:
    audio = analysis["audio"]
    return {
        "hours": audio["analyzed_seconds"] / 3600,
        "format": audio["format"],
        "status": analysis["status"],
        "truncated": audio["truncated"],
        "tags": analysis["tags"] is not None,
        "peak_rss_bytes": analysis["memory"]["peak_rss_bytes"],
        "retained_bytes": analysis["memory"]["retained_bytes"],
        "total_seconds": analysis["timings"]["total_seconds"],
    }
