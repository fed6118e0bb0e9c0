"""What the table "rhythm" is made of: recordings with true tempo and beats, heard by us and by essentia's methods.

Input: a folder with a TRUTH.tsv of tempi and a folder ``beats`` of beat times in seconds. Output: rows as plain types.
Ours hears 22 050 Hz in float16, as the daemon does; the others 44.1 kHz.
"""

from __future__ import annotations

import csv
from pathlib import Path

import mir_eval
import numpy as np
from numpy.typing import NDArray

from benchmarks.quality_rhythm import Row
from playlista.features.rhythm.accumulator import RhythmAccumulator
from tests.conformance.essentia_reference import essentia
from tests.conformance.recordings import recording

ANALYSIS_RATE_HZ = 22_050
CHUNK_SECONDS = 3


def measure(folder: Path) -> list[Row]:
    """A row for every recording."""
    if not (folder / "TRUTH.tsv").is_file():
        return []
    with (folder / "TRUTH.tsv").open(encoding="utf-8") as table_file:
        return [_row(folder, truth) for truth in csv.DictReader(table_file, delimiter="\t")]


def _row(folder: Path, truth: dict[str, str]) -> Row:
    track = recording(folder, truth["file"], {})
    true_beats = np.loadtxt((folder / "beats" / truth["file"]).with_suffix(".beats"), usecols=0, ndmin=1)
    accumulator = RhythmAccumulator(ANALYSIS_RATE_HZ)
    for start in range(0, len(track.optimized), CHUNK_SECONDS * ANALYSIS_RATE_HZ):
        accumulator.update(track.optimized[start : start + CHUNK_SECONDS * ANALYSIS_RATE_HZ])
    ours = accumulator.result()
    row = {"file": truth["file"], "set": truth["set"], "truth": float(truth["bpm"]), "confidence": ours.bpm_confidence}
    row["ours"] = {"bpm": ours.bpm, "f": _f_measure(true_beats, accumulator.beat_times())}
    for method in ("degara", "multifeature"):
        bpm, beats, *_ = essentia("RhythmExtractor2013", method=method)(track.full)
        row[method] = {"bpm": float(bpm), "f": _f_measure(true_beats, beats)}
    row["Percival"] = {"bpm": float(essentia("PercivalBpmEstimator")(track.full)), "f": None}
    return row


def _f_measure(truth: NDArray[np.float64], beats: NDArray[np.floating]) -> float:
    """Of the beats, within 70 ms (MIREX), from the first one on."""
    return float(mir_eval.beat.f_measure(truth, np.asarray(beats, np.float64)))
