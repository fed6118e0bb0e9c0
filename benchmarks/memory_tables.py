"""The page of ``make bench-memory`` from its raw results: the bars, and the guide's own tables.

Each part says what was measured, shows it, and reads it in a sentence that is made from the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks import memory_bars, memory_limit_tables
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
#: The classes of the guide's speed table, and what it promises for them.
GUIDE_SPEED = {
    "10 MB MP3": "below 50 MB: 1-2 s",
    "50 MB MP3": "-",
    "100 MB FLAC": "-",
    "150 MB FLAC": "above 100 MB: 20-30 % faster",
    "200 MB WAV": "above 100 MB: 20-30 % faster",
    "400 MB WAV": "above 200 MB: 50 %+ faster",
}
#: Stages that the optimization makes cheaper, and those that it does not.
ANALYSIS_SIGNAL = ("rhythm", "tonal", "spectral")
SHARED = ("decode", "resample", "loudness", "tags")
MEGABYTE = 1e6


def sections(results: Results) -> dict[str, str]:
    """Each part of the page by the name of its markers; of a section without results, nothing."""
    parts: dict[str, tuple[str, Callable[[Any], str]]] = {
        "memory-inventory": ("inventory", inventory),
        "memory-files": ("files", files),
        "memory-wall": ("wall", wall),
        "memory-settings": ("settings", settings),
        "memory-duration": ("durations", memory_limit_tables.durations),
        "memory-growth": ("growth", memory_limit_tables.growth),
        "memory-hours": ("hours", memory_limit_tables.hours),
        "memory-daemon": ("daemon", memory_limit_tables.daemon),
        "memory-mapping": ("mapping", memory_limit_tables.mapping),
        "memory-choices": ("choices", memory_limit_tables.choices),
        "memory-limits": ("limits", memory_limit_tables.limits),
        "memory-pressure": ("pressure", memory_limit_tables.pressure),
    }
    found = {"memory-bars": memory_bars.bars(results)} if results else {}
    for marker, (name, text) in parts.items():
        if name in results:
            found[marker] = _measured(results[name], text)
    if "wall" in results:
        found["memory-wall"] += _busy(results["wall"])
    if "files" in results:
        peers = results.get("peers", {}).get("result") or []
        found["memory-speed"] = speed(results["files"]["result"], peers) + _busy(results["files"])
        found["memory-reasons"] = reasons(results["files"]["result"])
    return found


def inventory(found: Results) -> str:
    """The guide's two inventories and what was measured, MB (10^6)."""
    rows: list[tuple[object, ...]] = [
        (item, standard, _mb(found["standard"][key]), optimized, _mb(found["optimized"][key]))
        for item, key, standard, optimized in GUIDE_INVENTORY
    ]
    totals = [_mb(found[mode]["peak"]) for mode in ("standard", "optimized")]
    rows.append(("**Total** (the process's peak)", 3518, totals[0], 1180, totals[1]))
    header = ("MB", "guide: baseline", "measured: optimization off", "guide: optimized", "measured: optimized")
    textbook, guide = (_mb(found[key]["peak_rss_bytes"]) for key in ("textbook-93", "guide-93"))
    return (
        f"{markdown_table(header, rows)}\n\n"
        f"The whole job on three tracks of five minutes takes {totals[1]} MB. The same files take {textbook} MB the "
        f"textbook essentia way, and {guide} MB with the guide's loader read literally."
    )


def files(rows: list[Any]) -> str:
    """The guide's file table: what a track holds, and the whole process."""
    header = (
        "file", "mode", "guide MB", "audio MB", "less", "peak RSS MB", "less", "analyzed", "truncated",
    )  # fmt: skip
    lines = []
    for name in GUIDE_FILES:
        standard = of(rows, name, "standard")[0]
        for mode in modes(rows):
            row = of(rows, name, mode)[0]
            claimed = GUIDE_FILES[name][0 if mode == "standard" else 1]
            audio, peak = row["retained_bytes"], row["peak_rss_bytes"]
            less = (_less(audio, standard["retained_bytes"]), _less(peak, standard["peak_rss_bytes"]))
            analyzed = length(round(row["analyzed_seconds"]))
            cut = "yes" if row["truncated"] else "no"
            lines.append((name, mode, claimed, _mb(audio, 1), less[0], _mb(peak), less[1], analyzed, cut))
    last = of(rows, "200 MB WAV", "streaming")[0]
    whole = of(rows, "200 MB WAV", "standard")[0]
    return (
        f"{markdown_table(header, lines)}\n\n"
        f"A 200 MB WAV is analyzed with {_mb(last['retained_bytes'])} MB of its own instead of "
        f"{_mb(whole['retained_bytes'])}, and {_mb(last['peak_rss_bytes'])} MB in all instead of "
        f"{_mb(whole['peak_rss_bytes'])}."
    )


