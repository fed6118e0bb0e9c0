"""A runtime that can be given up while memory is short, and starts again at the next inference.

Input: a way to start it. Output: a ``TaggerRuntime``. What there is to gain
depends on the library: after batches of 16 patches ONNX Runtime keeps an arena of 50 MB that only the end of its
session gives back (5 MB after batches of one); essentia's TensorFlow gives back 4 MB, numpy holds nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from playlista.memory.process import resident_memory, trim_heap
from playlista.musicnn.runtimes.runtime import TaggerRuntime

Array = NDArray[np.float32]


class RestartableRuntime:
    """Starts at once, so that what is wrong with a model is said early; again after every ``unload``.

    Parameters
    ----------
    start : loads the library and the model.
    """

    def __init__(self, start: Callable[[], TaggerRuntime]) -> None:
        self._start = start
        self._runtime: TaggerRuntime | None = start()
        self.name = self._runtime.name

    def activations(self, patches: Array) -> tuple[Array, Array]:
        """See ``TaggerRuntime.activations``; starts the runtime where it was given up."""
        if self._runtime is None:
            self._runtime = self._start()
        return self._runtime.activations(patches)

    def unload(self) -> int:
        """Give the runtime up; the bytes of anonymous memory that this returned, and that the next start may take."""
        before = resident_memory().anonymous_bytes
        self.close()
        gc.collect()
        trim_heap()
        return max(0, before - resident_memory().anonymous_bytes)

    def close(self) -> None:
        """Give back what is held."""
        if self._runtime is not None:
            self._runtime.close()
            self._runtime = None
