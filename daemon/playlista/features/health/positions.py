"""Where the first few findings of a kind are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playlista.tracks.health import MOST_POSITIONS

#: Seconds between two of them: a burst is one place.
APART_SECONDS = 0.5


class FirstPositions:
    """Keeps the first few frames at which something was found, those of a burst once."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._sample_rate_hz = sample_rate_hz
        self.frames: list[int] = []

    def add(self, frames: NDArray[np.intp]) -> None:
        """Take findings at these frames, in order and behind all former ones."""
        while len(frames) and len(self.frames) < MOST_POSITIONS:
            if self.frames:
                next_frame = self.frames[-1] + APART_SECONDS * self._sample_rate_hz
                frames = frames[int(np.searchsorted(frames, next_frame)) :]
            if len(frames):
                self.frames.append(int(frames[0]))

    def seconds(self) -> tuple[float, ...]:
        """The places in seconds."""
        return tuple(round(frame / self._sample_rate_hz, 3) for frame in self.frames)


def first_of_all(found: list[FirstPositions], sample_rate_hz: int) -> FirstPositions:
    """The first places of several channels together."""
    together = FirstPositions(sample_rate_hz)
    together.add(np.array(sorted(frame for one in found for frame in one.frames), dtype=np.intp))
    return together
