"""Real recordings as the analysis sees them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray


class Recording(NamedTuple):
    """A recording mixed to mono, at full rate and as the optimized analysis gets it, with what is known of it."""

    name: str
    full: NDArray[np.float32]
    optimized: NDArray[np.float16]
    truth: dict[str, str]


def is_made_alone(corpus: list[Recording]) -> bool:
    """Whether no recording of the real world is among them."""
    return all(track.name.startswith("made: ") for track in corpus)


def recording(folder: Path, path: str, truth: dict[str, str]) -> Recording:
    """Read one recording below `folder`: 44.1 kHz float32 and 22.05 kHz float16."""
    blocks = []
    with soundfile.SoundFile(folder / path) as sound:
        rate_hz = sound.samplerate
        # In blocks, since some headers promise exabytes.
        while len(block := sound.read(1 << 20, dtype="float32", always_2d=True)):
            blocks.append(block.mean(axis=1))
    mono = np.concatenate(blocks or [np.zeros(0, np.float32)])
    optimized = soxr.resample(mono, rate_hz, 22050).astype(np.float16)
    return Recording(path, soxr.resample(mono, rate_hz, 44100), optimized, truth)


def recordings(folder: Path, least_seconds: float = 0.0) -> list[Recording]:
    """All recordings of TRUTH.tsv that libsndfile decodes and that last `least_seconds`."""
    found = []
    with (folder / "TRUTH.tsv").open(encoding="utf-8") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            try:
                heard = recording(folder, row["path"], json.loads(row["truth"] or "{}"))
            except soundfile.LibsndfileError:
                continue
            if len(heard.full) >= least_seconds * 44100:
                found.append(heard)
    return found
