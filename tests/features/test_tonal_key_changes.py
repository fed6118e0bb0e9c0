"""Keys along a track, on medleys of cadences whose keys are known by construction."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from playlista.features.tonal.accumulator import BATCH_FRAMES, TonalAccumulator
from playlista.features.tonal.hpcp import CENTS
from playlista.features.tonal.key_changes import MOST_SEGMENTS, KeySegments, best_sequence
from playlista.tracks import Tonal
from tests.features.tones import cadence, drums

RATE_HZ = 22050
#: Seconds of `cadence`.
CADENCE_SECONDS = 6.4


def stretch(tonic: int, scale: str, seconds: float, tuning_cents: float = 0.0) -> NDArray[np.float32]:
    return np.tile(cadence(tonic, scale, tuning_cents=tuning_cents), round(seconds / CADENCE_SECONDS))


def heard(*stretches: NDArray[np.float32]) -> Tonal:
    accumulator = TonalAccumulator(RATE_HZ)
    for signal in stretches:
        accumulator.update(signal.astype(np.float16))
    return accumulator.result()


def test_a_track_of_one_key_has_one() -> None:
    answer = heard(stretch(7, "minor", 60))
    assert answer.key_changes == ((0.0, "G", "minor"),)


@pytest.mark.parametrize("tuning_cents", [0.0, 20.0, -40.0])
def test_a_medley_says_which_key_begins_when_at_any_tuning(tuning_cents: float) -> None:
    keys = [(0, "major"), (4, "minor"), (10, "major")]
    answer = heard(*(stretch(*key, 45, tuning_cents) for key in keys))
    assert [change[1:] for change in answer.key_changes] == [("C", "major"), ("E", "minor"), ("A#", "major")]
    seconds = [45 // CADENCE_SECONDS * CADENCE_SECONDS * times for times in range(3)]
    assert [change[0] for change in answer.key_changes] == pytest.approx(seconds, abs=15)


def test_a_few_seconds_of_another_key_are_no_change() -> None:
    home = stretch(2, "major", 45)
    answer = heard(home, cadence(4, "major"), home)
    assert answer.key_changes == ((0.0, "D", "major"),)


def test_what_has_no_key_has_no_changes() -> None:
    assert heard(drums(40)).key_changes == ()
    assert heard().key_changes == ()


def test_one_stretch_alone_has_the_key_of_the_whole_track() -> None:
    answer = heard(cadence(5, "major"))
    assert answer.key_changes == ((0.0, answer.key, answer.scale),)


def test_a_price_keeps_the_key_where_another_fits_little_better() -> None:
    fits = np.array([[0.9, 0.1], [0.5, 0.6], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]])
    assert best_sequence(fits, price=0.5).tolist() == [0, 0, 0, 1, 1]
    assert best_sequence(fits, price=0.0).tolist() == [0, 1, 0, 1, 1]


def test_the_memory_stays_and_the_times_hold_however_long_the_track_is() -> None:
    # Two halves of five hours each: in A, then in E flat, as if each batch held those three notes and no harmonics.
    segments = KeySegments(batch_seconds=4.46)
    before = segments.retained_bytes
    batches = round(5 * 3600 / 4.46)
    for tonic in (0, 6):
        histogram = np.zeros(CENTS)
        histogram[[100 * ((tonic + step) % 12) for step in (0, 4, 7)]] = 1.0
        for _ in range(batches):
            segments.add(histogram)
    assert 2 * batches > 2 * MOST_SEGMENTS
    changes = segments.changes(0.0)
    assert [change[1:] for change in changes] == [("A", "major"), ("D#", "major")]
    assert changes[1][0] == pytest.approx(5 * 3600, abs=60)
    assert segments.retained_bytes == before


def test_batches_are_cut_at_the_same_samples_whatever_the_chunks() -> None:
    song = np.concatenate((stretch(1, "minor", 30), stretch(8, "major", 30)))
    whole = heard(song)
    assert heard(*np.array_split(song, 77)) == whole
    assert len(whole.key_changes) == 2
    assert BATCH_FRAMES == 32  # the length of a segment, and so the times, follow from it
