"""How long a track waits that failed through no fault of its own, and when the cause is gone.

Input is how each attempt ended. Output is the time until the next attempt at a track, the time that the worker rests
before its next claim, and one line about what does not work. A track on a bad sector must not hold up the others, and
a dead share must not be asked a thousand times a minute, so both waits grow.
"""

from __future__ import annotations

#: First and longest wait of one track; doubles in between.
FIRST_SECONDS = 5.0
LONGEST_SECONDS = 300.0
#: So many different tracks in a row that the storage did not give, and it is taken to be away as a whole.
OUTAGE_TRACKS = 2
LONGEST_PAUSE_SECONDS = 30.0


class Postponements:
    """Counts failures that are not the tracks' own, in this process alone: a restart tries everything at once."""

    def __init__(self) -> None:
        self._times: dict[int, int] = {}
        self._row: set[int] = set()
        #: What does not work, for people; None while it works as far as is known.
        self.trouble: str | None = None

    def postpone(self, file_id: int, detail: str, *, is_outage: bool = False) -> float:
        """Note that the track failed so; the seconds until it should be tried again.

        `is_outage` where it is known that it is not this track alone.
        """
        self._times[file_id] = times = self._times.get(file_id, 0) + 1
        self._row.add(file_id)
        if is_outage or len(self._row) >= OUTAGE_TRACKS:
            self.trouble = detail
        return min(FIRST_SECONDS * 2.0 ** min(times - 1, 16), LONGEST_SECONDS)

    def times(self, file_id: int) -> int:
        """How often the track was postponed since it worked last."""
        return self._times.get(file_id, 0)

    @property
    def pause_seconds(self) -> float:
        """How long to rest before the next attempt at any track; 0 where one track alone is concerned."""
        beyond = len(self._row) - OUTAGE_TRACKS
        return 0.0 if beyond < 0 else min(2.0 ** min(beyond, 16), LONGEST_PAUSE_SECONDS)

    def works(self, file_id: int | None = None) -> bool:
        """Note that it works, as the attempt at `file_id` showed; whether it is back after an outage."""
        was_away = self.trouble is not None
        self._row.clear()
        self.trouble = None
        if was_away:
            self._times.clear()
        elif file_id is not None:
            self._times.pop(file_id, None)
        return was_away
