"""AAC, ALAC, WMA, Monkey's Audio, WavPack, DSD, Musepack and whatever libsndfile refuses, by an ffmpeg child.

Input: an open file. Output: frames, in order, as float32 at the stream's own rate and channels. A decoder
that crashes or hangs costs the child, not the daemon.
"""

from __future__ import annotations

import signal
import struct
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from playlista.decode.headers import Declaration
from playlista.decode.layouts import mask_layout
from playlista.decode.page_cache import PageCacheTrail
from playlista.decode.readers import ffmpeg_messages as messages
from playlista.decode.readers.ffmpeg_child import FfmpegChild
from playlista.decode.readers.ffprobe import probe
from playlista.decode.source import BYTES_PER_SAMPLE, Deadline, StreamBrokenError, StreamInfo, UnsupportedCodecError
from playlista.decode.storage import find_fault
from playlista.errors import Blame, FailureReason

#: What neither a file nor a decoder sends: an operator, a machine that shuts down. SIGKILL, from the OOM killer most of
#: the time, is told apart: a file may be what takes the memory.
_SIGNALS_FROM_OUTSIDE = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
_MAX_WAV_HEADER_BYTES = 64 * 1024
_EXTENSIBLE_BYTES = 40
_CACHE_STEP_BYTES = 64 * 1024 * 1024


class ReadFailedError(StreamBrokenError):
    """ffmpeg could not read the file, every byte of which is there when we read it: it is worth another try."""


