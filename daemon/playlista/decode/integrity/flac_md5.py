"""The MD5 of the decoded samples that a FLAC file states of itself in STREAMINFO.

Input: the file, and the samples as they are decoded. Output: whether they are those that were encoded. The checksum is
over the interleaved samples as signed little-endian integers of whole bytes (RFC 9639, section 8.2). Decoders give
floats, in which integers of up to 24 bits are exact. It costs some 15 CPU ms for a minute of a CD; the checksums of the
frames, which libFLAC compares as it decodes, see neither a frame that is missing nor one of another file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.decode.byte_search import peek
from playlista.decode.containers import Identified
from playlista.native.kernels import Kernels

_MAX_BITS = 24
_STREAMINFO_BYTES = 34
_BLOCK_HEAD_BYTES = 4


@dataclass(frozen=True, slots=True)
class StatedMd5:
    """What STREAMINFO says: bits a sample, samples a channel (0: not known), and their checksum."""

    bits: int
    samples: int
    digest: bytes

    @property
    def why_not(self) -> str | None:
        """Why it cannot be compared, for people; None where it can."""
        if not any(self.digest):
            return "the encoder wrote no MD5"
        return f"the MD5 of {self.bits}-bit samples is not compared" if self.bits > _MAX_BITS else None


def read_stated_md5(descriptor: int, file: Identified) -> StatedMd5 | None:
    """The statement of the FLAC stream at the start of `file`; None where its first block is no STREAMINFO.

    Raises
    ------
    OSError : the file cannot be read.
    """
    head = peek(descriptor, 4 + _BLOCK_HEAD_BYTES + _STREAMINFO_BYTES, file.start)
    block = head[4 + _BLOCK_HEAD_BYTES :]
    if head[:4] != b"fLaC" or head[4] & 0x7F != 0 or len(block) < _STREAMINFO_BYTES:
        return None
    packed = int.from_bytes(block[10:18], "big")
    return StatedMd5(bits=(packed >> 36 & 0x1F) + 1, samples=packed & (1 << 36) - 1, digest=block[18:34])


class SampleMd5:
    """Hashes samples as FLAC does.

    Parameters
    ----------
    stated : with 4 to 24 bits.
    kernels : compiled kernels to make integers with; None for NumPy.

    Attributes
    ----------
    samples : how many a channel were taken in.
    """

    def __init__(self, stated: StatedMd5, kernels: Kernels | None = None) -> None:
        self._stated = stated
        self._kernels = kernels
        self._scale = np.float32(1 << stated.bits - 1)
        self._bytes = (stated.bits + 7) // 8
        self._hash = hashlib.md5(usedforsecurity=False)
        self._at_total: bytes | None = None
        self.samples = 0

    def update(self, block: NDArray[np.float32]) -> None:
        """Take in the next samples [shape=(n, channels), float32, C-contiguous]."""
        left = self._stated.samples - self.samples
        if 0 < left <= len(block):
            self._hash.update(self._packed(block[:left]))
            self._at_total = self._hash.digest()
            block, self.samples = block[left:], self.samples + left
        if len(block):
            self._hash.update(self._packed(block))
            self.samples += len(block)

    @property
    def fits(self) -> bool:
        """Whether all samples are those that were encoded."""
        return self._hash.digest() == self._stated.digest

    @property
    def stated_part_fits(self) -> bool:
        """Whether the samples up to the stated total are; other streams may have been joined behind them."""
        return self._at_total == self._stated.digest

    def _packed(self, block: NDArray[np.float32]) -> memoryview:
        if self._kernels:
            return self._kernels.pack(block, float(self._scale), self._bytes).data
        if self._bytes <= 2:
            return np.multiply(block, self._scale).astype("<i2" if self._bytes == 2 else "i1").data.cast("B")
        return _three_bytes(np.multiply(block, self._scale).astype("<i4").reshape(-1))


def _three_bytes(samples: NDArray[np.int32]) -> memoryview:
    """The low three bytes of each sample: four samples make three words, a sixth of the time of copying bytes."""
    whole = len(samples) // 4 * 4
    first, second, third, fourth = (samples[:whole].view("<u4").reshape(-1, 4) & np.uint32(0xFFFFFF)).T
    words = np.empty((whole // 4, 3), "<u4")
    words[:, 0] = first | second << np.uint32(24)
    words[:, 1] = second >> np.uint32(8) | third << np.uint32(16)
    words[:, 2] = third >> np.uint32(16) | fourth << np.uint32(8)
    rest = samples[whole:].reshape(-1, 1).view(np.uint8)[:, :3]
    return memoryview(words.tobytes() + rest.tobytes() if len(rest) else words.data.cast("B"))
