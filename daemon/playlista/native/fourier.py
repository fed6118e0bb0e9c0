"""Cosines and sines for the kernel of Fourier transforms, in the order in which it needs them.

Input: the length of a frame. Output: one array, made once a process and length.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

#: Series of a frame that are transformed side by side.
LANES = 8
#: Of shorter frames there is not an octet of each series.
SHORTEST_FRAME = 2 * LANES * LANES


def is_transformable(length: int) -> bool:
    """Whether the kernel knows frames of `length` samples: powers of two from `SHORTEST_FRAME` on."""
    return length >= SHORTEST_FRAME and length & (length - 1) == 0


@lru_cache(maxsize=16)
def turns(length: int) -> NDArray[np.float32]:
    """What the kernel turns numbers by, for frames of `length` samples [shape=(n,), float32].

    Raises
    ------
    ValueError : the kernel does not know frames of this length.
    """
    if not is_transformable(length):
        raise ValueError(f"frames of a power of two from {SHORTEST_FRAME} on are needed, not of {length}")
    half = length // 2
    places = np.outer(np.arange(half // LANES), np.arange(LANES)) / half
    parts = (
        *_passes(half, LANES),
        np.concatenate([_cosine(places), _sine(places)], axis=1),
        *_passes(half, half // LANES),
        _cosine(np.arange(half) / length),
        _sine(np.arange(half) / length),
    )
    made = np.concatenate([part.ravel() for part in parts]).astype(np.float32)
    made.flags.writeable = False
    return made


def _passes(half: int, side: int) -> list[NDArray[np.float64]]:
    """For each pass by four from `side` series on, of each group [shape=(groups, 6)] the powers of its root."""
    made = []
    while side * 4 <= half:
        groups = half // side // 4
        shares = np.arange(groups) / (4 * groups)
        made.append(np.stack([turn(power * shares) for power in (1, 2, 3) for turn in (_cosine, _sine)], axis=1))
        side *= 4
    return made


def _cosine(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Real part of a turn by `share` of the circle, clockwise."""
    return np.cos(2.0 * np.pi * share)


def _sine(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Imaginary part of it."""
    return -np.sin(2.0 * np.pi * share)
