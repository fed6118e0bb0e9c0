"""The lines of the conformance table that need no recordings: all of them hold, on any machine."""

from __future__ import annotations

from tests.conformance import rhythm_rows, tonal_rows
from tests.conformance.rows import Row, greatest


def missed(rows: list[Row]) -> list[Row]:
    return [row for row in rows if not row.passed]


def test_beats_tempi_and_their_absence_are_as_constructed() -> None:
    rows = list(rhythm_rows.rows())
    assert len(rows) >= 13
    assert missed(rows) == []


def test_keys_tunings_and_their_absence_are_as_constructed() -> None:
    rows = list(tonal_rows.rows())
    assert len(rows) >= 7
    assert missed(rows) == []


def test_a_line_about_the_greatest_distance_holds_up_to_its_bound() -> None:
    below, above = (greatest("x", apart, 0.1, truth="the same", source="y", unit="LU") for apart in (0.1, 0.11))
    assert (below.passed, above.passed) == (True, False)
    assert (above.measured, above.tolerance) == ("0.11 LU apart at most", "<= 0.1 LU")
