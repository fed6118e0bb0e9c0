"""Where sounds begin: an onset envelope 62.5 times a second, and the onsets that stand out of it.

What enters: mono chunks at the analysis rate. What leaves: ``OnsetEnvelope.read``, how much louder the bands of a mel
spectrogram have grown since the frame before; and ``onset_frames``, its peaks.

The envelope is the SuperFlux of Boeck and Widmer (DAFx 2013): each band is compared with the loudest of itself and its
two neighbours one frame earlier, so that a vibrato or a glide is no onset; the increases are averaged over the bands.
Frames are 46 ms long; the band from 30 Hz to 9.9 kHz, which every rate from 22 050 Hz up has alike, is cut into 40
mel bands; their magnitudes are compressed as ``log(1 + 1000 a)``, where a is the amplitude of a sinusoid. So an increase is
in nepers, whatever the level of the recording, down to -60 dBFS in a band.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from playlista.features.envelope import CompactEnvelope
from playlista.features.frames import FrameStream, amplitude_window, frame_length_of

FRAME_SECONDS = 1024 / 22050
FRAMES_PER_SECOND = 62.5
BATCH_FRAMES = 64

MEL_BANDS = 40
LOWEST_HZ = 30.0
HIGHEST_HZ = 9900.0
#: Share of the Nyquist frequency that the resampler leaves whole; it limits the bands at rates under 22 050 Hz.
PASSBAND = 0.9
COMPRESSION = 1000.0
#: No band of finite samples is as loud; what overflows is taken for this.
LOUDEST_POWER = 1e12
#: A silent frame followed by a full-scale click is at about 5.
CEILING = 6.0

#: Half the stretch over which the envelope's mean is taken off, in seconds.
_MEAN_SECONDS = 0.25
#: An onset is the highest value within 48 ms on either side, and 0.06 nepers (half a decibel in all bands at once, or
#: 6 dB in every twelfth) above the local mean: white noise stays below, a soft string attack does not.
_NEIGHBOUR_FRAMES = 3
ONSET_THRESHOLD = 0.06
_READ_FRAMES = 8192


class OnsetEnvelope:
    """The onset envelope of one track, from chunks of any length, kept in 62.5 bytes a second.

    Frame k is centred on sample ``k * hop``; before the first sample there was silence.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        frame_length = frame_length_of(FRAME_SECONDS, sample_rate_hz)
        hop_length = round(sample_rate_hz / FRAMES_PER_SECOND)
        self.frame_rate_hz = sample_rate_hz / hop_length
        self._frames = FrameStream(frame_length, hop_length, BATCH_FRAMES)
        self._window = amplitude_window(frame_length)
        self._bands = np.repeat(mel_bands(sample_rate_hz, frame_length), 2, axis=0)
        self._before = np.zeros((1, MEL_BANDS), np.float32)
        self._flux = CompactEnvelope(self.frame_rate_hz, CEILING)
        self.reset()

    def __len__(self) -> int:
        return len(self._flux)

    @property
    def retained_bytes(self) -> int:
        """Bytes of left-over samples, of the last frame's bands and of the envelope."""
        return self._frames.retained_bytes + self._before.nbytes + self._flux.retained_bytes

    def update(self, chunk: NDArray[np.floating]) -> None:
        """Take the next samples [shape=(n,), float16 or float32, mono, -1..1]."""
        self._samples += chunk.size
        for batch in self._frames.push(chunk):
            self._flux.append(self._increase(batch))

    def close(self) -> None:
        """Take the frames that are left; the last 23 ms have none, since cut off by padding they would click."""
        if self._samples:
            for batch in self._frames.flush():
                self._flux.append(self._increase(batch))

    def reset(self) -> None:
        """Forget the track."""
        self._samples = 0
        self._frames.reset()
        self._before[:] = 0.0
        self._flux.reset()
        self._pad_start()

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """The envelope above its local mean, for frames `start` to before `stop`.

        Returns
        -------
        [shape=(n,), float32, nepers, >= 0], cut to the frames that there are.
        """
        reach = round(_MEAN_SECONDS * self.frame_rate_hz)
        first = max(start - reach, 0)
        flux = self._flux.read(first, stop + reach)
        sums = np.concatenate(([0.0], np.cumsum(flux, dtype=np.float64)))
        frames = np.arange(max(start, 0), min(stop, len(self))) - first
        low, high = np.maximum(frames - reach, 0), np.minimum(frames + reach + 1, len(flux))
        mean = (sums[high] - sums[low]) / (high - low)
        above: NDArray[np.float32] = np.maximum(flux[frames] - mean, 0.0).astype(np.float32)
        return above

    def onset_frames(self) -> Iterator[NDArray[np.intp]]:
        """Frames at which a sound begins, in order, a stretch of the track at a time.

        Peak picking after Boeck, Krebs and Schedl, "Evaluating the online capabilities of onset detection methods"
        (ISMIR 2012), with neighbours on both sides.
        """
        for start in range(0, len(self), _READ_FRAMES):
            padded_start = max(start - _NEIGHBOUR_FRAMES, 0)
            stretch = self.read(padded_start, start + _READ_FRAMES + _NEIGHBOUR_FRAMES)
            frames = padded_start + _peaks(stretch, _NEIGHBOUR_FRAMES)
            yield frames[(frames >= start) & (frames < start + _READ_FRAMES)]

    def _pad_start(self) -> None:
        half = np.zeros(self._frames.frame_length // 2, np.float32)
        for _ in self._frames.push(half):
            raise AssertionError("half a frame completes no batch")

    def _increase(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean increase over the bands since each frame's predecessor [shape=(frames,)]."""
        with np.errstate(over="ignore", invalid="ignore"):
            spectrum = np.fft.rfft(frames * self._window, axis=1).view(np.float32)
            power = np.fmin(np.square(spectrum, out=spectrum) @ self._bands, LOUDEST_POWER)
        level = np.log1p(COMPRESSION * np.sqrt(power))
        before = np.concatenate((self._before, level[:-1]))
        self._before[:] = level[-1]
        loudest = before.copy()
        np.maximum(loudest[:, 1:], before[:, :-1], out=loudest[:, 1:])
        np.maximum(loudest[:, :-1], before[:, 1:], out=loudest[:, :-1])
        increase: NDArray[np.float32] = np.maximum(level - loudest, 0.0).mean(axis=1)
        return increase


def _peaks(values: NDArray[np.float32], reach: int) -> NDArray[np.intp]:
    """Where `values` are over the threshold and the first highest within `reach` on either side."""
    padded = np.pad(values, reach, constant_values=-1.0)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    peaks: NDArray[np.intp] = np.flatnonzero((around.argmax(axis=1) == reach) & (values > ONSET_THRESHOLD))
    return peaks


def mel_bands(sample_rate_hz: int, frame_length: int) -> NDArray[np.float32]:
    """Weights of the bins in each band [shape=(bins, MEL_BANDS)]: triangles of height 1, evenly spaced in mels.

    Mels after O'Shaughnessy (1987): ``2595 log10(1 + f / 700)``. A triangle too narrow to hold a bin takes the nearest.
    """
    highest_hz = min(HIGHEST_HZ, PASSBAND * sample_rate_hz / 2)
    mels = np.linspace(_mel(LOWEST_HZ), _mel(highest_hz), MEL_BANDS + 2)
    corners = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    bin_hz = np.fft.rfftfreq(frame_length, 1 / sample_rate_hz)[:, np.newaxis]
    rising = (bin_hz - corners[:-2]) / np.diff(corners[:-1])
    falling = (corners[2:] - bin_hz) / np.diff(corners[1:])
    weights = np.maximum(np.minimum(rising, falling), 0.0)
    nearest = np.abs(bin_hz - corners[1:-1]).argmin(axis=0)
    empty = ~weights.any(axis=0)
    weights[nearest[empty], np.flatnonzero(empty)] = 1.0
    return weights.astype(np.float32)


def _mel(frequency_hz: float) -> float:
    return float(2595.0 * np.log10(1.0 + frequency_hz / 700.0))
