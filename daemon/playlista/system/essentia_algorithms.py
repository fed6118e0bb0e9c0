"""The one essentia algorithm that we use, imported without the other two hundred and fifty.

``import essentia.standard`` makes an instance of every registered algorithm to write its docstring, which costs
110 MB and most of a second. It asks ``essentia._essentia.keys`` which algorithms there are, so we narrow that
answer for the length of the import. Every module takes essentia from here and from nowhere else; an algorithm that
is missing from ``ALGORITHMS`` raises ``AttributeError`` at first use.
"""

from __future__ import annotations

import importlib
from functools import cache
from types import ModuleType
from typing import Any

#: What ``essentia.standard`` will offer. FrameCutter is needed by its own import (FrameGenerator).
ALGORITHMS = frozenset({"FrameCutter", "TensorflowPredict"})


@cache
def essentia_standard() -> ModuleType:
    """``essentia.standard`` with only ``ALGORITHMS`` in it (39 MB anonymous memory instead of 147)."""
    bindings: Any = importlib.import_module("essentia._essentia")
    every_key = bindings.keys
    bindings.keys = lambda: [name for name in every_key() if name in ALGORITHMS]
    try:
        standard = importlib.import_module("essentia.standard")
    finally:
        bindings.keys = every_key
    silence(importlib.import_module("essentia"))
    return standard


def essentia_pool() -> Any:
    """A new ``essentia.Pool``, the dictionary of arrays that ``TensorflowPredict`` takes and gives."""
    essentia_standard()
    return importlib.import_module("essentia").Pool()


def silence(essentia: ModuleType) -> None:
    """Stop essentia's own log lines; what matters of them reaches us as exceptions."""
    essentia.log.infoActive = False
    essentia.log.warningActive = False
