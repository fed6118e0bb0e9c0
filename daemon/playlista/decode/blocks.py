"""Blocks from whatever reader there is: equal lengths, possible samples, and the truth about how it ended.

Input: a reader with an open file. Output: an ``AudioSource``. Which library reads is not known here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from playlista.decode.integrity.verdicts import IntegrityCheck, not_read_to_its_end
from playlista.decode.page_cache import PageCacheTrail
from playlista.decode.source import FrameReader, StreamBrokenError, StreamInfo
from playlista.decode.storage import fault_of
from playlista.errors import Blame, FailureReason
from playlista.system.descriptors import close_read
from playlista.tracks.health import Integrity

#: A sample beyond this, 90 dB above full scale, is damage: no recording holds it, not even one whose floats go as far
#: as 16-bit integers do. What passes stays finite in float16, with a margin for what a resampler overshoots, and when
#: squared and summed in float32.
HIGHEST_SAMPLE = 32768.0


class AudioSource:
    """One open track: iterate `blocks` once, then close.

    Parameters
    ----------
    path : the file as the user would name it, for errors.
    descriptor : the open file, closed with the source.
    reader : where frames come from, closed with the source.
    block_frames : length of every block but the last.
    tolerance_frames : how much earlier than declared a sound stream may end.
    end_is_missing : whether the file lacks the mark that its format puts at the end.
    find_fault : reads the file once more, and says why the storage does not give all of it; None where it does.
    check : the check of the file's integrity; None where nobody asks for it.
    """

    def __init__(
        self,
        path: str,
        descriptor: int,
        reader: FrameReader,
        *,
        block_frames: int,
        tolerance_frames: int,
        end_is_missing: bool = False,
        find_fault: Callable[[], StreamBrokenError | None],
        check: IntegrityCheck | None = None,
    ) -> None:
        #: Frames that the decoder delivered so far.
        self.frames_decoded = 0
        self._path = path
        self._descriptor = descriptor
        self._reader = reader
        self._block_frames = block_frames
        self._tolerance_frames = tolerance_frames
        self._end_is_missing = end_is_missing
        self._find_fault = find_fault
        self._check = check
        #: Whether the file still holds what its encoder wrote, once `blocks` came to the end; None where nobody asked.
        self.integrity: Integrity | None = not_read_to_its_end() if check else None
        self._ahead: NDArray[np.float32] | None = None
        self._broken: StreamBrokenError | None = None
        self._opened_as = os.fstat(descriptor)
        self._is_open = True

    @property
    def info(self) -> StreamInfo:
        """What the stream is."""
        return self._reader.info

    @property
    def retained_bytes(self) -> int:
        """The block that is read ahead at first, and what waits in the pipe from a child."""
        block_bytes = self._block_frames * self.info.channels * 4
        return block_bytes + int(getattr(self._reader, "queued_bytes", 0))

    @property
    def rate_changes(self) -> list[int]:
        """Frames at which a joined part of another sample rate begins; what was delivered is of one rate."""
        return list(getattr(self._reader, "rate_changes", ()))

    def prime(self) -> None:
        """Decode the first block, so that a file that cannot be decoded fails before anybody relies on it.

        Raises
        ------
        StreamBrokenError : not a single frame could be decoded, with the reason; EMPTY where there is none.
        """
        self._ahead = self._next_block()
        if len(self._ahead) == 0:
            raise self._broken or self._nothing()

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Yield np.ndarray [shape=(n, channels), float32, C-contiguous], each a new array, all but the last of one n.

        Raises
        ------
        DecodeError : after everything that could be decoded has been yielded: a decode error (``corrupt``), ended
            before the declared end (``corrupt``), or took too long (``decode_timeout``).
        Interrupted : the stop signal came.
        """
        while len(block := self._take_block()):
            self._check_block(block)
            yield block
            if len(block) < self._block_frames:
                break
        fault = self._broken or self._early_end()
        fault = self._conclude(fault) or fault
        if fault:
            fault = self._outer_fault(fault) or fault
            raise fault.of_track(self._path) from self._broken

    def close(self) -> None:
        """Release the file, its mapping and the child process; may be called twice."""
        if self._is_open:
            self._is_open = False
            self._reader.close()
            PageCacheTrail(self._descriptor).finished()
            close_read(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _take_block(self) -> NDArray[np.float32]:
        block, self._ahead = self._ahead, None
        return self._next_block() if block is None else block

    def _check_block(self, block: NDArray[np.float32]) -> None:
        if self._check is None or self._broken:
            return
        try:
            self._check.update(block, self._reader.position())
        except OSError as error:
            self._broken = fault_of(error)

    def _conclude(self, fault: StreamBrokenError | None) -> StreamBrokenError | None:
        """Have the integrity judged; the fault of a storage that failed meanwhile."""
        if self._check is None:
            return None
        try:
            self.integrity = self._check.finding(fault)
        except OSError as error:
            return fault_of(error)
        return None

    def _next_block(self) -> NDArray[np.float32]:
        """The next block; shorter, perhaps empty, at the end."""
        block = np.empty((self._block_frames, self.info.channels), np.float32)
        filled = 0
        while filled < len(block) and (count := self._read(block[filled:])):
            filled += count
        self.frames_decoded += filled
        # A copy, lest a short last block keep a long one alive.
        whole = block if filled == len(block) else block[:filled].copy()
        _silence_impossible(whole)
        return whole

    def _read(self, frames: NDArray[np.float32]) -> int:
        """Frames from the reader; 0 at the end, with its cause kept."""
        if self._broken:
            return 0
        try:
            return self._reader.read_into(frames)
        except StreamBrokenError as error:
            # Its traceback leads back to this source, which would then hold itself and its reader.
            self._broken = error.with_traceback(None)
        except OSError as error:  # of our own reads, such as the search for a stream behind the end of this one
            self._broken = fault_of(error)
        return 0

    def _nothing(self) -> StreamBrokenError:
        declared = self.info.declared_frames
        if declared and declared > self._tolerance_frames:
            return StreamBrokenError(FailureReason.CORRUPT, f"declares {declared} frames and holds none")
        if self._end_is_missing:
            return StreamBrokenError(FailureReason.CORRUPT, "ends before its first sample")
        return StreamBrokenError(FailureReason.EMPTY, "not a single sample in it")

    def _early_end(self) -> StreamBrokenError | None:
        """The fault of a stream that ended without an error but not where it should; None where it should."""
        declared, rate_hz = self.info.declared_frames, self.info.sample_rate_hz
        if declared is not None and self.frames_decoded < declared - self._tolerance_frames:
            message = f"only {self.frames_decoded / rate_hz:.2f} s of {declared / rate_hz:.2f} s could be decoded"
            return StreamBrokenError(FailureReason.CORRUPT, message)
        if self._end_is_missing:
            return StreamBrokenError(FailureReason.CORRUPT, "ends before the end that its format marks")
        return None

    def _outer_fault(self, fault: StreamBrokenError) -> StreamBrokenError | None:
        """The writer or the storage to blame for `fault`; None where it is the file's own."""
        if fault.blame is not Blame.TRACK:
            return None
        return self._changed_meanwhile() or self._find_fault()

    def _changed_meanwhile(self) -> StreamBrokenError | None:
        """Blame a writer, not the file, where it was written to while it was read."""
        now, before = os.fstat(self._descriptor), self._opened_as
        if (now.st_size, now.st_mtime_ns) == (before.st_size, before.st_mtime_ns):
            return None
        return StreamBrokenError(FailureReason.UNREADABLE, "was changed while it was read", retryable=True)


def _silence_impossible(block: NDArray[np.float32]) -> None:
    """Replace NaN, infinities and what no recording holds by 0, in place."""
    samples = block.ravel()
    with np.errstate(all="ignore"):
        # One pass over the memory instead of several: no sample exceeds the root of the sum of squares; NaN is no less.
        if np.dot(samples, samples) <= HIGHEST_SAMPLE**2:
            return
        bad = ~(np.abs(block) <= HIGHEST_SAMPLE)
    block[bad] = 0
