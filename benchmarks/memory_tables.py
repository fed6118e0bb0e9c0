"""The tables of ``make bench-memory`` from its raw results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.tables import length, markdown_table, mib, spread

Results = Mapping[str, Any]

#: MB in the guide's two inventories: item, baseline, optimized.
GUIDE_INVENTORY = (
    ("Raw audio", "raw_audio", 318, 80),
    ("Models", "models", 700, 400),
    ("Features", "features", 2000, 500),
    ("Processing overheads", "overheads", 500, 200),
)
#: Of the guide's file table: MB standard, MB optimized.
GUIDE_FILES = {"50 MB MP3": (200, 50), "100 MB FLAC": (400, 100), "200 MB WAV": (800, 200)}
MEGABYTE = 1e6


def sections(results: Results) -> dict[str, str]:
    """Each section of the page by its name."""
    note = results["machine"]
    if results["share"] != 1:
        note += f" **A trial run: every length and size is {results['share']:g} of what it says.**"
    return {
        "memory-inventory": f"{note}\n\n{inventory(results['inventory'])}",
        "memory-files": files(results["files"]),
        "memory-speed": speed(results["files"]),
        "memory-duration": f"{durations(results['durations'])}\n\n{growth(results['growth'])}",
        "memory-settings": settings(results["settings"]),
        "memory-limits": _in_cgroups(results, limits),
        "memory-choices": _in_cgroups(results, choices),
        "memory-daemon": _in_cgroups(results, daemon),
    }


def inventory(found: Results) -> str:
    """The guide's two inventories beside what was measured, MB (10^6)."""
    rows: list[tuple[object, ...]] = [
        (item, standard, _mb(found["standard"][key]), optimized, _mb(found["optimized"][key]))
        for item, key, standard, optimized in GUIDE_INVENTORY
    ]
    totals = [_mb(found[mode]["peak"]) for mode in ("standard", "optimized")]
    rows.append(("**Total** (the process's peak)", 3518, totals[0], 1180, totals[1]))
    header = ("MB", "guide: baseline", "measured: optimization off", "guide: optimized", "measured: optimized")
    peers = ", ".join(
        f"{name} {_mb(found[key]['peak_rss_bytes'])} MB"
        for key, name in (
            ("textbook-93", "the textbook essentia way"),
            ("guide-93", "the guide's loader read literally"),
        )
    )
    return f"{markdown_table(header, rows)}\n\nPeaks of others on the same three files: {peers}."


def files(rows: list[Any]) -> str:
    """The guide's file table: what a track holds, and the whole process."""
    header = (
        "file", "mode", "guide MB", "audio MB", "less", "peak RSS MB", "less", "analyzed", "truncated",
    )  # fmt: skip
    lines = []
    for name in GUIDE_FILES:
        standard = _of(rows, name, "standard")[0]
        for mode in _modes(rows):
            row = _of(rows, name, mode)[0]
            claimed = GUIDE_FILES[name][0 if mode == "standard" else 1]
            lines.append(
                (
                    name,
                    mode,
                    claimed,
                    _mb(row["retained_bytes"], 1),
                    _less(row["retained_bytes"], standard["retained_bytes"]),
                    _mb(row["peak_rss_bytes"]),
                    _less(row["peak_rss_bytes"], standard["peak_rss_bytes"]),
                    length(round(row["analyzed_seconds"])),
                    "yes" if row["truncated"] else "no",
                )
            )
    return markdown_table(header, lines)


def speed(rows: list[Any]) -> str:
    """The guide's speed table: every file in every mode, paired by round."""
    header = ("file", "mode", "CPU s", "wall s", "wall against standard", "CPU against standard")
    lines = []
    for name in dict.fromkeys(row["file"] for row in rows):
        standard = _of(rows, name, "standard")
        for mode in _modes(rows):
            own = _of(rows, name, mode)
            walls, cpus = ([row[key] for row in own] for key in ("wall_seconds", "cpu_seconds"))
            against = [
                [row[key] / other[key] for row, other in zip(own, standard, strict=True)]
                for key in ("wall_seconds", "cpu_seconds")
            ]
            lines.append((name, mode, spread(cpus, 1), spread(walls, 1), *(spread(ratio) for ratio in against)))
    return markdown_table(header, lines)


