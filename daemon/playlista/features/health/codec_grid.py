"""Traces of a lossy encoder's frames in decoded samples.

MP3, AAC, Vorbis and Opus cut the sound into overlapping frames, transform each by a modified cosine transform (MDCT)
and round its coefficients, many of them to 0. The transform is orthogonal: who applies it to the decoded samples, on
the very grid of the encoder, finds those zeros again, but for the rounding of the samples. One sample beside the grid
nothing of it is left, and sound that was never encoded has no grid at all. So an offset of the grid at which the
coefficients are much smaller than at others is evidence, whatever the music is.

Two steps, since all offsets of many coefficients cost too much: in the first looks at the track, some coefficients of
one frame are computed at every offset. The best few offsets are then compared, in later looks, with some others: all
coefficients of all frames. What is found there owes nothing to having been the best of a thousand.

The looks take turns with the left channel, and the sum and the difference of both front ones, since encoders round
those, where the channels have much in common. Opus filters after its transform (de-emphasis); that is undone first.

Input: planar samples. Output: for the codec whose grid stands out most by how many standard deviations it does, in both
steps. Sound that was never encoded seldom gives more than 7 in the first and 4 in the second; see
``docs/appendix/health.md``.

Not seen by it: files that were resampled, mixed or changed in level after decoding to other than whole steps (so Opus
only at its own 48 kHz); sound without anything above 2 kHz.

The idea: D. Luo, R. Yang, R. Huang, "Identification of AMR / MP3 / AAC decompressed audio", and O. Derrien, "Detection
of genuine lossless audio files", J. Audio Eng. Soc. 67 (2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from playlista.features.health import codec_bases

#: Samples that a look in the first step needs: the longest basis and all offsets.
SEGMENT_FRAMES = 3_072
#: Looks of one track in the first step, and in both together; more add little.
SEARCH_LOOKS, MOST_LOOKS = 10, 22
#: In the first step one coefficient of so many is looked at.
SEARCH_EVERY = 2
#: Offsets of each grid that go on to the second step, and those before and behind each that it is compared with, side
#: by side. A sample beside its grid an encoder has left nothing; a drum that keeps time with a grid ends on one side.
CANDIDATES, CONTROLS = 3, (-2, -1, 1, 2)
#: Offsets that stand out by less than so many standard deviations after so many looks of the second step are given up:
#: of those that would end at 4, where they are named, one in a hundred does; of those that are nothing five in six.
GIVEN_UP = {3: 0.0, 6: 0.5}
#: Fewer frames in the second step tell nothing.
LEAST_FRAMES = 12
#: What one frame can add, in nepers: a drum that starts with a frame is as small at one offset, but only in that frame.
MOST_DIFFERENCE = 0.2
#: Of these differences, at least.
LEAST_VARIANCE = 1e-3
HIGHEST_RATE_HZ = 50_000
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
#: A difference of the channels that stays below is that of a mono recording, -70 dBFS.
NO_DIFFERENCE = 3e-4


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

    Attributes
    ----------
    period_frames : how many offsets of the grid there are to tell apart.
    segment_frames : samples that a look in the first step needs.
    """

    def __init__(
        self,
        name: str,
        hop_frames: int,
        bases: codec_bases.Bases,
        *,
        shift_frames: int | None = None,
        emphasis: np.float32 | None = None,
    ) -> None:
        self.name = name
        self.period_frames = shift_frames or hop_frames
        self._hop_frames = hop_frames
        self.segment_frames = _fast_length(bases.shape[1] + hop_frames - 1)
        self._emphasis = emphasis
        self._bases = np.ascontiguousarray(bases.T, np.float32)
        filters = np.conj(np.fft.rfft(bases[::SEARCH_EVERY], self.segment_frames, axis=1))
        self._filters = filters.astype(np.complex64)

    def smallness(self, segment: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean log of the coefficients for a grid that starts at each of the first samples

        [shape=(period_frames,)]."""
        samples = self._as_encoded(segment[: self.segment_frames])
        # Scaled before the inverse transform, which without a factor is computed in float64 (see ``features.frames``).
        spectrum = np.fft.rfft(samples, norm="forward").astype(np.complex64)
        coefficients = np.fft.irfft(self._filters * spectrum, self.segment_frames, axis=1, norm="forward")
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
    logs: NDArray[np.float32] = np.log(magnitudes, out=magnitudes).mean(axis=axis)
    return logs


def standing_out(smallness: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how many standard deviations each offset lies below its neighbours; they go round in a circle."""
    around = np.concatenate([smallness[-NEIGHBOURS:], smallness, smallness[:NEIGHBOURS]])
    steps = [step for step in range(2 * NEIGHBOURS + 1) if abs(step - NEIGHBOURS) > 1]
    near = [around[step : step + len(smallness)] for step in steps]
    below: NDArray[np.float64] = np.median(near, axis=0) - smallness
    spread = 1.4826 * float(np.median(np.abs(below)))  # of a normal distribution; outliers do not count
    return below / spread if spread > 0.0 else np.zeros_like(below)


@cache
def codec_grids() -> tuple[CodecGrid, ...]:
    """The grids that are looked for; made once, half a MB each. The last one is that of Opus."""
    hop, celt = 1024, 960
    return (
        CodecGrid("MP3", 576, codec_bases.mp3_bases()),
        CodecGrid("AAC", hop, codec_bases.mdct_bases(codec_bases.kaiser_bessel_window(hop))),
        CodecGrid("AAC", hop, codec_bases.mdct_bases(codec_bases.sine_window(hop))),
        CodecGrid("Vorbis", hop, codec_bases.mdct_bases(codec_bases.vorbis_window(hop)), shift_frames=VORBIS_SHIFT),
        CodecGrid("Opus", celt, codec_bases.celt_bases(celt), emphasis=OPUS_EMPHASIS),
    )


def grids_at(sample_rate_hz: int) -> tuple[CodecGrid, ...]:
    """Those that sound of this rate may have: above `HIGHEST_RATE_HZ` none."""
    if sample_rate_hz > HIGHEST_RATE_HZ:
        return ()
    return codec_grids() if sample_rate_hz == OPUS_RATE_HZ else codec_grids()[:-1]


def _fast_length(least: int) -> int:
    """The next multiple of 256: such lengths have no factor above 7 here."""
    return -(-least // 256) * 256


@dataclass(frozen=True, slots=True)
class GridTrace:
    """The codec whose grid stands out most, by how many standard deviations in the first step and in the second.

    ``confirmed`` is None where the track was over before there was enough of the second step.
    """

    codec: str = ""
    found: float = 0.0
    confirmed: float | None = None


class GridSearch:
    """Looks for the grids in one track at `sample_rate_hz`; what is found in each look adds up."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._searches = [_Search(grid) for grid in grids_at(sample_rate_hz)]
        self.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of the sums; constant."""
        return sum(search.totals.nbytes for search in self._searches)

    def reset(self) -> None:
        """Forget the track."""
        self._looks = 0
        for search in self._searches:
            search.reset()

    def update(self, segment: NDArray[np.float32], start: int) -> None:
        """Take one look [shape=(channels, SEGMENT_FRAMES or more)], not silent, from frame `start` of the track on."""
        if self._looks >= MOST_LOOKS:
            return
        signal = _signal(segment, self._looks % 3)
        self._looks += 1
        for search in self._searches:
            if self._looks <= SEARCH_LOOKS:
                search.search(signal, start)
            else:
                search.confirm(signal, start)

    def best(self) -> GridTrace:
        """What stands out most; nothing where there was no look."""
        if not self._looks:
            return GridTrace()
        traces = [search.trace() for search in self._searches]
        return max(traces, key=lambda trace: (trace.confirmed or trace.found, trace.codec), default=GridTrace())


def _signal(segment: NDArray[np.float32], turn: int) -> NDArray[np.float32]:
    """The left channel, the mean, half the difference; the mean also where there is no difference."""
    if turn == 0 or len(segment) == 1:
        return np.asarray(segment[0])
    if turn == 2:
        difference: NDArray[np.float32] = np.float32(0.5) * (segment[0] - segment[1])
        if float(np.abs(difference).max()) >= NO_DIFFERENCE:
            return difference
    return np.asarray(segment.mean(axis=0))


class _Search:
    """Both steps of the search for one grid."""

    def __init__(self, grid: CodecGrid) -> None:
        self._grid = grid
        self.totals = np.zeros(grid.period_frames)

    def reset(self) -> None:
        self.totals[:] = 0.0
        self._standing: NDArray[np.float64] | None = None
        self._candidates: list[_Candidate] = []
        self._looks = 0

    def search(self, signal: NDArray[np.float32], start: int) -> None:
        self.totals += np.roll(self._grid.smallness(signal), start % self._grid.period_frames)

    def confirm(self, signal: NDArray[np.float32], start: int) -> None:
        if self._standing is None:
            self._standing = standing_out(self.totals)
            best = np.argsort(self._standing)[: -CANDIDATES - 1 : -1]
            self._candidates = [_Candidate(offset) for offset in best.tolist()]
        going_on = [candidate for candidate in self._candidates if not candidate.is_given_up]
        if not going_on:
            return
        offsets = [candidate.offset + beside for candidate in going_on for beside in (0, *CONTROLS)]
        logs = self._grid.smallness_at(signal, [(offset - start) % self._grid.period_frames for offset in offsets])
        self._looks += 1
        for candidate, of_it in zip(going_on, logs.reshape(len(going_on), 1 + len(CONTROLS), -1), strict=True):
            candidate.add(of_it.astype(np.float64))
            least = GIVEN_UP.get(self._looks, -np.inf)
            candidate.is_given_up = candidate.frames >= LEAST_FRAMES and candidate.deviations() < least

    def trace(self) -> GridTrace:
        """By the candidate that is confirmed best."""
        found = float((standing_out(self.totals) if self._standing is None else self._standing).max())
        confirmed = [one.deviations() for one in self._candidates if one.frames >= LEAST_FRAMES]
        return GridTrace(self._grid.name, found, max(*confirmed, 0.0) if confirmed else None)


class _Candidate:
    """An offset in the second step: how much smaller it is than those beside it, frame by frame."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.frames = 0
        self.is_given_up = False
        self._sums = np.zeros((2, 2))  # of differences and their squares, on both sides

    def add(self, logs: NDArray[np.float64]) -> None:
        """Take its smallness and those of `CONTROLS` [shape=(offsets, frames)]."""
        beside = logs[1:].reshape(2, len(CONTROLS) // 2, -1).mean(axis=1)
        differences = np.clip(beside - logs[:1], -MOST_DIFFERENCE, MOST_DIFFERENCE)
        self.frames += differences.shape[1]
        self._sums += (differences.sum(axis=1), np.square(differences).sum(axis=1))

    def deviations(self) -> float:
        """By how many standard deviations it stands out on the side where it does less."""
        means, squares = self._sums / self.frames
        return float((means / np.sqrt(np.maximum(squares - means**2, LEAST_VARIANCE) / self.frames)).min())
