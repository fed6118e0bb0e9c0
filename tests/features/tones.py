"""Pitched and unpitched sounds for the tests of key and spectrum; nothing is random without a seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Semitones above the tonic of the chords of a full cadence, I IV V I: in minor with the dominant of harmonic minor.
CADENCES = {
    "major": ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7)),
    "minor": ((0, 3, 7), (5, 8, 12), (7, 11, 14), (0, 3, 7)),
}
SCALES = {"major": (0, 2, 4, 5, 7, 9, 11, 12), "minor": (0, 2, 3, 5, 7, 8, 11, 12)}


def note(frequency_hz: float, seconds: float, rate_hz: int, overtones: int = 6) -> NDArray[np.float64]:
    """A struck tone: harmonics of amplitude 1/h, dying away [shape=(n,)]."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    harmonics = [h for h in range(1, overtones + 1) if h * frequency_hz < 0.45 * rate_hz]
    tone = sum(np.sin(2 * np.pi * h * frequency_hz * time + h) / h for h in harmonics)
    return np.asarray(tone * np.exp(-2 * time / seconds))


def pitch_hz(semitones_above_c: float, tuning_cents: float = 0.0) -> float:
    """Frequency of a note counted from middle C, where A is `tuning_cents` above 440 Hz."""
    return float(440 * 2 ** ((semitones_above_c - 9 + tuning_cents / 100) / 12))


def cadence(
    tonic: int, scale: str, rate_hz: int = 22050, tuning_cents: float = 0.0, chord_seconds: float = 0.8
) -> NDArray[np.float32]:
    """A full cadence over a bass, with the scale run above it, twice; `tonic` in semitones above C [shape=(n,)]."""
    bars = []
    for index, chord in enumerate(CADENCES[scale] * 2):
        tones = [tonic + step for step in chord] + [tonic + chord[0] - 12]
        bar = sum(note(pitch_hz(tone, tuning_cents), chord_seconds, rate_hz) for tone in tones)
        run = [tonic + 12 + step for step in SCALES[scale][index % 4 * 2 :][:2]]
        melody = [note(pitch_hz(tone, tuning_cents), chord_seconds / 2, rate_hz) for tone in run]
        bars.append(bar + np.resize(np.concatenate(melody), np.shape(bar)))
    song = np.concatenate(bars)
    return np.asarray(0.5 * song / np.abs(song).max(), dtype=np.float32)


def coloured_noise(seconds: float, slope: float, rate_hz: int = 22050, seed: int = 0) -> NDArray[np.float32]:
    """Gaussian noise whose power falls as f to the `slope`: 0 white, 1 pink, 2 brown [shape=(n,), RMS 0.1]."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(round(seconds * rate_hz)))
    number = np.maximum(np.arange(len(spectrum)), 1)
    samples = np.fft.irfft(spectrum * number ** (-slope / 2), round(seconds * rate_hz))
    return np.asarray(0.1 * samples / samples.std(), dtype=np.float32)


def drums(seconds: float, rate_hz: int = 22050, bpm: float = 120, seed: int = 0) -> NDArray[np.float32]:
    """A beat without pitch: a falling kick, a snare and hi-hats of noise [shape=(n,)]."""
    random = np.random.default_rng(seed)
    track = np.zeros(round((seconds + 1) * rate_hz))
    time = np.arange(round(0.3 * rate_hz)) / rate_hz
    kick = np.sin(2 * np.pi * np.cumsum(45 + 75 * np.exp(-time / 0.03)) / rate_hz) * np.exp(-time / 0.1)
    for index, start_seconds in enumerate(np.arange(0, seconds, 30 / bpm)):
        hat = np.diff(random.standard_normal(len(time) + 1)) * np.exp(-time / 0.015) * 0.15
        snare = random.standard_normal(len(time)) * np.exp(-time / 0.06) * 0.4
        hit = hat + (0.8 * kick if index % 4 == 0 else 0) + (snare if index % 4 == 2 else 0)
        track[round(start_seconds * rate_hz) :][: len(hit)] += hit
    return np.asarray(0.5 * track[: round(seconds * rate_hz)], dtype=np.float32)


def applause(seconds: float, claps_hz: float, rate_hz: int = 22050, seed: int = 0) -> NDArray[np.float32]:
    """Many hands: bursts of noise of 7 to 27 ms, each with a resonance between 600 and 2500 Hz [shape=(n,)]."""
    random = np.random.default_rng(seed)
    longest = round(0.027 * rate_hz)
    track = np.zeros(round(seconds * rate_hz) + longest)
    for start in random.integers(0, len(track) - longest, round(seconds * claps_hz)):
        time = np.arange(random.integers(longest // 4, longest)) / rate_hz
        burst = random.standard_normal(len(time)) * np.exp(-time / random.uniform(0.0015, 0.005))
        resonance = 0.5 + np.cos(2 * np.pi * random.uniform(600, 2500) * time)
        track[start : start + len(time)] += burst * resonance * random.uniform(0.2, 1.0)
    return np.asarray(0.05 * track[: round(seconds * rate_hz)], dtype=np.float32)


def speech(seconds: float, rate_hz: int = 22050, seed: int = 0) -> NDArray[np.float32]:
    """Syllables: harmonics of a pitch that glides by up to a fifth, with breath and pauses between [shape=(n,)]."""
    random = np.random.default_rng(seed)
    parts: list[NDArray[np.float64]] = []
    while sum(map(len, parts)) < seconds * rate_hz:
        time = np.linspace(0, 1, round(random.uniform(0.12, 0.35) * rate_hz))
        start_hz, glide = random.uniform(90, 220), random.choice((-1, 1)) * random.uniform(0.15, 0.5)
        phase = 2 * np.pi * np.cumsum(start_hz * (1 + glide * time)) / rate_hz
        voiced = sum(np.sin(number * phase) / number for number in range(1, 16)) * np.sin(np.pi * time)
        breath = 0.1 * random.standard_normal(round(random.uniform(0.02, 0.1) * rate_hz))
        parts += [np.asarray(voiced), breath]
    return np.asarray(0.2 * np.concatenate(parts)[: round(seconds * rate_hz)], dtype=np.float32)
