"""The lock of the database: one at a time, again for who has it, in order for who waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from playlista.system.fair_lock import FairLock
from tests.deadlines import DEADLINE_SECONDS


def test_one_thread_at_a_time_has_it_and_may_take_it_again() -> None:
    lock, inside, most = FairLock(), [0], [0]

    def work() -> None:
        for _ in range(300):
            with lock, lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
    assert (inside, most) == ([0], [1])


def test_who_waits_has_it_before_the_thread_that_takes_it_again_and_again() -> None:
    lock, stop, taken = FairLock(), threading.Event(), [0]

    def hog() -> None:
        while not stop.is_set():
            with lock:
                taken[0] += 1
                time.sleep(0.002)

    thread = threading.Thread(target=hog)
    thread.start()
    try:
        for _ in range(20):
            before = taken[0]
            with lock:
                # Whoever had it when we asked, and perhaps once more before we stood in the queue.
                assert taken[0] - before <= 2
    finally:
        stop.set()
        thread.join(DEADLINE_SECONDS)


def test_it_comes_in_the_order_of_asking() -> None:
    lock, order = FairLock(), []
    threads = []
    with lock:
        for number in range(5):
            thread = threading.Thread(target=lambda number=number: _note(lock, order, number))
            thread.start()
            threads.append(thread)
            _wait_until(lambda number=number: len(lock._waiting) == number + 1)
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
    assert order == [0, 1, 2, 3, 4]


def test_who_is_interrupted_while_waiting_keeps_nobody_else_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = FairLock()

    class Interrupted(BaseException):
        pass

    class Turn:
        def acquire(self) -> None:
            raise Interrupted

        def release(self) -> None: ...

    def queue() -> Turn:
        turn = Turn()
        lock._waiting.append((threading.get_ident(), turn))  # type: ignore[arg-type]
        return turn

    monkeypatch.setattr(lock, "_take_or_queue", queue)
    with suppress(Interrupted), lock:
        pytest.fail("it was not ours")
    monkeypatch.undo()
    with lock:
        assert not lock._waiting


def _note(lock: FairLock, order: list[int], number: int) -> None:
    with lock:
        order.append(number)


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.001)
