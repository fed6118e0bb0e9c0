"""The identity of music: a hash of what was decoded, so that a retagged or moved file is known again.

What enters: the mono mix at native rate, in any number of pieces. What leaves: 32 hexadecimal digits. Two files whose
decoded samples are equal have one identity, whatever their names, tags or containers.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

_DIGEST_BYTES = 16


class MusicHash:
    """BLAKE2b-128 over sample rate and mono float32 samples (little endian); independent of how they were cut.

    Parameters
    ----------
    sample_rate_hz : the native rate, part of the identity: the same samples at another rate are other music.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._hash = hashlib.blake2b(sample_rate_hz.to_bytes(8, "little"), digest_size=_DIGEST_BYTES)

    def update(self, mono: NDArray[np.float32]) -> None:
        """Take in the next samples: np.ndarray [shape=(n,), float32, mono, native rate]."""
        self._hash.update(np.ascontiguousarray(mono, dtype="<f4").data)

    def hexdigest(self) -> str:
        """The identity of all that was taken in so far, as 32 hexadecimal digits."""
        return self._hash.hexdigest()
