"""Which key each stretch of a track has, for mixes, medleys and songs that change their key.

Input: the pitch class histogram of one batch of frames after the other. Output: the stretches of one key, in constant
memory. Whether the track has a key at all is told by ``accumulator``.

Profiles of about 9 s are kept, each for three tunings, since the tuning of the track is known at its end only. Each
segment is asked for its key together with its neighbours. Of all sequences of keys that one is taken whose profiles fit
best, less a price for each change (Viterbi, as Papadopoulos and Peeters, "Local key estimation from an audio signal
relying on harmonic and metrical structures", IEEE TASLP 20, 2012). What was measured is in docs/adr/0007.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from playlista.features.tonal.hpcp import profile_weights
from playlista.features.tonal.keys import KEYS, key_fits

#: Batches of 32 frames in one segment at first: 8.9 s.
SEGMENT_BATCHES = 2
#: A track of more segments (76 minutes) is told in longer ones: neighbours are added up.
MOST_SEGMENTS = 512
#: What a change of key must win in correlation, summed up over segments of the first length.
CHANGE_PRICE = 0.5
#: Tunings for which profiles are kept; none is farther off than 17 cents, a third of a note's reach.
TUNINGS_CENTS = (-33.0, 0.0, 33.0)
#: No more stretches are told: who plays as many keys has none.
MOST_KEY_CHANGES = 100


class KeySegments:
    """Pitch class profiles along one track; `batch_seconds` from one batch of frames to the next."""

    def __init__(self, batch_seconds: float) -> None:
        self._batch_seconds = batch_seconds
        self._weights = _weights_of_tunings()
        self._profiles = np.zeros((MOST_SEGMENTS, self._weights.shape[1]), np.float32)
        self.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of the profiles; constant."""
        return self._profiles.nbytes

    def add(self, histogram: NDArray[np.float64]) -> None:
        """Take the histogram [shape=(1200,)] of the next batch."""
        segment = self._batches // self._batches_per_segment
        if segment == MOST_SEGMENTS:
            self._halve()
            segment = MOST_SEGMENTS // 2
        self._profiles[segment] += histogram @ self._weights
        self._batches += 1

    def changes(self, tuning_cents: float) -> list[tuple[float, str, str]]:
        """From which second on the track has which tonic and scale, given the tuning of the whole track.

        One entry where the key does not change; none where nothing was added, or for more than `MOST_KEY_CHANGES`.
        A change is told at the start of a segment of 9 s.
        """
        count = -(-self._batches // self._batches_per_segment)
        if not count:
            return []
        nearest = int(np.abs(np.array(TUNINGS_CENTS) - tuning_cents).argmin())
        profiles = self._profiles[:count].reshape(count, len(TUNINGS_CENTS), 12)[:, nearest].astype(np.float64)
        price = CHANGE_PRICE * SEGMENT_BATCHES / self._batches_per_segment
        keys = best_sequence(key_fits(_with_neighbours(profiles)), price)
        starts = [0, *(np.flatnonzero(np.diff(keys)) + 1).tolist()]
        if len(starts) > MOST_KEY_CHANGES:
            return []
        seconds = self._batch_seconds * self._batches_per_segment
        return [(round(start * seconds, 2), *KEYS[keys[start]]) for start in starts]

    def reset(self) -> None:
        """Forget the track."""
        self._profiles[:] = 0.0
        self._batches = 0
        self._batches_per_segment = SEGMENT_BATCHES

    def _halve(self) -> None:
        """Make each two segments one."""
        half = MOST_SEGMENTS // 2
        self._profiles[:half] = self._profiles[::2] + self._profiles[1::2]
        self._profiles[half:] = 0.0
        self._batches_per_segment *= 2


@cache
def _weights_of_tunings() -> NDArray[np.float64]:
    """Of each cent for the twelve notes of each tuning [shape=(1200, tunings * 12)]."""
    return np.concatenate([profile_weights(cents) for cents in TUNINGS_CENTS]).T.copy()


def best_sequence(fits: NDArray[np.float64], price: float) -> NDArray[np.intp]:
    """The key of each segment, so that the sum of their fits less the price of the changes is highest.

    Parameters
    ----------
    fits : [shape=(segments, keys)], segments 1 or more.
    """
    score, before = fits[0], []
    keys = np.arange(fits.shape[1])
    for fit in fits[1:]:
        best = int(score.argmax())
        stays = score >= score[best] - price
        before.append(np.where(stays, keys, best))
        score = np.where(stays, score, score[best] - price) + fit
    path = [int(score.argmax())]
    for step in reversed(before):
        path.append(int(step[path[-1]]))
    return np.array(path[::-1], np.intp)


def _with_neighbours(profiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each profile with the one before and the one after it."""
    padded = np.pad(profiles, ((1, 1), (0, 0)))
    around: NDArray[np.float64] = padded[:-2] + padded[1:-1] + padded[2:]
    return around
