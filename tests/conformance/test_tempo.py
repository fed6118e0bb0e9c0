"""Tempo on recordings whose tempo is known, loops repeated eight times, and agreement between full and half rate.

The bar is 13 of the 16 exact within 4 % and 14 exact or an octave apart, which no method of essentia reaches: on the
same files at 44.1 kHz multifeature has 11 and 13, degara 11 and 12, Percival 12 and 13.
"""

from __future__ import annotations

import numpy as np
import pytest

from playlista.features.rhythm.accumulator import RhythmAccumulator
from playlista.tracks import Rhythm
from tests.conformance.essentia_reference import essentia
from tests.conformance.known_tempi import (
    DRONE,
    LEAST_EXACT,
    LEAST_TRUSTED,
    LEAST_WITHIN_OCTAVE,
    Known,
    count,
    known,
    peer_bpm,
    rhythm,
    same,
)
from tests.conformance.recordings import Recording, is_made_alone
from tests.exhaustive import exhaustive

#: Loops that are put end to end for ten minutes, and the first that is here for an hour.
LOOPS = ("loop_amen_full", "loop_electric", "drums at 121")


class Heard:
    """Our answers at the rate and depth of the optimized analysis, each worked out once for all tests."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int], Rhythm] = {}

    def __call__(self, track: Known | Recording) -> Rhythm:
        key = track.name, len(track.optimized)
        if key not in self._found:
            self._found[key] = rhythm(track.optimized, 22050)
        return self._found[key]


@pytest.fixture(scope="module")
def heard() -> Heard:
    """What we hear in a track."""
    return Heard()


@pytest.fixture(scope="module")
def known_tempi(tracks: list[Recording]) -> list[Known]:
    return [known(track) for track in tracks if "bpm" in track.truth]


@pytest.mark.exhaustive
def test_tempo_is_exact_on_thirteen_and_within_an_octave_on_fourteen_of_sixteen(
    known_tempi: list[Known], heard: Heard
) -> None:
    found = [heard(track).bpm for track in known_tempi]
    exact, within_octave = count(found, [track.bpm for track in known_tempi])
    assert len(found) == 16
    assert exact >= LEAST_EXACT, found
    assert within_octave >= LEAST_WITHIN_OCTAVE, found


@pytest.mark.exhaustive
def test_the_drone_has_no_tempo_that_anybody_should_rely_on(known_tempi: list[Known], heard: Heard) -> None:
    (drone,) = (track for track in known_tempi if DRONE in track.name)
    found = heard(drone)
    assert found.bpm is None or found.bpm_confidence < LEAST_TRUSTED


def test_where_a_recording_begins_decides_neither_its_tempo_nor_whether_it_has_one(corpus: list[Recording]) -> None:
    # Of the recordings one of five seconds, repeated: accents strike about every other beat.
    for track in corpus:
        if not ("drums at 109" in track.name or "E minor at 104" in track.name or "60 - mono audio" in track.name):
            continue
        signal = np.tile(track.optimized, 8 if len(track.optimized) < 10 * 22050 else 2)
        whole = rhythm(signal, 22050)
        for lead_seconds in (0.37, 1.0, 2.13):
            silence = np.zeros(round(lead_seconds * 22050), np.float16)
            for moved in np.concatenate((silence, signal)), signal[len(silence) :]:
                found = rhythm(moved, 22050)
                assert found.bpm == pytest.approx(whole.bpm, rel=0.005), track.name
                assert found.bpm_confidence == pytest.approx(whole.bpm_confidence, abs=0.1), track.name


def test_confidence_is_higher_where_the_tempo_is_right_than_where_there_is_none(
    corpus: list[Recording], heard: Heard
) -> None:
    beating = [known(track) for track in corpus if "bpm" in track.truth and DRONE not in track.name]
    beatless = ("whitenoise", "humpback", "5703-47212", "198-209", "3436-172162", "ambi_glass_hum", "ambi_haunted_hum")
    none = [
        heard(track).bpm_confidence
        for track in corpus
        for name in (*beatless, "white noise", "pink noise", "brown noise")
        if name in track.name
    ]
    assert len(none) >= (3 if is_made_alone(corpus) else 10)
    assert max(none) < 0.2
    assert min(heard(track).bpm_confidence for track in beating) > 0.3


@pytest.mark.exhaustive
def test_the_best_method_of_essentia_at_full_rate_has_fewer_exact(known_tempi: list[Known], heard: Heard) -> None:
    # The others find fewer in five times the time; `make bench-quality` compares with all three.
    ours = sum(same(heard(track).bpm, track.bpm) for track in known_tempi)
    assert ours > sum(same(peer_bpm("Percival", track.full), track.bpm) for track in known_tempi)


@pytest.mark.parametrize("seconds", [600, *exhaustive([3600])])
def test_a_loop_has_its_tempo_for_as_long_as_it_lasts(seconds: int, corpus: list[Recording]) -> None:
    loops = [known(track) for track in corpus for name in LOOPS if name in track.name]
    assert loops
    for loop in loops[:1] if seconds == 3600 else loops:
        assert_the_tempo_lasts(loop, seconds)


def assert_the_tempo_lasts(loop: Known, seconds: int) -> None:
    accumulator = RhythmAccumulator(22050)
    repeats = round(seconds * 22050 / len(loop.optimized))
    for _ in range(repeats):
        accumulator.update(loop.optimized)
    found = accumulator.result()
    assert found.bpm == pytest.approx(loop.bpm, rel=0.005)
    assert found.beats_count == pytest.approx(loop.bpm * repeats * len(loop.optimized) / 22050 / 60, rel=0.05)


def test_half_rate_in_float16_agrees_with_full_rate_on_the_tempo(corpus: list[Recording], heard: Heard) -> None:
    chosen: list[Known | Recording] = [known(track) for track in corpus if "bpm" in track.truth]
    chosen += [track for track in corpus if "bpm" not in track.truth and len(track.full) >= 3 * 44100]
    pairs = [(heard(track), rhythm(track.full, 44100)) for track in chosen]
    agree = [
        half.bpm == full.bpm or (half.bpm is not None and full.bpm is not None and abs(half.bpm / full.bpm - 1) < 0.01)
        for half, full in pairs
    ]
    assert len(agree) >= 20
    assert np.mean(agree) >= 0.95


@pytest.mark.exhaustive
def test_onset_rate_is_near_that_of_essentia(tracks: list[Recording], heard: Heard) -> None:
    ours, theirs = [], []
    for track in tracks:
        if len(track.full) >= 5 * 44100:
            ours.append(heard(track).onset_rate_hz)
            theirs.append(float(essentia("OnsetRate")(track.full)[1]))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.85
    # Two pickers on other functions; a median of 0.3 a second is one onset in ten of dense music.
    assert np.median(np.abs(np.subtract(ours, theirs))) < 0.5


def test_danceability_is_near_that_of_essentia(corpus: list[Recording], heard: Heard) -> None:
    """Shorter recordings have only a few blocks at the large scales; a machine's strict beat is at the scale's end."""
    for track in corpus:
        if len(track.full) >= 12 * 44100:
            ours, theirs = heard(track).danceability, essentia("Danceability")(track.full)[0]
            assert ours == pytest.approx(theirs, rel=0.25 if track.name.startswith("made") else 0.12), track.name
