"""Streams that stand one behind the other in one file, read as one: the links of a chained Ogg, FLAC files joined.

Input: a reader of the first part, and a way to open the next one. Output: one ``FrameReader``. Parts of another rate or
other channels are brought to those of the first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import soxr
from numpy.typing import NDArray

from playlista.decode.resample import downmix
from playlista.decode.source import FrameReader, StreamBrokenError, StreamInfo
from playlista.errors import FailureReason

_STEP_FRAMES = 16384
#: More changes of the rate than these are not kept.
MOST_RATE_CHANGES = 1000

#: Opens the part behind the one that was read last; it is given the byte at which reading stopped, None where the
#: reader does not say, and returns None where there is no further part.
NextPart: TypeAlias = Callable[[int | None], FrameReader | None]


class JoinedReader:
    """A reader of several parts. See ``FrameReader`` for the members.

    Parameters
    ----------
    first : the first part; its rate and channels hold for all.
    next_part : asked at the end of each part. A part that cannot be opened is a damage, and the next one is tried.
    """

    def __init__(self, first: FrameReader, next_part: NextPart) -> None:
        self.info = first.info
        self._part = first
        self._next_part: NextPart | None = next_part
        self._broken: StreamBrokenError | None = None
        self._frames_read = 0
        #: Frames at which a part of another sample rate begins than the file's first one has.
        self.rate_changes: list[int] = []

    def read_into(self, frames: NDArray[np.float32]) -> int:
        """Fill `frames`, return how many were filled, 0 at the end; a damage is raised when all parts were read."""
        while (count := self._read(frames)) == 0 and self._open_next():
            pass
        if count == 0 and self._broken:
            raise self._broken
        self._frames_read += count
        return count

    def position(self) -> int | None:
        """See ``FrameReader``."""
        return self._part.position()

    @property
    def queued_bytes(self) -> int:
        """Bytes of samples that wait in the reader at most."""
        return int(getattr(self._part, "queued_bytes", 0))

    def close(self) -> None:
        """Close the part at work."""
        self._part.close()

    def _read(self, frames: NDArray[np.float32]) -> int:
        try:
            return self._part.read_into(frames)
        except StreamBrokenError as error:
            self._note(error)
            return 0

    def _open_next(self) -> bool:
        """Go on to the next part; False where there is none. One that gives nothing counts as read."""
        if self._next_part is None:
            return False
        position = self._part.position()
        try:
            part = self._next_part(position)
        except StreamBrokenError as error:
            self._note(_of_a_part(error))
            return self._next_part is not None
        if part is None:
            self._next_part = None
            return False
        self._part.close()
        if part.info.sample_rate_hz != self.info.sample_rate_hz and len(self.rate_changes) < MOST_RATE_CHANGES:
            self.rate_changes.append(self._frames_read)
        self._part = part if _fits(part.info, self.info) else ConformedReader(part, self.info)
        return True

    def _note(self, error: StreamBrokenError) -> None:
        """Keep the first damage; whatever is not a damage ends the track. A part without a sample is none."""
        if error.reason is not FailureReason.EMPTY:
            self._broken = self._broken or error
        if error.reason not in {FailureReason.CORRUPT, FailureReason.EMPTY}:
            self._next_part = None


class ConformedReader:
    """A reader at another rate and with other channels. See ``FrameReader`` for the members.

    Parameters
    ----------
    reader : where frames come from; closed with this reader.
    like : the rate and the channels to deliver. Where the number of channels differs, each gets the mean of all.
    """

    def __init__(self, reader: FrameReader, like: StreamInfo) -> None:
        self.info = like
        self._reader = reader
        own = reader.info
        same = own.channels == like.channels
        self._keeps_channels = same
        self._order = [own.layout.index(position) for position in like.layout] if _are_same(own, like) else None
        self._resampler = soxr.ResampleStream(
            own.sample_rate_hz, like.sample_rate_hz, like.channels if same else 1, dtype="float32", quality="HQ"
        )
        self._ready = np.empty((0, like.channels if same else 1), np.float32)
        self._has_ended = False

    def read_into(self, frames: NDArray[np.float32]) -> int:
        """Fill `frames` and return how many were filled; 0 at the end."""
        while len(self._ready) == 0 and not self._has_ended:
            self._ready = self._resampled()
        count = min(len(frames), len(self._ready))
        frames[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def position(self) -> int | None:
        """See ``FrameReader``."""
        return self._reader.position()

    def close(self) -> None:
        """Close the reader."""
        self._reader.close()

    def _resampled(self) -> NDArray[np.float32]:
        block = np.empty((_STEP_FRAMES, self._reader.info.channels), np.float32)
        count = self._reader.read_into(block)
        self._has_ended = count == 0
        kept = block[:count] if self._keeps_channels else downmix(block[:count])[:, np.newaxis]
        if self._order:
            kept = kept[:, self._order]
        converted = self._resampler.resample_chunk(np.ascontiguousarray(kept), last=self._has_ended)
        return np.asarray(converted, np.float32).reshape(-1, kept.shape[1])


def _fits(one: StreamInfo, other: StreamInfo) -> bool:
    return (one.sample_rate_hz, one.channels, one.layout) == (other.sample_rate_hz, other.channels, other.layout)


def _are_same(one: StreamInfo, other: StreamInfo) -> bool:
    """Whether both have the same loudspeakers, in whatever order."""
    return one.channels == other.channels == len(one.layout) and set(one.layout) == set(other.layout)


def _of_a_part(error: StreamBrokenError) -> StreamBrokenError:
    """What keeps a further part from being opened, as a damage of the whole: the file is sound at its start."""
    if error.reason is not FailureReason.NOT_AUDIO:
        return error
    return StreamBrokenError(FailureReason.CORRUPT, f"a further part cannot be decoded: {error.message}")
