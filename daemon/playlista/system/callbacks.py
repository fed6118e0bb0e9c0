"""The default of every optional callback."""

from __future__ import annotations


def noop() -> bool:
    """Do nothing; as a stop signal it means "go on"."""
    return False
