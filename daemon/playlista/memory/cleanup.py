"""Gives memory back: Python's garbage after every chunk, the C library's free pages after every track.

Input: the calls of the code that runs tracks, and a callback that counts the seconds. Output: memory.

``gc.collect`` looks at every container that is alive. With the libraries that we load these are 41,000 (330,000 with
Python TensorFlow), and one collection takes 8 ms (142 ms), which after every chunk would cost more than the features.
None of them will ever be garbage, so they are taken from the collector by ``gc.freeze``, before the first
chunk is cleaned up after, and once more after the first track, which brings libraries of its own. From then on a full
collection sees what the track itself made and takes 0.3 microseconds when that is nothing. It is a full one
(generation 2) because only that finds cycles of any age, and after freezing it is as cheap as the others. Automatic
collection stays on: other threads make garbage, too.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from time import thread_time

from playlista.memory.process import trim_heap


def noop(_seconds: float) -> None:
    """The counter of a caller that has no metrics."""


class Cleanup:
    """Forced cleanup, as ``MEMORY_FORCE_CLEANUP`` asks for it.

    Parameters
    ----------
    enabled : False makes ``after_chunk`` and ``after_track`` do nothing; ``now`` always works.
    spent : told the CPU seconds of each cleanup.
    """

    def __init__(self, *, enabled: bool, spent: Callable[[float], None] = noop) -> None:
        self._enabled = enabled
        self._spent = spent
        self._frozen = False
        self._had_track = False

    def after_chunk(self) -> None:
        """Collect what the chunk left behind. The first call takes the program's own objects from the collector."""
        if self._enabled:
            self._counted(self._collect)

    def after_track(self) -> None:
        """Collect, and give the free pages of the heap back to the system."""
        if self._enabled:
            self.now()
            if not self._had_track:
                gc.freeze()
                self._had_track = True

    def now(self) -> None:
        """Collect and give back, whatever the setting: for when memory is short."""
        self._counted(self._collect_and_trim)

    def _collect_and_trim(self) -> None:
        self._collect()
        trim_heap()

    def _collect(self) -> None:
        gc.collect()
        if not self._frozen:
            gc.freeze()
            self._frozen = True

    def _counted(self, step: Callable[[], None]) -> None:
        started = thread_time()
        step()
        self._spent(thread_time() - started)
