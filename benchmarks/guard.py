"""What the analysis of a track costs in units that do not depend on the machine's clock or on its other work.

What enters: an audio file and a model. What leaves: a :class:`Cost`, measured in this process on one thread.

Two measures, because each sees what the other does not:

ratios
    CPU seconds of each stage by those of a :func:`yardstick` of the same kinds of arithmetic, run in turns with it; of
    each the least of several rounds, which is what other work on the machine disturbs last.
calls
    Python functions and built-in ones that were called for a second of audio. They repeat exactly, on every machine;
    a loop over frames in Python or a table made anew for every chunk shows here at once.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import thread_time
from types import FrameType
from typing import Any

import numpy as np

STAGES = ("decode", "resample", "rhythm", "tonal", "loudness", "spectral", "tags")
ROUNDS = 9


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one analysis.

    ratios : by stage, yardsticks for a minute of audio; "other" is what the analysis needs beside its stages.
    calls_per_second : calls for a second of audio.
    """

    ratios: dict[str, float]
    calls_per_second: float


class Yardstick:
    """A fixed piece of work: half a second's worth of spectra, products and passes over memory; about 10 ms."""

    def __init__(self) -> None:
        rng = np.random.default_rng(1)
        self._frames = rng.standard_normal((256, 1024), dtype=np.float32)
        self._left = rng.standard_normal((187, 448), dtype=np.float32)
        self._right = rng.standard_normal((448, 64), dtype=np.float32)

    def run(self) -> float:
        """Do it, and answer the CPU seconds that it took."""
        started = thread_time()
        for _ in range(2):
            spectrum = np.fft.rfft(self._frames)
            power = np.square(spectrum.real) + np.square(spectrum.imag)
            np.log10(power + np.float32(1e-9)).max(axis=1)
            for _ in range(12):
                np.maximum(self._left @ self._right, np.float32(0)).sum(axis=0)
        return thread_time() - started


def measure(analyze: Callable[[], Any], audio_seconds: float, rounds: int = ROUNDS) -> Cost:
    """Measure `analyze`, which analyzes one track and answers its :class:`~playlista.tracks.Analysis`."""
    yardstick = Yardstick()
    analyze()  # tables are made, libraries loaded
    units, stages = [yardstick.run()], []
    for _ in range(rounds):
        stages.append(_stage_seconds(analyze))
        units.append(yardstick.run())
    per_minute = 60.0 / audio_seconds / min(units)
    least = {stage: min(round_[stage] for round_ in stages) for stage in stages[0]}
    ratios = {stage: seconds * per_minute for stage, seconds in least.items()}
    return Cost(ratios, count_calls(analyze) / audio_seconds)


def count_calls(work: Callable[[], Any]) -> int:
    """Functions, Python's and built-in, that `work` calls on this thread.

    Without garbage collections, whose finalizers and callbacks, if the program has any, fall where they like.
    """
    calls = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before, collects = sys.getprofile(), gc.isenabled()
    gc.disable()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
        if collects:
            gc.enable()
    return calls


def _stage_seconds(analyze: Callable[[], Any]) -> dict[str, float]:
    started = thread_time()
    timings = analyze().timings
    whole = thread_time() - started
    seconds = {stage: getattr(timings, f"{stage}_seconds") for stage in STAGES}
    return {**seconds, "other": whole - sum(seconds.values())}
