"""Spectral descriptors: how bright, noisy, changing and structured the sound of a track is, as means over frames.

In: mono chunks at the analysis rate. Out: :class:`playlista.tracks.Spectral`.

Frames are 93 ms long, every 70 ms, at every rate (2048 samples at 22 050 Hz, 4096 at 44 100), under a Hann window
scaled so that a sinusoid of amplitude a has magnitude a. The spectrum is described from the second bin above 0 Hz,
since an offset reaches into the first, up to 10 kHz: the band that the resampler leaves whole at 22 050 Hz, and that
all rates from there on have alike.
The values of a frame are those that ``descriptors`` and ``mfcc`` define. Frames 50 dB below
the loudest of the track count for nothing: there lie pauses, and the noise of the recording. Frames under -90 dBFS RMS,
in which is the dither of 16 bits, are silent. So only the MFCCs depend on the level of the track.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playlista.features.frames import FrameStream, frame_length_of
from playlista.features.spectral.measures import NativeMeasures, NumpyMeasures
from playlista.features.spectral.mfcc import COEFFICIENTS
from playlista.features.spectral.moments import GatedMoments
from playlista.native.kernels import Kernels
from playlista.tracks import Spectral

#: Version of the values in ``Spectral``; rises when they change.
VERSION = 2

FRAME_SECONDS = 0.093
BATCH_FRAMES = 64

#: Frames this far below the loudest count for nothing. Relative, lest the level of a recording decide which ones do.
GATE_DB = 50.0


class SpectralAccumulator:
    """Means of the spectral descriptors of one track, from chunks of any length.

    Parameters
    ----------
    sample_rate_hz : int
        Rate of the chunks. Below 22 050 Hz the described band is narrower in proportion, and ``contrast`` may have
        fewer octaves.
    kernels : compiled kernels to compute with; None for NumPy.
    """

    def __init__(self, sample_rate_hz: int, *, kernels: Kernels | None = None) -> None:
        frame_length = frame_length_of(FRAME_SECONDS, sample_rate_hz)
        self._frames = FrameStream(frame_length, frame_length * 3 // 4, BATCH_FRAMES)
        self._measures = (
            NativeMeasures(sample_rate_hz, frame_length, kernels)
            if kernels
            else NumpyMeasures(sample_rate_hz, frame_length)
        )
        self._moments = GatedMoments(self._measures.columns, GATE_DB)
        self._flux_moments = GatedMoments(1, GATE_DB)
        self.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of left-over samples, of the last spectrum and of the sums; constant."""
        sums = self._moments.retained_bytes + self._flux_moments.retained_bytes
        return self._frames.retained_bytes + self._measures.retained_bytes + sums

    def update(self, chunk: NDArray[np.floating]) -> None:
        """Take the next samples.

        Parameters
        ----------
        chunk : np.ndarray [shape=(n,), float16 or float32, mono, -1..1]
        """
        for batch in self._frames.push(chunk):
            self._collect(batch)

    def result(self) -> Spectral | None:
        """Close the stream and answer.

        Returns
        -------
        Spectral, or None where no frame sounds
            All but ``mfcc_var`` (population variances) are means over the frames that sound and are not gated:
            ``centroid_hz`` and ``rolloff_hz`` in Hz, up to 10 000; ``flatness`` 0..1; ``flux`` 0..sqrt(2), over frames
            whose predecessor counts too, 0 where there is none; ``zero_crossing_rate`` 0..1; ``contrast`` in dB, 0..80,
            of seven octaves; 13 MFCCs.
        """
        for batch in self._frames.flush():
            self._collect(batch)
        moments, flux_moments = self._moments.result(), self._flux_moments.result()
        if not moments.count:
            return None
        mean, variance = moments.mean.tolist(), moments.variance.tolist()
        return Spectral(
            centroid_hz=mean[0],
            rolloff_hz=mean[1],
            flatness=mean[2],
            flux=flux_moments.mean.tolist()[0],
            zero_crossing_rate=mean[3],
            contrast=tuple(mean[4:-COEFFICIENTS]),
            mfcc_mean=tuple(mean[-COEFFICIENTS:]),
            mfcc_var=tuple(variance[-COEFFICIENTS:]),
        )

    def reset(self) -> None:
        """Forget the track."""
        self._frames.reset()
        self._moments.reset()
        self._flux_moments.reset()
        self._frames_seen = 0
        self._last_sounding = -2
        self._last_level_db = 0.0

    def _collect(self, frames: NDArray[np.float32]) -> None:
        measured = self._measures.of(frames)
        numbers = self._frames_seen + np.flatnonzero(measured.sounds)
        self._frames_seen += len(frames)
        if len(numbers):
            self._moments.add(measured.rows, measured.level_db)
            self._collect_flux(measured.flux, measured.level_db, numbers)

    def _collect_flux(
        self, flux: NDArray[np.floating], level_db: NDArray[np.float64], numbers: NDArray[np.intp]
    ) -> None:
        """Add the flux of the frames, numbered within the track, that follow directly on one that sounds.

        It is as loud as the quieter of the two: next to a gated frame it would measure noise.
        """
        quieter_db = np.minimum(level_db, np.append(self._last_level_db, level_db[:-1]))
        follows = np.diff(numbers, prepend=self._last_sounding) == 1
        self._last_sounding, self._last_level_db = int(numbers[-1]), float(level_db[-1])
        self._flux_moments.add(flux[follows, np.newaxis], quieter_db[follows])
