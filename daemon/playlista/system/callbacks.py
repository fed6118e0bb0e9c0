"""Callbacks that are needed everywhere."""

from __future__ import annotations

from collections.abc import Callable


def noop() -> bool:
    """Do nothing, the default of every optional callback; as a stop signal it means "go on"."""
    return False


def either(first: Callable[[], bool], second: Callable[[], bool]) -> Callable[[], bool]:
    """A stop signal that is given when one of two is."""
    return lambda: first() or second()
