"""The table of VibeNet says how near the values are, and names what is too far."""

from __future__ import annotations

import json

from benchmarks.quality_mood import RECORDINGS
from benchmarks.vibenet import REFERENCE, table


def test_the_reference_holds_seven_values_of_each_known_recording() -> None:
    found = json.loads(REFERENCE.read_text(encoding="utf-8"))
    assert found["recordings"].keys() == RECORDINGS.keys()
    assert all(len(values) == 7 for values in found["recordings"].values())
    assert found["made_by"]["vibenet"] == "0.1.0"


def test_the_table_counts_what_is_near_and_shows_the_worst() -> None:
    text = table({"a": 0.0001, "b": 0.0166}, [(4, 99.6, 300.4, 38.2)])
    assert "2 recordings" in text
    assert "1 within 0.001" in text
    assert "0.0166" in text
    assert "| 4 | 100 | 300 | 38 |" in text
