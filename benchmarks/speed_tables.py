"""The tables of ``make bench`` from its raw results."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.tables import length, markdown_table, mib, spread

STAGES = ("decode", "resample", "rhythm", "tonal", "loudness", "spectral", "tags", "health", "fingerprint")
TEXTBOOK, TEXTBOOK_AT_OUR_HOP, EXTRACTOR = "textbook-93", "textbook-187", "extractor"

Results = Mapping[str, Any]


def sections(results: Results) -> dict[str, str]:
    """Each section of the page by its name, as far as it was measured.

    Parameters
    ----------
    results : by the names of ``benchmarks.speed.SECTIONS``.
    """
    made: dict[str, str] = {}
    if "contest" in results:
        contest = results["contest"]
        parts = [contest["machine"], _about(contest), contenders(contest), bars(contest), stages(contest)]
        made["speed"] = "\n\n".join(parts)
    if "durations" in results and "counts" in results:
        made["scaling"] = f"{durations(results['durations'])}\n\n{counts(results['counts'])}"
    if "cpus" in results:
        made["cpus"] = cpus(results["cpus"])
    if "idle" in results:
        made["idle"] = idle(results["idle"])
    return made


def fastest(results: Results) -> str:
    """Our runtime with the least CPU seconds."""
    ours = [key for key in results["contest"] if key.startswith("ours-")]
    return min(ours, key=lambda key: statistics.median(_cpu(results, key))).removeprefix("ours-")


def contenders(results: Results) -> str:
    """One row each: seconds, ratios to the textbook in the same round, memory."""
    hours = results["audio_seconds"] / 3600
    header = (
        "contender", "computes", "hop", "CPU s", "start-up CPU s", "CPU s per audio hour", "wall s", "peak RSS MiB",
        "CPU of the textbook's",
    )  # fmt: skip
    rows = []
    for key, about in results["contenders"].items():
        runs, start = results["contest"][key]["runs"], statistics.median(_starts(results, key))
        net = [max(0.0, cpu - start) / hours for cpu in _cpu(results, key)]
        rows.append(
            (
                about["title"],
                about["does"],
                about["hop"] or "-",
                spread(_cpu(results, key)),
                f"{start:.2f}",
                f"{statistics.median(net):.1f}",
                spread([figures["wall_seconds"] for figures in runs], 1),
                mib(max(figures["peak_rss_bytes"] for figures in runs)),
                spread(ratios(results, key, TEXTBOOK)),
            )
        )
    return markdown_table(header, rows)


def bars(results: Results) -> str:
    """What must be shown, as ratios of CPU seconds within a round, with what was reached."""
    rows = [
        (what, f"<= {bar:.2f}", spread(found), _yes(statistics.median(found) <= bar))
        for what, bar, found in _bars(results)
    ]
    return markdown_table(("CPU seconds, whole processes", "bar", "median (range)", "reached"), rows)


def _bars(results: Results) -> Iterator[tuple[str, float, list[float]]]:
    quick = fastest(results)
    for runtime, bar in dict.fromkeys((("essentia", 0.50), (quick, 0.28))):
        if f"ours-{runtime}" not in results["contest"]:
            continue
        yield f"{runtime} against the textbook", bar, ratios(results, f"ours-{runtime}", TEXTBOOK)
        yield f"{runtime} against the textbook at our hop", bar, ratios(results, f"ours-{runtime}", TEXTBOOK_AT_OUR_HOP)
    for runtime, bar in dict.fromkeys((("essentia", 1.35), (quick, 1.50))):
        for floor in (_published_floor(results, runtime), f"floor-{runtime}"):
            if f"ours-{runtime}" in results["contest"] and floor in results["contest"]:
                what = f"{runtime} against its floor ({results['contenders'][floor]['title'].removeprefix('floor, ')})"
                yield what, bar, ratios(results, f"ours-{runtime}", floor)
    for key in results["contest"]:
        if key.startswith("ours-"):
            yield f"{key.removeprefix('ours-')} against MusicExtractor", 1.0, ratios(results, key, EXTRACTOR)


def _published_floor(results: Results, runtime: str) -> str:
    """Of the same runtime, or, where it cannot run the published graph, of the one that does so at the least cost."""
    own = f"floor-{runtime}-published"
    others = [key for key in results["contest"] if key.endswith("-published")]
    return own if own in others else min(others, key=lambda key: statistics.median(_cpu(results, key)))


def stages(results: Results) -> str:
    """Where our CPU seconds go, per minute of audio: the timings of the result objects of the last round, and its rest.

    essentia infers in a thread of its own, which no stage counts.
    """
    minutes = results["audio_seconds"] / 60
    header = ("CPU ms per minute of audio", *STAGES, "all else", "start-up once, s")
    rows = []
    for key in (name for name in results["contest"] if name.startswith("ours-")):
        lines = results["contest"][key]["lines"]
        seconds = [sum(line["timings"][f"{stage}_seconds"] for line in lines) for stage in STAGES]
        start = statistics.median(_starts(results, key))
        rest = _cpu(results, key)[-1] - sum(seconds) - start
        cells = [f"{1000 * value / minutes:.0f}" for value in (*seconds, rest)]
        rows.append((key.removeprefix("ours-"), *cells, f"{start:.2f}"))
    return markdown_table(header, rows)


def cpus(rows: Sequence[Results]) -> str:
    """Wall and CPU seconds on one CPU and on two, and their ratios within a round."""
    header = ("all files", "wall s on 1", "wall s on 2", "wall of one's", "CPU s on 1", "CPU s on 2", "CPU of one's")
    lines = []
    for runtime in dict.fromkeys(row["runtime"] for row in rows):
        one, two = ([row for row in rows if (row["runtime"], row["cpus"]) == (runtime, cpus)] for cpus in (1, 2))
        cells = []
        for figure in ("wall_seconds", "cpu_seconds"):
            alone, parallel = ([row[figure] for row in part] for part in (one, two))
            of_one = [there / here for here, there in zip(alone, parallel, strict=True)]
            cells += [spread(alone, 1), spread(parallel, 1), spread(of_one)]
        lines.append((runtime, *cells))
    return markdown_table(header, lines)


def durations(results: Results) -> str:
    """Cost and memory from short to long."""
    header = (
        f"one FLAC of ({results['runtime']})", "CPU s", "CPU s per audio hour, without start-up", "times real time",
        "peak RSS MiB",
    )  # fmt: skip
    return markdown_table(
        header,
        [
            (
                length(row["seconds"]),
                f"{row['cpu_seconds']:.2f}",
                f"{hour_seconds(row, results['start_up_seconds']):.1f}",
                f"{row['seconds'] / row['wall_seconds']:.0f}",
                mib(row["peak_rss_bytes"]),
            )
            for row in results["rows"]
        ],
    )


def hour_seconds(row: Results, start_up_seconds: float) -> float:
    """CPU seconds for an hour of audio beyond the start-up."""
    return float(3600 * (row["cpu_seconds"] - start_up_seconds) / row["seconds"])


def counts(rows: Sequence[Results]) -> str:
    """Cost from few to many, through the library."""
    first = rows[0]
    each = length(first["seconds"] / first["count"])
    header = (f"tracks of {each}", "CPU s", "CPU ms for each beyond the first", "wall s", "peak RSS MiB", "analyzed")
    return markdown_table(
        header,
        [
            (
                row["count"],
                f"{row['cpu_seconds']:.2f}",
                f"{1000 * beyond_first(row, first):.1f}" if row["count"] > 1 else "-",
                f"{row['wall_seconds']:.0f}",
                mib(row["peak_rss_bytes"]),
                row["status"]["tracks"]["analyzed"],
            )
            for row in rows
        ],
    )


def beyond_first(row: Results, first: Results) -> float:
    """CPU seconds for each track of a library beyond what a library of one track costs."""
    return float(row["cpu_seconds"] - first["cpu_seconds"]) / (row["count"] - first["count"])


def idle(rows: Sequence[Results]) -> str:
    """What is asked for apart from analysis: figure, bar, whether it is reached."""
    header = ("apart from analysis", "bar", "measured", "reached")
    return markdown_table(
        header,
        [
            (row["what"], row["bar"], f"{row['figure']:.{row['digits']}f} {row['unit']}", _yes(row["reached"]))
            for row in rows
        ],
    )


def _yes(reached: bool) -> str:
    return "yes" if reached else "no"


def ratios(results: Results, key: str, other: str) -> list[float]:
    """CPU seconds of one by those of another, round by round: what disturbed a round disturbed both."""
    return [mine / theirs for mine, theirs in zip(_cpu(results, key), _cpu(results, other), strict=True)]


def _about(results: Results) -> str:
    files, minutes = len(results["files"]), results["audio_seconds"] / 60
    rounds = len(results["contest"][TEXTBOOK]["runs"])
    return (
        f"{files} files, {minutes:.1f} minutes in all, {rounds} rounds; median (least-most). "
        f"Files: {', '.join(results['files'])}."
    )


def _cpu(results: Results, key: str) -> list[float]:
    return [figures["cpu_seconds"] for figures in results["contest"][key]["runs"]]


def _starts(results: Results, key: str) -> list[float]:
    return [figures["cpu_seconds"] for figures in results["contest"][key]["starts"]]
