"""Parts of one track that came from other sample rates: a join at which the spectrum ends elsewhere.

Input: the levels of each look, in order. Output: the frames at which another part was first heard.

Thresholds
----------
A look *ends* where a resampler would have ended it: where its sound ends, there is a wall (``walls``) at a usual rate
below the track's, with a fall of `RESAMPLED_WALL_DB` and nothing behind it. It *goes on* if something sounds `PAST`
times as high as that. A join is where looks of one sort follow on looks of the other, at least `LEAST_LOOKS` of each,
and all that end do so within `SPREAD_HZ` below the highest: the filter is always the same, the music is not. Looks
without treble say nothing, nor do looks that end lower or at another rate. Where the sorts take turns more than
`MOST_JOINS` times it is the music: a sample among other instruments.

Not seen: parts shorter than three looks (3 s up to 8 s, then 45 s), parts with treble up to the edge in fewer than
three looks, and parts played at a wrong speed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.features.health.walls import ROUNDING_DB, former_rate, highest_edge_hz, wall_of

LEAST_LOOKS = 3
#: A soft look ends a little before a loud one: the filter falls over some 500 Hz.
SPREAD_HZ = 300.0
PAST = 1.06
MOST_JOINS = 2
#: Levels above this are sound, whatever dither there is, means over so many Hz.
SOUND_DB, SOUND_HZ = ROUNDING_DB + 10.0, 300.0
#: The wall is looked for so far below and above the end of the sound.
BELOW_HZ, ABOVE_HZ = 700.0, 100.0


@dataclass(frozen=True, slots=True)
class _Look:
    """Where one starts and up to where something sounds; where it ends, and of which rate, if as by a resampler."""

    start: int
    sounds_hz: float
    ends_hz: float = 0.0
    rate_hz: int | None = None


class JoinedRates:
    """Follows the looks of one track."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate = sample_rate_hz
        self._highest_edge_hz = highest_edge_hz(sample_rate_hz)
        self.reset()

    def reset(self) -> None:
        """Forget the track."""
        self._looks: list[_Look] = []

    def update(self, levels_db: NDArray[np.float64], start: int) -> None:
        """Take the levels of one look [shape=(bins,)], not silent, from frame `start` of the track on."""
        bin_hz = 0.5 * self._rate / (len(levels_db) - 1)
        width = max(1, round(SOUND_HZ / bin_hz))
        sums = np.concatenate([[0.0], np.cumsum(levels_db)])
        sounding = np.flatnonzero(sums[width:] - sums[:-width] > width * SOUND_DB)
        sounds_hz = (int(sounding[-1]) + width) * bin_hz if len(sounding) else 0.0
        wall = rate_hz = None
        if sounds_hz - BELOW_HZ <= self._highest_edge_hz:  # most music goes on behind all edges
            wall = wall_of(levels_db, bin_hz, (sounds_hz - BELOW_HZ, sounds_hz + ABOVE_HZ))
            rate_hz = former_rate(wall, self._rate)
        self._looks.append(_Look(start, sounds_hz, wall.hz, rate_hz) if wall and rate_hz else _Look(start, sounds_hz))

    def joins(self) -> list[int]:
        """The frames of the first looks behind each join; none where there is one part."""
        rates = sorted({look.rate_hz for look in self._looks if look.rate_hz is not None})
        return next((joins for rate_hz in rates if (joins := self._joins_of(rate_hz))), [])

    def _joins_of(self, rate_hz: int) -> list[int]:
        """Joins of parts that end at `rate_hz` and parts that go on."""
        top_hz = max(look.ends_hz for look in self._looks if look.rate_hz == rate_hz)
        told = [look for look in self._looks if _ends(look, top_hz) or look.sounds_hz > PAST * top_hz]
        is_end = [_ends(look, top_hz) for look in told]
        firsts = [nth for nth in range(1, len(told)) if is_end[nth] != is_end[nth - 1]]
        lengths = np.diff([0, *firsts, len(told)])
        if not 1 <= len(firsts) <= MOST_JOINS or min(lengths) < LEAST_LOOKS:
            return []
        return [told[nth].start for nth in firsts]


def _ends(look: _Look, top_hz: float) -> bool:
    return top_hz - SPREAD_HZ <= look.ends_hz <= top_hz
