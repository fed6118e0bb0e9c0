"""The table "keys": what is counted, what is set apart, and what is a fault."""

from __future__ import annotations

from typing import Any

from benchmarks.quality_keys import failures, table


def row(kind: str, name: str, truth: str | None, ours: str | None, theirs: str) -> dict[str, Any]:
    strength = 0.5 if ours else None
    return {"kind": kind, "name": name, "truth": truth, "ours": ours, "strength": strength, "theirs": theirs}


ROWS = [
    row("folk tunes", "a.opus", "C major", "C major", "C major"),
    row("folk tunes", "b.opus", "D major", "A major", "D major"),
    row("game music", "c.opus", None, "E minor", "E minor"),
    row("speech", "d.wav", None, None, "G minor"),
]


def test_keys_are_counted_by_kind_and_the_known_ones_told_one_by_one() -> None:
    page = table(ROWS)
    assert "| folk tunes | 2 | 2 | 1 of 2 | 1 of 2 |" in page
    assert "| game music | 1 | 1 | - | 1 of 1 |" in page
    assert "| speech | 1 | 0 | - | - |" in page
    assert "| b.opus | D major | *A major* | 0.50 | D major |" in page
    assert "c.opus" not in page


def test_fewer_keys_right_than_of_the_peer_and_a_key_of_speech_are_faults() -> None:
    assert failures(ROWS) == ["1 keys right, 2 of KeyExtractor"]
    assert failures([ROWS[0], row("speech", "e.wav", None, "A minor", "A minor")]) == ["a key of e.wav"]
