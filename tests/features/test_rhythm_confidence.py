"""What makes a tempo sure: rivals at its octaves, accents that come back with the bar, what divides its beats."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from playlista.features.rhythm.beats import BeatPath, follow_beats
from playlista.features.rhythm.confidence import (
    PROBABILITY_WEIGHT,
    USUAL_AGREEMENT,
    Evidence,
    combined,
    confidence,
    evidence_of,
    log_odds,
)
from playlista.features.rhythm.onsets import OnsetEnvelope
from playlista.features.rhythm.tempo import NO_TEMPO, Tempo, beat_periods, estimate_tempo
from playlista.features.rhythm.tempogram import Tempogram
from tests.features.rhythm_signals import RATE_HZ, Pattern, clicks, drums

CERTAIN = Tempo(120.0, clearness=1.0, agreement=1.0, heard=1.0, octave_share=0.3)
USUAL = Evidence(octave=0.5, bars=0.3, parts=-2.0)


def envelope_of(pattern: Pattern) -> OnsetEnvelope:
    envelope = OnsetEnvelope(RATE_HZ)
    envelope.update(pattern.samples)
    envelope.close()
    return envelope


def path_of(pattern: Pattern, envelope: OnsetEnvelope) -> BeatPath:
    """The true beats, all of one strength."""
    frames = np.rint(pattern.beats * envelope.frame_rate_hz).astype(np.intp)
    return BeatPath(frames, np.ones(len(frames), np.float32))


def test_even_odds_and_a_tempo_that_is_wholly_clear_leave_half_to_the_power_of_its_weight() -> None:
    assert combined(CERTAIN, 0.0) == pytest.approx(0.5**PROBABILITY_WEIGHT)
    assert combined(CERTAIN, 50.0) == pytest.approx(1.0)
    assert combined(CERTAIN, -50.0) == pytest.approx(0.0, abs=1e-9)


def test_each_piece_of_evidence_counts_in_its_direction() -> None:
    usual = log_odds(USUAL)
    assert log_odds(replace(USUAL, octave=0.9)) < usual
    assert log_odds(replace(USUAL, bars=0.9)) > usual
    assert log_odds(replace(USUAL, parts=-0.5)) > usual


def test_confidence_fades_out_at_the_limit_of_having_a_beat() -> None:
    certain = confidence(CERTAIN, USUAL)
    assert 0.5 < certain < 1.0
    assert confidence(replace(CERTAIN, heard=0.05), USUAL) == pytest.approx(0.1 * certain)
    assert confidence(replace(CERTAIN, heard=0.0), USUAL) == 0.0
    assert confidence(NO_TEMPO, USUAL) == 0.0


def test_a_track_that_has_its_tempo_for_a_part_only_has_less_confidence() -> None:
    half = replace(CERTAIN, agreement=USUAL_AGREEMENT / 4)
    assert confidence(half, USUAL) == pytest.approx(0.5 * confidence(CERTAIN, USUAL))


def test_accents_that_come_back_with_every_bar_correlate_and_alike_or_few_beats_do_not() -> None:
    def bars(strengths: list[float]) -> float:
        path = BeatPath(np.arange(len(strengths)) * 31, np.array(strengths, np.float32))
        return evidence_of(CERTAIN, envelope_of(clicks(120, 20)), path).bars

    assert bars([4.0, 1.0, 2.0, 1.0] * 8) == pytest.approx(1.0, abs=0.01)
    assert bars([4.0, 1.0, 1.0, 1.0, 1.0] * 8) == pytest.approx(-0.25, abs=0.05)
    assert bars([2.0] * 30) == 0.0
    assert bars([4.0, 1.0, 2.0]) == 0.0
    assert bars([]) == 0.0


def test_semiquavers_are_heard_between_beats_and_nothing_between_those_of_a_metronome() -> None:
    beats, semiquavers = clicks(100, 40), clicks(400, 40)
    divided = Pattern(beats.samples + 0.5 * semiquavers.samples, beats.beats)
    alone, among = (
        evidence_of(CERTAIN, envelope, path_of(pattern, envelope)).parts
        for pattern, envelope in ((beats, envelope_of(beats)), (divided, envelope_of(divided)))
    )
    assert alone == pytest.approx(math.log(0.02), abs=0.3)
    assert among > math.log(0.3)


def test_evidence_of_drums_lies_in_its_ranges_and_is_the_same_twice() -> None:
    envelope = envelope_of(drums(96, 40))
    tempogram = Tempogram(envelope)
    tempo = estimate_tempo(tempogram, envelope.onsets())
    assert tempo.bpm is not None
    path = follow_beats(envelope, beat_periods(tempogram, tempo.bpm))
    evidence = evidence_of(tempo, envelope, path)
    assert (0.0 < evidence.octave <= 1.0, -1.0 <= evidence.bars <= 1.0) == (True, True)
    assert evidence_of(tempo, envelope, path) == evidence
    # Kick and snare take turns: what lies four beats apart is the same sound.
    assert evidence.bars > 0.5
