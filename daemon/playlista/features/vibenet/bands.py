"""The spectrogram that VibeNet listens to: 128 mel bands of 40 ms frames, 50 times a second, in dB.

Input: frames of mono samples at 16 kHz. Output: their bands. For each frame of 640 samples, 320 apart: a periodic Hann
window, the power spectrum at 513 frequencies, 128 triangles of unit area between 0 and 8000 Hz on the mel scale of
Slaney's Auditory Toolbox, ``10 log10(x)`` down to -100 dB. The network's authors let librosa make the triangles; ours
are held equal to them by a test.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playlista.features.band_powers import BandPowers
from playlista.features.frames import Spectra
from playlista.features.tags.musicnn_mel import mel_triangles
from playlista.tracks.patches import VIBENET_BANDS

FRAME_SAMPLES = 640
HOP_SAMPLES = 320

_TRANSFORM_SAMPLES = 1024
_LEAST_POWER = np.float32(1e-10)


class VibenetBands:
    """Computes up to `frames` frames; always as many at once, for the reason given in ``MusicnnMel``."""

    def __init__(self, frames: int) -> None:
        self._window = np.hanning(FRAME_SAMPLES + 1)[:-1].astype(np.float32)
        self._spectra = Spectra(np.ones(_TRANSFORM_SAMPLES, dtype=np.float32))
        self._padded = np.zeros((frames, _TRANSFORM_SAMPLES), dtype=np.float32)
        self._powers = BandPowers(mel_triangles(_TRANSFORM_SAMPLES, VIBENET_BANDS))

    def bands(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Levels of the bands.

        Parameters
        ----------
        frames : np.ndarray [shape=(n, 640), float32, mono, 16 kHz]

        Returns
        -------
        np.ndarray [shape=(n, 128), float32, dB, -100 and more]
        """
        np.multiply(frames, self._window, out=self._padded[: len(frames), :FRAME_SAMPLES])
        level = np.maximum(self._powers.of(self._spectra.of(self._padded)), _LEAST_POWER)
        return np.multiply(np.log10(level, out=level), np.float32(10), out=level)[: len(frames)]
