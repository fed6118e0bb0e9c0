"""Drum patterns whose beats are known by construction; nothing is random without a seed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 22050


class Pattern(NamedTuple):
    """Samples [shape=(n,), float32] and the times of their beats in seconds."""

    samples: NDArray[np.float32]
    beats: NDArray[np.float64]


def clicks(bpm: float, seconds: float, first_seconds: float = 0.37) -> Pattern:
    """A metronome: 1 kHz for 30 ms on every beat and nothing else."""
    time = np.arange(round(0.03 * RATE_HZ)) / RATE_HZ
    click = 0.8 * np.sin(2 * np.pi * 1000 * time) * np.exp(-time / 0.005)
    beats = np.arange(first_seconds, seconds - 0.05, 60 / bpm)
    return Pattern(_mixed(seconds, [(beat, click) for beat in beats]), beats)


def drums(bpm: float, seconds: float, *, swing: float = 0.5, jitter_seconds: float = 0.0, seed: int = 0) -> Pattern:
    """Rock in 4/4: kick on 1 and 3, snare on 2 and 4, hi-hats on eighths.

    swing : where in the beat the second eighth falls; 2/3 is a shuffle.
    jitter_seconds : standard deviation of every stroke, as a drummer's.
    """
    random = np.random.default_rng(seed)
    time = np.arange(round(0.25 * RATE_HZ)) / RATE_HZ
    kick = 0.7 * np.sin(2 * np.pi * np.cumsum(55 + 80 * np.exp(-time / 0.02)) / RATE_HZ) * np.exp(-time / 0.08)
    snare = 0.25 * random.standard_normal(len(time)) * np.exp(-time / 0.05)
    hat = 0.1 * random.standard_normal(len(time)) * np.exp(-time / 0.012)
    beats = np.arange(0.2, seconds - 0.3, 60 / bpm)
    strokes = []
    for number, beat in enumerate(beats):
        strokes += [(beat, snare if number % 2 else kick), (beat, hat), (beat + swing * 60 / bpm, 0.7 * hat)]
    moved = [(start + jitter_seconds * random.standard_normal(), sound) for start, sound in strokes]
    return Pattern(_mixed(seconds, moved), beats)


def random_strokes(per_second: float, seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """Strokes at times that have nothing to do with each other (a Poisson process)."""
    random = np.random.default_rng(seed)
    time = np.arange(round(0.1 * RATE_HZ)) / RATE_HZ
    stroke = 0.3 * random.standard_normal(len(time)) * np.exp(-time / 0.015)
    starts = random.uniform(0, seconds, random.poisson(per_second * seconds))
    return _mixed(seconds, [(start, stroke) for start in starts])


def _mixed(seconds: float, sounds: list[tuple[float, NDArray[np.float64]]]) -> NDArray[np.float32]:
    track = np.zeros(round((seconds + 1) * RATE_HZ))
    for start_seconds, sound in sounds:
        start = max(round(start_seconds * RATE_HZ), 0)
        track[start : start + len(sound)] += sound
    return track[: round(seconds * RATE_HZ)].astype(np.float32)
