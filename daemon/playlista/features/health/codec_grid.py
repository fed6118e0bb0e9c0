"""Traces of a lossy encoder's frames in decoded samples.

MP3, AAC and Vorbis cut the sound into overlapping frames, transform each by a modified cosine transform (MDCT) and
round its coefficients, many of them to 0. The transform is orthogonal: who applies it to the decoded samples, on the
very grid of the encoder, finds those zeros again, but for the rounding of the samples. One sample beside the grid
nothing of it is left, and sound that was never encoded has no grid at all. So coefficients are computed for every
possible offset of the grid, and an offset at which they are much smaller than around it is evidence, whatever the
music is.

Input: planar samples of one channel. Output: for each codec by how many standard deviations the best offset stands out.
Sound that was never encoded seldom gives more than 7; see ``docs/appendix/health.md``.

Not seen by it: Opus, whose frames are filtered after the transform; files that were resampled, mixed or changed in
level after decoding to other than whole steps; sound without anything above 3 kHz.

Sources
-------
MP3: ISO/IEC 11172-3, 2.4.3.4 (hybrid filterbank). Its prototype filter is a table there; a Kaiser-windowed sinc of the
same length and cutoff stands for it, which is near enough to find zeros by. AAC: ISO/IEC 14496-3, 4.6.11 (windows,
MDCT). Vorbis: Vorbis I specification, 1.3.2 and 4.3. The idea: D. Luo, R. Yang, R. Huang, "Identification of AMR / MP3
/ AAC decompressed audio", and O. Derrien, "Detection of genuine lossless audio files", J. Audio Eng. Soc. 67 (2019).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

#: Samples that one look needs: the longest basis and all offsets.
SEGMENT_FRAMES = 3_072
#: Segments of one track that are looked at; more add little.
MOST_SEGMENTS = 10
HIGHEST_RATE_HZ = 50_000
#: Half a step of 16 bits: coefficients below it are lost in the rounding of the samples.
ROUNDING = np.float32(0.5 / 32768)
#: An offset is compared with the median of so many on each side; the nearest one is left out.
NEIGHBOURS = 8
#: Of the sample rate: the coefficients that are looked at, from 3 kHz to 19.8 kHz of 44.1 kHz.
LOWEST, HIGHEST = 3.0 / 44.1, 19.8 / 44.1
LINES = 20
#: MP3: the subbands that are looked at, from 5.5 kHz to 20 kHz of 44.1 kHz, and the lines of each: those that the
#: alias reduction hardly mixes with the next subband's. From 16 kHz on, where its steps are coarsest, all such lines.
MP3_LINES = (
    *((subband, line) for subband in range(8, 20) for line in (8,)),
    *((subband, line) for subband in range(20, 29) for line in (4, 8, 13)),
)
#: Prototype filter of MP3: shape of the Kaiser window, and cutoff by half the spacing of the subbands.
PROTOTYPE_BETA, PROTOTYPE_CUTOFF = 9.6, 1.15


class CodecGrid:
    """One codec's frames: how far apart they start, and the coefficients to look at as filters.

    Parameters
    ----------
    name : of the codec, for people.
    hop_frames : samples from one frame to the next.
    bases : np.ndarray [shape=(lines, length), float64], each of energy 1.

    Attributes
    ----------
    segment_frames : samples that one look needs.
    """

    def __init__(self, name: str, hop_frames: int, bases: NDArray[np.float64]) -> None:
        self.name = name
        self.hop_frames = hop_frames
        self.segment_frames = _fast_length(bases.shape[1] + hop_frames - 1)
        filters = np.conj(np.fft.rfft(bases, self.segment_frames, axis=1))
        self._filters = filters.astype(np.complex64)

    def smallness(self, segment: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean log of the coefficients for a grid that starts at each of the first samples [shape=(hop_frames,)]."""
        # Scaled before the inverse transform, which without a factor is computed in float64 (see ``features.frames``).
        spectrum = np.fft.rfft(segment[: self.segment_frames], norm="forward").astype(np.complex64)
        coefficients = np.fft.irfft(self._filters * spectrum, self.segment_frames, axis=1, norm="forward")
        magnitudes = np.abs(coefficients[:, : self.hop_frames])
        magnitudes += ROUNDING
        logs: NDArray[np.float32] = np.log(magnitudes, out=magnitudes).mean(axis=0)
        return logs


