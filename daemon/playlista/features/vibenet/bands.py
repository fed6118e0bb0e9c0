"""The spectrogram that VibeNet listens to: 128 mel bands of 40 ms frames, 50 times a second, in dB.

Input: mono samples at 16 kHz, in whole blocks of frames. Output: frames of bands. For each frame of 640 samples, 320
apart: a periodic Hann window, the power spectrum at 513 frequencies, 128 triangles of unit area between 0 and 8000 Hz
on the mel scale of Slaney's Auditory Toolbox, ``10 log10(x)`` down to -100 dB. The network's authors let librosa make
the triangles; ours are held equal to them by a test.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playlista.features.frames import Spectra
from playlista.features.tags.musicnn_mel import mel_triangles
from playlista.tracks.patches import VIBENET_BANDS

FRAME_SAMPLES = 640
HOP_SAMPLES = 320

_TRANSFORM_SAMPLES = 1024
_LEAST_POWER = np.float32(1e-10)


class VibenetBands:
    """Computes blocks of `frames` frames, a fixed number for the reason given in ``MusicnnMel``."""

    def __init__(self, frames: int) -> None:
        self.block_samples = (frames - 1) * HOP_SAMPLES + FRAME_SAMPLES
        self._window = np.hanning(FRAME_SAMPLES + 1)[:-1].astype(np.float32)
        self._spectra = Spectra(np.ones(_TRANSFORM_SAMPLES, dtype=np.float32))
        self._padded = np.zeros((frames, _TRANSFORM_SAMPLES), dtype=np.float32)
        self._triangles = mel_triangles(_TRANSFORM_SAMPLES, VIBENET_BANDS)

    def bands(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Levels of a block.

        Parameters
        ----------
        block : np.ndarray [shape=(block_samples,), float32, mono, 16 kHz]

        Returns
        -------
        np.ndarray [shape=(frames, 128), float32, dB, -100 and more]
        """
        frames = np.lib.stride_tricks.sliding_window_view(block, FRAME_SAMPLES)[::HOP_SAMPLES]
        np.multiply(frames, self._window, out=self._padded[:, :FRAME_SAMPLES])
        spectrum = self._spectra.of(self._padded)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        level: NDArray[np.float32] = np.maximum(power @ self._triangles, _LEAST_POWER)
        return np.multiply(np.log10(level, out=level), np.float32(10), out=level)
