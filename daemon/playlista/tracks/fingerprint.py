"""What is in a fingerprint, as arrays: the sub-fingerprints of Chromaprint, and the levels of eight bands.

Input: arrays. Output: a ``Fingerprint``, which is stored and exported, and the arrays in it again. They are computed in
``features.fingerprint`` and compared in ``library.duplicates``.
"""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

from playlista.tracks.chromaprint import decode_chromaprint, encode_chromaprint
from playlista.tracks.groups import Fingerprint

#: From one sub-fingerprint to the next: 1365 samples of 11 025 Hz.
FRAME_SECONDS = 1365 / 11025
#: Bands and frames of one row of levels.
BANDS, FRAMES_PER_LEVEL = 8, 16
#: A level is a number of half decibels above this; 0 is silence.
_LOWEST_DB, _STEP_DB = -127.5, 0.5
_SILENT_POWER = 1e-13


def fingerprint_of(numbers: NDArray[np.uint32], powers: NDArray[np.float64]) -> Fingerprint:
    """A fingerprint.

    Parameters
    ----------
    numbers : the sub-fingerprints [shape=(n,)].
    powers : of the bands [shape=(rows, BANDS), 1: a sinusoid at full scale], a row for each `FRAMES_PER_LEVEL` frames.
    """
    decibels = 10 * np.log10(np.maximum(powers, _SILENT_POWER))
    steps = np.clip(np.round((decibels - _LOWEST_DB) / _STEP_DB), 0, 255).astype(np.uint8)
    return Fingerprint(encode_chromaprint(numbers), base64.b64encode(steps.tobytes()).decode())


def numbers_of(fingerprint: Fingerprint) -> NDArray[np.uint32]:
    """The sub-fingerprints [shape=(n,)], one every `FRAME_SECONDS`.

    Raises
    ------
    ValueError : the text is none of Chromaprint's algorithm 2.
    """
    return decode_chromaprint(fingerprint.chromaprint)


def powers_of(fingerprint: Fingerprint) -> NDArray[np.float64]:
    """The powers of the bands, as `fingerprint_of` takes them, to a quarter of a decibel."""
    steps = np.frombuffer(base64.b64decode(fingerprint.band_levels), np.uint8).reshape(-1, BANDS)
    return np.asarray(10 ** ((steps * _STEP_DB + _LOWEST_DB) / 10))
