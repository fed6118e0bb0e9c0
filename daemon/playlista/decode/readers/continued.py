"""Two readers as one: where the first gives up before the end of the file, the second goes on from the same frame.

What enters: a reader that has begun, and a way to make another. What leaves: one ``FrameReader``. libsndfile ends at
the first damaged FLAC frame, at the length that a wrong header states, and at the seam of files that were joined;
ffmpeg does not, but costs a process. So the cheap one reads, and the other is called when there is more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from playlista.decode.source import FrameReader, StreamBrokenError, StreamInfo
from playlista.errors import Blame, FailureReason

#: Less than this behind the last frame is tags, padding or what the decoder had read ahead, not music.
_UNREAD_MUSIC_BYTES = 32 * 1024
_SKIP_FRAMES = 16384

Successor: TypeAlias = Callable[[StreamInfo], FrameReader]


class ContinuedReader:
    """A reader with a successor.

    Parameters
    ----------
    first : begins; it is closed with this reader.
    successor : makes a reader of the same file that delivers the same rate and channels from its first frame on.
    absolves : whether the successor's reaching the end without a complaint shows that the file is sound, and the first
        reader was at fault.
    """

    def __init__(self, first: FrameReader, successor: Successor, *, absolves: bool = False) -> None:
        self.info = first.info
        self._reader = first
        self._successor: Successor | None = successor
        self._absolves = absolves
        self._frames_read = 0
        self._broken: StreamBrokenError | None = None
        self._doubt: StreamBrokenError | None = None

    def read_into(self, frames: NDArray[np.float32]) -> int:
        """Fill `frames`, return how many were filled, 0 at the end. See ``FrameReader``.

        A damage that was passed is raised at the end, as if it had come last: all there is has been read by then.
        """
        count = self._read(frames)
        if count == 0 and self._holds_more() and self._hand_over():
            count = self._read(frames)
        if count == 0 and self._doubt and getattr(self._reader, "found_damage", False):
            self._broken = self._broken or self._doubt
        if count == 0 and self._broken:
            raise self._broken
        self._frames_read += count
        return count

    def unread_bytes(self) -> int | None:
        """See ``FrameReader``."""
        return self._reader.unread_bytes()

    @property
    def queued_bytes(self) -> int:
        """Bytes of samples that wait in the reader at most."""
        return int(getattr(self._reader, "queued_bytes", 0))

    def close(self) -> None:
        """Close whichever reader is at work."""
        self._reader.close()

    def _read(self, frames: NDArray[np.float32]) -> int:
        try:
            return self._reader.read_into(frames)
        except StreamBrokenError as error:
            self._broken = self._broken or error
            return 0

    def _holds_more(self) -> bool:
        """Whether a successor may find music where the reader at work found none."""
        if self._successor is None or self._frames_read == 0:
            return False
        if self._broken and self._broken.reason is not FailureReason.CORRUPT:
            return False
        unread = self._reader.unread_bytes()
        return unread >= _UNREAD_MUSIC_BYTES if unread is not None else self._broken is not None

    def _hand_over(self) -> bool:
        """Put the successor to work; False where it finds nothing behind what has been delivered."""
        assert self._successor is not None
        make, self._successor = self._successor, None
        try:
            successor = make(self.info)
        except StreamBrokenError as error:
            self._note_innocence(error)
            return False
        try:
            self._skip(successor)
        except StreamBrokenError as error:
            self._note_innocence(error)
            successor.close()
            return False
        self._reader.close()
        self._reader = successor
        self._note_damage()
        return True

    def _note_innocence(self, error: StreamBrokenError) -> None:
        """Where the successor could not even be asked, nothing can be said of the rest of the file yet."""
        if error.blame is not Blame.TRACK:
            self._broken = error

    def _note_damage(self) -> None:
        if self._broken is None:
            return
        seconds = self._frames_read / self.info.sample_rate_hz
        message = f"{self._broken.message} at {seconds:.2f} s, from where another decoder went on"
        damage = StreamBrokenError(self._broken.reason, message)
        self._broken, self._doubt = (None, damage) if self._absolves else (damage, None)

    def _skip(self, reader: FrameReader) -> None:
        """Read what has been delivered already once more, into nothing."""
        block = np.empty((_SKIP_FRAMES, self.info.channels), np.float32)
        left = self._frames_read
        while left and (count := reader.read_into(block[:left])):
            left -= count
