"""What is told of a tempo's confidence: its ranges, its intervals, and a fit that never saw what it is asked."""

from __future__ import annotations

import math
from typing import Any

import pytest

from benchmarks.quality_confidence import MOST_MILLISECONDS, OTHERS, area, failures, points, table
from benchmarks.quality_confidence_fit import confidences_elsewhere, fitted


def row(number: int, of: str, confidence: float, right: bool) -> dict[str, Any]:
    told = {"file": f"{of}{number}", "set": of, "bpm": 120.0, "confidence": confidence, "right": right}
    clear = {"clearness": 1.0, "agreement": 1.0, "heard": 1.0}
    return told | clear | {"evidence": (confidence, 0.0, 0.0), "elsewhere": confidence, "candidates": []}


def honest(of: str) -> list[dict[str, Any]]:
    """Recordings that are right as often as they say: 1 of 4 at 0.25, 3 of 4 at 0.75."""
    return [
        row(number, of, confidence, number % 4 < 4 * confidence)
        for confidence in (0.25, 0.75)
        for number in range(round(100 * confidence), round(100 * confidence) + 40)
    ]


def test_a_point_has_the_share_of_its_range_with_its_interval() -> None:
    (low, high) = points([0.2] * 10 + [0.9] * 10, [False] * 10 + [True] * 9 + [False])
    assert (low.share, low.files, high.share, high.mean) == (0.0, 10, 0.9, pytest.approx(0.9))
    # Wilson's interval for 9 of 10 at 95 %, as published in tables: 0.596 to 0.982
    assert (high.low, high.high) == (pytest.approx(0.596, abs=1e-3), pytest.approx(0.982, abs=1e-3))


def test_a_fit_finds_the_odds_that_the_recordings_have() -> None:
    base, octave, bars, parts = fitted(100 * honest("a"))
    assert (bars, parts) == (0.0, 0.0)
    for confidence in (0.25, 0.75):
        share = 1 / (1 + math.exp(-(base + octave * confidence)))
        assert share == pytest.approx(confidence, abs=0.01)


def test_what_is_said_of_a_set_does_not_depend_on_it() -> None:
    rows = [*honest("a"), *honest("b")]
    turned = [*honest("a"), *({**one, "right": not one["right"]} for one in honest("b"))]
    of_b = slice(len(honest("a")), None)
    assert confidences_elsewhere(rows)[of_b] == confidences_elsewhere(turned)[of_b]
    assert confidences_elsewhere(rows)[0] != confidences_elsewhere(turned)[0]


def test_the_area_is_a_half_for_what_says_nothing_and_one_for_what_says_all() -> None:
    assert area([0.1, 0.2, 0.8, 0.9], [False, False, True, True]) == 1.0
    assert area([0.5, 0.5], [True, False]) == 0.5
    assert area([0.5], [True]) == 0.5


def measured(rows: list[dict[str, Any]], milliseconds: float = 20.0, base: float = 1.0) -> dict[str, Any]:
    return {"rows": rows, "milliseconds": milliseconds, "fitted": [1.0, 0, 0, 0], "in_use": [base, 0, 0, 0]}


def test_a_slow_rhythm_and_a_confidence_that_says_nothing_miss_their_bars() -> None:
    rows = [*honest("gmd"), *honest("nott"), row(0, OTHERS, 0.9, True)]
    assert failures(measured(rows, MOST_MILLISECONDS + 1)) == ["cost of rhythm"]
    blind = [{**one, "confidence": 0.5} for one in rows]
    assert failures(measured(blind)) == ["what confidence says of the tempo"]
    assert failures({}) == []


def test_a_fit_that_fails_on_other_sets_or_is_not_the_one_in_use_misses_its_bar() -> None:
    rows = [*honest("gmd"), *honest("drums")]
    assert failures(measured(rows)) == []
    blind = [{**one, "elsewhere": 0.5} for one in rows]
    assert failures(measured(blind)) == ["what confidence says of sets that it was not fitted on"]
    assert failures(measured(rows, base=1.2)) == ["constants of the confidence"]


def test_the_page_has_the_picture_and_a_line_for_each_set() -> None:
    page = table(measured([*honest("gmd"), *honest("drums"), row(0, OTHERS, 0.9, True)]))
    assert "quality/confidence.png" in page
    # Of 40 at 0.25 a quarter is right, of 40 at 0.75 three quarters: 40 of 80.
    assert "| drums | 80 | 40 | 0.75 | 0.75 | 0 of 0 | 0 of 0 |" in page
    assert "| all | 160 | 80 |" in page
    assert "from 0.8 on 1 of 1" in page
    assert "The octave is open for 0" in page


def test_candidates_of_an_open_octave_are_told_with_their_weights() -> None:
    first, second = row(0, "gmd", 0.5, True), row(1, "gmd", 0.5, False)
    first["candidates"], second["candidates"] = [(0.75, True), (0.25, False)], [(0.65, False), (0.35, True)]
    told = "the first candidate weighs 0.70 on average and is right for 50 %, another candidate weighs 0.30"
    assert f"The octave is open for 2: {told}" in table(measured([first, second]))
