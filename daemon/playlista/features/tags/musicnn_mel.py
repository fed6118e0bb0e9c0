"""The spectrogram that MusiCNN listens to: 96 log-compressed mel bands of 32 ms frames, 62.5 times a second.

Input: mono samples at 16 kHz, in whole blocks of frames. Output: frames of bands, equal to what essentia's
``TensorflowInputMusiCNN`` computes frame by frame (tested), for a block at a time.

For each frame of 512 samples, 256 apart: a symmetric Hann window ``0.5 - 0.5 cos(2 pi n / 511)``, the power spectrum,
96 triangles of unit area between 0 and 8000 Hz whose corners are evenly spaced on the mel scale of Slaney's Auditory
Toolbox (linear up to 1 kHz, logarithmic above), and ``log10(1 + 10000 x)``.

Source: Pons et al., "End-to-end learning for music audio tagging at scale", ISMIR 2018; M. Slaney, "Auditory Toolbox",
Interval Research Technical Report 1998-010.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playlista.features.band_powers import BandPowers
from playlista.features.frames import Spectra, overlapping
from playlista.features.triangles import triangles
from playlista.native.kernels import Kernels
from playlista.tracks.patches import MEL_BANDS

SAMPLE_RATE_HZ = 16_000
FRAME_SAMPLES = 512
HOP_SAMPLES = 256

_COMPRESSION = 10_000.0
_LINEAR_TOP_HZ = 1000.0
_HZ_PER_LINEAR_MEL = 200.0 / 3.0
_LOG_STEP = np.log(6.4) / 27.0


class MusicnnMel:
    """Computes blocks of `frames` frames.

    The block's size is fixed for a reason: BLAS may sum in another order for another number of rows, and the same music
    shall give the same bits however it was cut into chunks.
    """

    def __init__(self, frames: int, kernels: Kernels | None = None) -> None:
        self.block_samples = (frames - 1) * HOP_SAMPLES + FRAME_SAMPLES
        self._spectra = Spectra(np.hanning(FRAME_SAMPLES).astype(np.float32), kernels)
        self._triangles = BandPowers(mel_triangles(), kernels)

    def bands(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mel bands of a block.

        Parameters
        ----------
        block : [shape=(block_samples,), float32, mono, 16 kHz]

        Returns
        -------
        [shape=(frames, 96), float32, log10(1 + 10000 power), 0 for silence]
        """
        frames = overlapping(block, FRAME_SAMPLES, HOP_SAMPLES)
        mel = self._triangles.of(self._spectra.of(frames))
        mel *= np.float32(_COMPRESSION)
        mel += np.float32(1.0)
        return np.log10(mel, out=mel)


def mel_triangles(transform_samples: int = FRAME_SAMPLES, bands: int = MEL_BANDS) -> NDArray[np.float32]:
    """Weights of the power spectrum's bins in the bands [shape=(bins, bands)]; each triangle has an area of 1 per Hz.

    Parameters
    ----------
    transform_samples : length of the Fourier transform at 16 kHz; it has half as many bins, and one.
    """
    top = _mel_from_hz(SAMPLE_RATE_HZ / 2)
    corners = np.array([_hz_from_mel(mel) for mel in np.linspace(0.0, top, bands + 2)])
    hz = np.fft.rfftfreq(transform_samples, 1.0 / SAMPLE_RATE_HZ)
    weights = triangles(hz, corners) * 2.0 / (corners[2:] - corners[:-2])
    return np.ascontiguousarray(weights, dtype=np.float32)


def _mel_from_hz(hz: float) -> float:
    if hz < _LINEAR_TOP_HZ:
        return hz / _HZ_PER_LINEAR_MEL
    return float(_LINEAR_TOP_HZ / _HZ_PER_LINEAR_MEL + np.log(hz / _LINEAR_TOP_HZ) / _LOG_STEP)


def _hz_from_mel(mel: float) -> float:
    linear_top = _LINEAR_TOP_HZ / _HZ_PER_LINEAR_MEL
    if mel < linear_top:
        return mel * _HZ_PER_LINEAR_MEL
    return float(_LINEAR_TOP_HZ * np.exp((mel - linear_top) * _LOG_STEP))
