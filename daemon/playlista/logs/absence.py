"""Imports a library without what it would take along, where it can do without."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def absent(package: str) -> Iterator[None]:
    """Within the block an import of `package` fails with ImportError, as if it were not installed.

    Only for the top of a module, before there are threads that might want it; what has it already keeps it.
    """
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment] # as documented: its import then fails
    try:
        yield
    finally:
        del sys.modules[package]
