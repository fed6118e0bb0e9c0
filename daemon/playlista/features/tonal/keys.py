"""The 24 keys: how well each fits a pitch class profile, and their codes on the Camelot wheel.

Input: energies of the twelve notes. Output: correlations, or the key that fits best.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: This part of the profile's greatest note is leakage and percussion, and is taken off every note. (KeyExtractor
#: clears the notes below it and leaves the others as they are; a note at the limit then turns the key over.)
_FLOOR = 0.2

#: Weight of the notes of a key from its tonic up: the profiles ``bgate`` of essentia's ``Key``, from electronic dance
#: music but good beyond it (A. Faraldo, "Tonality estimation in electronic dance music", PhD thesis, Universitat Pompeu
#: Fabra, 2017).
_PROFILES = {
    "major": (1.00, 0.00, 0.42, 0.00, 0.53, 0.37, 0.00, 0.77, 0.00, 0.38, 0.21, 0.30),
    "minor": (1.00, 0.00, 0.36, 0.39, 0.00, 0.38, 0.00, 0.74, 0.27, 0.00, 0.42, 0.23),
}
_FROM_A = ("A", "A#", "B", "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#")

#: Tonic and scale of every key, in the order of `key_fits`.
KEYS = tuple((tonic, scale) for scale in _PROFILES for tonic in _FROM_A)


@dataclass(frozen=True, slots=True)
class Key:
    """A key as the correlation of a profile with it: ``strength`` 0..1."""

    tonic: str
    scale: str
    strength: float


def find_key(hpcp: NDArray[np.float64]) -> Key:
    """The key whose profile correlates best with a harmonic pitch class profile.

    Parameters
    ----------
    hpcp : np.ndarray [shape=(12,), float64]
        Energy of A, A# ... G#, on any scale.
    """
    fits = key_fits(hpcp[np.newaxis])[0]
    best = int(fits.argmax())
    return Key(*KEYS[best], min(1.0, max(0.0, float(fits[best]))))


def key_fits(hpcps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation of each profile with each key, -1..1; 0 for a profile of nothing.

    Parameters
    ----------
    hpcps : np.ndarray [shape=(n, 12), float64]
        Energies of A, A# ... G#, on any scale.

    Returns
    -------
    np.ndarray [shape=(n, 24), float64]
        In the order of `KEYS`.
    """
    greatest = hpcps.max(axis=1, keepdims=True)
    relative = np.divide(hpcps, greatest, out=np.zeros_like(hpcps), where=greatest > 0)
    heard = _standardized(np.maximum(relative - _FLOOR, 0.0))
    fits: NDArray[np.float64] = heard @ _KEY_PROFILES.T
    return fits


def camelot(tonic: str, scale: str) -> str:
    """Code of a key on the Camelot wheel: 1..12 around the circle of fifths, "A" for minor, "B" for major.

    C major is 8B, its relative A minor 8A, and a fifth up is one step on.
    """
    semitones_above_c = (_FROM_A.index(tonic) - 3) % 12
    relative_major = semitones_above_c if scale == "major" else semitones_above_c + 3
    fifths_above_c = relative_major * 7 % 12
    return f"{(fifths_above_c + 7) % 12 + 1}{'B' if scale == 'major' else 'A'}"


def _standardized(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of zero mean and unit norm, so that a product of two is their correlation; zeros where all are alike."""
    centered = rows - rows.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(centered, axis=1, keepdims=True)
    standardized: NDArray[np.float64] = centered / np.where(norms > 0, norms, 1.0)
    return standardized


_KEY_PROFILES = _standardized(
    np.array([np.roll(weights, steps) for weights in _PROFILES.values() for steps in range(len(_FROM_A))])
)
