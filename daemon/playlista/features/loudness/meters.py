"""What is measured while a track is heard: K-weighted energies of steps of 100 ms, and the true peak.

Input: chunks of the native stream. Output: the energies of the steps that have ended, and the peak so far. Neither is
weighed nor gated here. There are two ways to the same numbers:

- `BlockMeters`, in NumPy, by ``k_weighting`` and ``true_peak``. Chunks are re-cut to blocks on a grid that is fixed
  from the first sample, so every split of one signal takes the same arithmetic.
- `NativeMeters`, by the compiled kernels, which go from sample to sample, so that there is nothing to cut.

Either gives bit-equal results for every split; with each other they agree to 1e-9 LU and 1e-6 dB.
"""

from __future__ import annotations

import itertools
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from playlista.features.loudness.k_weighting import KWeighting, sections_at
from playlista.features.loudness.true_peak import ROW_FRAMES, TAPS, TruePeakMeter, bounds, interpolator, oversampling
from playlista.native.kernels import Kernels

#: BS.1770-5: one gating window each 100 ms.
STEPS_PER_SECOND = 10
#: Below, the corner of the shelf nears the Nyquist rate and K-weighting means nothing; the peak still does.
LOWEST_RATE_HZ = 4_000
#: Samples over all channels that are filtered at once: 0.5 MB in float64, which stays in a processor's cache.
GRID_SAMPLES = 65_536
#: The frames at once are a multiple of this, so that both filters can cut them into whole products; with more than
#: 64 channels, which no music has, a single row.
GRID_STEP_FRAMES = 1_024


class Meters(Protocol):
    """Measures one track."""

    @property
    def peak(self) -> float:
        """The true peak so far, linear; complete behind `finish`."""

    @property
    def retained_bytes(self) -> int:
        """Bytes of state and work space; constant."""

    def reset(self) -> None:
        """Forget the track."""

    def update(self, chunk: NDArray[np.floating]) -> NDArray[np.float64]:
        """Take the next samples [shape=(n, channels)]; sums of squares of steps that ended [shape=(m, channels)]."""

    def finish(self) -> NDArray[np.float64]:
        """Close the stream: the sums of squares that are left, as in `update`."""


def made_meters(sample_rate_hz: int, channels: int, kernels: Kernels | None) -> Meters:
    """The meters of a track, by `kernels` where there are any."""
    if kernels:
        return NativeMeters(sample_rate_hz, channels, kernels)
    return BlockMeters(sample_rate_hz, channels)


