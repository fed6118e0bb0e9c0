"""The set of paths between watchdog's threads and ours."""

from __future__ import annotations

import threading

from playlista.watch.path_events import PathEvents


def test_each_path_comes_out_once_in_the_place_of_its_last_event() -> None:
    events = PathEvents()
    for path in ("a", "b", "a", "c", "a", "b"):
        events.put(path)
    assert events.take() == (["c", "a", "b"], False)
    assert events.take() == ([], False)


def test_what_does_not_fit_is_lost_and_that_is_known_once() -> None:
    events = PathEvents(limit=2)
    for path in ("a", "b", "a", "b"):
        events.put(path)
    assert events.take() == (["a", "b"], False)
    for path in ("a", "b", "c", "a"):
        events.put(path)
    assert events.take() == (["b", "a"], True)
    assert events.take() == ([], False)


def test_a_loss_in_the_kernel_is_passed_on() -> None:
    events = PathEvents()
    events.lose()
    assert events.take() == ([], True)


def test_nothing_is_lost_between_threads() -> None:
    events, threads, each = PathEvents(limit=10_000), 4, 1000
    taken: list[str] = []
    writers = [
        threading.Thread(target=lambda name=name: [events.put(f"{name}/{number}") for number in range(each)])
        for name in range(threads)
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        taken += events.take()[0]
    taken += events.take()[0]
    assert len(set(taken)) == len(taken) == threads * each
