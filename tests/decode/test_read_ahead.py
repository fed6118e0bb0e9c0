"""Items made ahead in another thread: the same items, the same errors, and never more than one of them."""

from __future__ import annotations

import threading
from collections.abc import Generator

import pytest

from playlista.decode.read_ahead import ReadAhead
from tests.deadlines import DEADLINE_SECONDS


class Counted:
    """Numbers, with a note of how many were made, by which threads, and whether the generator was closed."""

    def __init__(self, last: int, error: BaseException | None = None) -> None:
        self.made = [threading.Event() for _ in range(last)]
        self.threads: set[int] = set()
        self.closed = False
        self._error = error

    def numbers(self) -> Generator[int]:
        try:
            for number, made in enumerate(self.made):
                self.threads.add(threading.get_ident())
                made.set()
                yield number
            if self._error:
                raise self._error
        finally:
            self.closed = True

    @property
    def count(self) -> int:
        return sum(made.is_set() for made in self.made)


def no_thread_is_left() -> bool:
    return all(thread.name != "read-ahead" for thread in threading.enumerate())


def test_items_come_whole_and_in_order() -> None:
    reader = ReadAhead(Counted(100).numbers())
    assert list(reader) == list(range(100))
    reader.close()


def test_items_are_made_in_one_other_thread() -> None:
    counted = Counted(10)
    reader = ReadAhead(counted.numbers())
    list(reader)
    reader.close()
    assert len(counted.threads) == 1
    assert threading.get_ident() not in counted.threads


def test_the_next_item_is_made_while_the_caller_has_the_last_and_the_one_after_it_is_not() -> None:
    counted = Counted(10)
    reader = ReadAhead(counted.numbers())
    for number in reader:
        if number == 2:
            assert counted.made[3].wait(DEADLINE_SECONDS)
            break
    reader.close()  # after which nothing is made any more
    assert counted.count == 4


def test_an_error_is_raised_behind_the_items_that_came_before_it() -> None:
    reader = ReadAhead(Counted(3, OSError("gone")).numbers())
    seen: list[int] = []
    with pytest.raises(OSError, match="gone"):
        seen.extend(reader)
    assert seen == [0, 1, 2]
    reader.close()


def test_closing_midway_ends_the_thread_and_closes_the_generator() -> None:
    counted = Counted(1000)
    reader = ReadAhead(counted.numbers())
    for number in reader:
        if number == 5:
            break
    reader.close()
    assert no_thread_is_left()
    assert counted.closed
    assert counted.count < 1000


def test_closing_an_untouched_one_makes_nothing() -> None:
    counted = Counted(3)
    reader = ReadAhead(counted.numbers())
    reader.close()
    assert counted.count == 0
    assert no_thread_is_left()


def test_closing_twice_and_behind_the_end_is_fine() -> None:
    reader = ReadAhead(Counted(2).numbers())
    list(reader)
    reader.close()
    reader.close()
    assert no_thread_is_left()


def test_the_callers_own_error_leaves_no_thread_once_it_is_closed() -> None:
    reader = ReadAhead(Counted(10).numbers())
    with pytest.raises(ZeroDivisionError):
        sum(1 / number for number in reader)
    reader.close()
    assert no_thread_is_left()
