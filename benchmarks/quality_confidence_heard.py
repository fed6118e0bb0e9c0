"""What the section "confidence" is made of: recordings with true tempo, as the daemon hears them, and what that costs.

Input: folders with a TRUTH.tsv of tempi (recordings; what ``tempo_material`` rendered), and the folder of music with a
TRUTH.tsv. Output: plain types. The cost is the CPU time of the thread, the median over the recordings of ten seconds
and more.
"""

from __future__ import annotations

import csv
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import thread_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality_confidence import OTHERS, Row, of_sets
from benchmarks.quality_confidence_fit import IN_USE, confidences_elsewhere, facts, fitted
from benchmarks.quality_rhythm import is_exact
from playlista.features.rhythm.accumulator import RhythmAccumulator
from playlista.features.rhythm.beats import follow_beats
from playlista.features.rhythm.confidence import evidence_of
from playlista.features.rhythm.onsets import OnsetEnvelope
from playlista.features.rhythm.tempo import beat_periods, estimate_tempo
from playlista.features.rhythm.tempogram import Tempogram
from playlista.tracks import Rhythm
from tests.conformance.known_tempi import known
from tests.conformance.recordings import recording, recordings

_RATE_HZ = 22_050
_CHUNK = 3 * _RATE_HZ
_LEAST_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Known:
    """A recording, its set and its tempo."""

    file: str
    set: str
    bpm: float
    samples: NDArray[np.float16]


def measure(folders: Sequence[Path], music: Path) -> dict[str, Any]:
    """A row for every recording with a tempo, the fit, and the milliseconds of CPU that a minute of music takes."""
    rows: list[Row] = []
    costs: list[float] = []
    for track in _tracks(folders, music):
        found = _heard(track.samples, costs)
        right = is_exact(found.bpm, track.bpm)
        row = {"file": track.file, "set": track.set, "bpm": found.bpm, "confidence": found.bpm_confidence}
        row["candidates"] = [(weight, is_exact(bpm, track.bpm)) for bpm, weight in found.bpm_candidates]
        rows.append(row | {"right": right, **_facts(track.samples)})
    sets = of_sets(rows)
    for row, confidence in zip(sets, confidences_elsewhere(sets), strict=True):
        row["elsewhere"] = confidence
    milliseconds = 1000 * statistics.median(costs) if costs else 0.0
    return {"rows": rows, "milliseconds": milliseconds, "fitted": fitted(sets) if sets else [], "in_use": IN_USE}


def _tracks(folders: Sequence[Path], music: Path) -> Iterator[_Known]:
    for folder in folders:
        if (folder / "TRUTH.tsv").is_file():
            with (folder / "TRUTH.tsv").open(encoding="utf-8") as lines:
                for truth in csv.DictReader(lines, delimiter="\t"):
                    samples = recording(folder, truth["file"], {}).optimized
                    yield _Known(truth["file"], truth["set"], float(truth["bpm"]), samples)
    if (music / "TRUTH.tsv").is_file():
        for track in recordings(music):
            if "bpm" in track.truth:
                told = known(track)
                yield _Known(told.name, OTHERS, told.bpm, told.optimized)


def _heard(samples: NDArray[np.float16], costs: list[float]) -> Rhythm:
    started = thread_time()
    accumulator = RhythmAccumulator(_RATE_HZ)
    for start in range(0, len(samples), _CHUNK):
        accumulator.update(samples[start : start + _CHUNK].astype(np.float32))
    found = accumulator.result()
    seconds = len(samples) / _RATE_HZ
    if seconds >= _LEAST_SECONDS:
        costs.append((thread_time() - started) * 60 / seconds)
    return found


def _facts(samples: NDArray[np.float16]) -> Row:
    """What the confidence is made of; nothing where there is no tempo."""
    envelope = OnsetEnvelope(_RATE_HZ)
    for start in range(0, len(samples), _CHUNK):
        envelope.update(samples[start : start + _CHUNK].astype(np.float32))
    envelope.close()
    tempogram = Tempogram(envelope)
    tempo = estimate_tempo(tempogram, envelope.onsets())
    if tempo.bpm is None:
        return {}
    return facts(tempo, evidence_of(tempo, envelope, follow_beats(envelope, beat_periods(tempogram, tempo.bpm))))
