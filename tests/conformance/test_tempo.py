"""Tempo on recordings whose tempo is known, loops repeated eight times, and agreement between full and half rate.

The bar is 13 of the 16 exact within 4 % and 14 exact or an octave apart, which no method of essentia reaches: on the
same files at 44.1 kHz multifeature has 11 and 13, degara 11 and 12, Percival 12 and 13.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from playlista.features.rhythm import RhythmAccumulator
from playlista.tracks import Rhythm
from tests.conformance.essentia_reference import essentia
from tests.conformance.recordings import Recording, recordings

SAME_TEMPO = 0.04
#: What is shorter is a loop.
LOOP_SECONDS = 20.0
REPEATS = 8
#: Named for a tempo, but nothing in it beats.
DRONE = "loop_drone_g_97"


class Known(NamedTuple):
    """A recording, repeated if it is a loop, and its tempo."""

    name: str
    full: NDArray[np.float32]
    optimized: NDArray[np.float16]
    bpm: float


def known(track: Recording) -> Known:
    repeats = REPEATS if len(track.full) < LOOP_SECONDS * 44100 else 1
    (bpm,) = re.findall(r"~?(\d+)", str(track.truth["bpm"]))[:1]
    return Known(track.name, np.tile(track.full, repeats), np.tile(track.optimized, repeats), float(bpm))


@pytest.fixture(scope="module")
def tracks(shared_audio: Path) -> list[Recording]:
    return recordings(shared_audio)


@pytest.fixture(scope="module")
def known_tempi(tracks: list[Recording]) -> list[Known]:
    return [known(track) for track in tracks if "bpm" in track.truth]


def rhythm(signal: NDArray[np.floating], rate_hz: int) -> Rhythm:
    accumulator = RhythmAccumulator(rate_hz)
    for start in range(0, len(signal), 3 * rate_hz):
        accumulator.update(signal[start : start + 3 * rate_hz])
    return accumulator.result()


def same(bpm: float | None, truth: float) -> bool:
    return bpm is not None and abs(bpm / truth - 1) <= SAME_TEMPO


def level_of(bpm: float | None, truth: float) -> float | None:
    """1 for the true tempo, 2 or a half for its octaves, None for another or none."""
    return next((level for level in (1.0, 2.0, 0.5) if same(bpm, truth * level)), None)


def test_tempo_is_exact_on_thirteen_and_within_an_octave_on_fourteen_of_sixteen(known_tempi: list[Known]) -> None:
    levels = {track.name: level_of(rhythm(track.optimized, 22050).bpm, track.bpm) for track in known_tempi}
    assert len(levels) == 16
    assert sum(level == 1.0 for level in levels.values()) >= 13, levels
    assert sum(level is not None for level in levels.values()) >= 14, levels


def test_the_drone_has_no_tempo_that_anybody_should_rely_on(known_tempi: list[Known]) -> None:
    (drone,) = (track for track in known_tempi if DRONE in track.name)
    found = rhythm(drone.optimized, 22050)
    assert found.bpm is None or found.bpm_confidence < 0.3


def test_confidence_is_higher_where_the_tempo_is_right_than_where_there_is_none(tracks: list[Recording]) -> None:
    beating = [known(track) for track in tracks if "bpm" in track.truth and DRONE not in track.name]
    right = [rhythm(track.optimized, 22050).bpm_confidence for track in beating]
    beatless = ("whitenoise", "humpback", "5703-47212", "198-209", "3436-172162", "ambi_glass_hum", "ambi_haunted_hum")
    none = [
        rhythm(track.optimized, 22050).bpm_confidence for track in tracks for name in beatless if name in track.name
    ]
    assert len(none) >= 7
    assert max(none) < 0.2
    assert min(right) > 0.3


@pytest.mark.slow
@pytest.mark.parametrize("method", ["multifeature", "degara", "percival"])
def test_no_method_of_essentia_at_full_rate_has_as_many_exact(known_tempi: list[Known], method: str) -> None:
    theirs = []
    for track in known_tempi:
        if method == "percival":
            found = essentia("PercivalBpmEstimator")(track.full)
        else:
            found = essentia("RhythmExtractor2013", method=method)(track.full)[0]
        theirs.append(same(found, track.bpm))
    ours = [same(rhythm(track.optimized, 22050).bpm, track.bpm) for track in known_tempi]
    assert sum(ours) > sum(theirs)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["loop_amen_full", "loop_electric"])
def test_a_loop_of_an_hour_has_its_tempo(known_tempi: list[Known], name: str) -> None:
    (loop,) = (track for track in known_tempi if name in track.name)
    accumulator = RhythmAccumulator(22050)
    repeats = round(3600 * 22050 / len(loop.optimized))
    for _ in range(repeats):
        accumulator.update(loop.optimized)
    found = accumulator.result()
    assert found.bpm == pytest.approx(loop.bpm, rel=0.005)
    assert found.beats_count == pytest.approx(loop.bpm * repeats * len(loop.optimized) / 22050 / 60, rel=0.05)


def test_half_rate_in_float16_agrees_with_full_rate_on_the_tempo(
    tracks: list[Recording], known_tempi: list[Known]
) -> None:
    heard = [*known_tempi, *(track for track in tracks if "bpm" not in track.truth and len(track.full) >= 3 * 44100)]
    pairs = [(rhythm(track.optimized, 22050), rhythm(track.full, 44100)) for track in heard]
    agree = [
        half.bpm == full.bpm or (half.bpm is not None and full.bpm is not None and abs(half.bpm / full.bpm - 1) < 0.01)
        for half, full in pairs
    ]
    assert len(agree) >= 50
    assert np.mean(agree) >= 0.95


def test_onset_rate_is_near_that_of_essentia(tracks: list[Recording]) -> None:
    ours, theirs = [], []
    for track in tracks:
        if len(track.full) >= 5 * 44100:
            ours.append(rhythm(track.optimized, 22050).onset_rate_hz)
            theirs.append(float(essentia("OnsetRate")(track.full)[1]))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.85
    # Two pickers on other functions; a median of 0.3 a second is one onset in ten of dense music.
    assert np.median(np.abs(np.subtract(ours, theirs))) < 0.5


def test_danceability_is_near_that_of_essentia(tracks: list[Recording]) -> None:
    """Shorter recordings have only a few blocks at the large scales."""
    for track in tracks:
        if len(track.full) >= 12 * 44100:
            ours, theirs = rhythm(track.optimized, 22050).danceability, essentia("Danceability")(track.full)[0]
            assert ours == pytest.approx(theirs, rel=0.12), track.name
