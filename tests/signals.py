"""Synthetic audio with values that are known by arithmetic. Nothing here is random without a seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray


def sine(frequency_hz: float, seconds: float, rate_hz: int = 44100, peak: float = 0.5) -> NDArray[np.float32]:
    """A sine of amplitude `peak` [shape=(n,)]."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    return (peak * np.sin(2 * np.pi * frequency_hz * time)).astype(np.float32)


def noise(seconds: float, rate_hz: int = 44100, peak: float = 0.5, seed: int = 0) -> NDArray[np.float32]:
    """White noise, uniform within +-`peak` [shape=(n,)]."""
    return np.random.default_rng(seed).uniform(-peak, peak, round(seconds * rate_hz)).astype(np.float32)


def clicks(bpm: float, seconds: float, rate_hz: int = 44100) -> NDArray[np.float32]:
    """A short decaying burst on every beat, the first at 0 [shape=(n,)]."""
    track = np.zeros(round(seconds * rate_hz), np.float32)
    burst = sine(1000, 0.03, rate_hz, 0.8) * np.exp(-np.linspace(0, 8, round(0.03 * rate_hz))).astype(np.float32)
    for beat in np.arange(0, seconds, 60 / bpm):
        start = round(beat * rate_hz)
        track[start : start + len(burst)] += burst[: len(track) - start]
    return track


def song(seconds: float = 20, rate_hz: int = 44100, bpm: float = 120, seed: int = 0) -> NDArray[np.float32]:
    """Something like music in C major: chords that change every two bars under a beat [shape=(n, 2)]."""
    tonic, fourth, fifth, sixth = (
        (261.63, 329.63, 392.0),
        (349.23, 440.0, 523.25),
        (392.0, 493.88, 587.33),
        (440.0, 523.25, 659.26),
    )
    bar = 4 * 60 / bpm
    progression = (tonic, fourth, fifth, tonic, sixth, fourth, fifth, tonic)
    parts = [sum(sine(note, bar, rate_hz, 0.12) for note in chord) for chord in progression]
    chords = np.resize(np.concatenate(parts), round(seconds * rate_hz))
    left = chords + 0.6 * clicks(bpm, seconds, rate_hz)[: len(chords)]
    return np.stack([left, 0.9 * left + noise(seconds, rate_hz, 0.002, seed)[: len(left)]], axis=1).astype(np.float32)


def write(path: Path, samples: NDArray[np.float32], rate_hz: int = 44100, subtype: str | None = None) -> Path:
    """Write `samples` in the format of the suffix and return `path`."""
    soundfile.write(path, samples, rate_hz, subtype=subtype)
    return path
