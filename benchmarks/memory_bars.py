"""What the product promises of memory, each with what was measured and whether it was reached."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from benchmarks.tables import markdown_table, spread

Results = Mapping[str, Any]
Bar = tuple[str, str, str, bool]

PEAK_MB, SLOPE_MB, GROWTH_MB = 260, 20, 10
MEGABYTE = 1e6
GUIDE_FILES = ("50 MB MP3", "100 MB FLAC", "200 MB WAV")
#: How much faster than with optimization off, in percent, by the classes of the guide.
SPEED = {"10 MB MP3": 0, "150 MB FLAC": 25, "400 MB WAV": 50}


def bars(results: Results) -> str:
    """All bars of which there are results."""
    parts: dict[str, Callable[[Any], Iterator[Bar]]] = {
        "hours": _hours,
        "daemon": _daemon,
        "durations": _durations,
        "growth": _growth,
        "inventory": _inventory,
        "files": _files,
        "wall": _wall,
        "choices": _choices,
    }
    rows = [
        (what, bar, found, "yes" if reached else "**no**")
        for name, part in parts.items()
        if results.get(name, {}).get("result")
        for what, bar, found, reached in part(results[name]["result"])
    ]
    machines = dict.fromkeys(section["machine"] for section in results.values())
    table = markdown_table(("what", "promised", "measured", "reached"), rows)
    return f"{table}\n\n{' '.join(machines)}"


def _hours(rows: Any) -> Iterator[Bar]:
    whole = [row["format"].upper() for row in rows if row["whole"] and row["runtime"] == "auto"]
    peak = max(row["peak_rss_bytes"] for row in rows if row["runtime"] == "auto") / MEGABYTE
    found = f"{', '.join(whole)}; peak RSS {peak:.0f} MB"
    yield "1 h whole with tags in 192 MiB, default settings", "FLAC, WAV, MP3", found, all(row["whole"] for row in rows)


def _daemon(found: Any) -> Iterator[Bar]:
    whole = [t for t in found["tracks"] if t["status"] == "analyzed" and t["tags"] and not t["truncated"]]
    what = "the daemon in 256 MiB over 1 h FLAC, WAV, MP3 and 10 h FLAC"
    measured = f"{len(whole)} whole, {found['oom_kills']} OOM kills"
    yield what, "4 whole, 0 OOM kills", measured, len(whole) == 4 and not found["oom_kills"]


def _durations(rows: Any) -> Iterator[Bar]:
    peaks = {row["seconds"]: row["peak_rss_bytes"] / MEGABYTE for row in rows}
    highest, longest = max(peaks.values()), max(peaks) / 3600
    what = f"peak RSS up to {longest:g} h, essentia's runtime"
    yield what, f"<= {PEAK_MB} MB", f"{highest:.0f} MB", highest <= PEAK_MB
    shortest = min(peaks)
    slope = peaks[60 * shortest] - peaks[shortest]
    yield "more of it for 3 h than for 3 min", f"<= {SLOPE_MB} MB", f"{slope:.1f} MB", slope <= SLOPE_MB


def _growth(found: Any) -> Iterator[Bar]:
    peaks, settled = found["peaks"], found["settled_after"]
    grown = (peaks[-1] - peaks[settled - 1]) / MEGABYTE
    what = f"growth of {len(peaks)} tracks in one process after the {settled}th"
    yield what, f"<= {GROWTH_MB} MB", f"{grown:.1f} MB", grown <= GROWTH_MB


def _inventory(found: Any) -> Iterator[Bar]:
    peak = found["optimized"]["peak"] / MEGABYTE
    yield "three 5-minute tracks, the process's peak", f"<= {PEAK_MB} MB", f"{peak:.0f} MB", peak <= PEAK_MB


def _files(rows: Any) -> Iterator[Bar]:
    for mode, bar in (("streaming", 95), ("capped array", 75)):
        least = min(_less(rows, name, mode, "retained_bytes") for name in GUIDE_FILES)
        what = f"audio memory of the guide's three files, {mode}, against optimization off"
        yield what, f">= {bar} % less", f"{least:.1f} % less or more", least >= bar
    less = _less(rows, "200 MB WAV", "streaming", "peak_rss_bytes")
    yield "the process's peak at 200 MB WAV", ">= 75 % less", f"{less:.0f} % less", less >= 75
    yield from _faster(rows, "cpu_seconds", "CPU")


def _wall(rows: Any) -> Iterator[Bar]:
    yield from _faster(rows, "wall_seconds", "on the clock")


def _faster(rows: Any, key: str, kind: str) -> Iterator[Bar]:
    """Against the guide's classes. Half as fast again is 50 % faster, and a third less time."""
    for name, bar in SPEED.items():
        ratios = _ratios(rows, name, "streaming", key)
        less, more = [100 * (1 - ratio) for ratio in ratios], [100 * (1 / ratio - 1) for ratio in ratios]
        promised = f">= {bar} % faster" if bar else "no slower"
        found = f"{spread(more, 0)} % faster, {spread(less, 0)} % less time"
        yield f"against optimization off, {name}, {kind}", promised, found, statistics.median(more) >= bar


def _choices(rows: Any) -> Iterator[Bar]:
    taken = ", ".join(f"{row['limit_mib']} MiB: {row['runtime']}" for row in rows)
    yield "`MUSICNN_RUNTIME=auto` takes what fits and is fastest", "an hour whole", taken, all(r["whole"] for r in rows)


def _less(rows: Any, name: str, mode: str, key: str) -> float:
    """Percent less than with optimization off."""
    return 100 * (1 - statistics.median(_ratios(rows, name, mode, key)))


def _ratios(rows: Any, name: str, mode: str, key: str) -> list[float]:
    """To the same round with optimization off."""
    values = {(row["mode"], row["round"]): row[key] for row in rows if row["file"] == name}
    return [value / values["standard", number] for (own, number), value in values.items() if own == mode]
