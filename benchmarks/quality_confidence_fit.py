"""The logistic regression behind the tempo's confidence, and what it says of sets that it was not fitted on.

Input: rows with the evidence of each recording and whether its tempo is right. Output: log odds as base and factors, in
the order of ``Evidence``; and confidences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playlista.features.rhythm.confidence import BASE, OF_BARS, OF_OCTAVE, OF_PARTS, Evidence, combined
from playlista.features.rhythm.tempo import Tempo

Row = dict[str, Any]

#: What the product has, in the order of `fitted`.
IN_USE = (BASE, OF_OCTAVE, OF_BARS, OF_PARTS)
#: Weight of small factors against a good fit.
_RIDGE = 1.0
_STEPS = 30


def facts(tempo: Tempo, evidence: Evidence) -> Row:
    """What a row keeps for the fit, as plain types."""
    return {
        "evidence": astuple(evidence),
        "clearness": tempo.clearness,
        "agreement": tempo.agreement,
        "heard": tempo.heard,
    }


def fitted(rows: Sequence[Row]) -> list[float]:
    """Base and factors of the log odds of being right, by Newton's method."""
    evidence = np.array([(1.0, *row["evidence"]) for row in rows])
    right = np.array([row["right"] for row in rows], np.float64)
    ridge = _RIDGE * np.diag([0.0, *[1.0] * (evidence.shape[1] - 1)]) + 1e-3 * np.eye(evidence.shape[1])
    factors = np.zeros(evidence.shape[1])
    for _ in range(_STEPS):
        share = 1.0 / (1.0 + np.exp(-evidence @ factors))
        gradient = evidence.T @ (right - share) - ridge @ factors
        curvature = (evidence * (share * (1.0 - share))[:, np.newaxis]).T @ evidence + ridge
        factors = factors + np.linalg.solve(curvature, gradient)
    return [round(float(factor), 2) for factor in factors]


def confidences_elsewhere(rows: Sequence[Row]) -> list[float]:
    """The confidence of each row with factors fitted on the other sets alone."""
    found: dict[int, float] = {}
    for name in dict.fromkeys(row["set"] for row in rows):
        factors = np.array(fitted([row for row in rows if row["set"] != name]))
        found |= {place: _confidence(row, factors) for place, row in enumerate(rows) if row["set"] == name}
    return [found[place] for place in range(len(rows))]


def _confidence(row: Row, factors: NDArray[np.float64]) -> float:
    tempo = Tempo(row["bpm"], clearness=row["clearness"], agreement=row["agreement"], heard=row["heard"])
    return combined(tempo, float(factors @ (1.0, *row["evidence"])))
