"""The strongest bins of spectra, and what surrounds them, by NumPy; ``native.spectra`` has the same as a kernel.

Input: spectra of frames. Output: their local maxima, with the bins next to them, whether they stand out from their
surroundings, and the sums that the envelope of the frame is made of. ``hpcp`` makes pitches of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playlista.native.results import BandWeights
from playlista.native.spectra import PeakLayout, SpectrumPeaks

#: Strongest peaks of a frame that count, as in KeyExtractor, and the least power of one against the strongest of its
#: frame. With a limit in dBFS, as there, the noise between the notes would count in loud recordings alone.
PEAKS_PER_FRAME = 60
LEAST_SHARE_OF_STRONGEST = np.float32(1e-6)
#: Power of a sinusoid at -100 dBFS; a frame whose peaks are all weaker is silent. The dither of 16 bits stays below it.
SILENT_POWER = 1e-10
#: Beyond this (+160 dBFS) squared powers leave float32; no recording is there, but a hostile float file may be.
GREATEST_POWER = 1e16
#: A peak stands out from 10 dB above its surroundings. A bin of Gaussian noise does with probability exp(-10).
STANDS_OUT_RATIO = 10.0
#: The surroundings: bins within 12 % of the peak's frequency (two semitones), 8 at least, without its main lobe.
SURROUNDINGS = 0.12
LEAST_SURROUNDING_BINS = 8
MAIN_LOBE_BINS = 2


class NumpyPeaks:
    """The reference, and what computes where there are no kernels.

    Parameters
    ----------
    lowest_bin, highest_bin : between which peaks are looked for, both included.
    envelope_weights : np.ndarray [shape=(bins, points), float32], of each bin at each point of the envelope.
    """

    def __init__(self, lowest_bin: int, highest_bin: int, envelope_weights: NDArray[np.float32]) -> None:
        self._lowest_bin, self._highest_bin = lowest_bin, highest_bin
        self._envelope_weights = envelope_weights
        self._bins = len(envelope_weights)
        center = np.arange(self._bins)
        reach = np.maximum(LEAST_SURROUNDING_BINS, (center * SURROUNDINGS).astype(np.intp))
        self._from_bin = np.maximum(center - reach, 1)
        self._to_bin = np.minimum(center + reach + 1, self._bins)

    def layout(self) -> PeakLayout:
        """The same for the kernel."""
        around = np.column_stack((self._from_bin, self._to_bin)).astype(np.int64)
        bands = BandWeights.of(self._envelope_weights)
        return PeakLayout(
            self._lowest_bin, self._highest_bin, PEAKS_PER_FRAME, SILENT_POWER, GREATEST_POWER, around, bands
        )

    def of(self, spectra: NDArray[np.complex64]) -> SpectrumPeaks:
        """Peaks of all frames that sound; a sinusoid of amplitude a on a bin has power a² there."""
        power = self._power(spectra)
        row, column = np.divmod(np.flatnonzero(self._peak_power(power)), self._highest_bin - self._lowest_bin + 1)
        center = column + self._lowest_bin
        envelope = np.stack((power @ self._envelope_weights, (power * power) @ self._envelope_weights))
        around = power[row[:, np.newaxis], center[:, np.newaxis] + np.arange(-1, 2)]
        return SpectrumPeaks(row, center, self._stands_out(power, row, center), around, envelope)

    def _power(self, spectra: NDArray[np.complex64]) -> NDArray[np.float32]:
        """Power spectra of the frames that sound."""
        with np.errstate(over="ignore", invalid="ignore"):
            power = np.square(spectra[:, : self._bins].real) + np.square(spectra[:, : self._bins].imag)
        strongest = power[:, self._lowest_bin : self._highest_bin + 1].max(axis=1)
        sounds = (strongest > SILENT_POWER) & (power.max(axis=1) < GREATEST_POWER)
        return power if sounds.all() else power[sounds]

    def _peak_power(self, power: NDArray[np.float32]) -> NDArray[np.float32]:
        """Power at the bins that are among the strongest local maxima of their frame, 0 elsewhere."""
        low, high = self._lowest_bin, self._highest_bin + 1
        below, here, above = power[:, low - 1 : high - 1], power[:, low:high], power[:, low + 1 : high + 1]
        least = LEAST_SHARE_OF_STRONGEST * here.max(axis=1, keepdims=True)
        peaks = np.where((here > below) & (here >= above) & (here > least), here, np.float32(0))
        if peaks.shape[1] > PEAKS_PER_FRAME:
            weakest = np.sort(peaks, axis=1)[:, -PEAKS_PER_FRAME]
            peaks = np.where(peaks >= weakest[:, np.newaxis], peaks, np.float32(0))
        return peaks

    def _stands_out(
        self, power: NDArray[np.float32], row: NDArray[np.intp], center: NDArray[np.intp]
    ) -> NDArray[np.bool_]:
        # float64, because the sums of bass and treble differ by more than float32 resolves.
        sums = np.zeros((len(power), self._bins + 1))
        np.cumsum(power, axis=1, dtype=np.float64, out=sums[:, 1:])
        start, stop = self._from_bin[center], self._to_bin[center]
        lobe_start, lobe_stop = center - MAIN_LOBE_BINS, center + MAIN_LOBE_BINS + 1
        around = (sums[row, stop] - sums[row, start]) - (sums[row, lobe_stop] - sums[row, lobe_start])
        bins = stop - start - (2 * MAIN_LOBE_BINS + 1)
        stands_out: NDArray[np.bool_] = power[row, center] * bins > STANDS_OUT_RATIO * around
        return stands_out
