"""Tables and the sections of the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.tables import length, markdown_table, spread, write_section


def test_a_section_is_replaced_and_the_prose_around_it_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Before.\n<!-- speed:begin -->\nold\n<!-- speed:end -->\nAfter.\n<!-- x:begin --><!-- x:end -->\n")
    for text in ("new", "newer"):
        write_section(page, "speed", text)
    assert page.read_text() == (
        "Before.\n<!-- speed:begin -->\n\nnewer\n\n<!-- speed:end -->\nAfter.\n<!-- x:begin --><!-- x:end -->\n"
    )


def test_a_page_without_the_section_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Nothing here.\n")
    with pytest.raises(ValueError, match="no section speed"):
        write_section(page, "speed", "new")
    assert page.read_text() == "Nothing here.\n"


def test_a_table_sets_figures_flush_right() -> None:
    assert markdown_table(("what", "MB"), [("audio", 3), ("model", 40)]) == (
        "| what | MB |\n| --- | ---: |\n| audio | 3 |\n| model | 40 |"
    )


@pytest.mark.parametrize(
    ("values", "text"), [([3.0, 1.0, 2.0], "2.00 (1.00-3.00)"), ([0.5], "0.50"), ([0.501, 0.502], "0.50")]
)
def test_a_spread_is_median_and_range(values: list[float], text: str) -> None:
    assert spread(values) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(10, "10 s"), (90, "1.5 min"), (180, "3 min"), (3600, "1 h"), (5400, "90 min"), (36000, "10 h")],
)
def test_lengths_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert length(seconds) == text
