"""True peak: the highest value of the waveform between the samples, ITU-R BS.1770-5 annex 2.

What enters: planar float32 blocks of one fixed length. What leaves: one peak over all channels. Nothing is filtered
before the search: the annex's DC block and emphasis are not in the standard any more.

The signal is interpolated at the quarter points below 96 kHz, at the half points below 192 kHz, and not at all above.
The interpolator is a sinc under a Kaiser window, 32 samples wide: flat within 0.02 dB to 19 kHz at 44.1 kHz, where
the annex's example of 12 samples ripples by 0.2 dB and ends 0.65 dB down. It runs as one matrix product over rows of
samples, and only over rows that could hold the peak: no value between samples can exceed the largest sample around
it times the sum of the interpolator's absolute weights, so a row for which that product stays under the peak found
so far is skipped. That loses nothing, and leaves 4 to 17 % of the rows of ordinary music.

Before the first and after the last sample there is silence, as for a converter: a track that breaks off at full
height rings beyond it.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

#: Samples under the interpolator, half on each side of the point sought.
TAPS = 32
#: Shape of the Kaiser window: the pass band ends at 0.43 of the rate, the ripple is under 0.02 dB.
KAISER_BETA = 6.0
#: Samples of a row; the block is cut into rows, and rows are searched or skipped.
ROW_FRAMES = 64
#: Rows of one matrix product, few enough that OpenBLAS does not start threads for it (see ``k_weighting``).
PRODUCT_ROWS = 12
#: Above this, float32 sums of products could overflow; only damaged or hostile files get there.
FLOAT32_SAFE_PEAK = 1e30


def oversampling(sample_rate_hz: int) -> int:
    """Points searched per sample: 4 below 96 kHz, 2 below 192 kHz, else 1 (BS.1770-5 annex 2)."""
    if sample_rate_hz < 96_000:
        return 4
    return 2 if sample_rate_hz < 192_000 else 1


def interpolator(factor: int) -> NDArray[np.float64]:
    """Weights of the points between two samples.

    Returns
    -------
    np.ndarray [shape=(factor - 1, TAPS), float64], each row with sum 1; the points lie between tap ``TAPS / 2 - 1``
    and the next.
    """
    offsets = np.arange(1, factor)[:, np.newaxis] / factor - (np.arange(TAPS) - TAPS // 2 + 1)
    taper = np.i0(KAISER_BETA * np.sqrt(1.0 - (offsets / (TAPS / 2)) ** 2))
    weights = np.sinc(offsets) * taper
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float64)


class TruePeakMeter:
    """The highest true peak of a signal given in planar blocks of one fixed shape.

    Parameters
    ----------
    sample_rate_hz : decides the oversampling.
    channels : rows of a block.
    frames : columns of a block; a multiple of ``ROW_FRAMES``.

    Attributes
    ----------
    peak : linear, 0 where there was no signal; 1.0 is full scale and more is legal. The last half width of the
        interpolator is searched when the following block comes: close the stream with a block of zeros.
    """

    def __init__(self, sample_rate_hz: int, channels: int, frames: int) -> None:
        if frames % ROW_FRAMES:
            raise ValueError(f"a block must be a multiple of {ROW_FRAMES} frames, not {frames}")
        weights = interpolator(oversampling(sample_rate_hz))
        self._bound = float(np.abs(weights).sum(axis=1).max(initial=0.0))
        self._points = _row_interpolator(weights)
        self._samples = np.zeros((channels, ROW_FRAMES + frames), dtype=np.float32)
        self._magnitudes = np.zeros_like(self._samples)
        self.peak = 0.0

    @property
    def retained_bytes(self) -> int:
        """Bytes of the matrix, of one block and of its magnitudes; constant."""
        return self._points.nbytes + self._samples.nbytes + self._magnitudes.nbytes

    def reset(self) -> None:
        """Forget the signal."""
        self._samples[:] = 0.0
        self.peak = 0.0

    def update(self, block: NDArray[np.float32]) -> None:
        """Search the next block.

        Parameters
        ----------
        block : np.ndarray [shape=(channels, frames), float32], finite.
        """
        self._samples[:, :ROW_FRAMES] = self._samples[:, -ROW_FRAMES:]
        self._samples[:, ROW_FRAMES:] = block
        largest = self._row_maxima()
        self.peak = max(self.peak, float(largest[:, 1:].max()))
        reachable = self._bound * np.maximum(largest[:, :-1], largest[:, 1:]).astype(np.float64)
        candidates = reachable > self.peak
        if candidates.any():
            self._search(candidates)

    def _row_maxima(self) -> NDArray[np.float32]:
        """Largest magnitude of each row, the one before the block first.

        Compared as integers: floats without a sign bit are in the order of their bits, and numpy finds the maxima of
        short integer rows three times faster.
        """
        np.abs(self._samples, out=self._magnitudes)
        rows = self._magnitudes.view(np.int32).reshape(len(self._samples), -1, ROW_FRAMES)
        maxima: NDArray[np.int32] = rows.max(axis=2)
        return maxima.view(np.float32)

    def _search(self, candidates: NDArray[np.bool_]) -> None:
        """Interpolate these rows; some twice, so that they fill whole products."""
        windows = sliding_window_view(self._samples[:, ROW_FRAMES - TAPS + 1 :], ROW_FRAMES + TAPS - 1, axis=1)
        channels, rows = candidates.nonzero()
        padded = -(-len(rows) // PRODUCT_ROWS) * PRODUCT_ROWS
        chosen = windows[:, ::ROW_FRAMES][np.resize(channels, padded), np.resize(rows, padded)]
        precision = np.float32 if self.peak < FLOAT32_SAFE_PEAK else np.float64
        products = chosen.reshape(-1, PRODUCT_ROWS, chosen.shape[1]).astype(precision, copy=False)
        between = products @ self._points.astype(precision, copy=False)
        self.peak = max(self.peak, float(between.max()), -float(between.min()))


def _row_interpolator(weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """The interpolator of each sample of a row, side by side in one matrix.

    Returns
    -------
    np.ndarray [shape=(ROW_FRAMES + TAPS - 1, ROW_FRAMES * len(weights)), float32].
    """
    points = np.zeros((ROW_FRAMES + TAPS - 1, ROW_FRAMES, len(weights)), dtype=np.float32)
    for frame in range(ROW_FRAMES):
        points[frame : frame + TAPS, frame] = weights.T
    return points.reshape(len(points), -1)
