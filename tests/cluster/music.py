"""Tracks for a cluster: excerpts of real music, each with a sound of its own, or chords where there is none.

Input: a folder of music or None. Output: FLAC files, as many as are asked for.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import soundfile

RATE_HZ = 44100
SECONDS = 12


def tracks(folder: Path, source: Path | None, *, seed: int) -> Iterator[Path]:
    """Endlessly more files in `folder`; the same ones for the same seed."""
    chance = random.Random(seed)
    originals = sorted(_readable(source)) if source else []
    number = 0
    while True:
        sound, rate_hz = _excerpt(chance, originals) if originals else _chord(chance)
        path = folder / f"{number:05d}.flac"
        unfinished = path.with_suffix(".part")
        soundfile.write(unfinished, sound * chance.uniform(0.5, 0.9), rate_hz, format="FLAC")
        unfinished.rename(path)
        yield path
        number += 1


def _readable(source: Path) -> Iterator[Path]:
    for path in source.rglob("*"):
        try:
            if path.is_file() and 3 <= soundfile.info(path).duration < 3600:
                yield path
        except soundfile.LibsndfileError:
            continue


def _excerpt(chance: random.Random, originals: list[Path]) -> tuple[np.ndarray, int]:
    while True:
        path = chance.choice(originals)
        with suppress(soundfile.LibsndfileError):  # damaged on purpose
            info = soundfile.info(path)
            wanted = SECONDS * info.samplerate
            start = chance.randrange(max(1, info.frames - wanted))
            sound, rate_hz = soundfile.read(path, frames=wanted, start=start, dtype="float32")
            if len(sound) and np.isfinite(sound).all():
                repeats = -(-wanted // len(sound))  # a short sample is a loop
                return np.concatenate([sound] * repeats)[:wanted], rate_hz


def _chord(chance: random.Random) -> tuple[np.ndarray, int]:
    time = np.arange(SECONDS * RATE_HZ) / RATE_HZ
    voices = [np.sin(2 * np.pi * chance.uniform(80, 1200) * time) for _ in range(4)]
    beat = 0.6 + 0.4 * np.sign(np.sin(2 * np.pi * chance.uniform(1, 3) * time))
    return (sum(voices) / 5 * beat).astype(np.float32), RATE_HZ
