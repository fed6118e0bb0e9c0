"""Passes over all samples of a block, in NumPy: what of health costs time in every sample.

Input: planar samples. Output: a few numbers for each channel or stretch of it. ``native.kernels.Kernels`` has the same
methods, compiled; both give the same, counts and places exactly, sums to 1e-6.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from playlista.native.results import (
    BASS_FRAMES,
    ENERGY_FRAMES,
    STRETCH_FRAMES,
    Extremes,
    Levels,
    Runs,
    SharpBends,
    Sharpness,
    Survey,
)

#: Eight comparisons that are all true, as one word; so many equal samples in a row fill at least one of them.
ALL_EQUAL, WORD_FILLING_RUN = np.uint64(0x0101010101010101), 16
FULL_SCALE = np.float32(2**23)


class Passes(Protocol):
    """What computes them; see `NumpyPasses` for each."""

    @property
    def work_bytes(self) -> int: ...

    def planar(self, frames: NDArray[np.floating], planar: NDArray[np.float32], at: int) -> None: ...

    def survey(self, samples: NDArray[np.float32], end: int) -> Survey: ...

    def levels(self, samples: NDArray[np.float32], front: Sequence[int]) -> Levels: ...

    def sounding(self, samples: NDArray[np.float32], level: float) -> tuple[int, int] | None: ...

    def equal_pairs(self, peaks: NDArray[np.float32], least: float) -> list[Runs]: ...

    def sharp_bends(self, samples: NDArray[np.float32], sharpness: Sharpness) -> list[SharpBends]: ...

    def equal_runs(self, samples: NDArray[np.float32], least: int) -> list[Runs]: ...

    def used_bits(self, samples: NDArray[np.float32]) -> int | None: ...


class NumpyPasses:
    """The passes with work space that is taken once: large arrays cost more to take anew than to fill.

    Parameters
    ----------
    samples : of a block, over all channels, and of one channel with what is kept of the block before.
    """

    def __init__(self, samples: int) -> None:
        self._work = np.zeros(samples, np.float32)
        self._slopes = np.zeros(samples, np.float32)
        self._equal = np.zeros(samples, np.bool_)

    @property
    def work_bytes(self) -> int:
        """Bytes of the work space; constant."""
        return self._work.nbytes + self._slopes.nbytes + self._equal.nbytes

    def planar(self, frames: NDArray[np.floating], planar: NDArray[np.float32], at: int) -> None:
        """Put `frames` [shape=(n, channels)] into `planar` [shape=(channels, longer)], from its column `at` on."""
        planar[:, at : at + len(frames)] = frames.T

    def survey(self, samples: NDArray[np.float32], end: int) -> Survey:
        """One look at `samples` [shape=(channels, multiple of STRETCH_FRAMES)], of which frame `end` - 1 is the last.

        Compared as integers, as in ``loudness.true_peak``: magnitudes are in the order of their bits.
        """
        magnitudes = np.abs(samples, out=self._work[: samples.size].reshape(samples.shape))
        peaks = _greatest_of_stretches(magnitudes)
        extremes = (samples.max(axis=1), samples.min(axis=1), samples[:, 0], samples[:, end - 1], peaks.min(axis=1))
        return Survey(peaks, [Extremes(*map(float, row)) for row in zip(*extremes, strict=True)])

    def levels(self, samples: NDArray[np.float32], front: Sequence[int]) -> Levels:
        """The sums of `samples` [shape=(channels, multiple of ENERGY_FRAMES)].

        As products, a thousand samples at a time: exact enough in float32, and numpy's sum of short rows is slow.

        Parameters
        ----------
        front : the two channels that are compared.
        """
        steps = samples.reshape(len(samples), -1, ENERGY_FRAMES)
        bass = samples.reshape(len(samples), -1, BASS_FRAMES) @ np.ones(BASS_FRAMES, np.float32)
        one, other = (bass[channel].astype(np.float64) for channel in front)
        product = np.vecdot(steps[front[0]], steps[front[1]]).sum(dtype=np.float64)
        return Levels(
            bass.sum(axis=1, dtype=np.float64),
            np.vecdot(steps, steps).sum(axis=1, dtype=np.float64),
            np.array([product, one.sum(), other.sum(), one @ one, other @ other, one @ other]),
        )

    def sounding(self, samples: NDArray[np.float32], level: float) -> tuple[int, int] | None:
        """The first and the last frame of `samples` in which a channel is above `level`; None where none is."""
        first = _first_above(samples, np.float32(level))
        if first is None:
            return None
        from_the_end = _first_above(samples[:, ::-1], np.float32(level))
        assert from_the_end is not None
        return first, samples.shape[1] - 1 - from_the_end

    def equal_pairs(self, peaks: NDArray[np.float32], least: float) -> list[Runs]:
        """Pairs of equal `peaks` [shape=(channels, stretches)] of at least `least`, each with the next one that is."""
        return [_equal_pairs(of_channel, np.float32(least)) for of_channel in peaks]

    def sharp_bends(self, samples: NDArray[np.float32], sharpness: Sharpness) -> list[SharpBends]:
        """Bends of each channel of `samples` that are sharper than all around them.

        Of each whole stretch of STRETCH_FRAMES but the first and the last the sharpest bend is looked at, if it is at
        least `least`, and more than `of_stretches` times as sharp as any in the stretches beside. It counts if it is
        `ratio` times as sharp as all that are up to `near` samples before and behind, but for the `width` ones next to
        it.
        """
        return [self._sharp_bends(of_channel, sharpness) for of_channel in samples]

    def equal_runs(self, samples: NDArray[np.float32], least: int) -> list[Runs]:
        """Runs of at least `least` equal samples of each channel, in their full length; `least` at least 16."""
        return [self._equal_runs(of_channel, least) for of_channel in samples]

    def used_bits(self, samples: NDArray[np.float32]) -> int | None:
        """The bits that are set in any sample, as integers of 24 bits; None where they are no such integers."""
        scaled = samples * FULL_SCALE
        if not float(np.abs(scaled).max()) <= FULL_SCALE:
            return None
        integers = scaled.astype(np.int32)
        # Up to 2^24 float32 is exact; compared with each other, integers and floats would both become float64.
        if not (integers.astype(np.float32) == scaled).all():
            return None
        return int(np.bitwise_or.reduce(integers, axis=None)) & 0xFFFFFFFF

    def _sharp_bends(self, samples: NDArray[np.float32], by: Sharpness) -> SharpBends:
        found = _bends(samples, self._slopes, self._work)
        sharpest = _greatest_of_stretches(found[np.newaxis, : len(found) // STRETCH_FRAMES * STRETCH_FRAMES])[0]
        inner, beside = sharpest[1:-1], np.maximum(sharpest[:-2], sharpest[2:])
        stretches = np.flatnonzero((inner >= by.least) & (inner > by.of_stretches * beside)) + 1
        places, ratios = [], []
        for start in (stretches * STRETCH_FRAMES).tolist():
            place = start + int(found[start : start + STRETCH_FRAMES].argmax())
            around = [found[place - by.near : place - by.width], found[place + by.width + 1 : place + by.near + 1]]
            ratio = float(found[place]) / max(*(float(side.max()) for side in around), 1e-9)
            if ratio >= by.ratio:
                places.append(place)
                ratios.append(ratio)
        return SharpBends(np.array(places, np.int64), np.array(ratios))

    def _equal_runs(self, samples: NDArray[np.float32], least: int) -> Runs:
        equal = np.equal(samples[1:], samples[:-1], out=self._equal[: max(len(samples) - 1, 0)])
        # A look at the words is all that most music needs.
        if least < WORD_FILLING_RUN or not (equal[: len(equal) // 8 * 8].view(np.uint64) == ALL_EQUAL).any():
            return Runs(np.zeros(0, np.int64), np.zeros(0, np.int64))
        firsts, lasts = _runs(np.flatnonzero(equal))
        lasts = lasts + 1  # the last sample with the same value
        is_long = lasts - firsts + 1 >= least
        return Runs(firsts[is_long], lasts[is_long])


def runs_at(samples: NDArray[np.float32], sign: float, level: float) -> Runs:
    """Runs of one channel's `samples` that, times `sign`, are at least `level`; few blocks are asked for them."""
    return Runs(*_runs(np.flatnonzero(samples * np.float32(sign) >= np.float32(level))))


