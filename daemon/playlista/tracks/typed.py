"""Whether a value that came from outside is of the type that the code behind it relies on.

Input: a value and a type, such as a dataclass of results. Output: the first place where they differ. Numbers have to be
finite, and integers to fit into the 64 bits that the database has for them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import is_dataclass
from functools import cache
from itertools import repeat
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

_LEAST_INTEGER, _MOST_INTEGER = -(2**63), 2**63 - 1


def misfit(value: object, kind: Any, place: str) -> str | None:
    """Where in `value`, which is called `place`, something is not of the type `kind`; None where all of it is."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        places = [misfit(value, one, place) for one in get_args(kind)]
        return None if None in places else places[0]
    if origin is not None:
        return next(_in_container(value, kind, place), None) if isinstance(value, origin) else place
    if isinstance(kind, type) and is_dataclass(kind):
        return next(_in_fields(value, kind, place), None) if isinstance(value, kind) else place
    return None if _is_plain(value, kind) else place


def _is_plain(value: object, kind: type) -> bool:
    if isinstance(value, bool):
        return kind is bool
    if kind is float and isinstance(value, int | float):
        return math.isfinite(value)
    if kind is int:
        return isinstance(value, int) and _LEAST_INTEGER <= value <= _MOST_INTEGER
    return isinstance(value, kind)


def _in_fields(value: object, kind: type, place: str) -> Iterator[str]:
    for name, hint in _hints(kind).items():
        if found := misfit(getattr(value, name), hint, f"{place}.{name}"):
            yield found


def _in_container(value: Any, kind: Any, place: str) -> Iterator[str]:
    arguments = get_args(kind)
    if isinstance(value, dict):
        pairs = [pair for item in value.items() for pair in zip(item, arguments, strict=True)]
    elif arguments[-1] is Ellipsis or len(arguments) == 1:
        pairs = list(zip(value, repeat(arguments[0]), strict=False))
    elif len(value) == len(arguments):
        pairs = list(zip(value, arguments, strict=True))
    else:
        yield place
        return
    for one, hint in pairs:
        if found := misfit(one, hint, place):
            yield found


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
