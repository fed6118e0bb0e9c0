"""The text in which the times of the beats are kept."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playlista.tracks.beat_grid import decode_beats, encode_beats


@given(st.lists(st.integers(0, 400_000), max_size=200).map(sorted))
def test_times_come_back_to_the_millisecond(milliseconds: list[int]) -> None:
    times = [each / 1000 for each in milliseconds]
    assert decode_beats(encode_beats(times)) == pytest.approx(times)


def test_a_beat_takes_two_bytes() -> None:
    four_minutes_at_120 = [number * 0.5 for number in range(480)]
    assert len(encode_beats(four_minutes_at_120)) == 480 * 2 * 4 / 3


@pytest.mark.parametrize("gap", [65.534, 65.535, 65.536, 131.07, 3600.0])
def test_a_gap_longer_than_two_bytes_hold_is_kept(gap: float) -> None:
    assert decode_beats(encode_beats([1.0, 1.0 + gap])) == pytest.approx([1.0, 1.0 + gap])


def test_it_is_what_the_schema_says() -> None:
    assert base64.b64decode(encode_beats([0.25, 0.75])) == bytes((250, 0, 244, 1))
    assert encode_beats([]) == ""
