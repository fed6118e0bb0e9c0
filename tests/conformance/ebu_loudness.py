"""The test signals of EBU Tech 3341 and Tech 3342, synthesised from the text of their tables.

Not here: Tech 3341 cases 7 and 8 and Tech 3342 cases 5 and 6, which are recordings of programmes that cannot be
written down; and Tech 3341 cases 10, 11, 13 and 14, which ask for the greatest momentary and short-term loudness,
which we do not report. Cases 9 and 12 ask that short-term and momentary loudness stay constant, which the range and
the integrated loudness show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from playlista.features.loudness.accumulator import LoudnessAccumulator
from tests.conformance.rows import Row
from tests.kernels import way

Signal = Callable[[int], NDArray[np.float32]]

#: Tech 3341 has one and two channels, five, and six of which the fourth is for effects.
LAYOUTS = {
    1: ("FC",),
    2: ("FL", "FR"),
    5: ("FL", "FR", "FC", "SL", "SR"),
    6: ("FL", "FR", "FC", "LFE", "SL", "SR"),
}
#: Sample rates at which every case is measured.
RATES_HZ = (44_100, 48_000)


@dataclass(frozen=True, slots=True)
class Case:
    """One value that a standard prescribes for one signal; ``quantity`` is the field of ``tracks.Loudness``."""

    name: str
    source: str
    quantity: str
    truth: float
    below: float
    above: float
    signal: Signal

    @property
    def tolerance(self) -> str:
        """As the standard writes it."""
        return f"+-{self.above}" if self.below == self.above else f"+{self.above}/-{self.below}"

    def measure(self, rate_hz: int) -> float | None:
        """What we read at this sample rate, in chunks of 3 s."""
        track = self.signal(rate_hz)
        accumulator = LoudnessAccumulator(rate_hz, track.shape[1], LAYOUTS[track.shape[1]], kernels=way.kernels)
        for start in range(0, len(track), 3 * rate_hz):
            accumulator.update(track[start : start + 3 * rate_hz])
        measured: float | None = getattr(accumulator.result(), self.quantity)
        return measured

    def accepts(self, measured: float | None) -> bool:
        """Whether the standard's tolerance holds."""
        return measured is not None and self.truth - self.below <= measured <= self.truth + self.above


def tones(rate_hz: int, *, steps: list[tuple[float, list[float]]], hz: float = 1000.0) -> NDArray[np.float32]:
    """Steps of (seconds, peak level of each channel in dBFS) of one sine in phase on all channels."""
    longest = max(round(seconds * rate_hz) for seconds, _ in steps)
    wave = np.sin(2 * np.pi * hz * np.arange(longest) / rate_hz).astype(np.float32)[:, np.newaxis]
    gains = [10 ** (np.array(levels, np.float32) / 20) for _, levels in steps]
    return np.concatenate([wave[: round(step[0] * rate_hz)] * gain for step, gain in zip(steps, gains, strict=True)])


def stereo(*steps: tuple[float, float]) -> Signal:
    """Steps of (seconds, dBFS) on two channels."""
    return partial(tones, steps=[(seconds, [level, level]) for seconds, level in steps])


def mono(*steps: tuple[float, float]) -> Signal:
    """Steps of (seconds, dBFS) on one channel."""
    return partial(tones, steps=[(seconds, [level]) for seconds, level in steps])


def surround(*levels: float) -> Signal:
    """20 s with a level for each channel."""
    return partial(tones, steps=[(20.0, list(levels))])


def crests(rate_hz: int, *, divisor: int, phase_degrees: float, peak: float) -> NDArray[np.float32]:
    """A sine at a fraction of the rate whose samples miss its crests, faded over 10 ms, on two channels."""
    n = np.arange(rate_hz)
    fade = np.minimum(1.0, np.minimum(n, n[::-1]) / (rate_hz / 100))
    wave = fade * peak * np.sin(2 * np.pi * n / divisor + np.radians(phase_degrees))
    return np.stack([wave, wave], axis=1).astype(np.float32)


def burst(rate_hz: int, *, offset: int) -> NDArray[np.float32]:
    """A sine at rate / 6 and half of full scale with one period at rate / 4 and full scale in it.

    Made at four times the rate, low-passed and decimated from sample `offset`. The standard does not name the
    low-pass: ours is 2047 taps long and cuts at 0.47 of the rate.
    """
    from scipy import signal  # here: collecting the tests is no reason to import it, which takes a second

    base = 0.5 * np.sin(2 * np.pi * np.arange(24 * 500) / 24)
    dense = np.concatenate([base, np.sin(2 * np.pi * np.arange(16) / 16), base])
    n = np.arange(len(dense))
    dense = dense * np.minimum(1.0, np.minimum(n, n[::-1]) / (4 * rate_hz / 100))
    wave = signal.fftconvolve(dense, signal.firwin(2047, 0.47 * 2 / 4), mode="same")[offset::4]
    return np.stack([wave, wave], axis=1).astype(np.float32)


def integrated(name: str, source: str, truth: float, made: Signal) -> Case:
    """Integrated loudness, +-0.1 LU."""
    return Case(name, source, "integrated_lufs", truth, 0.1, 0.1, made)


