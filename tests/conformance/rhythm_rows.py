"""Tempo, beats and their absence on drums and clicks whose beats are known by construction."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from playlista.features.rhythm.accumulator import RhythmAccumulator
from playlista.tracks import Rhythm
from tests.conformance.known_tempi import level_of, said_of
from tests.conformance.rows import Row
from tests.features.rhythm_signals import RATE_HZ, Pattern, clicks, drums
from tests.features.tones import coloured_noise
from tests.signals import sine

SECONDS = 40
METRONOME_BPM = range(60, 201, 10)
DRUMS_BPM = range(80, 171, 10)
#: Rock this slow has eighths, and this fast half bars, that are as good a beat; so any level of it will do.
AMBIGUOUS_DRUMS_BPM = (60, 70, 180, 190, 200)
LEAST_F_MEASURE = 0.95
#: Seconds of the longer and the shorter of two tempi.
TWO_TEMPI = ((120, 60), (94, 30))

BEATLESS = {
    "silence": np.zeros(20 * RATE_HZ, np.float32),
    "white noise": coloured_noise(30, 0, RATE_HZ),
    "pink noise": coloured_noise(30, 1, RATE_HZ),
    "brown noise": coloured_noise(30, 2, RATE_HZ),
    "drone of three tones": sum(sine(hz, 20, RATE_HZ, 0.2) for hz in (110, 110.7, 220.3)),
}


def measure(samples: NDArray[np.floating]) -> tuple[Rhythm, NDArray[np.float64]]:
    """Our answer and the times of the beats, as the optimized analysis has them."""
    accumulator = RhythmAccumulator(RATE_HZ)
    accumulator.update(samples.astype(np.float16))
    return accumulator.result(), accumulator.beat_times()


def beat_row(name: str, patterns: dict[int, Pattern]) -> Row:
    """The least F-measure of the beats of some patterns, by their tempi."""
    import mir_eval  # here: collecting the tests is no reason to import it, which takes a second

    scores = {bpm: mir_eval.beat.f_measure(each.beats, measure(each.samples)[1]) for bpm, each in patterns.items()}
    worst = min(scores, key=scores.__getitem__)
    measured = f"{scores[worst]:.3f} at {worst} BPM"
    return Row(f"beats: {name}, least F-measure", measured, 1, "mir_eval", "70 ms", scores[worst] >= LEAST_F_MEASURE)


def beat_rows() -> Iterator[Row]:
    """Beats of metronomes and drums."""
    yield beat_row("metronomes of 60 to 200 BPM", {bpm: clicks(bpm, SECONDS) for bpm in METRONOME_BPM})
    yield beat_row("drums of 80 to 170 BPM", {bpm: drums(bpm, SECONDS) for bpm in DRUMS_BPM})
    for bpm in AMBIGUOUS_DRUMS_BPM:
        found, _ = measure(drums(bpm, SECONDS).samples)
        passed = level_of(found.bpm, bpm) is not None
        yield Row(f"bpm: drums of {bpm} BPM", said_of(found), bpm, "by construction", "4 %, or an octave", passed)


def change_row() -> Row:
    """Of two tempi the longer wins, and is trusted less than it would be alone."""
    (longer_bpm, _), _ = TWO_TEMPI
    steady = measure(drums(longer_bpm, 60).samples)[0]
    found = measure(np.concatenate([drums(bpm, seconds).samples for bpm, seconds in TWO_TEMPI]))[0]
    passed = level_of(found.bpm, longer_bpm) == 1.0 and found.bpm_confidence < steady.bpm_confidence
    name = "bpm: 60 s of 120, then 30 s of 94 BPM"
    truth = f"{longer_bpm}, confidence < {steady.bpm_confidence:.2f}"
    return Row(name, said_of(found), truth, "by construction", "4 %", passed)


def beatless_rows() -> Iterator[Row]:
    """No tempo where there is no beat."""
    for name, samples in BEATLESS.items():
        found, _ = measure(samples)
        yield Row(f"bpm: {name}", said_of(found), "none", "by construction", "exact", found.bpm is None)


def rows() -> Iterator[Row]:
    """All of them."""
    yield from beat_rows()
    yield change_row()
    yield from beatless_rows()
