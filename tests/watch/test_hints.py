"""The letter box between watchdog's threads and ours."""

from __future__ import annotations

import threading

from playlista.watch.hints import Departed, Hints, Moved, Touched


def test_hints_come_out_in_order_and_once() -> None:
    hints = Hints()
    for hint in (Touched("a"), Moved("a", "b"), Touched("a"), Departed("a"), Touched("a")):
        hints.put(hint)
    assert hints.take() == ([Touched("a"), Moved("a", "b"), Departed("a")], False)
    assert hints.take() == ([], False)


def test_what_does_not_fit_is_lost_and_that_is_known_once() -> None:
    hints = Hints(limit=2)
    for path in ("a", "b", "a", "b"):
        hints.put(Touched(path))
    assert hints.take() == ([Touched("a"), Touched("b")], False)
    for path in ("a", "b", "c"):
        hints.put(Touched(path))
    assert hints.take() == ([Touched("a"), Touched("b")], True)
    assert hints.take() == ([], False)


def test_a_loss_in_the_kernel_is_passed_on() -> None:
    hints = Hints()
    hints.lose()
    assert hints.take() == ([], True)


def test_nothing_is_lost_between_threads() -> None:
    hints, threads, each = Hints(limit=10_000), 4, 1000
    taken: list[object] = []
    writers = [
        threading.Thread(target=lambda name=name: [hints.put(Touched(f"{name}/{number}")) for number in range(each)])
        for name in range(threads)
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        taken += hints.take()[0]
    taken += hints.take()[0]
    assert len(set(taken)) == len(taken) == threads * each