def durations(rows: list[Any]) -> str:
    """Peak memory against duration."""
    header = ("one FLAC of", "runtime", "peak RSS MiB", "of it anonymous", "of it file", "retained by the track KiB")
    return markdown_table(
        header,
        [
            (
                length(row["seconds"]),
                row["runtime"],
                mib(row["peak_rss_bytes"]),
                mib(row["peak_anonymous_bytes"]),
                mib(row["peak_file_bytes"]),
                f"{row['retained_bytes'] / 1024:.0f}",
            )
            for row in rows
        ],
    )


def growth(found: Results) -> str:
    """What many tracks in one process leave behind."""
    grown = (found["last"] - found["settled"]) / 1024**2
    return (
        f"{found['count']} tracks in one process (essentia): peak RSS {mib(found['settled'])} MiB after the "
        f"{found['settled_after']}th, {mib(found['last'])} MiB after the last, {grown:+.1f} MiB."
    )


def settings(rows: list[Any]) -> str:
    """One setting at a time away from its default."""
    header = (
        "setting", "peak RSS MiB", "anonymous MiB", "cgroup peak MiB", "held by the track MiB", "CPU s", "truncated",
    )  # fmt: skip
    return markdown_table(
        header,
        [
            (
                f"`{row['setting']}`" if "=" in row["setting"] else row["setting"],
                mib(row["peak_rss_bytes"]),
                mib(row["peak_anonymous_bytes"]),
                mib(row["cgroup_peak_bytes"]) if row["cgroup_peak_bytes"] else "-",
                f"{row['retained_bytes'] / 1024**2:.1f}",
                f"{row['cpu_seconds']:.1f}",
                "yes" if row["truncated"] else "no",
            )
            for row in rows
        ],
    )


def limits(results: Results) -> str:
    """Smallest limits."""
    header = ("runtime", "smallest memory limit MiB", "CPU s", "wall s", "peak RSS MiB")
    return markdown_table(
        header,
        [
            (
                row["runtime"],
                row["limit_mib"],
                f"{row['cpu_seconds']:.0f}",
                f"{row['wall_seconds']:.0f}",
                mib(row["peak_rss_bytes"]),
            )
            if row["limit_mib"]
            else (row["runtime"], "none up to 1024", "-", "-", "-")
            for row in results["limits"]
        ],
    )


def choices(results: Results) -> str:
    """What ``auto`` takes."""
    header = ("limit MiB", "takes", "analyzed whole", "peak RSS MiB", "why")
    return markdown_table(
        header,
        [
            (row["limit_mib"], row["runtime"], "yes" if row["whole"] else "no", mib(row["peak_rss_bytes"]), row["why"])
            for row in results["choices"]
        ],
    )


def daemon(results: Results) -> str:
    """The daemon in its cgroup."""
    found = results["daemon"]
    tracks = markdown_table(
        ("track", "status", "truncated", "tags"),
        [
            (
                f"{t['hours']:.2f} h {t['format']}",
                t["status"],
                "yes" if t["truncated"] else "no",
                "yes" if t["tags"] else "no",
            )
            for t in found["tracks"]
        ],
    )
    peak = "unknown" if found["cgroup_peak_bytes"] is None else f"{mib(found['cgroup_peak_bytes'])} MiB"
    return (
        f"`playlista run --once` in {found['limit_mib']} MiB: exit code {found['exit_code']}, {found['oom_kills']} OOM "
        f"kills, peak RSS {mib(found['peak_rss_bytes'])} MiB, cgroup peak {peak} (page cache included), "
        f"{found['cpu_seconds']:.0f} CPU s.\n\n{tracks}"
    )


def _in_cgroups(results: Results, table: Any) -> str:
    why = results["no_cgroups"]
    return f"Not measured: {why}." if why else str(table(results))


def _modes(rows: list[Any]) -> list[str]:
    return list(dict.fromkeys(row["mode"] for row in rows))


def _of(rows: list[Any], file: str, mode: str) -> list[Any]:
    """Rows by round."""
    return sorted((r for r in rows if (r["file"], r["mode"]) == (file, mode)), key=lambda row: row["round"])


def _mb(count: float, digits: int = 0) -> str:
    return f"{count / MEGABYTE:.{digits}f}"


def _less(value: float, standard: float) -> str:
    return "-" if value == standard else f"{100 * (1 - value / standard):.0f} %"