def _equal_pairs(peaks: NDArray[np.float32], least: np.float32) -> Runs:
    order = np.argsort(peaks, kind="stable")
    in_order = peaks[order]
    equal = np.flatnonzero((in_order[1:] == in_order[:-1]) & (in_order[1:] >= least))
    return Runs(order[equal], order[equal + 1])


def _bends(samples: NDArray[np.float32], slopes: NDArray[np.float32], out: NDArray[np.float32]) -> NDArray[np.float32]:
    """How sharply a waveform bends at each sample, its second difference; 0 at both ends, where that is not known.

    Parameters
    ----------
    slopes, out : work space of at least as many samples.
    """
    found = out[: len(samples)]
    slopes = np.subtract(samples[1:], samples[:-1], out=slopes[: max(len(samples) - 1, 0)])
    found[:1] = found[-1:] = 0.0
    np.subtract(slopes[1:], slopes[:-1], out=found[1:-1])
    return np.abs(found, out=found)


def _first_above(samples: NDArray[np.float32], level: np.float32) -> int | None:
    """The first frame in which a channel is above `level`: a step at a time, since most often it is in the first."""
    for start in range(0, samples.shape[1], ENERGY_FRAMES):
        is_above = (np.abs(samples[:, start : start + ENERGY_FRAMES]) > level).any(axis=0)
        if is_above.any():
            return start + int(is_above.argmax())
    return None


def _greatest_of_stretches(magnitudes: NDArray[np.float32]) -> NDArray[np.float32]:
    stretches = magnitudes.view(np.int32).reshape(len(magnitudes), -1, STRETCH_FRAMES)
    greatest: NDArray[np.float32] = stretches.max(axis=2).view(np.float32)
    return greatest


def _runs(places: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first and the last of each row of consecutive `places`."""
    if not len(places):
        return places, places
    breaks = np.flatnonzero(np.diff(places) > 1)
    return places[np.concatenate([[0], breaks + 1])], places[np.concatenate([breaks, [len(places) - 1]])]
