"""The tables of ``make bench`` from figures whose answers are plain arithmetic."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.idle import Row
from benchmarks.speed_tables import beyond_first, counts, cpus, durations, hour_seconds, idle, ratios, sections


def library(count: int, cpu_seconds: float) -> dict[str, Any]:
    status = {"tracks": {"analyzed": count}}
    figures = {"cpu_seconds": cpu_seconds, "wall_seconds": 2 * cpu_seconds, "peak_rss_bytes": 90 * 2**20}
    return {"count": count, "seconds": 5.0 * count, "status": status, **figures}


def on_cpus(number: int, wall_seconds: float, cpu_seconds: float) -> dict[str, Any]:
    return {"runtime": "numpy", "cpus": number, "wall_seconds": wall_seconds, "cpu_seconds": cpu_seconds}


def test_a_track_costs_what_a_library_costs_beyond_one_of_a_single_track() -> None:
    assert beyond_first(library(101, 6.0), library(1, 1.0)) == pytest.approx(0.05)
    assert "| 101 | 6.00 | 50.0 | 12 | 90 | 101 |" in counts([library(1, 1.0), library(101, 6.0)])


def test_an_hour_costs_what_is_left_of_the_start_up() -> None:
    row = {"seconds": 1800, "cpu_seconds": 10.5, "wall_seconds": 18.0, "peak_rss_bytes": 70 * 2**20}
    assert hour_seconds(row, 0.5) == pytest.approx(20.0)
    table = durations({"runtime": "numpy", "start_up_seconds": 0.5, "rows": [row]})
    assert table.splitlines()[-1] == "| 30 min | 10.50 | 20.0 | 100 | 70 |"


def test_two_cpus_are_compared_with_one_round_by_round() -> None:
    rows = [on_cpus(1, 10.0, 9.0), on_cpus(2, 6.0, 9.9), on_cpus(1, 20.0, 9.0), on_cpus(2, 12.0, 9.9)]
    assert cpus(rows).splitlines()[-1] == "| numpy | 15.0 (10.0-20.0) | 9.0 (6.0-12.0) | 0.60 | 9.0 | 9.9 | 1.10 |"


def test_ratios_are_taken_within_a_round() -> None:
    runs = {name: {"runs": [{"cpu_seconds": value} for value in values]} for name, values in SPENT.items()}
    assert ratios({"contest": runs}, "ours", "theirs") == pytest.approx([0.5, 0.25])


SPENT = {"ours": [1.0, 2.0], "theirs": [2.0, 8.0]}


@pytest.mark.parametrize(("figure", "reached"), [(0.299, "yes"), (0.301, "no")])
def test_a_bar_is_reached_below_it(figure: float, reached: str) -> None:
    row = Row("`playlista --help`", figure, 0.3, "CPU s")
    assert idle([row.as_dict()]).splitlines()[-1] == f"| `playlista --help` | < 0.3 CPU s | 0.30 CPU s | {reached} |"


def test_what_was_not_measured_has_no_section() -> None:
    assert sections({}) == {}
    assert list(sections({"idle": []})) == ["idle"]
