"""Opens a track for decoding: the first reader that decodes something of it becomes the source of blocks.

Input: a path. Output: an open ``AudioSource``, or the reason why there is none. What a file is, is read from its
content. The first block is decoded at once, so that a reader that gets nowhere can be replaced by the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playlista.decode.blocks import AudioSource
from playlista.decode.containers import Container, Identified, identify
from playlista.decode.headers import matroska_is_cut, ogg_has_end
from playlista.decode.integrity.check import made_check
from playlista.decode.reader_choice import Readers, is_for_ffmpeg
from playlista.decode.readers.ffmpeg import FfmpegReader
from playlista.decode.regular_file import open_regular_file
from playlista.decode.source import (
    Deadline,
    FrameReader,
    StreamBrokenError,
    StreamInfo,
    UnsupportedCodecError,
    frames_per_block,
)
from playlista.decode.storage import fault_of, find_fault
from playlista.errors import Blame, FailureReason
from playlista.native.kernels import Kernels
from playlista.system.callbacks import noop
from playlista.system.descriptors import close_read

MAX_CHANNELS = 64
RATES_HZ = (1000, 1_000_000)
#: DSD is a bit at 64 to 1024 times 44.1 kHz, and ffmpeg makes a sample of every eight.
DSD_RATES_HZ = (1000, 1024 * 48_000 // 8)
#: A sound stream may end this much before its declared end: a codec's delay and padding, and in ffmpeg's case durations
#: that are rounded and count the priming samples that it then drops.
TOLERANCE_SECONDS = 0.05
MPEG_TOLERANCE_FRAMES = 4 * 1152
FFMPEG_TOLERANCE_SECONDS = 0.25
#: What an ffmpeg child may allocate where the caller sets nothing. It takes 60 MB, most of it the stacks of its threads
#: that are never touched; what it really uses is 8 MB, and more with a large picture in the tags.
CHILD_MEMORY_BYTES = 256 * 1024 * 1024

#: Of several readers' complaints, those that are about the machine and not about one decoder's taste win; then, where
#: the file is of a kind that holds sound, those that are about the whole file.
_OF_THE_MACHINE = (FailureReason.DECODE_TIMEOUT, FailureReason.OVER_BUDGET, FailureReason.CRASHED)
_OF_THE_FILE = (FailureReason.UNREADABLE, FailureReason.EMPTY, FailureReason.NOT_AUDIO)


def open_source(
    path: str,
    *,
    block_seconds: float,
    max_block_bytes: int,
    mapping_min_bytes: int | None,
    timeout_seconds: float,
    child_memory_bytes: Callable[[], int | None] = lambda: CHILD_MEMORY_BYTES,
    stop: Callable[[], bool] = noop,
    checks_integrity: bool = False,
    kernels: Kernels | None = None,
) -> AudioSource:
    """Open `path` and decode its first block.

    Parameters
    ----------
    path : any file name; it may hold surrogate escapes.
    block_seconds, max_block_bytes : length of a block, see ``frames_per_block``.
    mapping_min_bytes : map WAV, AIFF and FLAC files of at least this size; None to map none.
    timeout_seconds : wall time from now until the last block, whoever uses it.
    child_memory_bytes : memory that an ffmpeg child may allocate, None for no limit; asked where one is started.
    stop : asked at least every tenth of a second; true ends decoding with ``Interrupted``.
    checks_integrity : compare the file's own checksums on the way, see ``AudioSource.integrity``.
    kernels : compiled kernels to do so with; None for NumPy.

    Raises
    ------
    DecodeError : the file cannot be opened, holds no sound, or no frame of it can be decoded.
    Interrupted : the stop signal came.
    """
    try:
        descriptor = open_regular_file(path)
        try:
            readers = Readers(descriptor, Deadline(timeout_seconds, stop), mapping_min_bytes, child_memory_bytes)
            return _source(path, readers, _Wanted(block_seconds, max_block_bytes, checks_integrity, kernels))
        except BaseException:
            close_read(descriptor)
            raise
    except StreamBrokenError as broken:
        raise broken.of_track(path) from broken
    except OSError as error:
        raise fault_of(error).of_track(path) from error


def needs_child(path: str) -> bool:
    """Whether an ffmpeg child will read the file at `path`, by its content; False where it cannot be opened."""
    try:
        descriptor = open_regular_file(path)
    except (OSError, StreamBrokenError):
        return False
    try:
        return is_for_ffmpeg(descriptor, identify(descriptor))
    except OSError:
        return False
    finally:
        close_read(descriptor)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """How long a block is to be, in seconds and in bytes at most, whether the file's integrity is checked, by what."""

    block_seconds: float
    max_block_bytes: int
    checks_integrity: bool
    kernels: Kernels | None


