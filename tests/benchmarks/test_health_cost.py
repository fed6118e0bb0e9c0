"""The table of what the health of the music costs by format."""

from __future__ import annotations

from benchmarks.health_cost import Costs, row


def test_differences_are_taken_within_a_round_and_their_median_is_shown() -> None:
    rounds = [
        {
            "before": Costs(factor * 100.0, 2**20),
            "health": Costs(factor * 120.0, 2**21),
            "after": Costs(factor * 130.0, 2**21),
        }
        for factor in (1.0, 3.0, 1.0)
    ]
    assert row("MP3", rounds) == ("MP3", "100", "+20", "+10", "130", "1.0", "2.0")