def loudness_range(name: str, source: str, truth: float, made: Signal, tolerance: float = 1.0) -> Case:
    """Loudness range, +-1 LU."""
    return Case(name, source, "range_lu", truth, tolerance, tolerance, made)


def true_peak(name: str, source: str, truth: float, made: Signal) -> Case:
    """Maximum true peak, +0.2/-0.4 dB."""
    return Case(name, source, "true_peak_dbtp", truth, 0.4, 0.2, made)


#: -23 on two channels is this on one, which carries half the power.
MONO_LUFS = -26.01
GATED_STEPS = ((10, -36), (60, -23), (10, -36))
FAINT_STEPS = ((10, -72), *GATED_STEPS, (10, -72))
UNEVEN_STEPS = ((20, -26), (20.1, -20), (20, -26))
LADDER_STEPS = ((20, -50), (20, -35), (20, -20), (20, -35), (20, -50))

INTEGRATED_CASES = (
    integrated("1 kHz at -23 dBFS", "Tech 3341 case 1", -23, stereo((20, -23))),
    integrated("1 kHz at -33 dBFS", "Tech 3341 case 2", -33, stereo((20, -33))),
    integrated("relative gate", "Tech 3341 case 3", -23, stereo(*GATED_STEPS)),
    integrated("absolute and relative gate", "Tech 3341 case 4", -23, stereo(*FAINT_STEPS)),
    integrated("uneven levels above the gate", "Tech 3341 case 5", -23, stereo(*UNEVEN_STEPS)),
    integrated("5.0 channel weights", "Tech 3341 case 6", -23, surround(-28, -28, -24, -30, -30)),
    integrated("5.1 channel weights, silent LFE", "Tech 3341 case 6", -23, surround(-28, -28, -24, -200, -30, -30)),
    integrated("5.1 channel weights, loud LFE", "BS.1770-5 annex 1", -23, surround(-28, -28, -24, -6, -30, -30)),
    integrated("momentary constant", "Tech 3341 case 12", -23, stereo(*((0.18, -20), (0.22, -30)) * 25)),
    integrated("mono, 1 kHz at -23 dBFS", "Tech 3341 case 1, one channel", MONO_LUFS, mono((20, -23))),
    integrated("mono, relative gate", "Tech 3341 case 3, one channel", MONO_LUFS, mono(*GATED_STEPS)),
    integrated("mono, both gates", "Tech 3341 case 4, one channel", MONO_LUFS, mono(*FAINT_STEPS)),
    integrated("mono, uneven levels", "Tech 3341 case 5, one channel", MONO_LUFS, mono(*UNEVEN_STEPS)),
)
RANGE_CASES = (
    loudness_range("-20 and -30 dBFS", "Tech 3342 case 1", 10, stereo((20, -20), (20, -30))),
    loudness_range("-20 and -15 dBFS", "Tech 3342 case 2", 5, stereo((20, -20), (20, -15))),
    loudness_range("-40 and -20 dBFS", "Tech 3342 case 3", 20, stereo((20, -40), (20, -20))),
    loudness_range("-50 to -20 dBFS in steps", "Tech 3342 case 4", 15, stereo(*LADDER_STEPS)),
    loudness_range("short-term constant", "Tech 3341 case 9", 0, stereo(*((1.34, -20), (1.66, -30)) * 5), 0.2),
    loudness_range("mono, -50 to -20 dBFS", "Tech 3342 case 4, one channel", 15, mono(*LADDER_STEPS)),
    loudness_range(
        "5.1, -20 and -30 dBFS",
        "Tech 3342 case 1, six channels",
        10,
        partial(tones, steps=[(20, [-20, -20, -20, -6, -20, -20]), (20, [-30, -30, -30, -6, -30, -30])]),
    ),
)
TRUE_PEAK_CASES = (
    true_peak("fs/4 at 0 degrees", "Tech 3341 case 15", -6, partial(crests, divisor=4, phase_degrees=0, peak=0.5)),
    true_peak("fs/4 at 45 degrees", "Tech 3341 case 16", -6, partial(crests, divisor=4, phase_degrees=45, peak=0.5)),
    true_peak("fs/6 at 60 degrees", "Tech 3341 case 17", -6, partial(crests, divisor=6, phase_degrees=60, peak=0.5)),
    true_peak(
        "fs/8 at 67.5 degrees", "Tech 3341 case 18", -6, partial(crests, divisor=8, phase_degrees=67.5, peak=0.5)
    ),
    true_peak("fs/4 above full scale", "Tech 3341 case 19", 3, partial(crests, divisor=4, phase_degrees=45, peak=1.41)),
    *(
        true_peak(
            f"one period at fs/4, offset {offset}", f"Tech 3341 case {20 + offset}", 0, partial(burst, offset=offset)
        )
        for offset in range(4)
    ),
)
CASES = INTEGRATED_CASES + RANGE_CASES + TRUE_PEAK_CASES


def table() -> Iterator[Row]:
    """Measure every case at every rate."""
    for case in CASES:
        for rate_hz in RATES_HZ:
            measured = case.measure(rate_hz)
            name = f"{case.quantity}: {case.name}, {rate_hz} Hz"
            yield Row(name, measured, case.truth, case.source, case.tolerance, case.accepts(measured))
