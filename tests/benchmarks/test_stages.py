"""The table of where the CPU time of an analysis goes."""

from __future__ import annotations

from collections import Counter

from benchmarks.floor import SECONDS
from benchmarks.stages import COLUMNS, Spent, measure, table


def test_a_format_has_its_milliseconds_and_its_calls_a_minute_with_their_sums() -> None:
    minutes = SECONDS // 60
    rounds = [dict.fromkeys(COLUMNS, minutes * seconds) for seconds in (0.010, 0.030, 0.020)]
    lines = table({"OGG": Spent(rounds, Counter(decode=minutes * 1_200, other=minutes * 34))}).splitlines()
    milliseconds, calls = lines[-2], lines[-1]
    assert [cell.strip() for cell in milliseconds.strip("|").split("|")] == ["OGG, CPU ms", *["20"] * 10, "200"]
    assert [cell.strip() for cell in calls.strip("|").split("|")] == [
        "OGG, calls", "1,200", *["0"] * 8, "34", "1,234",
    ]  # fmt: skip


def test_analyses_run_in_turns_and_once_before_they_count() -> None:
    order: list[str] = []

    class Timings:
        def __getattr__(self, name: str) -> float:
            return 0.0

    class Result:
        timings = Timings()

    def analysis(name: str) -> Result:
        order.append(name)
        return Result()

    spent = measure({"a": lambda: analysis("a"), "b": lambda: analysis("b")}, rounds=2)
    assert order == ["a", "a", "b", "b", "a", "b", "a", "b"]
    assert len(spent["a"].rounds) == 2
