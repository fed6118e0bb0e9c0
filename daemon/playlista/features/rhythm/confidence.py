"""How sure the tempo of a track is, once its beats are known.

Input: the tempo and its beats. Output: 0..1. Of tempi that are wrong most are twice or half the true one, and what the
beats look like tells some of them: see :class:`Evidence`.

The constants are those of a logistic regression on recordings and renderings of known tempo, which
``python -m benchmarks.quality --only confidence`` fits again; how it does on sets that it was not fitted on is in
docs/appendix/quality.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from playlista.features.rhythm.beats import BeatPath, mean_strengths_at
from playlista.features.rhythm.onsets import OnsetEnvelope
from playlista.features.rhythm.tempo import Tempo

#: Log odds of a tempo being right: a base, and what the fields of `Evidence` add, each times its own.
BASE = 3.72
OF_OCTAVE, OF_BARS, OF_PARTS = -2.66, 0.97, 0.35
#: Weight of that probability in the geometric mean with how clear the tempo is; chosen among 1/2, 2/3, 3/4, 4/5 and 1.
PROBABILITY_WEIGHT = 0.8
#: Where less of the beat is heard than this, confidence fades out, so that nothing trusted hangs on that limit.
FADING_HEARD = 0.5
#: Where less of the track has this tempo, confidence falls with the square root of what has.
USUAL_AGREEMENT = 0.9

#: Beats of a bar, and the place between two beats where semiquavers lie in a beat that is no half of one.
_BAR_BEATS = 4
_BEFORE_NEXT = 0.75
#: Beats with fewer pairs a bar apart tell nothing about bars.
_FEWEST_PAIRS = 4
#: Lest the logarithm of nothing count for more than nearly nothing.
_LEAST_PARTS = 0.02


@dataclass(frozen=True, slots=True)
class Evidence:
    """What tells a tempo that is right from twice and half of it.

    octave : 0..1, salience of twice or half the tempo, whichever is greater, as a share of its own.
    bars : -1..1, correlation of the strengths of beats that are four beats apart; accents come back with the bar.
    parts : logarithm of how strong the place three quarters of the way to the next beat is against the beats. What
        sounds there divides a beat into four; halves of beats are not divided so.
    """

    octave: float
    bars: float
    parts: float


def evidence_of(tempo: Tempo, envelope: OnsetEnvelope, path: BeatPath) -> Evidence:
    """The evidence in the beats of a track."""
    on_beat, before_next = mean_strengths_at(envelope, path.frames, (0.0, _BEFORE_NEXT))
    share = before_next / on_beat if on_beat else 0.0
    return Evidence(tempo.octave_share, _bar_correlation(path), math.log(share + _LEAST_PARTS))


def confidence(tempo: Tempo, evidence: Evidence) -> float:
    """0..1, and 0 where there is no beat: the geometric mean of how clear the tempo is and how probably it is right."""
    if tempo.bpm is None:
        return 0.0
    return combined(tempo, log_odds(evidence))


def log_odds(evidence: Evidence) -> float:
    """Of the tempo being right, by the evidence alone."""
    return BASE + OF_OCTAVE * evidence.octave + OF_BARS * evidence.bars + OF_PARTS * evidence.parts


def combined(tempo: Tempo, odds: float) -> float:
    """The confidence in a tempo that is right with these log odds by the evidence."""
    probability = 1.0 / (1.0 + math.exp(-odds))
    fading = min(tempo.heard / FADING_HEARD, 1.0) * math.sqrt(min(tempo.agreement / USUAL_AGREEMENT, 1.0))
    return fading * float(tempo.clearness ** (1.0 - PROBABILITY_WEIGHT) * probability**PROBABILITY_WEIGHT)


def _bar_correlation(path: BeatPath) -> float:
    strengths = path.strengths.astype(np.float64)
    if len(strengths) < _BAR_BEATS + _FEWEST_PAIRS:
        return 0.0
    above = strengths - strengths.mean()
    variance = float(np.mean(above**2))
    return float(np.mean(above[_BAR_BEATS:] * above[:-_BAR_BEATS])) / variance if variance else 0.0
