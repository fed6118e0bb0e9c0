"""Under what a fingerprint is found: a few of its numbers, the same ones in each copy of a recording.

Input: a fingerprint. Output: keys for the table ``fingerprint_keys``. Fingerprints that share some are
compared by ``library.same_recording``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playlista.tracks import Fingerprint
from playlista.tracks.fingerprint import numbers_of

#: Keys of a fingerprint.
KEYS = 24
#: The 24 of the 32 bits that change least from one encoding to another. After a cut of half a frame one of thirty whole
#: numbers is the same, of these one of four (docs/duplicates.md).
_STEADY_BITS = np.uint32(0xFEBECB6F)
#: The number of silence, which any tracks share.
_SILENCE = np.uint32(0x256DF977)
#: An odd number that scatters them, so that the least are any of them (Knuth's multiplicative hashing).
_SCATTER = np.uint32(0x9E3779B1)


def keys_of(fingerprint: Fingerprint) -> NDArray[np.uint32]:
    """The least of its numbers in a scattered order [shape=(at most KEYS,)].

    Of two fingerprints that share numbers the least of both together are among the least of each, whatever was cut off
    at their ends (A. Broder, "On the resemblance and containment of documents", 1997).
    """
    numbers = numbers_of(fingerprint)
    scattered = (np.unique(numbers[numbers != _SILENCE] & _STEADY_BITS) * _SCATTER).astype(np.uint32)
    return np.sort(scattered)[:KEYS]
