"""How many events a file makes that is written for long."""

from __future__ import annotations

from playlista.watch.event_bursts import LIMIT_FILES, EventBursts
from tests.libraries import Clock


def test_a_slow_copy_is_one_event_however_long_it_takes() -> None:
    clock = Clock(0.0)
    bursts = EventBursts(10.0, monotonic=clock)
    counted = [bursts.begins("created", "a.flac")]
    for _ in range(1000):
        clock.now += 9.0
        counted.append(bursts.begins("modified", "a.flac"))
    assert counted == [True] + [False] * 1000


def test_a_file_that_rested_and_is_written_again_is_another_event() -> None:
    clock = Clock(0.0)
    bursts = EventBursts(10.0, monotonic=clock)
    assert bursts.begins("modified", "a.flac")
    clock.now += 10.5
    assert bursts.begins("modified", "a.flac")


def test_files_are_told_apart_and_deletions_and_moves_always_count() -> None:
    bursts = EventBursts(10.0, monotonic=Clock(0.0))
    kinds = ("created", "created", "moved", "moved", "deleted", "deleted", "created")
    paths = ("a.flac", "b.flac", "a.flac", "a.flac", "b.flac", "b.flac", "b.flac")
    assert all(map(bursts.begins, kinds, paths))


def test_what_is_remembered_of_a_flood_of_files_is_bounded() -> None:
    bursts = EventBursts(10.0, monotonic=Clock(0.0))
    for number in range(2 * LIMIT_FILES):
        assert bursts.begins("created", f"{number}.flac")
    assert not bursts.begins("modified", f"{2 * LIMIT_FILES - 1}.flac")
    assert bursts.begins("modified", "0.flac")
