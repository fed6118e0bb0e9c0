"""The compiled kernels, loaded once a process, and why there are none.

Input: the library that ``build`` made, and the setting NATIVE_KERNELS. Output: a ``Choice``. A library of other sources
is never loaded, its name carries their checksum, and so does it; nor is a damaged one. While a kernel runs, other
threads of Python run too.
"""

from __future__ import annotations

import ctypes
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from playlista.native.build import FOLDER, checksum, is_whole, library_path
from playlista.native.kernels import Kernels


@dataclass(frozen=True, slots=True)
class Choice:
    """What computes: the kernels, or NumPy where they are None; and why, for people."""

    kernels: Kernels | None
    why: str

    @property
    def name(self) -> str:
        """``native`` or ``numpy``, as it is shown and counted."""
        return "native" if self.kernels else "numpy"


@cache
def choose_kernels(wanted: str, folder: Path = FOLDER) -> Choice:
    """The kernels of `folder`, with `wanted` as in NATIVE_KERNELS: ``auto`` or ``off``."""
    if wanted == "off":
        return Choice(None, "NATIVE_KERNELS is off: NumPy computes, in more CPU time")
    path = library_path(folder)
    if not path.exists():
        return Choice(None, f"not compiled for these sources on {platform.machine()}: NumPy computes, in more CPU time")
    try:
        if not is_whole(path):
            return Choice(None, f"{path.name} is damaged, install Playlista again: NumPy computes, in more CPU time")
        library = ctypes.CDLL(str(path))
        kernels = Kernels(library)
    except (OSError, AttributeError) as error:
        return Choice(None, f"{path.name} cannot be loaded ({error}): NumPy computes, in more CPU time")
    if kernels.checksum != checksum():
        return Choice(None, f"{path.name} was made from other sources: NumPy computes, in more CPU time")
    return Choice(kernels, "compiled kernels compute")
