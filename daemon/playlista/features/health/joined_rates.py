"""Parts of one track that came from other sample rates: a join at which the spectrum ends elsewhere.

Input: the levels of each look, in order. Output: the frames at which another part was first heard.

Thresholds
----------
A look *ends* where a resampler would have ended it: a wall (``walls``) at a usual rate below the track's, with a fall
of `RESAMPLED_WALL_DB` and nothing behind it. It *goes on* if something sounds `PAST` times as high as that. A join is
where looks of one sort follow on looks of the other, at least `LEAST_LOOKS` of each, and all that end do so within
`SPREAD_HZ` of each other: the filter is always the same, the music is not. Looks without treble say nothing. Where the
sorts take turns more than `MOST_JOINS` times it is the music: a sample among other instruments.

Not seen: parts shorter than three looks (3 s up to 8 s, then 45 s), and parts played at a wrong speed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.features.health.walls import ROUNDING_DB, former_rate, wall_of

LEAST_LOOKS = 3
SPREAD_HZ = 150.0
PAST = 1.06
MOST_JOINS = 2
#: Levels above this are sound, whatever dither there is, means over so many Hz.
SOUND_DB, SOUND_HZ = ROUNDING_DB + 10.0, 300.0


@dataclass(frozen=True, slots=True)
class _Look:
    """Where one starts, up to where something sounds, and where it ends if it ends as by a resampler, else 0."""

    start: int
    sounds_hz: float
    ends_hz: float


class JoinedRates:
    """Follows the looks of one track."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate = sample_rate_hz
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
        wall = wall_of(levels_db, bin_hz)
        is_end = former_rate(wall, self._rate) is not None
        self._looks.append(_Look(start, sounds_hz, wall.hz if is_end else 0.0))

    def joins(self) -> list[int]:
        """The frames of the first looks behind each join; none where there is one part."""
        ends = np.array([look.ends_hz for look in self._looks if look.ends_hz])
        if len(ends) < LEAST_LOOKS or float(np.ptp(ends)) > SPREAD_HZ:
            return []
        past_hz = PAST * float(np.median(ends))
        told = [look for look in self._looks if look.ends_hz or look.sounds_hz > past_hz]
        firsts = [nth for nth in range(1, len(told)) if bool(told[nth].ends_hz) != bool(told[nth - 1].ends_hz)]
        lengths = np.diff([0, *firsts, len(told)])
        if not 1 <= len(firsts) <= MOST_JOINS or min(lengths) < LEAST_LOOKS:
            return []
        return [told[nth].start for nth in firsts]
