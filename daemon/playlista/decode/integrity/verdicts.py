"""The verdict of each kind of check, in words.

Input: the blocks of a file as they are decoded, and how far it was read for them. Output: an ``Integrity``:
which checksum it rests on, how many faults there are, where the first one is.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from playlista.decode.integrity.flac_md5 import SampleMd5, StatedMd5
from playlista.decode.integrity.frame_walk import FrameWalk
from playlista.decode.integrity.lame_tag import LameChecksum
from playlista.decode.integrity.ogg_walk import OggWalk
from playlista.decode.readers.ffmpeg import FfmpegReader
from playlista.decode.source import StreamBrokenError
from playlista.errors import FailureReason
from playlista.native.kernels import Kernels
from playlista.tracks.health import Integrity, IntegrityState

#: Codecs with a checksum in each block, by ffmpeg's names.
_CHECKED_BY_FFMPEG = frozenset({"WAVPACK", "APE", "TTA", "TAK"})
_WHOLE_FILE = 2**62


class IntegrityCheck(Protocol):
    """The check of one open file."""

    def update(self, block: NDArray[np.float32], position: int | None, /) -> None:
        """Take in the next samples [shape=(n, channels)], and how far the file was read for them.

        Raises
        ------
        OSError : the file cannot be read.
        """

    def finding(self, fault: StreamBrokenError | None) -> Integrity:
        """The verdict, once the file was decoded to its end, or to the `fault` in it.

        Raises
        ------
        OSError : the file cannot be read.
        """


class NoCheck:
    """There is nothing to compare with."""

    def __init__(self, why: str | None) -> None:
        self._why = why

    def update(self, _block: NDArray[np.float32], _position: int | None, /) -> None:
        """See ``IntegrityCheck``."""

    def finding(self, fault: StreamBrokenError | None) -> Integrity:
        """See ``IntegrityCheck``."""
        return Integrity(IntegrityState.NO_CHECKSUM, fault.message if fault else self._why)


class FlacCheck:
    """The MD5 of the samples."""

    def __init__(self, stated: StatedMd5, rate_hz: int, kernels: Kernels | None = None) -> None:
        self._stated = stated
        self._rate_hz = rate_hz
        self._md5 = SampleMd5(stated, kernels)

    def update(self, block: NDArray[np.float32], _position: int | None, /) -> None:
        """See ``IntegrityCheck``."""
        self._md5.update(block)

    def finding(self, fault: StreamBrokenError | None) -> Integrity:
        """See ``IntegrityCheck``."""
        if fault:
            return _broken(fault)
        if self._md5.fits:
            return Integrity(IntegrityState.VERIFIED, "MD5 of the samples")
        if self._md5.stated_part_fits:
            seconds = self._stated.samples / self._rate_hz
            return Integrity(IntegrityState.NO_CHECKSUM, f"the MD5 covers the first {seconds:.2f} s alone, and fits")
        return Integrity(IntegrityState.MISMATCH, "the decoded samples do not have the MD5 that the encoder wrote")


class OggCheck:
    """The checksums and numbers of the pages."""

    def __init__(self, walk: OggWalk, rate_hz: int) -> None:
        self._walk = walk
        self._rate_hz = rate_hz

    def update(self, _block: NDArray[np.float32], position: int | None, /) -> None:
        """See ``IntegrityCheck``."""
        self._walk.advance(position or 0)

    def finding(self, fault: StreamBrokenError | None) -> Integrity:
        """See ``IntegrityCheck``."""
        walk = self._walk
        walk.advance(_WHOLE_FILE)
        if walk.first_fault is None:
            return _broken(fault) if fault else Integrity(IntegrityState.VERIFIED, "CRC-32 of every Ogg page")
        samples, byte = walk.first_fault
        damaged = f"damaged Ogg pages in {_places(walk.damaged)}" if walk.damaged else ""
        gaps = f"Ogg pages missing in {_places(walk.gaps)}" if walk.gaps else ""
        what = " and ".join(filter(None, (damaged, gaps)))
        return Integrity(IntegrityState.MISMATCH, f"{what}, {_place(samples / self._rate_hz, byte)}")


class FrameCheck:
    """Frames that follow each other, and LAME's checksum over them."""

    def __init__(self, walk: FrameWalk, lame: LameChecksum | None) -> None:
        self._walk = walk
        self._lame = lame

    def update(self, _block: NDArray[np.float32], position: int | None, /) -> None:
        """See ``IntegrityCheck``."""
        self._walk.advance(position or 0)

    def finding(self, fault: StreamBrokenError | None) -> Integrity:
        """See ``IntegrityCheck``."""
        walk = self._walk
        walk.advance(_WHOLE_FILE)
        if walk.first_break:
            place = _place(walk.first_break.seconds, walk.first_break.byte)
            rest = "; the rest was not followed" if walk.gave_up else ""
            return Integrity(
                IntegrityState.MISMATCH, f"{walk.name} frames break off in {_places(walk.breaks)}, {place}{rest}"
            )
        return Integrity(*self._unbroken(fault))

    def _unbroken(self, fault: StreamBrokenError | None) -> tuple[IntegrityState, str | None]:
        if fault or self._walk.gave_up:
            return (
                IntegrityState.NO_CHECKSUM,
                fault.message if fault else "too many tags between the frames to follow them",
            )
        if self._walk.cut_bytes:
            return (
                IntegrityState.NO_CHECKSUM,
                f"frames follow each other; the last one is cut after {self._walk.cut_bytes} bytes",
            )
        if self._lame is None:
            return IntegrityState.NO_CHECKSUM, "frames follow each other"
        if self._lame.fits:
            return IntegrityState.VERIFIED, "CRC-16 over all frames"
        if not self._lame.is_whole:
            return IntegrityState.NO_CHECKSUM, "frames follow each other; fewer are left than the encoder wrote"
        return (
            IntegrityState.NO_CHECKSUM,
            "frames follow each other; the encoder's CRC-16 is not theirs, as after mp3gain",
        )


