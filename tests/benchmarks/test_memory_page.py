"""The page of the memory benchmark: what it says of figures that are put in by hand."""

from __future__ import annotations

from typing import Any

from benchmarks.memory_bars import bars
from benchmarks.memory_tables import sections, speed


def section(result: object, why: str | None = None) -> dict[str, Any]:
    return {"machine": "A machine.", "not_measured": why, "result": result}


def row(text: str, start: str) -> list[str]:
    """The cells of the table row that begins with `start`."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {start}")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def durations(*peaks_mb: float) -> dict[str, Any]:
    seconds = (180, 3600, 3 * 3600, 10 * 3600)
    return section([{"seconds": s, "peak_rss_bytes": mb * 1e6} for s, mb in zip(seconds, peaks_mb, strict=True)])


def files(standard_cpu: float, streaming_cpu: float) -> list[dict[str, Any]]:
    """Two rounds of a file, both with the same ratio."""
    return [
        {"file": "400 MB WAV", "mode": mode, "round": number, "cpu_seconds": cpu * factor, "wall_seconds": cpu}
        for number, factor in enumerate((1.0, 2.0))
        for mode, cpu in (("standard", standard_cpu), ("streaming", streaming_cpu))
    ]


def test_the_slope_is_from_three_minutes_to_three_hours_and_the_peak_over_all() -> None:
    text = bars({"durations": durations(100, 110, 125, 260)})
    assert row(text, "peak RSS up to 10 h")[-2:] == ["260 MB", "yes"]
    assert row(text, "more of it for 3 h")[-2:] == ["25.0 MB", "**no**"]


def test_growth_counts_from_the_fiftieth_track() -> None:
    peaks = [100e6] * 49 + [120e6] + [125e6] * 449 + [131e6]
    text = bars({"growth": section({"peaks": peaks, "settled_after": 50})})
    assert row(text, "growth of 500 tracks")[-2:] == ["11.0 MB", "**no**"]


def test_half_the_time_is_told_as_time_and_as_throughput() -> None:
    table = speed(files(standard_cpu=8.0, streaming_cpu=4.0), [])
    assert row(table, "400 MB WAV | above 200 MB: 50 %+ faster | streaming")[-2:] == ["50 %", "100 %"]
    assert row(table, "400 MB WAV | above 200 MB: 50 %+ faster | standard")[-2:] == ["-", "-"]


def test_an_oom_kill_of_the_daemon_is_not_reached() -> None:
    track = {"status": "analyzed", "tags": True, "truncated": False}
    killed, fine = (bars({"daemon": section({"tracks": [track] * 4, "oom_kills": kills})}) for kills in (1, 0))
    assert row(killed, "the daemon in 256 MiB")[-1] == "**no**"
    assert row(fine, "the daemon in 256 MiB")[-1] == "yes"


def test_a_section_that_could_not_be_measured_says_why_and_makes_no_bar() -> None:
    found = sections({"hours": section(None, why="no right to make cgroups")})
    assert found["memory-hours"] == "Not measured: no right to make cgroups."
    assert "192 MiB" not in found["memory-bars"]


def test_a_section_that_was_not_measured_yet_leaves_the_page_alone() -> None:
    assert set(sections({"hours": section(None, why="no root")})) == {"memory-bars", "memory-hours"}
