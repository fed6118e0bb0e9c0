"""Spectral descriptors: how bright, noisy, changing and structured the sound of a track is, as means over frames.

In: mono chunks at the analysis rate. Out: :class:`playlista.tracks.Spectral`.

Frames are 93 ms long, every 70 ms, at every rate (2048 samples at 22 050 Hz, 4096 at 44 100), under a Hann window
scaled so that a sinusoid of amplitude a has magnitude a. The spectrum is described from the second bin above 0 Hz,
since an offset reaches into the first, up to 10 kHz: the band that the resampler leaves whole at 22 050 Hz, and that
all rates from there on have alike.
The values of a frame are those that ``features.spectral_descriptors`` and ``features.mfcc`` define. Frames 50 dB below
the loudest of the track count for nothing: there lie pauses, and the noise of the recording. Frames under -90 dBFS RMS,
in which is the dither of 16 bits, are silent. So only the MFCCs depend on the level of the track.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playlista.features.frames import FrameStream, Spectra, amplitude_window, frame_length_of
from playlista.features.spectral import descriptors
from playlista.features.spectral.mfcc import COEFFICIENTS, MelCepstrum
from playlista.features.spectral.moments import GatedMoments
from playlista.tracks import Spectral

#: Version of the values in ``Spectral``; rises when they change.
VERSION = 2

FRAME_SECONDS = 0.093
BATCH_FRAMES = 64

#: Upper end of the described band. At 22 050 Hz it is 0.907 of the Nyquist frequency, where soxr's passband ends
#: (at 0.913); lower rates end at the same share of theirs.
HIGHEST_HZ = 10_000.0
_LOWEST_FULL_RATE_HZ = 22_050
#: Bins in the main lobe of an offset (0 Hz) under a Hann window.
_OFFSET_BINS = 2
#: Frames this far below the loudest count for nothing. Relative, lest the level of a recording decide which ones do.
GATE_DB = 50.0
#: Mean square of a frame at -90 dBFS; and of one at +150 dBFS, beyond which float32 ends. Only a hostile file is so.
SILENT_MEAN_SQUARE = 1e-9
ABSURD_MEAN_SQUARE = 1e15
#: Sum of the powers of a frame over its mean square, with our window (Parseval: 2 * 1.5 for Hann's noise bandwidth).
_POWERS_PER_MEAN_SQUARE = 3.0


class SpectralAccumulator:
    """Means of the spectral descriptors of one track, from chunks of any length.

    Parameters
    ----------
    sample_rate_hz : int
        Rate of the chunks. Below 22 050 Hz the described band is narrower in proportion, and ``contrast`` may have
        fewer octaves.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        frame_length = frame_length_of(FRAME_SECONDS, sample_rate_hz)
        self._sample_rate_hz = sample_rate_hz
        self._spectra = Spectra(amplitude_window(frame_length))
        self._bin_hz = _described_bins(sample_rate_hz, frame_length)
        self._bands = descriptors.contrast_bands(self._bin_hz)
        self._cepstrum = MelCepstrum(self._bin_hz)
        self._frames = FrameStream(frame_length, frame_length * 3 // 4, BATCH_FRAMES)
        self._last_spectrum = np.zeros((1, len(self._bin_hz)), np.float32)
        self._moments = GatedMoments(4 + len(self._bands) + COEFFICIENTS, GATE_DB)
        self._flux_moments = GatedMoments(1, GATE_DB)
        self.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of left-over samples, of the last spectrum and of the sums; constant."""
        sums = self._moments.retained_bytes + self._flux_moments.retained_bytes
        return self._frames.retained_bytes + self._last_spectrum.nbytes + sums

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
        power = self._power(frames)
        mean_square = power.sum(axis=1, dtype=np.float64) / _POWERS_PER_MEAN_SQUARE
        sounds = (mean_square > SILENT_MEAN_SQUARE) & (mean_square < ABSURD_MEAN_SQUARE)
        numbers = self._frames_seen + np.flatnonzero(sounds)
        self._frames_seen += len(frames)
        if not sounds.all():
            frames, power, mean_square = frames[sounds], power[sounds], mean_square[sounds]
        if len(frames):
            magnitude, level_db = np.sqrt(power), 10 * np.log10(mean_square)
            self._moments.add(self._rows(frames, magnitude, power), level_db)
            self._collect_flux(magnitude, level_db, numbers)

    def _power(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Powers of the described bins [shape=(frames, bins)]."""
        with np.errstate(over="ignore", invalid="ignore"):
            spectrum = self._spectra.of(frames)[:, _OFFSET_BINS : _OFFSET_BINS + len(self._bin_hz)]
            power: NDArray[np.float32] = np.square(spectrum.real) + np.square(spectrum.imag)
        return power

    def _rows(
        self, frames: NDArray[np.float32], magnitude: NDArray[np.float32], power: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Descriptors of every frame [shape=(frames, columns)], in the order that ``result`` expects."""
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

    def _collect_flux(
        self, magnitude: NDArray[np.float32], level_db: NDArray[np.float64], numbers: NDArray[np.intp]
    ) -> None:
        """Add the flux of the frames, numbered within the track, that follow directly on one that sounds.

        It is as loud as the quieter of the two: next to a gated frame it would measure noise.
        """
        unit = magnitude / np.sqrt(np.einsum("fb,fb->f", magnitude, magnitude))[:, np.newaxis]
        before = np.concatenate((self._last_spectrum, unit[:-1]))
        quieter_db = np.minimum(level_db, np.append(self._last_level_db, level_db[:-1]))
        follows = np.diff(numbers, prepend=self._last_sounding) == 1
        self._last_spectrum[:] = unit[-1]
        self._last_sounding, self._last_level_db = int(numbers[-1]), float(level_db[-1])
        flux = descriptors.flux(unit[follows], before[follows])
        self._flux_moments.add(flux[:, np.newaxis], quieter_db[follows])


def _described_bins(sample_rate_hz: int, frame_length: int) -> NDArray[np.float32]:
    """Frequencies of the bins above those that an offset reaches, up to the end of the described band."""
    end_hz = HIGHEST_HZ * min(1.0, sample_rate_hz / _LOWEST_FULL_RATE_HZ)
    bin_hz = np.fft.rfftfreq(frame_length, 1 / sample_rate_hz)[_OFFSET_BINS:]
    described: NDArray[np.float32] = bin_hz[bin_hz <= end_hz].astype(np.float32)
    return described
