"""Recordings whose tempo is known, as we and as essentia's methods hear them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from playlista.features.rhythm.accumulator import RhythmAccumulator
from playlista.tracks import Rhythm
from tests.conformance.essentia_reference import essentia
from tests.conformance.recordings import Recording
from tests.conformance.rows import Row

#: The tolerance of MIREX.
SAME_TEMPO = 0.04
#: What is shorter is a loop.
LOOP_SECONDS = 20.0
REPEATS = 8
#: Named for a tempo, but nothing in it beats.
DRONE = "loop_drone_g_97"
#: Of the design: no more than this where there is no beat.
LEAST_TRUSTED = 0.3
#: Of the design: exact, and exact or an octave apart.
LEAST_EXACT, LEAST_WITHIN_OCTAVE = 13, 14
PEERS = ("multifeature", "degara", "Percival")


class Known(NamedTuple):
    """A recording, repeated if it is a loop, and its tempo."""

    name: str
    full: NDArray[np.float32]
    optimized: NDArray[np.float16]
    bpm: float


class Heard(NamedTuple):
    """What was heard in a recording of known tempo; `peers` at 44.1 kHz, by the names of ``PEERS``."""

    name: str
    bpm: float
    ours: Rhythm
    peers: dict[str, float]


def known(track: Recording) -> Known:
    """The recording, if its truth has a tempo."""
    repeats = REPEATS if len(track.full) < LOOP_SECONDS * 44100 else 1
    (bpm,) = re.findall(r"~?(\d+)", str(track.truth["bpm"]))[:1]
    return Known(track.name, np.tile(track.full, repeats), np.tile(track.optimized, repeats), float(bpm))


def rhythm(signal: NDArray[np.floating], rate_hz: int) -> Rhythm:
    """Our answer, in chunks of 3 s."""
    accumulator = RhythmAccumulator(rate_hz)
    for start in range(0, len(signal), 3 * rate_hz):
        accumulator.update(signal[start : start + 3 * rate_hz])
    return accumulator.result()


def peer_bpm(method: str, full: NDArray[np.float32]) -> float:
    """The tempo that a method of essentia hears at 44.1 kHz."""
    if method == "Percival":
        return float(essentia("PercivalBpmEstimator")(full))
    return float(essentia("RhythmExtractor2013", method=method)(full)[0])


def hear(track: Known, peers: Sequence[str] = PEERS) -> Heard:
    """Everybody's answer."""
    theirs = {method: peer_bpm(method, track.full) for method in peers}
    return Heard(track.name, track.bpm, rhythm(track.optimized, 22050), theirs)


def same(bpm: float | None, truth: float) -> bool:
    """Whether it is the true tempo within 4 %."""
    return bpm is not None and abs(bpm / truth - 1) <= SAME_TEMPO


def level_of(bpm: float | None, truth: float) -> float | None:
    """1 for the true tempo, 2 or a half for its octaves, None for another or none."""
    return next((level for level in (1.0, 2.0, 0.5) if same(bpm, truth * level)), None)


def count(bpms: Sequence[float | None], truths: Sequence[float]) -> tuple[int, int]:
    """How many are exact, and how many exact or an octave apart."""
    levels = [level_of(bpm, truth) for bpm, truth in zip(bpms, truths, strict=True)]
    return levels.count(1.0), sum(level is not None for level in levels)


def tempo_rows(heard: Sequence[Heard]) -> list[Row]:
    """The bars of the design on the recordings: number of exact tempi, no fewer than any peer, and the drone."""
    truths = [track.bpm for track in heard]
    exact, within = count([track.ours.bpm for track in heard], truths)
    theirs = {method: count([track.peers[method] for track in heard], truths)[0] for method in heard[0].peers}
    said = ", ".join(f"{method} {number}" for method, number in theirs.items())
    rows = [
        Row(
            f"bpm: {len(heard)} recordings of known tempo, exact / or an octave apart",
            f"{exact} / {within}",
            f"{LEAST_EXACT} / {LEAST_WITHIN_OCTAVE} at least",
            "TRUTH.tsv",
            "4 %",
            exact >= LEAST_EXACT and within >= LEAST_WITHIN_OCTAVE,
        ),
        Row(
            "bpm: exact, against essentia at 44.1 kHz",
            exact,
            said,
            "the same files",
            "more",
            exact > max(theirs.values()),
        ),
    ]
    rows += [
        Row("bpm: the beatless drone", said_of(track.ours), "none", "by ear", f"none, or confidence < {LEAST_TRUSTED}",
            track.ours.bpm is None or track.ours.bpm_confidence < LEAST_TRUSTED)
        for track in heard if DRONE in track.name
    ]  # fmt: skip
    return rows


def said_of(found: Rhythm) -> str:
    """Tempo and confidence in a cell."""
    return "none" if found.bpm is None else f"{found.bpm:.1f} ({found.bpm_confidence:.2f})"
