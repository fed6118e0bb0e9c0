"""Loudness of a programme: ITU-R BS.1770-5, EBU R 128, EBU Tech 3342, ReplayGain 2.

Input: blocks of the native stream, interleaved float32, at native rate and channels, and their layout. Output:
``tracks.Loudness``. Momentary and short-term loudness are not reported.

Every split of one signal gives bit-equal results (see ``meters``). The state is constant: that of the meters, the last
3 s of energies in steps of 100 ms, and the distributions of ``gating``.

A mono file is one front channel, as the standard has it: it reads 3 LU less than the same signal on two channels.
Nothing is added for its being played through two loudspeakers ("dual mono"), since neither BS.1770 nor ReplayGain 2
does, and ffmpeg and libebur128 do not unless asked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from playlista.features.loudness.channel_weights import channel_weights
from playlista.features.loudness.gating import LoudnessDistribution
from playlista.features.loudness.meters import STEPS_PER_SECOND, made_meters
from playlista.native.kernels import Kernels
from playlista.tracks import Loudness

#: Raised when values change. From 1 to 2 those of one and two channels did not: a migration of the library says so.
VERSION: int = 2

#: ReplayGain 2: the gain brings a track to this loudness.
REPLAYGAIN_TARGET_LUFS = -18.0
#: BS.1770-5: gating windows of 400 ms, one each 100 ms, so that they overlap by 75 %.
GATING_STEPS = 4
GATE_LU = -10.0
#: Tech 3342: windows of 3 s, at least 2 s of overlap; the 100 ms steps are at hand, so one each 100 ms.
RANGE_STEPS = 30
RANGE_GATE_LU = -20.0
RANGE_PERCENTILES = (0.10, 0.95)
#: Steps that are gated at once: 10 s of them.
STEPS_AT_ONCE = 100


class LoudnessAccumulator:
    """Integrated loudness, loudness range and true peak of one track.

    Parameters
    ----------
    sample_rate_hz : any; below 4 kHz only the true peak is measured.
    channels : at least 1.
    layout : the loudspeaker of each channel ("FL", "LFE"), in the order of the samples; empty where it is not known:
        then every channel counts as one at the front. See ``channel_weights``.
    kernels : compiled kernels to compute with; None for NumPy.
    """

    def __init__(
        self, sample_rate_hz: int, channels: int, layout: Sequence[str] = (), *, kernels: Kernels | None = None
    ) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._weights = channel_weights(layout or ("",) * channels)
        self._meters = made_meters(sample_rate_hz, channels, kernels)
        self.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of the meters and the distributions; constant."""
        parts = (self._meters, self._momentary, self._short_term)
        return self._steps.nbytes + sum(part.retained_bytes for part in parts)

    def reset(self) -> None:
        """Forget the track."""
        self._steps = np.zeros(0)
        self._ungated: list[NDArray[np.float64]] = []
        self._momentary = LoudnessDistribution()
        self._short_term = LoudnessDistribution()
        self._meters.reset()

    def update(self, chunk: NDArray[np.floating]) -> None:
        """Take the next samples.

        Parameters
        ----------
        chunk : np.ndarray [shape=(n, channels), float32, native rate], finite; full scale is -1..1, more is legal.
        """
        self._take(self._meters.update(chunk))

    def result(self) -> Loudness:
        """Close the stream and answer.

        Returns
        -------
        tracks.Loudness
            ``integrated_lufs`` : gated loudness, BS.1770-5; None where no 400 ms window passes the gate.
            ``range_lu`` : Tech 3342; None where no 3 s window passes the gate.
            ``true_peak_dbtp`` : BS.1770-5 annex 2, over all channels; None for digital silence.
            ``replaygain_track_gain_db`` : -18 LUFS less the integrated loudness; None where that is.
        """
        self._take(self._meters.finish())
        self._gate()
        integrated_lufs = self._momentary.gated_mean_lufs(GATE_LU)
        peak = self._meters.peak
        return Loudness(
            integrated_lufs=integrated_lufs,
            range_lu=self._short_term.spread_lu(RANGE_GATE_LU, *RANGE_PERCENTILES),
            true_peak_dbtp=20.0 * math.log10(peak) if peak > 0.0 else None,
            replaygain_track_gain_db=None if integrated_lufs is None else REPLAYGAIN_TARGET_LUFS - integrated_lufs,
        )

    def _take(self, energies: NDArray[np.float64]) -> None:
        """Weigh the steps that have ended [shape=(n, channels)], and gate them when there are enough."""
        if len(energies):
            self._ungated.append(self._weighted(energies))
            if sum(map(len, self._ungated)) >= STEPS_AT_ONCE:
                self._gate()

    def _weighted(self, energies: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums over the channels [shape=(n,)].

        Channel by channel: how a matrix product rounds a row depends on the number of rows, and that on the chunks.
        """
        total = np.zeros(len(energies))
        for channel, weight in zip(energies.T, self._weights, strict=True):
            total += weight * channel
        return total

    def _gate(self) -> None:
        """Count the windows that end with each of the steps that have come in."""
        steps = np.concatenate([np.zeros(0), *self._ungated])
        self._ungated.clear()
        history = np.concatenate([self._steps, steps])
        for length, distribution in ((GATING_STEPS, self._momentary), (RANGE_STEPS, self._short_term)):
            recent = history[max(len(history) - len(steps) - length + 1, 0) :]
            if len(recent) >= length:
                frames = length * self._sample_rate_hz / STEPS_PER_SECOND
                distribution.add(np.convolve(recent, np.ones(length), mode="valid") / frames)
        self._steps = history[-RANGE_STEPS + 1 :]
