"""The identity of music: hashes of what was decoded, so that a retagged or moved file is recognized.

Input: the decoded samples at native rate, in any number of pieces. Output: three hashes. Two files whose decoded
samples are equal have equal hashes, whatever their names, tags or containers.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

_DIGEST_BYTES = 16
#: Seconds of sound, from the first sample that is not zero, whose hash is enough to ask whether the rest is known, too.
OPENING_SECONDS = 5
#: Frames added up at a time by `_sums`: rows of some kilobytes are ten times as fast as rows of two samples.
_ROW_FRAMES = 512


class MusicHash:
    """BLAKE2b-128 over sample rate and mono float32 samples (little endian); independent of how they were cut.

    The mono mix alone cannot tell a mono file from a stereo one, nor see what is opposite in two channels, so
    that `sound` also covers the sum of each channel's bit patterns: with the mix, which covers every position, a change
    in any channel changes it, and it costs a sixth of a second hash.

    Parameters
    ----------
    sample_rate_hz : the native rate, part of the identity: the same samples at another rate are other music.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        rate = sample_rate_hz.to_bytes(8, "little")
        self._hash = hashlib.blake2b(rate, digest_size=_DIGEST_BYTES)
        self._sums: NDArray[np.uint64] | None = None
        self._opening = hashlib.blake2b(rate, digest_size=_DIGEST_BYTES)
        self._opening_samples = OPENING_SECONDS * sample_rate_hz
        self._has_begun = False

    def update(self, mono: NDArray[np.float32], native: NDArray[np.float32] | None = None) -> None:
        """Take in the next samples.

        Parameters
        ----------
        mono : [shape=(n,), float32, native rate]
        native : [shape=(n, channels), float32], of which `mono` is the mix; None where only `hexdigest` is asked for.
        """
        samples = np.ascontiguousarray(mono, dtype="<f4")
        self._hash.update(samples.data)
        if native is not None and len(native):
            sums = _sums(native)
            self._sums = sums if self._sums is None else self._sums + sums
        if self._opening_samples:
            self._open(samples)

    def hexdigest(self) -> str:
        """The identity of the mono mix of all that was taken in so far, as 32 hexadecimal digits."""
        return self._hash.hexdigest()

    @property
    def sound(self) -> bytes:
        """The identity of all channels of what was taken in so far."""
        whole = self._hash.copy()
        if self._sums is not None:
            whole.update(self._sums.astype("<u8").tobytes())
        return whole.digest()

    @property
    def opening(self) -> bytes | None:
        """The hash of the first seconds of sound, once there were so many; None before, and of silence."""
        return None if self._opening_samples else self._opening.digest()

    def _open(self, samples: NDArray[np.float32]) -> None:
        """Many tracks begin with silence of any length: the opening begins behind it."""
        if not self._has_begun:
            sounding = np.flatnonzero(samples)
            if not len(sounding):
                return
            self._has_begun = True
            samples = samples[sounding[0] :]
        taken = samples[: self._opening_samples]
        self._opening.update(taken.data)
        self._opening_samples -= len(taken)


def _sums(native: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Of each channel the sum of its samples' bit patterns, modulo 2^64, which no order of pieces can change."""
    bits = np.ascontiguousarray(native, dtype=np.float32).view(np.uint32)
    channels, whole_rows = bits.shape[1], len(bits) // _ROW_FRAMES * _ROW_FRAMES
    rows = bits[:whole_rows].reshape(-1, _ROW_FRAMES * channels).sum(axis=0, dtype=np.uint64)
    rest = bits[whole_rows:].sum(axis=0, dtype=np.uint64)
    total: NDArray[np.uint64] = rows.reshape(_ROW_FRAMES, channels).sum(axis=0) + rest
    return total
