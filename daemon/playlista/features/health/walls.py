"""The edge at which a spectrum falls hardest: where a lossy encoder, a resampler or a converter's filter ended it.

Input: levels of the bins in dB, their distance. Output: `Wall`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Sound below this is the rounding of 16 bits: -124 dB in a bin of 21 Hz.
ROUNDING_DB = -124.0
#: Rates that music is resampled from, and how much of its band a resampler leaves.
USUAL_RATES = (96_000, 88_200, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 11_025, 8_000)
RESAMPLED_BAND = (0.88, 1.015)
RESAMPLED_WALL_DB = 15.0


@dataclass(frozen=True, slots=True)
class Wall:
    """The hardest edge of a spectrum: its fall within 350 Hz, within 150 Hz, from 1 kHz below, and what is behind."""

    hz: float
    fall_db: float
    sharp_db: float
    wide_db: float
    behind_db: float


def wall_of(levels_db: NDArray[np.float64], bin_hz: float, between_hz: tuple[float, float] | None = None) -> Wall:
    """The wall above 5 kHz, or between two frequencies; one of 0 Hz where the band ends below that."""
    bins, levels = len(levels_db), _Levels(levels_db)

    def width(hz: float) -> int:
        return max(1, round(hz / bin_hz))

    lowest = min(width(5_000), bins // 3)
    highest = min(round(0.955 * (bins - 1)), bins - width(450) - 2)
    if between_hz is not None:
        lowest, highest = max(width(between_hz[0]), width(170)), min(width(between_hz[1]), highest)
    if highest <= lowest:
        return Wall(0.0, 0.0, 0.0, 0.0, 0.0)
    places = np.arange(lowest, highest)
    falls = levels.mean(places - width(170), places - 2) - levels.mean(places + 3, places + width(170) + 1)
    edge = int(places[falls.argmax()])
    near = np.arange(max(edge - 12, lowest), min(edge + 12, bins - 8))
    sharp = levels.mean(near - 6, near - 2) - levels.mean(near + 3, near + 7)
    above, below = max(edge - width(1_200), 0), edge - width(300)
    return Wall(
        hz=edge * bin_hz,
        fall_db=float(falls.max()),
        sharp_db=float(sharp.max()),
        wide_db=float(levels.mean(above, below) - levels.mean(edge + width(60), edge + width(400))),
        behind_db=float(levels.mean(min(edge + width(300), bins - 2), bins)),
    )


def former_rate(wall: Wall, rate_hz: float) -> int | None:
    """The usual rate whose band ends at the wall; None where there is none, or something behind it."""
    if max(wall.fall_db, wall.wide_db) < RESAMPLED_WALL_DB or wall.behind_db > ROUNDING_DB + 6.0:
        return None
    least, most = RESAMPLED_BAND
    return min((rate for rate in _rates_below(rate_hz) if least <= 2.0 * wall.hz / rate <= most), default=None)


def highest_edge_hz(rate_hz: float) -> float:
    """Above this no wall is one of `former_rate`'s in sound of `rate_hz`; 0 where there is none."""
    return max((0.5 * RESAMPLED_BAND[1] * rate for rate in _rates_below(rate_hz)), default=0.0)


def _rates_below(rate_hz: float) -> Iterator[int]:
    return (rate for rate in USUAL_RATES if rate < 0.97 * rate_hz)


class _Levels:
    """Means of levels between any two bins at once."""

    def __init__(self, levels: NDArray[np.float64]) -> None:
        self._sums = np.concatenate([[0.0], np.cumsum(levels)])

    def mean(self, start: NDArray[np.intp] | int, stop: NDArray[np.intp] | int) -> NDArray[np.float64]:
        return np.asarray((self._sums[stop] - self._sums[start]) / (np.asarray(stop) - start))
