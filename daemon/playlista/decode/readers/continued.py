"""Two readers as one: where the first stops before the sound does, the second goes on from the same frame.

Input: a reader that has begun, and a rule that finds its successor. Output: one ``FrameReader``. libsndfile ends at the
first damaged FLAC frame, at the length that a wrong header states or that it estimates where there is no header, and at
the seam of files that were joined; ffmpeg does not, but costs a process. So the cheap one reads, and the other is
called when there is more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from playlista.decode.source import FrameReader, StreamBrokenError, StreamInfo
from playlista.errors import Blame, FailureReason

_SKIP_FRAMES = 16384


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a reader stopped: the byte behind what it read (None where it does not say), its frames, and whether it
    stopped because of a damage."""

    position: int | None
    frames: int
    is_broken: bool


@dataclass(frozen=True, slots=True)
class Successor:
    """A reader that could go on.

    Attributes
    ----------
    open : makes it; it delivers the rate and channels of the given stream, from the first frame of the file on.
    decides : whether its reaching the end without a complaint shows that the file is sound, and the first reader was
        at fault.
    """

    open: Callable[[StreamInfo], FrameReader]
    decides: bool = False


FindSuccessor: TypeAlias = Callable[[Stop], Successor | None]


class ContinuedReader:
    """A reader with a successor.

    Parameters
    ----------
    first : begins; it is closed with this reader.
    find_successor : asked once, when `first` has stopped after at least one frame; None where there is no more sound.
    """

    def __init__(self, first: FrameReader, find_successor: FindSuccessor) -> None:
        self.info = first.info
        self._reader = first
        self._find_successor: FindSuccessor | None = find_successor
        self._frames_read = 0
        self._broken: StreamBrokenError | None = None
        self._suspected: StreamBrokenError | None = None

    def read_into(self, frames: NDArray[np.float32]) -> int:
        """Fill `frames`, return how many were filled, 0 at the end. See ``FrameReader``.

        A damage that was passed is raised at the end, as if it had come last: all there is has been read by then.
        """
        count = self._read(frames)
        if count == 0 and self._hand_over():
            count = self._read(frames)
        if count == 0 and self._suspected and getattr(self._reader, "found_damage", False):
            self._broken = self._broken or self._suspected
        if count == 0 and self._broken:
            raise self._broken
        self._frames_read += count
        return count

    def position(self) -> int | None:
        """See ``FrameReader``."""
        return self._reader.position()

    @property
    def queued_bytes(self) -> int:
        """Bytes of samples that wait in the reader at most."""
        return int(getattr(self._reader, "queued_bytes", 0))

    @property
    def rate_changes(self) -> list[int]:
        """Frames at which the sample rate changes, as the reader at work tells."""
        return list(getattr(self._reader, "rate_changes", ()))

    def close(self) -> None:
        """Close whichever reader is at work."""
        self._reader.close()

    def _read(self, frames: NDArray[np.float32]) -> int:
        try:
            return self._reader.read_into(frames)
        except StreamBrokenError as error:
            self._broken = self._broken or error
            return 0

    def _hand_over(self) -> bool:
        """Put the successor to work; False where there is none or it finds nothing behind what has been delivered."""
        successor = self._successor()
        if successor is None:
            return False
        try:
            reader = successor.open(self.info)
        except StreamBrokenError as error:
            self._note_innocence(error)
            return False
        try:
            self._skip(reader)
        except StreamBrokenError as error:
            self._note_innocence(error)
            reader.close()
            return False
        self._reader.close()
        self._reader = reader
        self._note_damage(successor.decides)
        return True

    def _successor(self) -> Successor | None:
        """The successor, at the first time of asking."""
        find, self._find_successor = self._find_successor, None
        if find is None or self._frames_read == 0:
            return None
        if self._broken and self._broken.reason is not FailureReason.CORRUPT:
            return None
        return find(Stop(self._reader.position(), self._frames_read, self._broken is not None))

    def _note_innocence(self, error: StreamBrokenError) -> None:
        """Where the successor could not even be asked, nothing can be said of the rest of the file yet."""
        if error.blame is not Blame.TRACK:
            self._broken = error

    def _note_damage(self, decides: bool) -> None:
        if self._broken is None:
            return
        seconds = self._frames_read / self.info.sample_rate_hz
        message = f"{self._broken.message} at {seconds:.2f} s, from where another decoder went on"
        damage = StreamBrokenError(self._broken.reason, message)
        self._broken, self._suspected = (None, damage) if decides else (damage, None)

    def _skip(self, reader: FrameReader) -> None:
        """Read what has been delivered already once more, into nothing."""
        block = np.empty((_SKIP_FRAMES, self.info.channels), np.float32)
        left = self._frames_read
        while left and (count := reader.read_into(block[:left])):
            left -= count
