"""What the section "confidence" is made of: recordings with true tempo, as the daemon hears them, and what that costs.

Input: a folder with a TRUTH.tsv of tempi, and the folder of music with a TRUTH.tsv. Output: plain types. The cost is
the CPU time of the thread, the median over the recordings of ten seconds and more.
"""

from __future__ import annotations

import csv
import statistics
from pathlib import Path
from time import thread_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality_confidence import OTHERS, Row
from benchmarks.quality_rhythm import is_exact
from playlista.features.rhythm.accumulator import RhythmAccumulator
from tests.conformance.known_tempi import known
from tests.conformance.recordings import recording, recordings

_RATE_HZ = 22_050
_CHUNK = 3 * _RATE_HZ
_LEAST_SECONDS = 10.0


def measure(tempo: Path, music: Path) -> dict[str, Any]:
    """A row for every recording, and the milliseconds of CPU that a minute of music takes."""
    rows: list[Row] = []
    costs: list[float] = []
    if (tempo / "TRUTH.tsv").is_file():
        with (tempo / "TRUTH.tsv").open(encoding="utf-8") as lines:
            for truth in csv.DictReader(lines, delimiter="\t"):
                samples = recording(tempo, truth["file"], {}).optimized
                rows.append(_row(truth["file"], truth["set"], float(truth["bpm"]), samples, costs))
    if (music / "TRUTH.tsv").is_file():
        tracks = [known(track) for track in recordings(music) if "bpm" in track.truth]
        rows += [_row(track.name, OTHERS, track.bpm, track.optimized, costs) for track in tracks]
    return {"rows": rows, "milliseconds": 1000 * statistics.median(costs) if costs else 0.0}


def _row(name: str, of: str, bpm: float, samples: NDArray[np.float16], costs: list[float]) -> Row:
    started = thread_time()
    accumulator = RhythmAccumulator(_RATE_HZ)
    for start in range(0, len(samples), _CHUNK):
        accumulator.update(samples[start : start + _CHUNK].astype(np.float32))
    found = accumulator.result()
    seconds = len(samples) / _RATE_HZ
    if seconds >= _LEAST_SECONDS:
        costs.append((thread_time() - started) * 60 / seconds)
    return {
        "file": name,
        "set": of,
        "bpm": found.bpm,
        "confidence": found.bpm_confidence,
        "right": is_exact(found.bpm, bpm),
    }
