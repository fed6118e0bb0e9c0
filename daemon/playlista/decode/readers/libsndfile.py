"""WAV, FLAC, OGG, Opus, MP3, AIFF and their kin by libsndfile, inside this process.

Input is an open file, mapped or read in windows. Output is frames, in order, as float32. The file is only ever read
forward, and what the header says of its length is not believed. The library gets its bytes from us and not from the
descriptor: it takes a failed read for the end of the file.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Self

import numpy as np
import soundfile
from numpy.typing import NDArray

from playlista.decode.readers.mpeg_notices import MpegNotices
from playlista.decode.readers.windowed import OpenBytes
from playlista.decode.source import Deadline, StreamBrokenError, StreamInfo
from playlista.errors import FailureReason

#: libsndfile takes some binary files without a magic number for sound; only formats that cannot be mistaken pass.
_TRUSTED_FORMATS = frozenset(
    {
        "WAV",
        "WAVEX",
        "RF64",
        "W64",
        "AIFF",
        "FLAC",
        "OGG",
        "MP3",
        "AU",
        "CAF",
        "VOC",
        "IRCAM",
        "NIST",
        "SVX",
        "AVR",
        "PAF",
    }
)
_UNKNOWN_FRAMES = 2**62
#: Frames a call: an error loses what the same call had decoded before it, and a stop waits for no more than this.
_CALL_FRAMES = 65536


class _ForwardFile(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is never sought in.

    soundfile seeks after each read to where it already is; in FLAC streams of unknown length that fails, and it hides
    how many frames came before an error.
    """

    def seekable(self) -> bool:
        return False


class LibsndfileReader:
    """Frames of one file through libsndfile.

    Parameters
    ----------
    data : the open file, closed with the reader.
    declared_frames : what our own look at the header found; libsndfile's figure is the file's size where that is less.
    deadline : asked between calls.

    Raises
    ------
    StreamBrokenError : libsndfile does not know the format, or its header is damaged.
    """

    def __init__(self, data: OpenBytes, declared_frames: int | None, deadline: Deadline) -> None:
        self._data = data
        self._deadline = deadline
        self._failure: StreamBrokenError | None = None
        self._frames_read = 0
        self._notices = MpegNotices()
        try:
            self._file = self._open()
        except BaseException:
            self._notices.close()
            data.close()
            raise
        self._is_mpeg = self._file.subtype.startswith("MPEG")
        self.info = StreamInfo(self._file.samplerate, self._file.channels, self._format(), declared_frames)

    def _open(self) -> _ForwardFile:
        try:
            with self._notices.suppressed():
                file = _ForwardFile(self._data, closefd=False)
        except soundfile.LibsndfileError as error:
            raise self._data.failure or StreamBrokenError(
                FailureReason.CORRUPT, f"libsndfile: {_plain(error)}"
            ) from error
        if file.format not in _TRUSTED_FORMATS:
            file.close()
            raise self._data.failure or StreamBrokenError(
                FailureReason.NOT_AUDIO, "no sound file that can be recognized for sure"
            )
        return file

    def _format(self) -> str:
        if self._file.subtype in {"VORBIS", "OPUS"}:
            return str(self._file.subtype)
        return "WAV" if self._file.format == "WAVEX" else str(self._file.format)

    def declaring_its_length(self) -> Self:
        """Take libsndfile's figure for the declared length: for Ogg it is the position that the last page states."""
        if self._file.frames < _UNKNOWN_FRAMES:
            self.info = replace(self.info, declared_frames=int(self._file.frames))
        return self

    def read_into(self, frames: NDArray[np.float32]) -> int:
        """Fill `frames` and return how many were filled; 0 at the end. See ``FrameReader``."""
        filled = 0
        self._data.invalidate()
        while filled < len(frames) and self._failure is None:
            self._deadline.check()
            count = self._read_call(frames[filled : filled + _CALL_FRAMES])
            if count == 0:
                break
            filled += count
        if filled == 0 and self._failure:
            raise self._failure
        return filled

    def _read_call(self, frames: NDArray[np.float32]) -> int:
        """One call of the library; an error is kept for the next one, since frames may have come before it.

        It is never asked for more than libsndfile counts: it would decode the rest of the music, throw it away, and
        leave ``position`` behind it.
        """
        frames = frames[: max(0, self._file.frames - self._frames_read)]
        if len(frames) == 0:
            return 0
        try:
            with self._notices.suppressed() if self._is_mpeg else nullcontext():
                count = len(self._file.read(out=frames))
        except soundfile.LibsndfileError as error:
            count = max(0, min(len(frames), self._file.tell() - self._frames_read))
            # Behind the last declared frame there may be tags that a FLAC decoder takes for a damaged frame.
            if self._frames_read + count < (self.info.declared_frames or _UNKNOWN_FRAMES):
                self._failure = StreamBrokenError(
                    FailureReason.CORRUPT, f"file is damaged: decoding stopped: {_plain(error)}"
                )
        self._failure = self._data.failure or self._failure
        self._frames_read += count
        return count

    def position(self) -> int:
        """The byte of the file at which libsndfile stopped reading."""
        return self._data.origin + self._data.tell()

    def close(self) -> None:
        """Close the library's handle and let go of the file's bytes."""
        self._file.close()
        self._notices.close()
        self._data.close()


def _plain(error: soundfile.LibsndfileError) -> str:
    return str(error.error_string).removeprefix("Error : ").rstrip(".")
