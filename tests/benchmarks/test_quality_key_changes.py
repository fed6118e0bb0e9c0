"""The table "key-changes": which changes count for which join, and what misses its bar."""

from __future__ import annotations

from benchmarks.quality_key_changes import MEDLEYS, ONE_KEY, failures, matched, table


def row(kind: str, joins: list[float], told: list[float], others: list[float]) -> dict[str, object]:
    return {"kind": kind, "joins": joins, "told": told, "others": others}


def test_a_change_counts_for_one_join_near_it() -> None:
    assert matched([60, 130, 200], [64, 140, 141]) == ([60, 130], [141])
    assert matched([60], [76]) == ([], [76])
    assert matched([], [30]) == ([], [30])


def test_joins_are_counted_for_medleys_and_changes_for_tracks_of_one_key() -> None:
    page = table([row(MEDLEYS, [60, 130], [60], [90]), row(ONE_KEY, [], [], []), row(ONE_KEY, [], [], [30])])
    assert f"| {MEDLEYS} | 1 | 2 | 1 (50 %) | 1 | 1 |" in page
    assert f"| {ONE_KEY} | 2 | 0 | - | 1 | 1 |" in page


def test_joins_not_told_and_changes_in_tracks_of_one_key_are_faults() -> None:
    assert failures([row(MEDLEYS, [60, 130], [60, 130], []), row(ONE_KEY, [], [], [])]) == []
    assert failures([row(MEDLEYS, [60, 130], [60], [])]) == ["changes of key"]
    assert failures([row(ONE_KEY, [], [], [30])]) == ["changes of key where there are none"]
    assert failures([]) == []