def deviation(smallness: NDArray[np.float64]) -> float:
    """By how many standard deviations the smallest offset lies below its neighbours; they go round in a circle."""
    near = [np.roll(smallness, step) for step in range(-NEIGHBOURS, NEIGHBOURS + 1) if abs(step) > 1]
    below = smallness - np.median(near, axis=0)
    spread = 1.4826 * float(np.median(np.abs(below)))  # of a normal distribution; outliers do not count
    return float(-below.min() / spread) if spread > 0.0 else 0.0


@cache
def codec_grids() -> tuple[CodecGrid, ...]:
    """The grids that are looked for; made once, some 100 kB each."""
    hop = 1024
    lines = np.unique(np.round(np.linspace(LOWEST, HIGHEST, LINES) * 2 * hop))
    sine = np.sin(np.pi / (2 * hop) * (np.arange(2 * hop) + 0.5))
    return (
        CodecGrid("MP3", 576, _mp3_bases()),
        CodecGrid("AAC", hop, _mdct_bases(_kaiser_bessel_derived(hop), lines)),
        CodecGrid("AAC", hop, _mdct_bases(sine, lines)),
        CodecGrid("Vorbis", hop, _mdct_bases(np.sin(np.pi / 2 * sine**2), lines)),
    )


def _mdct_bases(window: NDArray[np.float64], lines: NDArray[np.float64]) -> NDArray[np.float64]:
    hop = len(window) // 2
    phases = np.pi / hop * (np.arange(2 * hop) + 0.5 + hop / 2)
    return np.asarray(window * np.cos(phases * (lines[:, np.newaxis] + 0.5)) * np.sqrt(2.0 / hop))


def _kaiser_bessel_derived(hop: int) -> NDArray[np.float64]:
    sums = np.cumsum(np.kaiser(hop + 1, 4.0 * np.pi))
    rising = np.sqrt(sums[:hop] / sums[hop])
    return np.concatenate([rising, rising[::-1]])


def _mp3_bases() -> NDArray[np.float64]:
    """Long blocks: 32 subbands, one sample of each in 32; then an MDCT of 36 samples of one subband.

    The second half of the filterbank's frequency inversion, and the phase of the first, are as in the standard.
    """
    places = np.arange(512)
    window = np.concatenate([[0.0], np.kaiser(511, PROTOTYPE_BETA)])
    prototype = window * np.sinc((places - 256) * PROTOTYPE_CUTOFF / 64)
    steps = np.arange(36)
    bases = []
    for subband, line in MP3_LINES:
        band = (prototype * np.cos((2 * subband + 1) * (places - 16) * np.pi / 64))[::-1]
        inversion = np.where((steps % 2 == 1) & (subband % 2 == 1), -1.0, 1.0)
        weights = np.sin(np.pi / 36 * (steps + 0.5)) * np.cos(np.pi / 72 * (2 * steps + 19) * (2 * line + 1))
        basis = np.zeros(512 + 35 * 32)
        for step, weight in enumerate(weights * inversion):
            basis[32 * step : 32 * step + 512] += weight * band
        bases.append(basis / np.sqrt(basis @ basis))
    return np.array(bases)


def _fast_length(least: int) -> int:
    """The next multiple of 256: such lengths have no factor above 7 here."""
    return -(-least // 256) * 256


class GridSearch:
    """Looks for the grids in some segments of one track; what is found in each adds up.

    Parameters
    ----------
    sample_rate_hz : above `HIGHEST_RATE_HZ` nothing is looked for: no codec of these works there.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._grids = codec_grids() if sample_rate_hz <= HIGHEST_RATE_HZ else ()
        self.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of the sums; constant."""
        return sum(total.nbytes for total in self._totals)

    def reset(self) -> None:
        """Forget the track."""
        self._segments = 0
        self._totals = [np.zeros(grid.hop_frames) for grid in self._grids]

    def update(self, segment: NDArray[np.float32], start: int) -> None:
        """Look at one segment [shape=(SEGMENT_FRAMES or more,)], not silent, from frame `start` of the track on."""
        if self._segments >= MOST_SEGMENTS:
            return
        self._segments += 1
        for grid, total in zip(self._grids, self._totals, strict=True):
            np.add(total, np.roll(grid.smallness(segment), start % grid.hop_frames), out=total)

    def best(self) -> tuple[str, float]:
        """The codec whose grid stands out most, and by how many standard deviations; ("", 0.0) where none does."""
        if not self._segments:
            return "", 0.0
        found = [(deviation(total), grid.name) for grid, total in zip(self._grids, self._totals, strict=True)]
        most, name = max(found, default=(0.0, ""))
        return name, most
