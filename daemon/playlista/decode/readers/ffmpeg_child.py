"""An ffmpeg process that reads one open file and nothing else, and ends when it is told to.

Input is an open file. Output is the bytes of a WAV stream of float32, and what ffmpeg said on its way. What is in them
is for ``ffmpeg`` to say; this module owns the process: its command, its limits, its two pipes, its end.
"""

from __future__ import annotations

import errno
import os
import queue
import shutil
import subprocess
from collections.abc import Callable
from functools import cache

from audioread.ffdec import FFmpegAudioFile, QueueReaderThread

from playlista.decode.readers.child_limits import limit_child
from playlista.decode.readers.ffmpeg_health import ANSWER_SECONDS, FfmpegHealth
from playlista.decode.readers.ffmpeg_input import Shown, padding_file, shown
from playlista.decode.readers.ffmpeg_log import FfmpegLog
from playlista.decode.source import Deadline, StreamBrokenError
from playlista.decode.storage import find_fault
from playlista.errors import Blame, FailureReason

#: Demuxers that read sound, or film with sound, from the one file that they are given. What is not here cannot be
#: talked into opening other files (playlists, HLS, DASH, concat scripts), nor take pictures or text for sound.
DEMUXERS = (
    "aa,aac,ac3,aiff,amr,ape,asf,asf_o,au,avi,caf,dsf,dts,dtshd,eac3,flac,flv,iff,loas,matroska,webm,mlp,"
    "mov,mp4,m4a,3gp,3g2,mj2,mp3,mpc,mpc8,mpeg,mpegts,nistsphere,nut,oga,ogg,oma,qcp,rm,shn,sox,tak,truehd,tta,voc,"
    "vqf,w64,wav,wsd,wv,xwma"
)
_PIECE_BYTES = 64 * 1024
_QUEUED_PIECES = 16
_WAIT_SECONDS = 0.1


class FfmpegMissingError(Exception):
    """There is neither an ffmpeg on PATH nor the one that imageio-ffmpeg brings."""


def ffmpeg_path() -> str:
    """The ffmpeg to use: the system's where there is one right now, else the one that imageio-ffmpeg carries.

    Raises
    ------
    FfmpegMissingError : there is none.
    """
    return shutil.which("ffmpeg") or _bundled_path()


@cache
def _bundled_path() -> str:
    try:
        import imageio_ffmpeg  # noqa: PLC0415  (only machines without ffmpeg need it, and it imports subprocesses)

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise FfmpegMissingError("no ffmpeg on PATH and none in imageio-ffmpeg") from error


@cache
def ffmpeg_health() -> FfmpegHealth:
    """Whether that ffmpeg works, as far as is known: one answer for this process, as there is one ffmpeg."""
    return FfmpegHealth(_start_alone)


def _start_alone(descriptor: int, memory_bytes: int | None) -> subprocess.Popen[bytes]:
    try:
        return start_ffmpeg(descriptor, (), (), memory_bytes=memory_bytes, timeout_seconds=ANSWER_SECONDS)
    except FfmpegMissingError as error:
        raise FileNotFoundError(errno.ENOENT, str(error)) from error


def _command(source: Shown, given: tuple[str, ...], taken: tuple[str, ...]) -> list[str]:
    """The file goes in by its descriptor, so that no name, however odd, is parsed, and no rename can swap it."""
    opened = (
        "-protocol_whitelist",
        source.protocols,
        "-format_whitelist",
        DEMUXERS,
        "-vn",
        "-sn",
        "-dn",
        "-threads",
        "1",
        "-err_detect",
        "crccheck",  # compare the checksums of blocks: not every decoder does unless it is asked
    )
    bare = ("-map", "0:a:0", "-map_metadata", "-1", "-map_chapters", "-1", "-bitexact")
    written = (*bare, *taken, "-c:a", "pcm_f32le", "-f", "wav", "pipe:1")
    quiet = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "info", "-filter_threads", "1")
    return [ffmpeg_path(), *quiet, *opened, *given, "-i", source.url, *written]


