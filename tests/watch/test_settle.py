"""When a file has come to rest; the clock is a number."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from playlista.tracks import TrackFile
from playlista.watch.settle import SettleTracker
from tests.libraries import track_file

SETTLE_SECONDS = 10.0


def growing(path: str, size_bytes: int) -> TrackFile:
    return replace(track_file(path), size_bytes=size_bytes)


def test_a_file_that_stays_as_it_is_settles_after_the_settling_time() -> None:
    tracker = SettleTracker(SETTLE_SECONDS)
    file = track_file("a.mp3")
    tracker.observe(file, 0.0)
    assert tracker.due(9.9) == []
    assert tracker.due(10.0) == ["a.mp3"]
    assert tracker.at_rest(file, 10.0)
    assert len(tracker) == 0


def test_a_slow_copy_does_not_settle_while_it_grows() -> None:
    tracker = SettleTracker(SETTLE_SECONDS)
    tracker.observe(growing("a.mp3", 1), 0.0)
    for minute in range(1, 60):
        assert tracker.due(minute * 60.0) == ["a.mp3"]
        assert not tracker.at_rest(growing("a.mp3", minute + 1), minute * 60.0)
        assert tracker.due(minute * 60.0 + 9) == []
    assert tracker.at_rest(growing("a.mp3", 60), 3600.0)


def test_a_change_of_time_or_inode_alone_starts_the_wait_anew() -> None:
    file = track_file("a.mp3")
    for changed in (replace(file, mtime_ns=5), replace(file, inode=5)):
        tracker = SettleTracker(SETTLE_SECONDS)
        tracker.observe(file, 0.0)
        assert not tracker.at_rest(changed, 10.0)
        assert tracker.next_due_at() == 20.0


def test_events_that_tell_nothing_new_do_not_prolong_the_wait() -> None:
    tracker = SettleTracker(SETTLE_SECONDS)
    file = track_file("a.mp3")
    for second in range(10):
        tracker.observe(file, float(second))
    assert tracker.due(10.0) == ["a.mp3"]


def test_what_changed_is_due_after_what_did_not() -> None:
    tracker = SettleTracker(SETTLE_SECONDS)
    for path in ("a.mp3", "b.mp3"):
        tracker.observe(track_file(path), 0.0)
    tracker.observe(growing("a.mp3", 9), 5.0)
    assert tracker.due(10.0) == ["b.mp3"]
    assert tracker.next_due_at() == 10.0


def test_a_forgotten_file_is_not_due() -> None:
    tracker = SettleTracker(SETTLE_SECONDS)
    tracker.observe(track_file("a.mp3"), 0.0)
    tracker.forget("a.mp3")
    tracker.forget("never seen.mp3")
    assert tracker.due(100.0) == []
    assert tracker.next_due_at() is None


def test_there_is_room_for_so_many_files_and_the_rest_is_refused() -> None:
    tracker = SettleTracker(SETTLE_SECONDS, limit_files=2)
    accepted = [tracker.observe(track_file(path), 0.0) for path in ("a.mp3", "b.mp3", "c.mp3", "a.mp3")]
    assert accepted == [True, True, False, True]
    assert len(tracker) == 2


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3), st.floats(0, 8)), max_size=40))
def test_nothing_settles_that_changed_within_the_settling_time(steps: list[tuple[str, int, float]]) -> None:
    """Against a model: the last time at which each file was seen to differ from before."""
    tracker, now = SettleTracker(SETTLE_SECONDS), 0.0
    sizes: dict[str, int] = {}
    changed_at: dict[str, float] = {}
    for path, size, pause in steps:
        now += pause
        if path not in sizes or sizes[path] != size:
            changed_at[path] = now
        sizes[path] = size
        tracker.observe(growing(path, size), now)
        for due in tracker.due(now):
            assert tracker.at_rest(growing(due, sizes[due]), now)
            assert now - changed_at[due] >= SETTLE_SECONDS
            del sizes[due], changed_at[due]
    assert len(tracker) == len(sizes)