class FfmpegReader:
    """Frames of one file through ffmpeg.

    Parameters
    ----------
    descriptor : the open file; it stays the caller's.
    memory_bytes : memory that the child may allocate; None for no limit.
    deadline : asked while waiting.
    declared : the length by our own look at the header; None to take what ffprobe or mutagen reads there.
    demuxer : the input format where the content alone does not tell; None to let ffmpeg find out.
    like : bring the stream to this rate and these channels; None to take it as it is.
    window : first byte and end of the part of the file that ffmpeg is shown; None for all of it.

    Raises
    ------
    StreamBrokenError : ffmpeg is missing, finds no sound in the file, or decodes nothing of it.
    """

    def __init__(
        self,
        descriptor: int,
        memory_bytes: int | None,
        deadline: Deadline,
        *,
        declared: Declaration | None = None,
        demuxer: str | None = None,
        like: StreamInfo | None = None,
        window: tuple[int, int] | None = None,
    ) -> None:
        given = ("-f", demuxer) if demuxer else ()
        taken = ("-ar", str(like.sample_rate_hz), "-ac", str(like.channels)) if like else ()
        known = probe(descriptor, given, memory_bytes=memory_bytes, deadline=deadline, window=window)
        if known.is_protected:
            raise UnsupportedCodecError(known.codec or known.tag, f"is protected ({known.tag}) and cannot be decoded")
        self._child = FfmpegChild(descriptor, given, taken, memory_bytes=memory_bytes, deadline=deadline, window=window)
        self._trail = PageCacheTrail(descriptor)
        self._descriptor, self._deadline = descriptor, deadline
        self._rest = b""
        self._bytes_taken = 0
        self._order: list[int] | None = None
        self._probe = known
        try:
            self.info = self._read_head(declared)
            if like:
                self._take_order_of(like)
        except BaseException:
            self.close()
            raise

    @property
    def queued_bytes(self) -> int:
        """Bytes of samples that wait between the child and us at most."""
        return self._child.queued_bytes

    def read_into(self, frames: NDArray[np.float32]) -> int:
        """Fill `frames` and return how many were filled; 0 at the end. See ``FrameReader``."""
        flat = frames.reshape(-1).view(np.uint8)
        filled = 0
        while filled < len(flat):
            piece = self._rest or self._child.next_piece()
            if not piece:
                break
            taken = min(len(piece), len(flat) - filled)
            flat[filled : filled + taken] = np.frombuffer(piece, np.uint8, taken)
            self._rest = piece[taken:]
            filled += taken
        self._note_taken(filled)
        count = filled // (BYTES_PER_SAMPLE * self.info.channels)
        if count == 0:
            self._raise_if_failed()
        if self._order:
            frames[:count] = frames[:count, self._order]
        return count

    def position(self) -> None:
        """None: the child does not say how far it read."""

    @property
    def found_damage(self) -> bool:
        """Whether ffmpeg said that something is wrong with the file, which does not keep it from going on."""
        return bool(self.complaints())

    def complaints(self) -> list[str]:
        """The first and last of what ffmpeg said so far about damage in the file."""
        return messages.complaints(self._child.said())

    @property
    def read_failed(self) -> bool:
        """Whether ffmpeg said that it could not read on, which the file may be to blame for or what it lies on."""
        return messages.tells_of_failed_read(self._child.said())

    def close(self) -> None:
        """End the child."""
        self._child.close()

    def _take_order_of(self, like: StreamInfo) -> None:
        """Deliver the channels in the order of `like`, which for Ogg through libsndfile is that of Vorbis."""
        here, there = self.info.layout, like.layout
        if here != there and set(here) == set(there):
            self._order = [here.index(position) for position in there]
            self.info = replace(self.info, layout=there)

    def _note_taken(self, taken: int) -> None:
        """Drop what the child has read from the page cache now and then; it reads ahead of us by little."""
        step_before = self._bytes_taken // _CACHE_STEP_BYTES
        self._bytes_taken += taken
        if self._bytes_taken // _CACHE_STEP_BYTES > step_before:
            self._trail.finished()

    def _read_head(self, declared: Declaration | None) -> StreamInfo:
        """The WAV header that ffmpeg wrote: unlike its messages it is exact about rate and channels."""
        head = b""
        while (parsed := _parse_wav_head(head)) is None:
            piece = self._child.next_piece()
            if not piece or len(head) > _MAX_WAV_HEADER_BYTES:
                self._raise_if_failed()
                raise self._silence("\n".join(self._child.said()))
            head += piece
        channels, rate_hz, data_start, mask = parsed
        self._rest = head[data_start:]
        self._child.wait_until_described()
        text = "\n".join(self._child.said())
        if messages.is_guess(text):
            raise StreamBrokenError(FailureReason.CORRUPT, "ffmpeg: resembles sound, but only by chance")
        layout = mask_layout(mask, channels) or messages.told_layout(self._child.output_stream, channels)
        return StreamInfo(
            rate_hz,
            channels,
            (self._probe.codec or "ffmpeg").upper(),
            self._declared_frames(declared, rate_hz),
            layout,
            self._probe.chapters,
        )

    def _declared_frames(self, declared: Declaration | None, rate_hz: int) -> int | None:
        if declared:
            return declared.frames_at(rate_hz)
        return None if self._probe.seconds is None else round(self._probe.seconds * rate_hz)

    def _raise_if_failed(self) -> None:
        """Return if ffmpeg ended well.

        Raises
        ------
        StreamBrokenError : it did not, with what it said of the cause.
        """
        status = self._child.exit_status()
        said = "\n".join(self._child.said())
        fault = self._outer_fault(status, said)
        if fault:
            raise fault
        if status == 0:
            self._raise_if_storage_failed(said)
            return
        if status == -signal.SIGXCPU:
            raise StreamBrokenError(FailureReason.DECODE_TIMEOUT, "ffmpeg used up its CPU time")
        if status < 0:
            raise StreamBrokenError(FailureReason.CRASHED, f"ffmpeg was ended by signal {-status}")
        if messages.is_short_of_memory(said):
            raise StreamBrokenError(FailureReason.OVER_BUDGET, "ffmpeg had not enough memory")
        if self._is_unsupported(said):
            raise UnsupportedCodecError(self._codec(said))
        if "matches no streams" in said:
            raise StreamBrokenError(FailureReason.NOT_AUDIO, "holds no sound")
        self._raise_if_storage_failed(said)
        kind = ReadFailedError if self.read_failed else StreamBrokenError
        raise kind(FailureReason.CORRUPT, f"ffmpeg: {messages.first_complaint(said) or 'decodes nothing of it'}")

    def _raise_if_storage_failed(self, said: str) -> None:
        """Some demuxers take a failed read for the end of the file: ask the storage where one ended in an error."""
        if not messages.tells_of_early_end(said) and not self.read_failed:
            return
        fault = find_fault(self._descriptor, self._deadline)
        if fault:
            raise fault

    def _silence(self, said: str) -> StreamBrokenError:
        """Why a child that ended well gave nothing: a damage that it passed over, or there was nothing to give."""
        complaint = messages.first_complaint(said)
        if self._is_unsupported(said):
            return UnsupportedCodecError(self._codec(said))
        if complaint:
            return StreamBrokenError(FailureReason.CORRUPT, f"ffmpeg: {complaint}")
        return StreamBrokenError(FailureReason.EMPTY, "not a single sample in it")

    def _is_unsupported(self, said: str) -> bool:
        return self._bytes_taken == 0 and messages.lacks_decoder(said)

    def _codec(self, said: str) -> str:
        """The codec by the name that people know."""
        return messages.kind_of_aac(said) or self._probe.codec or self._probe.tag or "unknown"

    def _outer_fault(self, status: int, said: str) -> StreamBrokenError | None:
        """What is wrong with ffmpeg or the machine, so that it says nothing of the file; None where it does."""
        if status == -signal.SIGKILL:
            message = "ffmpeg was killed, most likely for want of memory; raise the memory limit"
            return StreamBrokenError(FailureReason.OVER_BUDGET, message, blame=Blame.INSTALLATION)
        if -status in _SIGNALS_FROM_OUTSIDE or "received signal" in said:
            message = f"ffmpeg was ended from outside (status {status}); it is tried again"
            return StreamBrokenError(FailureReason.UNREADABLE, message, blame=Blame.INSTALLATION)
        has_looked = "Input #0" in said or "/fd/" in said  # it names what it reads, whatever it thinks of it
        if has_looked and not messages.is_short_of_memory(said):
            return None
        return self._child.installation_fault()


def _parse_wav_head(head: bytes) -> tuple[int, int, int, int] | None:
    """(channels, rate in Hz, start of the samples, channel mask) of a WAV stream; None while `head` ends too early."""
    position, channels, rate_hz, mask = 12, 0, 0, 0
    while len(head) >= position + 8:
        name, length = head[position : position + 4], struct.unpack_from("<I", head, position + 4)[0]
        if name == b"data":
            return channels, rate_hz, position + 8, mask
        if name == b"fmt " and len(head) >= position + 16:
            channels, rate_hz = struct.unpack_from("<HI", head, position + 10)
            if length >= _EXTENSIBLE_BYTES and len(head) >= position + 8 + _EXTENSIBLE_BYTES:
                mask = struct.unpack_from("<I", head, position + 28)[0]
        position += 8 + length + length % 2
    return None
