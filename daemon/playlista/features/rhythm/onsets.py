"""Where sounds begin: an onset envelope 62.5 times a second, and the onsets that stand out of it.

Input: mono chunks at the analysis rate. Output: ``OnsetEnvelope.read``, how much louder narrow
bands of the spectrum have grown; and ``onsets``, its peaks.

The envelope is the half-wave rectified spectral flux (Dixon, "Onset detection revisited", DAFx 2006) of a spectrogram
of 24 bands an octave, against the frame 32 ms before (Boeck and Schedl, "Maximum filter vibrato suppression for onset
detection", DAFx 2013, who call it lag). Frames are 46 ms long; the bands cover 30 Hz to 9.9 kHz, which every rate from
22 050 Hz up has alike. Magnitudes are compressed as ``log(1 + 10 a / A)``, where A is the loudest mean over the bands
of late, forgotten by half in 10 s. So the level of a recording does not matter, what is far below its loudest sounds
hardly counts, and the envelope is in nepers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from playlista.features.accumulator import noop
from playlista.features.band_powers import BandPowers
from playlista.features.frames import FrameStream, Spectra, amplitude_window, frame_length_of
from playlista.features.rhythm.envelope import CompactEnvelope
from playlista.features.triangles import triangles
from playlista.native.kernels import Kernels

FRAME_SECONDS = 1024 / 22050
FRAMES_PER_SECOND = 62.5
BATCH_FRAMES = 64

BANDS_PER_OCTAVE = 24
#: Frames between which a band's increase counts: a soft attack takes longer than one.
LAG_FRAMES = 2
LOWEST_HZ = 30.0
HIGHEST_HZ = 9900.0
#: Share of the Nyquist frequency that the resampler leaves whole; it limits the bands at rates under 22 050 Hz.
PASSBAND = 0.9
COMPRESSION = 10.0
LEVEL_HALF_LIFE_SECONDS = 10.0
#: Mean amplitude in a band, below the dither of 16-bit recordings, under which nothing is amplified.
LOWEST_LEVEL = 1e-5
#: Power of a sinusoid at +20 dBFS. What is louder, or overflows, is taken for this, lest the level stay up for good.
LOUDEST_POWER = 100.0
#: A click in all bands, after silence, reaches 2.4; one in a single band is far less.
CEILING = 4.0

#: Half the stretch over which the envelope's mean is taken off, in seconds.
_MEAN_SECONDS = 0.25
#: An onset is the highest value within 48 ms on either side and 0.1 nepers above the local mean. Noise exceeds that
#: every fourth second, a soft string attack reaches 0.2.
_NEIGHBOUR_FRAMES = 3
ONSET_THRESHOLD = 0.1
_READ_FRAMES = 8192


class Onsets(NamedTuple):
    """Onsets in order of time: their frames [shape=(n,)] and strengths [shape=(n,), nepers]."""

    frames: NDArray[np.int32]
    strengths: NDArray[np.float32]


class OnsetEnvelope:
    """The onset envelope of one track, from chunks of any length, kept in 62.5 bytes a second.

    Frame k is centred on sample ``k * hop``; before the first sample there was silence. `checkpoint` is called at every
    `read`: at the end of a track whoever asks reads all of it, and ten hours take seconds. `kernels` compute the bands.
    """

    def __init__(
        self, sample_rate_hz: int, *, checkpoint: Callable[[], None] = noop, kernels: Kernels | None = None
    ) -> None:
        self._checkpoint = checkpoint
        frame_length = frame_length_of(FRAME_SECONDS, sample_rate_hz)
        hop_length = round(sample_rate_hz / FRAMES_PER_SECOND)
        self.frame_rate_hz = sample_rate_hz / hop_length
        self._frames = FrameStream(frame_length, hop_length, BATCH_FRAMES)
        self._spectra = Spectra(amplitude_window(frame_length), kernels)
        self._bands = _band_powers(sample_rate_hz, frame_length, kernels)
        self._fading = 0.5 ** (np.arange(1, BATCH_FRAMES + 1) / (LEVEL_HALF_LIFE_SECONDS * self.frame_rate_hz))
        self._before = np.zeros((LAG_FRAMES, self._bands.weights.shape[1]), np.float32)
        self._flux = CompactEnvelope(self.frame_rate_hz, CEILING)
        self.reset()

    def __len__(self) -> int:
        return len(self._flux)

    @property
    def retained_bytes(self) -> int:
        """Bytes of left-over samples, of the last frames' bands and of the envelope."""
        return self._frames.retained_bytes + self._before.nbytes + self._flux.retained_bytes

    def update(self, chunk: NDArray[np.floating]) -> None:
        """Take the next samples [shape=(n,), float16 or float32, mono, -1..1]."""
        self._samples += chunk.size
        self._take(chunk)

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
        self._level = LOWEST_LEVEL
        self._flux.reset()
        self._take(np.zeros(self._frames.frame_length // 2, np.float32))

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """The envelope above its local mean, for frames `start` to before `stop`.

        Returns
        -------
        [shape=(n,), float32, nepers, >= 0], cut to the frames that there are.
        """
        self._checkpoint()
        reach = round(_MEAN_SECONDS * self.frame_rate_hz)
        first = max(start - reach, 0)
        flux = self._flux.read(first, stop + reach)
        sums = np.concatenate(([0.0], np.cumsum(flux, dtype=np.float64)))
        frames = np.arange(max(start, 0), min(stop, len(self))) - first
        low, high = np.maximum(frames - reach, 0), np.minimum(frames + reach + 1, len(flux))
        mean = (sums[high] - sums[low]) / (high - low)
        above: NDArray[np.float32] = np.maximum(flux[frames] - mean, 0.0).astype(np.float32)
        return above

    def onsets(self) -> Onsets:
        """The onsets of the track.

        Peak picking after Boeck, Krebs and Schedl, "Evaluating the online capabilities of onset detection methods"
        (ISMIR 2012), with neighbours on both sides.
        """
        frames, strengths = [np.zeros(0, np.int32)], [np.zeros(0, np.float32)]
        for start in range(0, len(self), _READ_FRAMES):
            first = max(start - _NEIGHBOUR_FRAMES, 0)
            stretch = self.read(first, start + _READ_FRAMES + _NEIGHBOUR_FRAMES)
            peaks = _peaks(stretch, _NEIGHBOUR_FRAMES)
            peaks = peaks[(peaks >= start - first) & (peaks < start - first + _READ_FRAMES)]
            frames.append((first + peaks).astype(np.int32))
            strengths.append(stretch[peaks])
        return Onsets(np.concatenate(frames), np.concatenate(strengths))

    def _take(self, samples: NDArray[np.floating]) -> None:
        for batch in self._frames.push(samples):
            self._flux.append(self._increase(batch))

    def _increase(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean increase over the bands since the frame `LAG_FRAMES` before each [shape=(frames,)]."""
        with np.errstate(over="ignore", invalid="ignore"):
            power = self._bands.of(self._spectra.of(frames))
            np.fmin(power, LOUDEST_POWER, out=power)
        amplitude = np.sqrt(power, out=power)
        amplitude *= (COMPRESSION / self._levels(amplitude))[:, np.newaxis]
        compressed = np.log1p(amplitude, out=amplitude)
        history = np.concatenate((self._before, compressed))
        self._before[:] = history[-LAG_FRAMES:]
        rise = np.subtract(compressed, history[: len(compressed)], out=compressed)
        increase: NDArray[np.float32] = np.add.reduce(np.maximum(rise, 0.0, out=rise), axis=1)
        increase /= np.float32(rise.shape[1])
        return increase

    def _levels(self, amplitude: NDArray[np.float32]) -> NDArray[np.float32]:
        """The loudest mean over the bands up to each frame, what is past fading [shape=(frames,)]."""
        fading = self._fading[: len(amplitude)]
        louder = np.add.reduce(amplitude, axis=1, dtype=np.float64) / amplitude.shape[1] / fading
        louder[0] = max(louder[0], self._level)
        levels = np.maximum(np.maximum.accumulate(louder) * fading, LOWEST_LEVEL)
        self._level = float(levels[-1])
        return levels.astype(np.float32)


def _peaks(values: NDArray[np.float32], reach: int) -> NDArray[np.intp]:
    """Where `values` are over the threshold and the first highest within `reach` on either side."""
    padded = np.pad(values, reach, constant_values=-1.0)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    peaks: NDArray[np.intp] = np.flatnonzero((around.argmax(axis=1) == reach) & (values > ONSET_THRESHOLD))
    return peaks


@lru_cache(maxsize=4)
def _band_powers(sample_rate_hz: int, frame_length: int, kernels: Kernels | None) -> BandPowers:
    """The bands of a rate, made once a process."""
    return BandPowers(band_weights(sample_rate_hz, frame_length), kernels)


@lru_cache(maxsize=4)
def band_weights(sample_rate_hz: int, frame_length: int) -> NDArray[np.float32]:
    """Weights of the bins in each band [shape=(bins, bands)]: triangles of height 1 between neighbouring corners.

    The corners are bins, `BANDS_PER_OCTAVE` to an octave; at the lower end, where an octave has fewer bins, each bin is
    a band of its own.
    """
    highest_hz = min(HIGHEST_HZ, PASSBAND * sample_rate_hz / 2)
    steps = np.arange(int(np.log2(highest_hz / LOWEST_HZ) * BANDS_PER_OCTAVE) + 1)
    bin_hz = sample_rate_hz / frame_length
    corners = np.unique(np.rint(LOWEST_HZ * 2.0 ** (steps / BANDS_PER_OCTAVE) / bin_hz))
    corners = corners[corners > 0]
    return triangles(np.arange(frame_length // 2 + 1.0), corners).astype(np.float32)
