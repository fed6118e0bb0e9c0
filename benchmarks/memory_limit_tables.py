"""The parts of the page that tell of lengths, of many tracks, and of real cgroups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.tables import length, markdown_table, mib

Results = Mapping[str, Any]


def durations(rows: list[Any]) -> str:
    """Peak memory against duration."""
    header = ("one FLAC of", "peak RSS MiB", "of it anonymous", "of it file", "held by the track KiB")
    lines = [
        (
            length(row["seconds"]),
            mib(row["peak_rss_bytes"]),
            mib(row["peak_anonymous_bytes"]),
            mib(row["peak_file_bytes"]),
            f"{row['retained_bytes'] / 1024:.0f}",
        )
        for row in rows
    ]
    first, last = rows[0], rows[-1]
    longer = last["seconds"] / first["seconds"]
    more = (last["peak_rss_bytes"] - first["peak_rss_bytes"]) / 1024**2
    return (
        f"{markdown_table(header, lines)}\n\n"
        f"{length(last['seconds'])} is {longer:.0f} times {length(first['seconds'])} and takes {more:+.0f} MiB. "
        "File pages are those of libraries; the kernel may take them back."
    )


def growth(found: Results) -> str:
    """What many tracks in one process leave behind."""
    peaks, settled = found["peaks"], found["settled_after"]
    grown = (peaks[-1] - peaks[settled - 1]) / 1024**2
    return (
        f"{len(peaks)} tracks in one process, {found['audio_seconds'] / 3600:.1f} hours of FLAC, Ogg, WAV and MP3 in "
        f"turn (essentia's runtime): peak RSS {mib(peaks[0])} MiB after the first, {mib(peaks[settled - 1])} MiB "
        f"after the {settled}th, {mib(peaks[-1])} MiB after the last: {grown:+.1f} MiB."
    )


def hours(rows: list[Any]) -> str:
    """An hour in the least limit that is promised."""
    header = ("one hour of", "runtime", "whole, with tags", "OOM kills", "peak RSS MiB", "cgroup peak MiB", "CPU s")
    return markdown_table(
        header,
        [
            (
                row["format"].upper(),
                row["runtime"],
                _yes(row["whole"]),
                row["oom_kills"],
                mib(row["peak_rss_bytes"]),
                mib(row["cgroup_peak_bytes"]) if row["cgroup_peak_bytes"] else "unknown",
                f"{row['cpu_seconds']:.0f}",
            )
            for row in rows
        ],
    )


def limits(rows: list[Any]) -> str:
    """Smallest limits."""
    header = ("runtime", "smallest memory limit MiB", "CPU time against an ample limit", "peak RSS MiB")
    return markdown_table(
        header,
        [
            (row["runtime"], row["limit_mib"], f"{row['slowest']:.2f}", mib(row["peak_rss_bytes"]))
            if row["limit_mib"]
            else (row["runtime"], "none up to 1024", "-", "-")
            for row in rows
        ],
    )


def choices(rows: list[Any]) -> str:
    """What ``auto`` takes."""
    header = ("limit MiB", "takes", "an hour whole", "peak RSS MiB", "why", "without onnxruntime takes")
    return markdown_table(
        header,
        [
            (
                row["limit_mib"],
                row["runtime"],
                _yes(row["whole"]),
                mib(row["peak_rss_bytes"]),
                row["why"],
                row["lean_runtime"],
            )
            for row in rows
        ],
    )


def daemon(found: Results) -> str:
    """The daemon in its cgroup."""
    tracks = markdown_table(
        ("track", "status", "truncated", "tags", "wall s", "held by the track KiB", "peak RSS so far MiB"),
        [
            (
                f"{track['hours']:.2f} h {track['format']}",
                track["status"],
                _yes(track["truncated"]),
                _yes(track["tags"]),
                f"{track['total_seconds']:.0f}",
                f"{track['retained_bytes'] / 1024:.0f}",
                mib(track["peak_rss_bytes"]),
            )
            for track in sorted(found["tracks"], key=lambda track: track["peak_rss_bytes"])
        ],
    )
    peak = "unknown" if found["cgroup_peak_bytes"] is None else f"{mib(found['cgroup_peak_bytes'])} MiB"
    return (
        f"{tracks}\n\n"
        f"Exit code {found['exit_code']}, {found['oom_kills']} OOM kills in {found['limit_mib']} MiB; peak RSS "
        f"{mib(found['peak_rss_bytes'])} MiB, cgroup peak {peak} (page cache included), {found['cpu_seconds']:.0f} "
        "CPU s."
    )


def mapping(rows: list[Any]) -> str:
    """What a large file leaves in the page cache."""
    header = ("way", "charged at most MiB", "in each tenth of the time MiB")
    lines = [
        (
            row["way"],
            "unknown" if row["peak_bytes"] is None else mib(row["peak_bytes"]),
            ", ".join(map(mib, row["usage"])),
        )
        for row in rows
    ]
    return f"A WAV of {rows[0]['size_bytes'] / 1e9:.1f} GB:\n\n{markdown_table(header, lines)}"


def pressure(rows: list[Any]) -> str:
    """Both ways where memory is short."""
    header = ("file", "limit MiB", "optimization off", "optimized")
    cells = {(row["file"], row["limit_mib"], row["mode"]): _ended(row) for row in rows}
    places = dict.fromkeys((row["file"], row["limit_mib"]) for row in rows)
    lines = [(*place, cells[(*place, "standard")], cells[(*place, "streaming")]) for place in places]
    killed = sum(row["oom_kills"] > 0 for row in rows if row["mode"] == "standard")
    whole = sum(row["whole"] for row in rows if row["mode"] == "streaming")
    reading = f"Of {len(lines)} such runs, {killed} without the optimization are killed; with it {whole} are whole."
    return f"{markdown_table(header, lines)}\n\n{reading}"


def _ended(row: Results) -> str:
    return f"{row['cpu_seconds']:.1f} CPU s" if row["whole"] else "killed" if row["oom_kills"] else "not whole"


def _yes(value: object) -> str:
    return "yes" if value else "no"
