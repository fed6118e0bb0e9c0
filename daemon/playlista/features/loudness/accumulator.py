"""Loudness of a programme: ITU-R BS.1770-5, EBU R 128, EBU Tech 3342, ReplayGain 2.

Input: blocks of the native stream, interleaved float32, at native rate and channels, and their layout. Output:
``tracks.Loudness``. Momentary and short-term loudness are not reported.

Blocks are re-cut to a grid that is fixed from the first sample, so every split of one signal takes the same
arithmetic and gives bit-equal results. The state is constant: one block of the grid, the last 3 s of energies in
steps of 100 ms, and the distributions of ``gating``.

A mono file is one front channel, as the standard has it: it reads 3 LU less than the same signal on two channels.
Nothing is added for its being played through two loudspeakers ("dual mono"), since neither BS.1770 nor ReplayGain 2
does, and ffmpeg and libebur128 do not unless asked.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from playlista.features.loudness.channel_weights import channel_weights
from playlista.features.loudness.gating import LoudnessDistribution
from playlista.features.loudness.k_weighting import KWeighting
from playlista.features.loudness.true_peak import ROW_FRAMES, TruePeakMeter
from playlista.tracks import Loudness

#: Raised when values change. From 1 to 2 those of one and two channels did not: a migration of the library says so.
VERSION: int = 2

#: ReplayGain 2: the gain brings a track to this loudness.
REPLAYGAIN_TARGET_LUFS = -18.0
#: BS.1770-5: gating windows of 400 ms, one each 100 ms, so that they overlap by 75 %.
STEPS_PER_SECOND = 10
GATING_STEPS = 4
GATE_LU = -10.0
#: Tech 3342: windows of 3 s, at least 2 s of overlap; the 100 ms steps are at hand, so one each 100 ms.
RANGE_STEPS = 30
RANGE_GATE_LU = -20.0
RANGE_PERCENTILES = (0.10, 0.95)
#: Below, the corner of the shelf nears the Nyquist rate and K-weighting means nothing; the peak still does.
LOWEST_RATE_HZ = 4_000
#: Samples over all channels that are filtered at once: 0.5 MB in float64, which stays in a processor's cache.
GRID_SAMPLES = 65_536
#: Steps that are gated at once: 10 s of them.
STEPS_AT_ONCE = 100
#: The frames at once are a multiple of this, so that both filters can cut them into whole products; with more than
#: 64 channels, which no music has, a single row.
GRID_STEP_FRAMES = 1_024


class LoudnessAccumulator:
    """Integrated loudness, loudness range and true peak of one track.

    Parameters
    ----------
    sample_rate_hz : any; below 4 kHz only the true peak is measured.
    channels : at least 1.
    layout : the loudspeaker of each channel ("FL", "LFE"), in the order of the samples; empty where it is not known:
        then every channel counts as one at the front. See ``channel_weights``.
    """

    def __init__(self, sample_rate_hz: int, channels: int, layout: Sequence[str] = ()) -> None:
        self._sample_rate_hz = sample_rate_hz
        frames = max(GRID_SAMPLES // channels // GRID_STEP_FRAMES * GRID_STEP_FRAMES, ROW_FRAMES)
        self._block = np.zeros((channels, frames), dtype=np.float32)
        self._weights = channel_weights(layout or ("",) * channels)
        self._true_peak = TruePeakMeter(sample_rate_hz, channels, frames)
        audible = sample_rate_hz >= LOWEST_RATE_HZ
        self._filter = KWeighting(sample_rate_hz, channels, frames) if audible else None
        self.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of the block, the work space of the filters and the distributions; constant."""
        parts = (self._true_peak, self._filter, self._momentary, self._short_term)
        return self._block.nbytes + self._steps.nbytes + sum(part.retained_bytes for part in parts if part)

    def reset(self) -> None:
        """Forget the track."""
        self._filled = 0
        self._frames_done = 0
        self._steps_done = 0
        self._open_energy = 0.0
        self._steps = np.zeros(0)
        self._ungated: list[NDArray[np.float64]] = []
        self._momentary = LoudnessDistribution()
        self._short_term = LoudnessDistribution()
        self._true_peak.reset()
        if self._filter:
            self._filter.reset()

    def update(self, chunk: NDArray[np.floating]) -> None:
        """Take the next samples.

        Parameters
        ----------
        chunk : np.ndarray [shape=(n, channels), float32, native rate], finite; full scale is -1..1, more is legal.
        """
        taken = 0
        while taken < len(chunk):
            count = min(len(chunk) - taken, self._block.shape[1] - self._filled)
            self._block[:, self._filled : self._filled + count] = chunk[taken : taken + count].T
            self._filled += count
            taken += count
            if self._filled == self._block.shape[1]:
                self._measure_block()

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
        self._block[:, self._filled :] = 0.0
        self._measure_block()
        self._block[:] = 0.0
        self._true_peak.update(self._block)
        self._gate()
        integrated_lufs = self._momentary.gated_mean_lufs(GATE_LU)
        peak = self._true_peak.peak
        return Loudness(
            integrated_lufs=integrated_lufs,
            range_lu=self._short_term.spread_lu(RANGE_GATE_LU, *RANGE_PERCENTILES),
            true_peak_dbtp=20.0 * math.log10(peak) if peak > 0.0 else None,
            replaygain_track_gain_db=None if integrated_lufs is None else REPLAYGAIN_TARGET_LUFS - integrated_lufs,
        )

    def _measure_block(self) -> None:
        """Measure the frames that fill the block; zeros behind them are the end of the track and count for nothing."""
        self._true_peak.update(self._block)
        if self._filter and self._filled:
            self._ungated.append(self._step_energies(self._filter.filter(self._block)[:, : self._filled]))
            if sum(map(len, self._ungated)) >= STEPS_AT_ONCE:
                self._gate()
        self._frames_done += self._filled
        self._filled = 0

    def _step_energies(self, filtered: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weighted sums of squares of the 100 ms steps that end in this block; keeps that of the one still open.

        Steps are cut at the nearest frame before each tenth of a second, so they do not drift at any rate.
        """
        end = self._frames_done + filtered.shape[1]
        last_step = (STEPS_PER_SECOND * (end + 1) - 1) // self._sample_rate_hz
        step_ends = np.arange(self._steps_done + 1, last_step + 1) * self._sample_rate_hz // STEPS_PER_SECOND
        cuts = [0, *(step_ends - self._frames_done).tolist(), filtered.shape[1]]
        pieces = [filtered[:, start:stop] for start, stop in itertools.pairwise(cuts)]
        energies = np.array([self._weights @ np.vecdot(piece, piece) for piece in pieces])
        energies[0] += self._open_energy
        self._open_energy = float(energies[-1])
        self._steps_done = last_step
        return energies[:-1]

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
