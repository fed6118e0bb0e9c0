"""Tables on stdout."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from playlista.cli import terminal
from playlista.cli.terminal import table


def test_columns_are_as_wide_as_their_cells_and_numbers_stand_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    table(("track", "bpm"), [("a", "90.0"), ("曲", "120.0")], right=("bpm",), nothing="none")
    assert capsys.readouterr().out == "track    bpm\n-----  -----\na       90.0\n曲     120.0\n"


def test_one_absurd_name_leaves_the_other_rows_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    table(("title", "bpm"), [("a", "90.0"), ("x" * 500, "120.0")], right=("bpm",), nothing="none")
    *others, absurd = capsys.readouterr().out.splitlines()
    assert max(map(len, others)) < 100
    assert absurd == "x" * 500 + "  120.0"


def test_a_table_without_rows_is_a_line_that_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    table(("track",), [], nothing="no results yet")
    assert capsys.readouterr().out == "no results yet\n"


def test_rows_are_written_as_they_come(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A library of any size costs the memory of a few rows."""
    monkeypatch.setattr(terminal, "TABLE_SAMPLE_ROWS", 2)
    held: list[int] = []
    written = 0

    def rows() -> Iterator[tuple[str]]:
        nonlocal written
        for number in range(10):
            written += capsys.readouterr().out.count("row")
            held.append(number - written)
            yield (f"row {number}",)

    table(("track",), rows(), nothing="none")
    assert max(held) <= 2
