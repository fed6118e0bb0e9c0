"""Which cases only `make test-exhaustive` tries.

`make test` tries a few of each kind, so that it takes minutes; nothing is left out of `make check`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import hypothesis
import pytest


def exhaustive(cases: Iterable[Any]) -> list[Any]:
    """Values of a parameter that `make test` leaves out."""
    return [pytest.param(case, marks=pytest.mark.exhaustive) for case in cases]


def but_few(cases: Iterable[Any], *few: Any) -> list[Any]:
    """All values of a parameter, of which `make test` tries `few`."""
    listed = list(cases)
    assert all(one in listed for one in few)
    return [one if one in few else pytest.param(one, marks=pytest.mark.exhaustive) for one in listed]


def examples(many: int) -> int:
    """How many examples hypothesis tries: `many`, and in `make test` the share of them that its profile has."""
    usual, now = hypothesis.settings.get_profile("playlista").max_examples, hypothesis.settings().max_examples
    return max(2, many * now // usual)
