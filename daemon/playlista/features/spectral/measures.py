"""The descriptors of each frame as a row of numbers, by NumPy or by the compiled kernel.

Input: frames of samples. Output: which of them sound, how loud they are, a row of descriptors for each that does, and
its flux. Both ways agree to a millionth. Means over a track are the business of ``accumulator``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from playlista.features.frames import Spectra, amplitude_window
from playlista.features.spectral import descriptors
from playlista.features.spectral.mfcc import COEFFICIENTS, MelCepstrum
from playlista.native.kernels import Kernels
from playlista.native.results import SIDE_BY_SIDE, BandWeights
from playlista.native.spectra import SHAPE_COLUMNS, ShapeLayout

#: Upper end of the described band. At 22 050 Hz it is 0.907 of the Nyquist frequency, where soxr's passband ends
#: (at 0.913); lower rates end at the same share of theirs.
HIGHEST_HZ = 10_000.0
_LOWEST_FULL_RATE_HZ = 22_050
#: Bins in the main lobe of an offset (0 Hz) under a Hann window.
_OFFSET_BINS = 2
#: Mean square of a frame at -90 dBFS; and of one at +150 dBFS, beyond which float32 ends. Only a hostile file is so.
SILENT_MEAN_SQUARE = 1e-9
ABSURD_MEAN_SQUARE = 1e15
#: Sum of the powers of a frame over its mean square, with our window (Parseval: 2 * 1.5 for Hann's noise bandwidth).
_POWERS_PER_MEAN_SQUARE = 3.0


class Measured(NamedTuple):
    """Of a batch of frames.

    Attributes
    ----------
    sounds : np.ndarray [shape=(frames,), bool]. All below is of those frames alone.
    level_db : np.ndarray [shape=(sounding,), float64], dBFS RMS.
    rows : np.ndarray [shape=(sounding, columns), float64]: centroid and rolloff in Hz, flatness, rate of zero
        crossings, contrasts in dB, MFCCs.
    flux : np.ndarray [shape=(sounding,)], from the frame before; of no meaning where that one does not sound.
    """

    sounds: NDArray[np.bool_]
    level_db: NDArray[np.float64]
    rows: NDArray[np.float64]
    flux: NDArray[np.floating]


class NumpyMeasures:
    """By NumPy: the reference, and what computes where there are no kernels."""

    def __init__(self, sample_rate_hz: int, frame_length: int) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._spectra = Spectra(amplitude_window(frame_length))
        self._bin_hz = _described_bins(sample_rate_hz, frame_length)
        self._bands = descriptors.contrast_bands(self._bin_hz)
        self._cepstrum = MelCepstrum(self._bin_hz)
        self._unit_before = np.zeros((1, len(self._bin_hz)), np.float32)
        self.columns = 4 + len(self._bands) + COEFFICIENTS

    @property
    def retained_bytes(self) -> int:
        """Bytes of the last spectrum; constant."""
        return self._unit_before.nbytes

    def of(self, frames: NDArray[np.float32]) -> Measured:
        """The measures of `frames` [shape=(frames, frame_length)], which follow on those of the last call."""
        power = self._power(frames)
        mean_square = power.sum(axis=1, dtype=np.float64) / _POWERS_PER_MEAN_SQUARE
        sounds = _are_sounding(mean_square)
        if not sounds.all():
            frames, power, mean_square = frames[sounds], power[sounds], mean_square[sounds]
        magnitude = np.sqrt(power)
        return Measured(sounds, 10 * np.log10(mean_square), self._rows(frames, magnitude, power), self._flux(magnitude))

    def _power(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Powers of the described bins [shape=(frames, bins)]."""
        with np.errstate(over="ignore", invalid="ignore"):
            spectrum = self._spectra.of(frames)[:, _OFFSET_BINS : _OFFSET_BINS + len(self._bin_hz)]
            power: NDArray[np.float32] = np.square(spectrum.real) + np.square(spectrum.imag)
        return power

    def _rows(
        self, frames: NDArray[np.float32], magnitude: NDArray[np.float32], power: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        floored = descriptors.with_floor(power)
        return np.column_stack(
            (
                descriptors.centroid_hz(magnitude, self._bin_hz),
                descriptors.rolloff_hz(power, self._bin_hz),
                descriptors.flatness(floored),
                descriptors.zero_crossing_rate(frames, self._sample_rate_hz),
                descriptors.contrast_db(floored, self._bands),
                self._cepstrum.coefficients(power),
            )
        )

    def _flux(self, magnitude: NDArray[np.float32]) -> NDArray[np.float32]:
        unit = magnitude / np.sqrt(np.einsum("fb,fb->f", magnitude, magnitude))[:, np.newaxis]
        before = np.concatenate((self._unit_before, unit))
        self._unit_before[:] = before[-1]
        return descriptors.flux(unit, before[:-1])


class NativeMeasures:
    """By the compiled kernel, which reads each frame once; the shapes of silent ones are left out."""

    def __init__(self, sample_rate_hz: int, frame_length: int, kernels: Kernels) -> None:
        self._kernel = kernels.spectrum.shapes
        self._spectra = Spectra(amplitude_window(frame_length), kernels)
        self._bin_hz = _described_bins(sample_rate_hz, frame_length)
        self._cepstrum = MelCepstrum(self._bin_hz)
        self._rate_of_crossing = descriptors.rate_of_crossing(frame_length, sample_rate_hz)
        bands = descriptors.contrast_bands(self._bin_hz)
        self._layout = ShapeLayout(
            _OFFSET_BINS,
            descriptors.crossings_step(sample_rate_hz),
            np.pad(self._bin_hz, (0, SIDE_BY_SIDE)),
            np.array(
                [(band.start, band.stop - band.start, descriptors.extreme_bins(band)) for band in bands], np.int64
            ),
            BandWeights.of(self._cepstrum.filters),
        )
        self._unit_before = np.zeros_like(self._layout.bin_hz)
        self.columns = 4 + len(bands) + COEFFICIENTS

    @property
    def retained_bytes(self) -> int:
        """Bytes of the last spectrum; constant."""
        return self._unit_before.nbytes

    def of(self, frames: NDArray[np.float32]) -> Measured:
        """See `NumpyMeasures`."""
        measures, energies = self._kernel(self._spectra.of(frames), frames, self._layout, self._unit_before)
        sounds = _are_sounding(measures[:, 0] / _POWERS_PER_MEAN_SQUARE)
        if not sounds.all():
            measures, energies = measures[sounds], energies[sounds]
        level_db = 10 * np.log10(measures[:, 0] / _POWERS_PER_MEAN_SQUARE)
        return Measured(sounds, level_db, self._rows(measures, energies), np.sqrt(measures[:, 7]))

    def _rows(self, measures: NDArray[np.float64], energies: NDArray[np.float32]) -> NDArray[np.float64]:
        _, magnitudes, by_hz, floored, exponent, mantissa, rolloff, _, crossings = measures[:, :SHAPE_COLUMNS].T
        bins = len(self._bin_hz)
        rows = np.empty((len(measures), self.columns))
        rows[:, 0] = by_hz / magnitudes
        rows[:, 1] = self._bin_hz[rolloff.astype(np.intp)]
        rows[:, 2] = np.exp2((exponent + np.log2(mantissa)) / bins) * bins / floored
        rows[:, 3] = crossings * self._rate_of_crossing
        rows[:, 4:-COEFFICIENTS] = 10 * np.log10(measures[:, SHAPE_COLUMNS:])
        rows[:, -COEFFICIENTS:] = self._cepstrum.coefficients_of(energies)
        return rows


def _are_sounding(mean_square: NDArray[np.float64]) -> NDArray[np.bool_]:
    return (mean_square > SILENT_MEAN_SQUARE) & (mean_square < ABSURD_MEAN_SQUARE)


def _described_bins(sample_rate_hz: int, frame_length: int) -> NDArray[np.float32]:
    """Frequencies of the bins above those that an offset reaches, up to the end of the described band."""
    end_hz = HIGHEST_HZ * min(1.0, sample_rate_hz / _LOWEST_FULL_RATE_HZ)
    bin_hz = np.fft.rfftfreq(frame_length, 1 / sample_rate_hz)[_OFFSET_BINS:]
    described: NDArray[np.float32] = bin_hz[bin_hz <= end_hz].astype(np.float32)
    return described