def speed(rows: list[Any], peers: list[Any]) -> str:
    """The guide's speed table: every file in every mode, paired by round."""
    header = ("file", "guide", "mode", "CPU s", "wall s", "less CPU time", "faster")
    lines = []
    for name, promise in GUIDE_SPEED.items():
        if not (standard := of(rows, name, "standard")):
            continue
        for mode in (*modes(rows), *modes(peers)):
            own = of([*rows, *peers], name, mode)
            walls, cpus = ([row[key] for row in own] for key in ("wall_seconds", "cpu_seconds"))
            gains = ("-", "-") if mode == "standard" else _gains(own, standard)
            lines.append((name, promise, mode, spread(cpus, 1), spread(walls, 1), *gains))
    return markdown_table(header, lines)


def reasons(rows: list[Any]) -> str:
    """Where the time of the largest file goes, off and on: what streaming can spare, and what it cannot."""
    off, on = (of(rows, "400 MB WAV", mode)[0] for mode in ("standard", "streaming"))
    signal = [sum(row["timings"][f"{name}_seconds"] for name in ANALYSIS_SIGNAL) for row in (off, on)]
    shared = [sum(row["timings"][f"{name}_seconds"] for name in SHARED) for row in (off, on)]
    rest = [
        row["cpu_seconds"] - of_signal - both for row, of_signal, both in zip((off, on), signal, shared, strict=True)
    ]
    return (
        f"Of the CPU seconds of the 400 MB WAV, {shared[0]:.1f} (off) and {shared[1]:.1f} (optimized) are decoding, "
        f"resampling, loudness and tags, which both need; {signal[0]:.1f} and {signal[1]:.1f} are rhythm, key and "
        f"spectrum at 44.1 and at 22.05 kHz; {rest[0]:.1f} and {rest[1]:.1f} are start-up and the handling of "
        f"{off['retained_bytes'] / 1e9:.1f} GB and of {on['retained_bytes'] / 1e6:.0f} MB. So even if rhythm, key and "
        f"spectrum cost nothing, {100 * (shared[1] + rest[1]) / off['cpu_seconds']:.0f} % of the time would remain."
    )


def wall(rows: list[Any]) -> str:
    """The time on the clock, paired by round."""
    header = ("file", "guide", "off: wall s", "optimized: wall s", "less time", "faster")
    lines = []
    for name, promise in GUIDE_SPEED.items():
        standard, own = of(rows, name, "standard"), of(rows, name, "streaming")
        if own:
            seconds = [spread([row["wall_seconds"] for row in some], 1) for some in (standard, own)]
            lines.append((name, promise, *seconds, *_gains(own, standard, "wall_seconds")))
    return markdown_table(header, lines)


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


def modes(rows: list[Any]) -> list[str]:
    """In the order in which they were measured."""
    return list(dict.fromkeys(row["mode"] for row in rows))


def of(rows: list[Any], file: str, mode: str) -> list[Any]:
    """Rows by round."""
    return sorted((r for r in rows if (r["file"], r["mode"]) == (file, mode)), key=lambda row: row["round"])


def _measured(section: Results, text: Callable[[Any], str]) -> str:
    why = section["not_measured"]
    return f"Not measured: {why}." if why else text(section["result"])


def _busy(section: Results) -> str:
    """A warning where other work made wall time meaningless: we keep fewer than two processors busy."""
    load = section.get("load", 0.0)
    return (
        f"\n\nThe machine had other work (load {load:.0f}): wall time says little here, CPU time does."
        if load > 3
        else ""
    )


def _gains(own: list[Any], standard: list[Any], key: str = "cpu_seconds") -> tuple[str, str]:
    """Less time and more throughput than the same round's standard, in percent; the first for a lone round."""
    ratios = [row[key] / other[key] for row, other in zip(own, standard, strict=False)]
    less, more = [100 * (1 - ratio) for ratio in ratios], [100 * (1 / ratio - 1) for ratio in ratios]
    return f"{spread(less, 0)} %", f"{spread(more, 0)} %"


def _mb(count: float, digits: int = 0) -> str:
    return f"{count / MEGABYTE:.{digits}f}"


def _less(value: float, standard: float) -> str:
    return "-" if value == standard else f"{100 * (1 - value / standard):.0f} %"
