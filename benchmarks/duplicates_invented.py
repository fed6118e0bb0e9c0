"""Invented fingerprints, as many as a large library has, of which it is known which are copies.

Input: a number of tracks. Output: their texts, lengths and recordings; the same at every call.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from playlista.tracks import Fingerprint
from playlista.tracks.fingerprint import fingerprint_of


def invented(count: int) -> Iterator[tuple[str, str, float, int]]:
    """Fingerprints of `count` tracks of three minutes, and a number for each recording: one of a hundred is a copy.

    From one number to the next some bits change, as in music; a copy has 3 % other bits and begins up to 5 s later.
    """
    chance = np.random.default_rng(1)
    former: NDArray[np.uint32] = np.zeros(0, np.uint32)
    levels = np.zeros((0, 8))
    for number in range(count):
        if number % 100 == 99:
            numbers = np.roll(former, -int(chance.integers(0, 40))) ^ _bits(chance, len(former), 0.03)
            yield (*_texts(fingerprint_of(numbers, levels)), 180.0, number - 1)
            continue
        former = np.bitwise_xor.accumulate(_bits(chance, 948, 0.12))
        levels = 10 ** chance.uniform(-6, -2, size=8) * np.ones((60, 1))
        yield (*_texts(fingerprint_of(former, levels)), 180.0, number)


def _bits(chance: np.random.Generator, count: int, share: float) -> NDArray[np.uint32]:
    return np.packbits(chance.random((count, 32)) < share, axis=1).view(">u4").astype(np.uint32)[:, 0]


def _texts(fingerprint: Fingerprint) -> tuple[str, str]:
    return fingerprint.chromaprint, fingerprint.band_levels
