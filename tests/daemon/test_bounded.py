"""A reading that hangs costs one thread and no answer waits for it."""

from __future__ import annotations

import threading

import pytest

from playlista.daemon.bounded import Bounded, UnansweredError

DEADLINE_SECONDS = 60.0


def test_the_value_comes_from_each_call_anew() -> None:
    numbers = iter(range(3))
    reading = Bounded(lambda: next(numbers), seconds=DEADLINE_SECONDS)
    assert [reading(), reading(), reading()] == [0, 1, 2]


def test_what_the_reading_raises_is_raised() -> None:
    def fails() -> None:
        raise TimeoutError("as the system says of a share")

    with pytest.raises(TimeoutError, match="as the system says"):
        Bounded(fails, seconds=DEADLINE_SECONDS)()


def test_a_reading_that_hangs_is_given_up_begun_once_and_taken_up_when_it_ends() -> None:
    release, begun = threading.Event(), []

    def hangs() -> str:
        begun.append(1)
        release.wait(DEADLINE_SECONDS)
        return "back"

    reading = Bounded(hangs, seconds=0.05)
    for _ in range(3):
        with pytest.raises(UnansweredError, match=r"no answer within 0\.05 s"):
            reading()
    assert len(begun) == 1
    release.set()
    for _ in range(int(DEADLINE_SECONDS / 0.05)):
        try:
            assert reading() == "back"
        except UnansweredError:
            continue
        break
    else:
        pytest.fail("the reading never came back")
