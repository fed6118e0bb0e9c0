"""The types that the modules of ``decode`` share: streams, sources, readers and their errors.

A *reader* turns one open file into frames with one library. A *source* cuts these frames into blocks; it is all that
other packages see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from playlista.decode.layouts import UNKNOWN, ChannelLayout
from playlista.errors import Blame, DecodeError, FailureReason, Interrupted
from playlista.tracks import Chapter
from playlista.tracks.formats import keeps_every_sample

BYTES_PER_SAMPLE = 4
MIN_BLOCK_FRAMES = 1024


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What is known of a stream once it is open.

    Attributes
    ----------
    sample_rate_hz, channels : as decoded; they hold for every block.
    format : container or codec, in capitals: "WAV", "FLAC", "AAC".
    declared_frames : length that the header states, for comparison only, never for an allocation; None where the
        header does not say, says something that stands for "unknown", or could only be estimated.
    layout : the loudspeaker of each channel, in the order of the samples; empty where nothing states it.
    chapters : those that the decoder knows of.
    """

    sample_rate_hz: int
    channels: int
    format: str
    declared_frames: int | None
    layout: ChannelLayout = UNKNOWN
    chapters: tuple[Chapter, ...] = ()

    @property
    def is_lossless(self) -> bool:
        """Whether the format keeps every sample as it was given to the encoder."""
        return keeps_every_sample(self.format)


class FrameReader(Protocol):
    """One library's view of an open file: frames in order, as many as fit."""

    @property
    def info(self) -> StreamInfo:
        """What the stream is."""

    def read_into(self, frames: NDArray[np.float32]) -> int:
        """Fill `frames` [shape=(n, channels)] from its start and return how many were filled; 0 at the end.

        Raises
        ------
        StreamBrokenError : nothing more can be read. Frames that came before it were returned by an earlier call.
        """

    def position(self) -> int | None:
        """The byte of the file behind what was read so far; None where that cannot be known."""

    def close(self) -> None:
        """Release what the reader opened itself; the file descriptor is the source's."""


class StreamBrokenError(Exception):
    """A reader cannot go on; the source turns this into a ``DecodeError`` that names the file.

    Parameters
    ----------
    reason : one of the closed list.
    message : one line for people.
    retryable : whether another attempt at the same bytes could end otherwise.
    blame : whose fault it is.
    """

    def __init__(
        self, reason: FailureReason, message: str, *, retryable: bool = False, blame: Blame = Blame.TRACK
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.retryable = retryable
        self.blame = blame

    def of_track(self, path: str) -> DecodeError:
        """The same error with the name of the file."""
        return DecodeError(path, self.reason, self.message, retryable=self.retryable, blame=self.blame)


class UnsupportedCodecError(StreamBrokenError):
    """There is sound in the file, in a codec that cannot be decoded here."""

    def __init__(self, codec: str, why: str = "is not supported by this ffmpeg") -> None:
        super().__init__(FailureReason.NOT_AUDIO, f"codec {codec} {why}")


class Deadline:
    """When decoding of a track must end: after a timeout, or at once when the program stops.

    Parameters
    ----------
    timeout_seconds : wall time from now until decoding gives up, whoever used it.
    stop : true once the program wants to end.
    clock : seconds, monotonic.
    """

    def __init__(
        self, timeout_seconds: float, stop: Callable[[], bool], clock: Callable[[], float] = monotonic
    ) -> None:
        self.timeout_seconds = timeout_seconds
        self._stop = stop
        self._clock = clock
        self._deadline = clock() + timeout_seconds

    def check(self) -> None:
        """Return while there is time.

        Raises
        ------
        Interrupted : the stop signal came.
        StreamBrokenError : the time is over.
        """
        if self._stop():
            raise Interrupted("asked to stop")
        if self._clock() > self._deadline:
            message = f"not decoded within {self.timeout_seconds:g} s"
            raise StreamBrokenError(FailureReason.DECODE_TIMEOUT, message)


def frames_per_block(info: StreamInfo, block_seconds: float, max_block_bytes: int) -> int:
    """Length of a block: `block_seconds`, but no more than `max_block_bytes`, and 1024 frames whatever they weigh."""
    affordable = max_block_bytes // (BYTES_PER_SAMPLE * info.channels)
    return max(MIN_BLOCK_FRAMES, min(round(block_seconds * info.sample_rate_hz), affordable))
