"""What a person sees of the evidence: the average spectrum of a track as a curve, and its waveform around a fault.

Input: an `AverageSpectrum`; planar samples. Output: `SpectrumCurve` and `Waveform`s, with as many points as a drawing
of this width can show. Nothing is judged here that ``authenticity`` does not judge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.features.health.authenticity import named_wall
from playlista.features.health.spectrum import AverageSpectrum

#: Points of a curve: a sample each where 8 ms are shown at 48 kHz.
MOST_POINTS = 400
#: Channels that are drawn: the front ones.
MOST_CHANNELS = 2
#: Seconds before and behind a fault, by its kind: a clipped run or a click is a few samples, a hole 32 and more.
WINDOWS = {"clipped": (0.004, 0.004), "clicks": (0.004, 0.004), "dropouts": (0.015, 0.045)}


@dataclass(frozen=True, slots=True)
class SpectrumCurve:
    """The average level by frequency.

    levels_db : of bands of `step_hz` from 0 Hz on; a sine of full scale has 0 dB.
    wall_hz, wall_fall_db : where the level falls at once, and by how much within 350 Hz; None where it does
        not.
    """

    step_hz: float
    levels_db: tuple[float, ...]
    wall_hz: float | None
    wall_fall_db: float | None


def spectrum_curve(spectrum: AverageSpectrum) -> SpectrumCurve:
    """The curve of `spectrum`: the mean level of neighbouring bins, and its wall where it has one."""
    width = -(-len(spectrum.typical_db) // MOST_POINTS)
    bands = len(spectrum.typical_db) // width
    levels = spectrum.typical_db[: bands * width].reshape(bands, width).mean(axis=1)
    wall = named_wall(spectrum)
    return SpectrumCurve(
        step_hz=round(width * spectrum.bin_hz, 3),
        levels_db=tuple(round(level, 1) for level in levels.tolist()),
        wall_hz=None if wall is None else round(wall.hz, 1),
        wall_fall_db=None if wall is None else round(wall.fall_db, 1),
    )


@dataclass(frozen=True, slots=True)
class ChannelWave:
    """The lowest and the highest sample of each step; both are the sample where a step holds one."""

    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Waveform:
    """The waveform of the front channels around a fault.

    kind : of the fault, as in ``Health.positions``.
    at_seconds : where the fault begins; `from_seconds` is the first sample, and each step lasts `step_seconds`.
    """

    kind: str
    at_seconds: float
    from_seconds: float
    step_seconds: float
    channels: tuple[ChannelWave, ...]


class WaveformWindow:
    """Cuts the samples around one fault out of a stream.

    Parameters
    ----------
    kind : one of `WINDOWS`.
    at_seconds : where the fault begins.
    """

    def __init__(self, kind: str, at_seconds: float, sample_rate_hz: int, channels: int) -> None:
        before, behind = WINDOWS[kind]
        self._kind, self._at_seconds, self._rate = kind, at_seconds, sample_rate_hz
        self._start = max(0, round((at_seconds - before) * sample_rate_hz))
        #: The frame behind the last one that is wanted.
        self.end = max(self._start + 2, round((at_seconds + behind) * sample_rate_hz))
        self._samples = np.zeros((min(channels, MOST_CHANNELS), self.end - self._start), np.float32)
        self._filled = 0

    def update(self, start: int, frames: NDArray[np.float32]) -> None:
        """Take `frames` [shape=(n, channels)], the first of which is frame `start`; all must come, in order."""
        first, last = max(self._start, start), min(self.end, start + len(frames))
        if first < last:
            taken = frames[first - start : last - start, : len(self._samples)]
            self._samples[:, first - self._start : last - self._start] = taken.T
            self._filled = last - self._start

    def waveform(self) -> Waveform | None:
        """The waveform as far as the stream went; None where it ended before the fault."""
        if self._start + self._filled <= round(self._at_seconds * self._rate):
            return None
        width = -(-self._filled // MOST_POINTS)
        edges = np.arange(0, self._filled, width)
        samples = self._samples[:, : self._filled]
        lows, highs = (extreme.reduceat(samples, edges, axis=1) for extreme in (np.minimum, np.maximum))
        waves = tuple(ChannelWave(_rounded(low), _rounded(high)) for low, high in zip(lows, highs, strict=True))
        return Waveform(
            self._kind, self._at_seconds, round(self._start / self._rate, 6), width / self._rate, channels=waves
        )


def _rounded(samples: NDArray[np.float32]) -> tuple[float, ...]:
    return tuple(round(sample, 4) for sample in samples.tolist())
