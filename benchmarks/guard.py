"""What the analysis of a track costs in units that do not depend on the machine's clock or on its other work.

Input: an audio file and a model. Output: calls and ratios, measured in this process on one thread.

Two measures, because each sees what the other does not:

calls
    Python functions and built-in ones that were called, by stage. They repeat exactly, on every machine and under any
    load; a loop over frames in Python or a table made anew for every chunk shows here at once. Part of the tests.
ratios
    CPU seconds of each stage by those of a yardstick of the same kind of arithmetic, run in turns with it; of each the
    least of several rounds, which is what other work on the machine disturbs last. A kernel that got slower shows here
    alone. Products of matrices have a yardstick of their own, since their speed by that of all else is another for
    each of OpenBLAS's kernels. ``make bench-guard``.
"""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from time import thread_time
from types import FrameType
from typing import Any

import numpy as np

from benchmarks.stages import STAGES

ROUNDS = 9

#: Whose calls are which stage's, by the start of the module's path below the package; the first that fits.
MODULES = {
    "decode/resample": "resample",
    "decode/": "decode",
    "features/rhythm/": "rhythm",
    "features/tonal/": "tonal",
    "features/loudness/": "loudness",
    "features/spectral/": "spectral",
    "features/fingerprint/": "fingerprint",
    "tracks/chromaprint": "fingerprint",
    "tracks/fingerprint": "fingerprint",
    "features/tags/": "tags",
    "features/health/": "health",
    "musicnn/": "tags",
}
PACKAGE = "/playlista/"


class Yardsticks:
    """Two fixed pieces of work of about 5 ms: products of matrices, as tags are made of, and everything else."""

    def __init__(self) -> None:
        rng = np.random.default_rng(1)
        self._frames = rng.standard_normal((256, 1024), dtype=np.float32)
        self._left = rng.standard_normal((187, 448), dtype=np.float32)
        self._right = rng.standard_normal((448, 64), dtype=np.float32)

    def spectra(self) -> float:
        """Half a second's worth of spectra and passes over memory; the CPU seconds that they took."""
        started = thread_time()
        for _ in range(2):
            spectrum = np.fft.rfft(self._frames)
            power = np.square(spectrum.real) + np.square(spectrum.imag)
            np.log10(power + np.float32(1e-9)).max(axis=1)
        return thread_time() - started

    def products(self) -> float:
        """Two dozen products of a patch's size; the CPU seconds that they took."""
        started = thread_time()
        for _ in range(24):
            np.maximum(self._left @ self._right, np.float32(0)).sum(axis=0)
        return thread_time() - started


def measure(analyze: Callable[[], Any], audio_seconds: float, rounds: int = ROUNDS) -> dict[str, float]:
    """Yardsticks for a minute of audio, by stage; "other" is what the analysis needs outside its stages.

    `analyze` analyzes one track of `audio_seconds` and answers its :class:`~playlista.tracks.Analysis`.
    """
    yardsticks = Yardsticks()
    analyze()  # tables are made, libraries loaded
    spectra, products, stages = [yardsticks.spectra()], [yardsticks.products()], []
    for _ in range(rounds):
        stages.append(stage_seconds(analyze))
        spectra.append(yardsticks.spectra())
        products.append(yardsticks.products())
    least = {stage: min(round_[stage] for round_ in stages) for stage in stages[0]}
    return {
        stage: seconds * 60.0 / audio_seconds / min(products if stage == "tags" else spectra)
        for stage, seconds in least.items()
    }


def count_calls(work: Callable[[], Any]) -> Mapping[str, int]:
    """Functions, Python's and built-in, that `work` calls on this thread, by stage.

    Without garbage collections, whose finalizers and callbacks, if the program has any, fall where they like.
    """
    calls: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event in ("call", "c_call"):
            calls[_stage_of(frame)] += 1

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


def _stage_of(frame: FrameType | None) -> str:
    """The stage of the nearest caller that belongs to one, "other" where none does."""
    while frame is not None:
        module = frame.f_code.co_filename.rpartition(PACKAGE)[2]
        stage = next((stage for start, stage in MODULES.items() if module.startswith(start)), None)
        if stage is not None:
            return stage
        frame = frame.f_back
    return "other"


def stage_seconds(analyze: Callable[[], Any]) -> dict[str, float]:
    """CPU seconds of one call of `analyze` by stage; "other" is what it needs outside its stages."""
    started = thread_time()
    timings = analyze().timings
    whole = thread_time() - started
    seconds = {stage: getattr(timings, f"{stage}_seconds") for stage in STAGES}
    return {**seconds, "other": whole - sum(seconds.values())}
