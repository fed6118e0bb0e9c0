"""The compiled kernels for tests: those of the checkout, or, where it has none, compiled into a folder of the tests."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from playlista.native.build import build
from playlista.native.kernels import Kernels
from playlista.native.library import choose_kernels

#: How features compute, as parameters of tests.
WAYS = ("numpy", "native")


@cache
def compiled_kernels() -> Kernels | str:
    """The kernels, or why there are none here."""
    if kernels := choose_kernels("auto").kernels:
        return kernels
    with tempfile.TemporaryDirectory() as place:  # what is loaded stays, also without its file
        why = build(folder=Path(place))
        choice = choose_kernels("auto", Path(place))
    return choice.kernels or why or choice.why


class Way:
    """How the accumulators of a test compute, where it asks for the fixture ``each_way``."""

    kernels: Kernels | None = None


way = Way()
