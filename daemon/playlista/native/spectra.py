"""The kernels that look at spectra of frames: their shape and their peaks.

Input: spectra as ``features.frames.Spectra`` makes them. Output: what ``features.spectral`` and ``features.tonal`` are
made of. As in ``kernels``, types and layouts of arrays are checked at each call, and lengths are taken from the arrays.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from playlista.native.arguments import Array, overlapping
from playlista.native.results import SIDE_BY_SIDE, BandWeights

#: Bins that the peak or the valley of an octave may be made of; and columns of ``Shapes.measures`` before the octaves.
MOST_EXTREME_BINS, SHAPE_COLUMNS = 64, 9

_SPECTRA, _FLOATS, _DOUBLES, _INTEGERS = (Array(kind) for kind in (np.complex64, np.float32, np.float64, np.int64))
_LENGTH, _ADDRESS, _FLOAT = ctypes.c_int64, ctypes.c_void_p, ctypes.c_float

#: As in ``kernels``.
SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "spectrum_shapes": (
        None,
        (
            *(_SPECTRA, _LENGTH, _LENGTH, _LENGTH, _LENGTH, _ADDRESS, _LENGTH, _LENGTH, _LENGTH),
            *(_FLOATS, _FLOATS, _INTEGERS, _LENGTH),
            *(_INTEGERS, _INTEGERS, _LENGTH, _FLOATS, _FLOATS, _DOUBLES, _DOUBLES, _FLOATS),
        ),
    ),
    "spectrum_peaks": (
        _LENGTH,
        (
            *(_SPECTRA, _LENGTH, _LENGTH, _LENGTH, _LENGTH, _LENGTH, _LENGTH, _FLOAT, _FLOAT, _INTEGERS),
            *(_INTEGERS, _INTEGERS, _LENGTH, _FLOATS),
            *(_FLOATS, _INTEGERS, _DOUBLES, _FLOATS, _INTEGERS, _FLOATS),
        ),
    ),
}


class ShapeLayout(NamedTuple):
    """Which bins of spectra the kernel of their shape looks at.

    first : the first of them.
    step : every how many-th sample of a frame is asked for its sign.
    bin_hz : np.ndarray [shape=(bins + 8,), float32], zeros behind the last bin.
    octaves : np.ndarray [shape=(octaves, 3), int64]: first bin, bins, and of how many bins peak and valley are.
    bands : of the energies.
    """

    first: int
    step: int
    bin_hz: NDArray[np.float32]
    octaves: NDArray[np.int64]
    bands: BandWeights


class Shapes(NamedTuple):
    """The shape of the spectrum of each frame.

    measures : np.ndarray [shape=(frames, SHAPE_COLUMNS + octaves), float64]: the sums of powers, of magnitudes, of
        magnitudes by frequency, and of powers raised to the floor; the product of these as exponent and mantissa; the
        bin of the rolloff; the flux, squared; the changes of sign; then the peak by the valley of each octave.
    energies : np.ndarray [shape=(frames, bands), float32].
    """

    measures: NDArray[np.float64]
    energies: NDArray[np.float32]


class PeakLayout(NamedTuple):
    """Where the kernel of peaks looks for them.

    lowest, highest : the first and the last bin that may be a peak.
    most : peaks of a frame; more where some are as strong as the last.
    silent, absurd : a frame without a peak above one, or with a power of the other, has none.
    around : np.ndarray [shape=(bins, 2), int64], first bin of the surroundings of each, and the one after the last.
    bands : of the envelope.
    """

    lowest: int
    highest: int
    most: int
    silent: float
    absurd: float
    around: NDArray[np.int64]
    bands: BandWeights


class SpectrumPeaks(NamedTuple):
    """Local maxima of powers, and what they are held against.

    frames, bins : np.ndarray [shape=(peaks,), int64], where they are.
    stands_out : np.ndarray [shape=(peaks,), bool], of its surroundings.
    powers : np.ndarray [shape=(peaks, 3), float32], of the bin below, at, and above.
    envelope : np.ndarray [shape=(2, frames, bands), float32], sums of powers and of their squares.
    """

    frames: NDArray[np.int64]
    bins: NDArray[np.int64]
    stands_out: NDArray[np.bool_]
    powers: NDArray[np.float32]
    envelope: NDArray[np.float32]


class SpectrumKernels:
    """The functions of a loaded library that look at spectra."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        self._functions = functions

    def shapes(
        self,
        spectra: NDArray[np.complex64],
        samples: NDArray[np.float32],
        layout: ShapeLayout,
        unit: NDArray[np.float32],
    ) -> Shapes:
        """The shape of each spectrum; see ``features.spectral.measures``.

        Parameters
        ----------
        spectra, samples : of the same frames [shape=(frames, all bins) and (frames, length)].
        unit : np.ndarray [shape of ``layout.bin_hz``], changed: magnitudes of the frame before, of norm 1.
        """
        (frames, stride), bins, bands = spectra.shape, len(layout.bin_hz) - SIDE_BY_SIDE, layout.bands
        if (
            len(samples) != frames
            or layout.first + bins > stride
            or bands.bins != bins
            or len(unit) != len(layout.bin_hz)
        ):
            raise ValueError("the arrays are of different numbers of frames or bins")
        first, count, extreme = layout.octaves.T
        if (
            layout.step < 1
            or (first + count).max() > bins
            or (extreme > count).any()
            or extreme.max() > MOST_EXTREME_BINS
        ):
            raise ValueError("octaves within the spectrum, and not too many of their bins, are needed")
        shapes = Shapes(
            np.empty((frames, SHAPE_COLUMNS + len(layout.octaves))), np.empty((frames, len(bands.starts)), np.float32)
        )
        self._functions["spectrum_shapes"](
            *(spectra, frames, stride, layout.first, bins, *overlapping(samples), layout.step),
            *(layout.bin_hz, unit, layout.octaves, len(layout.octaves)),
            *(bands.starts, bands.lengths, len(bands.starts), bands.weights),
            *(np.empty(3 * len(unit), np.float32), np.empty(bins + SIDE_BY_SIDE), *shapes),
        )
        return shapes

    def peaks(self, spectra: NDArray[np.complex64], layout: PeakLayout) -> SpectrumPeaks:
        """The peaks of each spectrum [shape=(frames, all bins)]; see ``features.tonal.peaks``."""
        (frames, stride), bins, bands = spectra.shape, layout.bands.bins, layout.bands
        if (
            bins > stride
            or layout.around.shape != (bins, 2)
            or not ((layout.around >= 0) & (layout.around <= bins)).all()
        ):
            raise ValueError(f"spectra of {bins} bins, and surroundings within them, are needed")
        if not 2 <= layout.lowest <= layout.highest < bins - 2:
            raise ValueError("peaks are looked for where there are bins on both sides")
        most = frames * ((layout.highest - layout.lowest) // 2 + 1) + 1
        found, powers = np.empty((most, 3), np.int64), np.empty((most, 3), np.float32)
        envelope = np.zeros((2, frames, len(bands.starts)), np.float32)
        count = self._functions["spectrum_peaks"](
            *(spectra, frames, stride, bins, *layout[:5], layout.around),
            *(bands.starts, bands.lengths, len(bands.starts), bands.weights),
            *(np.empty(3 * (bins + SIDE_BY_SIDE), np.float32), np.empty(bins, np.int64), np.empty(bins + SIDE_BY_SIDE)),
            *(envelope, found, powers),
        )
        frame, place, stands_out = found[:count].T
        return SpectrumPeaks(frame, place, stands_out != 0, powers[:count], envelope)