def _source(path: str, readers: Readers, wanted: _Wanted) -> AudioSource:
    """The source of the first reader that decodes something."""
    file = identify(readers.descriptor)
    _require_content(file)
    complaints: list[StreamBrokenError] = []
    for make in readers.ways(file, is_named_flac=path.lower().endswith(".flac")):
        try:
            return _begun(path, readers, make(), file, wanted)
        except StreamBrokenError as complaint:
            complaints.append(complaint)
            if complaint.blame is Blame.STORAGE:
                break
    raise _fault_beneath(readers, complaints) or _verdict(file, complaints)


def _fault_beneath(readers: Readers, complaints: list[StreamBrokenError]) -> StreamBrokenError | None:
    """What storage or installation did, so that nothing can be said of the file; None where it is the file."""
    for complaint in complaints:
        if complaint.blame is not Blame.TRACK:
            return complaint
    return find_fault(readers.descriptor, readers.deadline)


def _begun(path: str, readers: Readers, reader: FrameReader, file: Identified, wanted: _Wanted) -> AudioSource:
    """A source that has its first block."""
    try:
        _require_sane(reader.info)
        source = AudioSource(
            path,
            readers.descriptor,
            reader,
            block_frames=frames_per_block(reader.info, wanted.block_seconds, wanted.max_block_bytes),
            tolerance_frames=_tolerance_frames(reader, file),
            end_is_missing=_lacks_end(readers.descriptor, file),
            find_fault=lambda: find_fault(readers.descriptor, readers.deadline),
            check=made_check(readers.descriptor, file, reader, wanted.kernels) if wanted.checks_integrity else None,
        )
        source.prime()
    except BaseException:
        reader.close()
        raise
    return source


def _lacks_end(descriptor: int, file: Identified) -> bool:
    """Whether the structure of the container shows that something is missing at the end."""
    if file.container is Container.OGG:
        return not ogg_has_end(descriptor, file)
    return file.container is Container.OTHER and matroska_is_cut(descriptor, file)


def _require_content(file: Identified) -> None:
    if file.size == 0:
        raise StreamBrokenError(FailureReason.EMPTY, "0 bytes")
    if file.tags_only:
        raise StreamBrokenError(FailureReason.EMPTY, "tags and no sound")
    if file.tag_is_cut:
        raise StreamBrokenError(FailureReason.CORRUPT, "ends inside the tag at its start")


def _require_sane(info: StreamInfo) -> None:
    low, high = DSD_RATES_HZ if info.format.startswith("DSD") else RATES_HZ
    if not low <= info.sample_rate_hz <= high:
        message = f"claims a sample rate of {info.sample_rate_hz} Hz; {low} to {high} Hz can be read"
        raise StreamBrokenError(FailureReason.CORRUPT, message)
    if not 1 <= info.channels <= MAX_CHANNELS:
        message = f"claims {info.channels} channels; 1 to {MAX_CHANNELS} can be read"
        raise StreamBrokenError(FailureReason.CORRUPT, message)


def _tolerance_frames(reader: FrameReader, file: Identified) -> int:
    if isinstance(reader, FfmpegReader):
        return round(FFMPEG_TOLERANCE_SECONDS * reader.info.sample_rate_hz)
    if file.container is Container.MPEG:
        return MPEG_TOLERANCE_FRAMES
    return round(TOLERANCE_SECONDS * reader.info.sample_rate_hz)


def _verdict(file: Identified, complaints: list[StreamBrokenError]) -> StreamBrokenError:
    """One reason out of several readers' complaints."""
    unsupported = next((complaint for complaint in complaints if isinstance(complaint, UnsupportedCodecError)), None)
    if unsupported:
        return unsupported
    by_reason = {complaint.reason: complaint for complaint in reversed(complaints)}
    told_apart = file.container is not Container.UNKNOWN
    for reason in _OF_THE_MACHINE + (_OF_THE_FILE if told_apart else ()):
        if reason in by_reason:
            return by_reason[reason]
    if told_apart:
        return complaints[0]
    return StreamBrokenError(FailureReason.NOT_AUDIO, "no sound that libsndfile or ffmpeg knows")
