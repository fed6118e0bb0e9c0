"""How much of the memory limit one track may keep, and how many samples that is.

Input: plain numbers from the settings and the limit of the moment. Output: a budget with the reason under which a
truncation at it is counted. Whether there is memory to begin a track at all is ``admission``'s question.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from playlista.system.units import MEBIBYTE


class CapReason(StrEnum):
    """Which of the two bounds a cut is owed to: the label of ``playlista_cap_truncations_total``."""

    MAX_MB_PER_TRACK = "max_mb_per_track"
    LIMIT_PERCENT = "limit_percent"


@dataclass(frozen=True, slots=True)
class TrackBudget:
    """What one track may retain.

    With streaming on it bounds what the accumulators keep; without, the length of the capped array.

    Attributes
    ----------
    budget_bytes : at least 1.
    reason : the bound that is the least; on a tie the fixed one, since raising the limit would not help.
    limit_bytes : the memory limit of which it is a share.
    """

    budget_bytes: int
    reason: CapReason
    limit_bytes: int

    @classmethod
    def of(cls, *, max_mb: float, limit_percent: float, limit_bytes: int) -> TrackBudget:
        """The least of `max_mb` MB (of 1024 * 1024 bytes, as in the guide) and `limit_percent` % of `limit_bytes`."""
        fixed = int(max_mb * MEBIBYTE)
        share = int(limit_bytes * limit_percent / 100)
        if fixed <= share:
            return cls(max(fixed, 1), CapReason.MAX_MB_PER_TRACK, limit_bytes)
        return cls(max(share, 1), CapReason.LIMIT_PERCENT, limit_bytes)

    def samples_that_fit(self, itemsize: int) -> int:
        """Samples of `itemsize` bytes that the budget holds, exact to the sample."""
        return self.budget_bytes // itemsize
