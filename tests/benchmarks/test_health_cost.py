"""The table of what the health of the music costs by format."""

from __future__ import annotations

from benchmarks.health_cost import Costs, row


def test_health_is_its_group_and_what_decoding_takes_more_and_of_all_rounds_the_median() -> None:
    rounds = [
        {
            "before": Costs(factor * 100.0, factor * 50.0, 0.0, 0.0, 2**20),
            "after": Costs(factor * 130.0, factor * 55.0, factor * 15.0, factor * 10.0, 2**21),
        }
        for factor in (1.0, 3.0, 1.0)
    ]
    assert row("MP3", rounds) == ("MP3", "100", "+20", "+10", "130", "1.0", "2.0")