class StepEnds:
    """Where steps of 100 ms end: at the nearest frame before each tenth of a second, so they drift at no rate."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._frames = self._steps = 0

    def among(self, count: int) -> NDArray[np.int64]:
        """How many of the next `count` frames lie before the end of each step that ends among them."""
        end = self._frames + count
        last_step = (STEPS_PER_SECOND * (end + 1) - 1) // self._sample_rate_hz
        steps = np.arange(self._steps + 1, last_step + 1, dtype=np.int64)
        ends: NDArray[np.int64] = steps * self._sample_rate_hz // STEPS_PER_SECOND - self._frames
        self._frames, self._steps = end, last_step
        return ends


class NativeMeters:
    """The meters by compiled kernels."""

    def __init__(self, sample_rate_hz: int, channels: int, kernels: Kernels) -> None:
        self._kernels = kernels
        self._sample_rate_hz, self._channels = sample_rate_hz, channels
        self._sections = _state_space_of(sample_rate_hz) if sample_rate_hz >= LOWEST_RATE_HZ else None
        self._weights = interpolator(oversampling(sample_rate_hz))
        self._bounds = bounds(self._weights)
        self.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of state; constant."""
        return self._states.nbytes + self._open.nbytes + self._tails.nbytes + self._weights.nbytes

    def reset(self) -> None:
        """Forget the track."""
        self._ends = StepEnds(self._sample_rate_hz)
        self._states = np.zeros((self._channels, 4))
        self._open = np.zeros(self._channels)
        self._tails = np.zeros((self._channels, TAPS), np.float32)
        self.peak = 0.0

    def update(self, chunk: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Meters`."""
        frames = np.ascontiguousarray(chunk, np.float32)
        self.peak = self._kernels.true_peak(self.peak, self._tails, frames, self._weights, self._bounds)
        if self._sections is None:
            return np.zeros((0, self._channels))
        ends = self._ends.among(len(frames))
        return self._kernels.k_energies(self._sections, self._states, self._open, frames, ends)

    def finish(self) -> NDArray[np.float64]:
        """See `Meters`: the silence behind the track, where what ends abruptly rings."""
        silence = np.zeros((TAPS, self._channels), np.float32)
        self.peak = self._kernels.true_peak(self.peak, self._tails, silence, self._weights, self._bounds)
        return np.zeros((0, self._channels))


def _state_space_of(sample_rate_hz: int) -> NDArray[np.float64]:
    """Shelf and high-pass as ``Kernels.k_energies`` has them [shape=(10,)]."""
    sections = [(*section[0], *section[1, 1:]) for section in sections_at(sample_rate_hz)]
    return np.array([(b0, b1 - a1 * b0, b2 - a2 * b0, -a1, -a2) for b0, b1, b2, a1, a2 in sections]).reshape(-1)


class BlockMeters:
    """The meters in NumPy."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        frames = max(GRID_SAMPLES // channels // GRID_STEP_FRAMES * GRID_STEP_FRAMES, ROW_FRAMES)
        self._sample_rate_hz = sample_rate_hz
        self._block = np.zeros((channels, frames), dtype=np.float32)
        self._true_peak = TruePeakMeter(sample_rate_hz, channels, frames)
        audible = sample_rate_hz >= LOWEST_RATE_HZ
        self._filter = KWeighting(sample_rate_hz, channels, frames) if audible else None
        self.reset()

    @property
    def peak(self) -> float:
        """See `Meters`."""
        return self._true_peak.peak

    @property
    def retained_bytes(self) -> int:
        """Bytes of the block and of the work space of the filters; constant."""
        filter_bytes = self._filter.retained_bytes if self._filter else 0
        return self._block.nbytes + self._true_peak.retained_bytes + filter_bytes

    def reset(self) -> None:
        """Forget the track."""
        self._filled = 0
        self._ends = StepEnds(self._sample_rate_hz)
        self._open = np.zeros(len(self._block))
        self._true_peak.reset()
        if self._filter:
            self._filter.reset()

    def update(self, chunk: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Meters`."""
        taken, energies = 0, [np.zeros((0, len(self._block)))]
        while taken < len(chunk):
            count = min(len(chunk) - taken, self._block.shape[1] - self._filled)
            self._block[:, self._filled : self._filled + count] = chunk[taken : taken + count].T
            self._filled += count
            taken += count
            if self._filled == self._block.shape[1]:
                energies.append(self._measure_block())
        return np.concatenate(energies)

    def finish(self) -> NDArray[np.float64]:
        """See `Meters`."""
        self._block[:, self._filled :] = 0.0
        energies = self._measure_block()
        self._block[:] = 0.0
        self._true_peak.update(self._block)
        return energies

    def _measure_block(self) -> NDArray[np.float64]:
        """Measure the frames that fill the block; zeros behind them are the end of the track and count for nothing."""
        self._true_peak.update(self._block)
        count, self._filled = self._filled, 0
        if self._filter is None or count == 0:
            return np.zeros((0, len(self._block)))
        return self._step_energies(self._filter.filter(self._block)[:, :count])

    def _step_energies(self, filtered: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums of squares of the steps that end in this block; keeps that of the one still open."""
        cuts = [0, *self._ends.among(filtered.shape[1]).tolist(), filtered.shape[1]]
        pieces = [filtered[:, start:stop] for start, stop in itertools.pairwise(cuts)]
        energies = np.array([np.vecdot(piece, piece) for piece in pieces])
        energies[0] += self._open
        self._open = energies[-1].copy()
        return energies[:-1]
