"""Overlapping triangles: the shape of every mel filter bank."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def triangles(positions: NDArray[np.floating], corners: NDArray[np.floating]) -> NDArray[np.float64]:
    """Heights of n - 2 triangles at `positions` [shape=(positions, n - 2)], each 1 at its middle corner.

    Parameters
    ----------
    positions : [shape=(positions,)], in the unit of the corners.
    corners : [shape=(n,)], rising; each triangle begins at one, has its top at the next and ends at the third.
    """
    column = positions.astype(np.float64)[:, np.newaxis]
    lower, top, upper = corners[:-2], corners[1:-1], corners[2:]
    rising, falling = (column - lower) / (top - lower), (upper - column) / (upper - top)
    return np.asarray(np.maximum(np.minimum(rising, falling), 0.0), dtype=np.float64)
