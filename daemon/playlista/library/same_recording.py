"""Whether two fingerprints are of one recording, and of one master of it.

Input: two fingerprints with the lengths of their tracks. Output: how well they fit, or None. Nothing is read or stored.

The sub-fingerprints are laid over one another at each shift of a few seconds; of other encodings, levels and cuts of a
recording a few per cent of the bits differ, of other music about half, of the same notes played again a fifth and more.
A remaster is the same recording, too, but not a copy of it: there the bands have another balance, which neither a
change of level nor an encoder brings about. The limits are those of docs/duplicates.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.tracks import Fingerprint
from playlista.tracks.fingerprint import BANDS, FRAME_SECONDS, FRAMES_PER_LEVEL, numbers_of, powers_of

#: So much may have been cut off at either end.
MOST_CUT_SECONDS = 12.0
#: Share of the bits that may differ.
MOST_ERRORS = 0.15
#: Decibels by which three quarters of the bands may differ from the change of level of all of them.
MOST_APART_DB = 0.5
#: So many sub-fingerprints have to lie over one another, and so many of them have to be different ones: a tone or a
#: noise that does not change is like any other.
LEAST_FRAMES, LEAST_DISTINCT = 32, 16
#: Bands that are so much below the loudest are an encoder's noise.
_AUDIBLE_DB = 45.0
_SILENT_POWER = 1e-12


@dataclass(frozen=True, slots=True)
class Heard:
    """A fingerprint as it is compared, and the length of its track.

    ``numbers`` [shape=(n,)], ``powers`` [shape=(rows, BANDS)].
    """

    numbers: NDArray[np.uint32]
    powers: NDArray[np.float64]
    seconds: float

    @classmethod
    def of(cls, fingerprint: Fingerprint, seconds: float) -> Heard:
        """What is compared of the fingerprint of a track."""
        return cls(numbers_of(fingerprint), powers_of(fingerprint), seconds)


@dataclass(frozen=True, slots=True)
class Fit:
    """How well two fingerprints fit: share of bits that differ, decibels that the bands are apart, what was cut.

    shift_seconds : how much later the second begins in the recording than the first.
    """

    errors: float
    apart_db: float
    shift_seconds: float

    @property
    def is_recording(self) -> bool:
        """Whether it is the same recording, whatever the master."""
        return self.errors <= MOST_ERRORS

    @property
    def is_copy(self) -> bool:
        """Whether it is the same recording and the same master."""
        return self.is_recording and self.apart_db <= MOST_APART_DB


def fit(first: Heard, second: Heard) -> Fit | None:
    """How two tracks fit where they fit best; None where they have too little in common to tell."""
    shifts = range(-int(MOST_CUT_SECONDS / FRAME_SECONDS), int(MOST_CUT_SECONDS / FRAME_SECONDS) + 1)
    found = [(errors, shift) for shift in shifts if (errors := _errors(first, second, shift)) is not None]
    if not found:
        return None
    errors, shift = min(found, key=lambda one: (one[0], abs(one[1])))
    if errors > MOST_ERRORS:
        return Fit(errors, float("inf"), shift * FRAME_SECONDS)
    return Fit(errors, _apart_db(first.powers, second.powers, shift), shift * FRAME_SECONDS)


def _errors(first: Heard, second: Heard, shift: int) -> float | None:
    """Share of the bits that differ where `second` begins `shift` frames into `first`; None where that cannot be."""
    cut_at_end = first.seconds - second.seconds - shift * FRAME_SECONDS
    mine, theirs = first.numbers[max(0, shift) :], second.numbers[max(0, -shift) :]
    length = min(len(mine), len(theirs))
    if abs(cut_at_end) > MOST_CUT_SECONDS or length < LEAST_FRAMES:
        return None
    mine, theirs = mine[:length], theirs[:length]
    errors = float(np.bitwise_count(mine ^ theirs).sum()) / (32 * length)
    if errors <= MOST_ERRORS and min(len(np.unique(mine)), len(np.unique(theirs))) < LEAST_DISTINCT:
        return None
    return errors


def _apart_db(first: NDArray[np.float64], second: NDArray[np.float64], shift: int) -> float:
    """How far three quarters of the bands are at most from the change of level of all of them.

    Compared are the sums over the time that both have; a row at its edge counts in part.
    """
    starts = max(0, shift), max(0, -shift)
    length = min(len(rows) * FRAMES_PER_LEVEL - start for rows, start in zip((first, second), starts, strict=True))
    if length < FRAMES_PER_LEVEL:
        return float("inf")
    mine, theirs = (
        10 * np.log10(_sums(rows, start, length) + _SILENT_POWER)
        for rows, start in zip((first, second), starts, strict=True)
    )
    audible = np.maximum(mine, theirs) > max(mine.max(), theirs.max()) - _AUDIBLE_DB
    change = (mine - theirs)[audible]
    distances = np.sort(np.abs(change - np.median(change)))
    return float(distances[int(0.75 * len(distances))])


def _sums(rows: NDArray[np.float64], start: int, length: int) -> NDArray[np.float64]:
    """Sums of the powers from frame `start` on over `length` frames [shape=(BANDS,)]."""
    sums = np.vstack([np.zeros(BANDS), np.cumsum(rows, axis=0)])
    edges = np.arange(len(sums)) * FRAMES_PER_LEVEL
    return np.array([np.interp(start + length, edges, band) - np.interp(start, edges, band) for band in sums.T])
