"""The table of what each format costs above the floor."""

from __future__ import annotations

from benchmarks.floor import table

COSTS = {
    "decode": [50.0, 100.0, 60.0], "hash": [10.0, 20.0, 10.0], "inference": [40.0, 80.0, 30.0],
    "off tags": [300.0, 600.0, 200.0], "auto tags": [200.0, 400.0, 150.0],
    "off no tags": [200.0, 300.0, 100.0], "auto no tags": [100.0, 150.0, 50.0],
}  # fmt: skip


def test_ratios_are_taken_within_a_round_and_their_median_is_shown() -> None:
    lines = table({"MP3": COSTS}).splitlines()
    assert lines[2] == "| MP3 | 60 | 10 | 40 | 100 | 300 | 3.00 | 200 | 2.00 |"
    assert lines[-1] == "| MP3 | 200 | 100 |"


def test_bliss_has_columns_where_it_was_measured() -> None:
    text = table({"MP3": {**COSTS, "bliss": [100.0, 100.0, 100.0]}})
    assert text.splitlines()[-1] == "| MP3 | 200 | 100 | 100 | 1.00 |"
