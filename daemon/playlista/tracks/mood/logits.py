"""Shares as log odds and back. Activations of the network are tiny; their odds are what differs between tracks."""

from __future__ import annotations

import math

#: Shares nearer to 0 or 1 are taken for these.
_LEAST = 1e-4


def log_odds(share: float) -> float:
    """ln(p / (1 - p)) of a share 0..1, within +-9.2."""
    held = _LEAST if share < _LEAST else min(share, 1 - _LEAST)
    return math.log(held / (1 - held))


def share_of(odds: float) -> float:
    """The share 0..1 with these log odds: the logistic function."""
    return 1 / (1 + math.exp(-odds))