class DecoderCheck:
    """What ffmpeg says of checksums that it compares itself."""

    def __init__(self, reader: FfmpegReader) -> None:
        self._reader = reader
        self._frames = 0
        self._first_seconds: float | None = None

    def update(self, block: NDArray[np.float32], _position: int | None, /) -> None:
        """See ``IntegrityCheck``."""
        self._frames += len(block)
        self._look()

    def finding(self, fault: StreamBrokenError | None) -> Integrity:
        """See ``IntegrityCheck``."""
        self._look()
        is_checked = self._reader.info.format in _CHECKED_BY_FFMPEG
        if is_checked and self._first_seconds is not None:
            count = len(self._reader.complaints())
            detail = f"damaged blocks in {_places(count)}, the first before {self._first_seconds:.1f} s"
            return Integrity(IntegrityState.MISMATCH, detail)
        if fault:
            return _broken(fault) if is_checked else Integrity(IntegrityState.NO_CHECKSUM, fault.message)
        if is_checked:
            return Integrity(IntegrityState.VERIFIED, "the checksum of every block")
        return Integrity(IntegrityState.NO_CHECKSUM, next(iter(self._reader.complaints()), None))

    def _look(self) -> None:
        if self._first_seconds is None and self._reader.complaints():
            self._first_seconds = self._frames / self._reader.info.sample_rate_hz


def not_read_to_its_end() -> Integrity:
    """The verdict on a file that was cut at a limit or given up."""
    return Integrity(IntegrityState.NO_CHECKSUM, "not checked: it was not read to its end")


def _broken(fault: StreamBrokenError) -> Integrity:
    """The verdict on a format with checksums that could not be decoded to its end."""
    if fault.reason is FailureReason.CORRUPT:
        return Integrity(IntegrityState.MISMATCH, fault.message)
    return not_read_to_its_end()


def _places(count: int) -> str:
    return f"{count} place" if count == 1 else f"{count} places"


def _place(seconds: float, byte: int) -> str:
    return f"the first at {seconds:.2f} s (byte {byte})"