def start_ffmpeg(
    descriptor: int,
    given: tuple[str, ...],
    taken: tuple[str, ...],
    *,
    memory_bytes: int | None,
    timeout_seconds: float,
    window: tuple[int, int] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child that decodes the open file to its standard output; see ``FfmpegChild``.

    Raises
    ------
    OSError : it cannot be started, or the file cannot be read.
    """
    return start_reading(
        lambda source: _command(source, given, taken),
        descriptor,
        memory_bytes=memory_bytes,
        timeout_seconds=timeout_seconds,
        window=window,
    )


def start_reading(
    command: Callable[[Shown], list[str]],
    descriptor: int,
    *,
    memory_bytes: int | None,
    timeout_seconds: float,
    window: tuple[int, int] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program of ffmpeg's that may read the open file, or a part of it, under limits.

    Parameters
    ----------
    command : the program with its arguments, given the URL of the file.
    window : first byte and end of the part that it is shown; None for all of the file.

    Raises
    ------
    OSError : it cannot be started, or the file cannot be read.
    """
    padding = padding_file()
    try:
        source = shown(descriptor, padding, window)
        process = subprocess.Popen(
            command(source),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=source.descriptors,
            # The terminal's Ctrl-C is for us alone; a child that heard it would hand over half a track as a whole.
            start_new_session=True,
            env={"PATH": os.defpath, "LC_ALL": "C", "AV_LOG_FORCE_NOCOLOR": "1", "MALLOC_ARENA_MAX": "1"},
        )
    finally:
        os.close(padding)
    limit_child(process.pid, timeout_seconds, memory_bytes)
    return process


class FfmpegChild(FFmpegAudioFile):  # type: ignore[misc]
    """audioread's ffmpeg file with a command, bounds and an end of our own.

    audioread's own constructor decodes to 16 bits, reads ahead without limit, and waits for stderr without a timeout;
    its threads, its reaping and its clean-up serve as they are.

    Parameters
    ----------
    descriptor : the open file.
    given : arguments about the file (``-f``), none where its content tells.
    taken : arguments about the stream (``-ar``, ``-ac``), none to take it as it is.
    memory_bytes : memory that the child may allocate, 8 MiB of stack for each of its six threads included; None for
        no limit.
    deadline : asked while waiting; its timeout also limits the child's CPU time.
    window : first byte and end of the part of the file that is shown to ffmpeg; None for all of it.

    Raises
    ------
    StreamBrokenError : the process cannot be started.
    """

    def __init__(
        self,
        descriptor: int,
        given: tuple[str, ...],
        taken: tuple[str, ...],
        *,
        memory_bytes: int | None,
        deadline: Deadline,
        window: tuple[int, int] | None = None,
    ) -> None:
        self._deadline = deadline
        self._has_ended = False
        self._memory_bytes = memory_bytes
        try:
            self.proc = start_ffmpeg(
                descriptor,
                given,
                taken,
                memory_bytes=memory_bytes,
                timeout_seconds=deadline.timeout_seconds,
                window=window,
            )
        except (OSError, FfmpegMissingError) as error:
            raise self.installation_fault() or find_fault(descriptor, deadline) or _unstarted(error) from error
        self.stdout_reader = QueueReaderThread(self.proc.stdout, _PIECE_BYTES)
        self.stdout_reader.queue = queue.Queue(_QUEUED_PIECES)
        self.stdout_reader.start()
        self.stderr_reader = FfmpegLog(self.proc.stderr)
        self.stderr_reader.start()

    @property
    def queued_bytes(self) -> int:
        """Bytes that may wait between the child and us."""
        return _QUEUED_PIECES * _PIECE_BYTES

    def next_piece(self) -> bytes:
        """The next bytes of the stream; empty at its end, however often it is asked.

        Raises
        ------
        StreamBrokenError, Interrupted : the deadline passed first, or the program stops.
        """
        while not self._has_ended:
            self._deadline.check()
            try:
                piece = bytes(self.stdout_reader.queue.get(timeout=_WAIT_SECONDS))
            except queue.Empty:
                continue
            self._has_ended = not piece
            return piece
        return b""

    def said(self) -> list[str]:
        """The lines of stderr, complete once the stream has ended or its first bytes are here."""
        return list(self.stderr_reader.lines)

    @property
    def output_stream(self) -> str:
        """The line that describes the stream that ffmpeg writes; empty before ``wait_until_described`` returned."""
        return self.stderr_reader.output_stream

    def wait_until_described(self) -> None:
        """Wait until ffmpeg has said what it reads: it does before the first sample, but by another pipe."""
        while not self.stderr_reader.described.wait(_WAIT_SECONDS):
            self._deadline.check()

    def exit_status(self) -> int:
        """The child's return code, -signal where one ended it; call after the end of the stream.

        All that it said has been read by then.
        """
        while self.stderr_reader.is_alive():
            self._deadline.check()
            self.stderr_reader.join(_WAIT_SECONDS)
        while True:
            try:
                return int(self.proc.wait(_WAIT_SECONDS))
            except subprocess.TimeoutExpired:
                self._deadline.check()

    def installation_fault(self) -> StreamBrokenError | None:
        """Why no child under the same limits decodes anything here; None where one does, and the file is to blame."""
        why = ffmpeg_health().check(self._memory_bytes)
        return StreamBrokenError(FailureReason.UNREADABLE, why, blame=Blame.INSTALLATION) if why else None

    def close(self) -> None:
        """End the child, reap it, and let both threads end; may be called twice."""
        if not hasattr(self, "stderr_reader"):
            return
        self.proc.kill()
        # The reader may wait on the full queue, and audioread joins it without emptying the queue.
        while self.stdout_reader.is_alive():
            self._empty_queue()
            self.stdout_reader.join(0.01)
        super().close()

    def _empty_queue(self) -> None:
        try:
            self.stdout_reader.queue.get_nowait()
        except queue.Empty:
            return


def _unstarted(error: Exception) -> StreamBrokenError:
    message = f"ffmpeg could not be started: {error}; it is tried again"
    return StreamBrokenError(FailureReason.UNREADABLE, message, blame=Blame.INSTALLATION)
