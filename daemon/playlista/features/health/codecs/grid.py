"""The frame grids of lossy encoders: where the coefficients of decoded samples are small.

MP3, AAC, Vorbis and Opus cut the sound into overlapping frames, transform each by a modified cosine transform (MDCT)
and round its coefficients, many of them to 0. The transform is orthogonal: who applies it to the decoded samples, on
the very grid of the encoder, finds those zeros again, but for the rounding of the samples. One sample beside the grid
nothing of it is left, and sound that was never encoded has no grid at all. So an offset of the grid at which the
coefficients are much smaller than at others is evidence, whatever the music is.

Opus filters after its transform (de-emphasis); that is undone first.

Input: samples of one signal. Output: the mean log of the coefficients at every offset, or at some. ``search``
looks for the grids in a track.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from playlista.features.health.codecs.bases import (
    Bases,
    celt_bases,
    kaiser_bessel_window,
    mdct_bases,
    mp3_bases,
    sine_window,
    vorbis_window,
)
from playlista.features.health.codecs.lattice import Hybrid, Mdct, Transform

#: Samples that a look in the first step needs: the longest basis and all offsets.
SEGMENT_FRAMES = 3_072
#: In the first step one coefficient of so many is looked at.
SEARCH_EVERY = 2
HIGHEST_RATE_HZ = 50_000
#: MP3: without the 1,105 samples that LAME and the decoder add, and with them. AAC: without the 1,024 that most
#: encoders add, and the 2,112 of Apple's. Opus: without the 312 that libopus adds, and with them.
USUAL_MP3, USUAL_AAC, USUAL_OPUS = (48, 1), (0, 960), (228, 540)
OPUS_RATE_HZ = 48_000
#: Half of its short frames: from a long one to the next over n short ones are 1024 + 128 n samples.
VORBIS_SHIFT = 128
#: The one coefficient of the filter that Opus applies last.
OPUS_EMPHASIS = np.float32(0.85)
#: Half a step of 16 bits: coefficients below it are lost in the rounding of the samples.
ROUNDING = np.float32(0.5 / 32768)
#: An offset is compared with the median of so many on each side; the nearest one is left out.
NEIGHBOURS = 8
#: Frames that are multiplied at once, 0.5 MB: of hundreds of them a processor's cache makes it take twice the time.
ROWS_AT_ONCE = 60


class CodecGrid:
    """One codec's frames: how far apart they start, and the coefficients to look at.

    Parameters
    ----------
    name : of the codec, for people.
    hop_frames : samples from one frame to the next.
    bases : np.ndarray [shape=(lines, length), float64], each of energy 1.
    shift_frames : by multiples of so many samples the grid may move within a track: Vorbis goes on where its short
        frames end. None where it never does.
    emphasis : of the filter that the decoder applied last, to be undone; None where there is none.
    usual : offsets at which the grid is in a file that was decoded from its start, as its decoders do.
    steps : where the encoder rounds to the points of a lattice, the transform that finds them; else None.

    Attributes
    ----------
    period_frames : how many offsets of the grid there are to tell apart.
    segment_frames : samples that a look in the first step needs.
    """

    def __init__(
        self,
        name: str,
        hop_frames: int,
        bases: Bases,
        *,
        shift_frames: int | None = None,
        emphasis: np.float32 | None = None,
        usual: tuple[int, ...] = (),
        steps: Transform | None = None,
    ) -> None:
        self.name = name
        self.usual = usual
        self.steps = steps
        self.period_frames = shift_frames or hop_frames
        self._hop_frames = hop_frames
        self.segment_frames = _fast_length(bases.shape[1] + hop_frames - 1)
        self._emphasis = emphasis
        self._bases = np.ascontiguousarray(bases.T, np.float32)
        # Transforms there and back divide by the length: without a factor they are in float64 (``features.frames``).
        filters = self.segment_frames * np.conj(np.fft.rfft(bases[::SEARCH_EVERY], self.segment_frames, axis=1))
        self._filters = filters.astype(np.complex64)

    def smallness(self, segment: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean log of the coefficients for a grid that starts at each of the first samples

        [shape=(period_frames,)]."""
        samples = self._as_encoded(segment[: self.segment_frames])
        spectrum = np.fft.rfft(samples, norm="forward")
        coefficients = np.fft.irfft(self._filters * spectrum, self.segment_frames, axis=1, norm="backward")
        logs = _mean_logs(coefficients[:, : self._hop_frames], axis=0)
        return np.asarray(logs.reshape(-1, self.period_frames).min(axis=0))

    def smallness_at(self, segment: NDArray[np.float32], offsets: list[int]) -> NDArray[np.float32]:
        """The same of all lines, for grids at a few offsets, frame by frame [shape=(offsets, frames)]."""
        length = len(self._bases)
        # Where a frame may start at several places, every other frame must do.
        step = self._hop_frames if self.period_frames == self._hop_frames else 2 * self._hop_frames
        starts = np.arange(0, len(segment) - length - self._hop_frames + 1, step)
        places = np.arange(0, self._hop_frames, self.period_frames)
        rows = np.array(offsets)[:, np.newaxis, np.newaxis] + starts[:, np.newaxis] + places
        frames = np.lib.stride_tricks.sliding_window_view(self._as_encoded(segment), length)
        parts = [rows.ravel()[start : start + ROWS_AT_ONCE] for start in range(0, rows.size, ROWS_AT_ONCE)]
        logs = np.concatenate([_mean_logs(frames[part] @ self._bases, axis=1) for part in parts]).reshape(rows.shape)
        return np.asarray(logs.min(axis=2))

    def _as_encoded(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._emphasis is None:
            return samples
        return np.concatenate([samples[:1], samples[1:] - self._emphasis * samples[:-1]])


def _mean_logs(coefficients: NDArray[np.floating], axis: int) -> NDArray[np.float32]:
    magnitudes = np.abs(coefficients)
    magnitudes += ROUNDING
    logs: NDArray[np.float32] = np.add.reduce(np.log(magnitudes, out=magnitudes), axis=axis)
    return logs / np.float32(magnitudes.shape[axis])


def standing_out(smallness: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how many standard deviations each offset lies below its neighbours; they go round in a circle."""
    around = np.concatenate([smallness[-NEIGHBOURS:], smallness, smallness[:NEIGHBOURS]])
    steps = [step for step in range(2 * NEIGHBOURS + 1) if abs(step - NEIGHBOURS) > 1]
    near = [around[step : step + len(smallness)] for step in steps]
    below: NDArray[np.float64] = np.median(near, axis=0) - smallness
    spread = 1.4826 * float(np.median(np.abs(below)))  # of a normal distribution; outliers do not count
    return below / spread if spread > 0.0 else np.zeros_like(below)


@cache
def codec_grids(sample_rate_hz: int = 44_100) -> tuple[CodecGrid, ...]:
    """The grids that are looked for in sound of this rate; made once for each rate, half a MB each.

    That of Opus, which knows 48 kHz alone, is the last one.
    """
    celt = celt_bases(960)
    return (
        CodecGrid("MP3", 576, mp3_bases(), usual=USUAL_MP3, steps=Hybrid(sample_rate_hz)),
        *grids_of_long_frames(),
        CodecGrid("Opus", 960, celt, emphasis=OPUS_EMPHASIS, usual=USUAL_OPUS),
    )


@cache
def grids_of_long_frames() -> tuple[CodecGrid, ...]:
    """Those whose frames are the same at every sample rate."""
    hop = 1024
    bessel, sine, of_vorbis = (
        kaiser_bessel_window(hop),
        sine_window(hop),
        vorbis_window(hop),
    )
    return (
        CodecGrid("AAC", hop, mdct_bases(bessel), usual=USUAL_AAC, steps=Mdct(bessel)),
        CodecGrid("AAC", hop, mdct_bases(sine), usual=USUAL_AAC, steps=Mdct(sine)),
        CodecGrid("Vorbis", hop, mdct_bases(of_vorbis), shift_frames=VORBIS_SHIFT),
    )


def grids_at(sample_rate_hz: int) -> tuple[CodecGrid, ...]:
    """Those that sound of this rate may have: above `HIGHEST_RATE_HZ` none."""
    if sample_rate_hz > HIGHEST_RATE_HZ:
        return ()
    return codec_grids(OPUS_RATE_HZ) if sample_rate_hz == OPUS_RATE_HZ else codec_grids()[:-1]


def _fast_length(least: int) -> int:
    """The next multiple of 256: such lengths have no factor above 7 here."""
    return -(-least // 256) * 256
