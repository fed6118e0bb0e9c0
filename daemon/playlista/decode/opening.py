"""The door of the room: a path goes in, an open ``AudioSource`` or the reason why there is none comes out.

What a file is, is read from its content. Three readers stand behind the door: libsndfile on the file, libsndfile on
the file's mapping (large WAV, AIFF, FLAC), and ffmpeg through audioread. The first block is decoded before the door
opens, so that a reader that gets nowhere can be replaced by the next one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from playlista.decode.blocks import BlockSource
from playlista.decode.containers import MAPPABLE, WAVES, Container, Identified, identify
from playlista.decode.headers import Declaration, declared_length, ogg_has_end
from playlista.decode.layout_headers import stated_layout, states_apple_layout
from playlista.decode.readers.continued import ContinuedReader
from playlista.decode.readers.ffmpeg import FfmpegReader
from playlista.decode.readers.libsndfile import LibsndfileReader
from playlista.decode.readers.mapped import MappedFile, can_be_mapped
from playlista.decode.readers.pcm import PcmReader, is_plain_pcm
from playlista.decode.readers.windowed import WindowedFile
from playlista.decode.regular_file import open_regular_file
from playlista.decode.source import (
    AudioSource,
    FrameReader,
    Patience,
    StreamBrokenError,
    StreamInfo,
    frames_per_block,
    never,
)
from playlista.decode.storage import fault_of, find_fault
from playlista.decode.wave_header import parse_wave_header
from playlista.errors import Blame, FailureReason

MAX_CHANNELS = 64
RATES_HZ = (1000, 1_000_000)
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
#: Formats whose decoder may stop before the music does: at a damaged frame, a wrong length, or the seam of two files.
_RESUMABLE = frozenset({Container.FLAC, Container.MPEG, Container.OGG})
_Own = TypeVar("_Own", PcmReader, LibsndfileReader)
#: Formats of which libsndfile knows nothing.
_FOR_FFMPEG = frozenset({Container.ADTS, Container.ASF, Container.OTHER})


def open_source(
    path: str,
    *,
    block_seconds: float,
    max_block_bytes: int,
    mapping_min_bytes: int | None,
    timeout_seconds: float,
    child_memory_bytes: int | None = CHILD_MEMORY_BYTES,
    stop: Callable[[], bool] = never,
) -> AudioSource:
    """Open `path` and decode its first block.

    Parameters
    ----------
    path : any file name; it may hold surrogate escapes.
    block_seconds, max_block_bytes : length of a block, see ``frames_per_block``.
    mapping_min_bytes : map WAV, AIFF and FLAC files of at least this size; None to map none.
    timeout_seconds : wall time from now until the last block, whoever uses it.
    child_memory_bytes : memory that an ffmpeg child may allocate; None for no limit.
    stop : asked at least every tenth of a second; true ends decoding with ``Interrupted``.

    Raises
    ------
    DecodeError : the file cannot be opened, holds no sound, or no frame of it can be decoded.
    Interrupted : the stop signal came.
    """
    try:
        descriptor = open_regular_file(path)
        try:
            doorway = _Doorway(path, descriptor, Patience(timeout_seconds, stop), mapping_min_bytes, child_memory_bytes)
            return doorway.source(block_seconds, max_block_bytes)
        except BaseException:
            os.close(descriptor)
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
        return _is_for_ffmpeg(descriptor, identify(descriptor))
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _is_for_ffmpeg(descriptor: int, file: Identified) -> bool:
    return file.container in _FOR_FFMPEG or states_apple_layout(descriptor, file)


@dataclass(frozen=True, slots=True)
class _Doorway:
    """One open file on its way to a reader."""

    path: str
    descriptor: int
    patience: Patience
    mapping_min_bytes: int | None
    child_memory_bytes: int | None

    def source(self, block_seconds: float, max_block_bytes: int) -> BlockSource:
        """The source of the first reader that decodes something."""
        file = identify(self.descriptor)
        if file.size == 0:
            raise StreamBrokenError(FailureReason.EMPTY, "0 bytes")
        if file.tags_only:
            raise StreamBrokenError(FailureReason.EMPTY, "tags and no sound")
        declared = declared_length(self.descriptor, file)
        complaints: list[StreamBrokenError] = []
        for make in self._readers(file, declared):
            try:
                return self._begun(make(), file, block_seconds, max_block_bytes)
            except StreamBrokenError as complaint:
                complaints.append(complaint)
                if complaint.blame is Blame.STORAGE:
                    break
        raise self._fault_beneath(complaints) or _verdict(file, complaints)

    def _fault_beneath(self, complaints: list[StreamBrokenError]) -> StreamBrokenError | None:
        """What storage or installation did, so that nothing can be said of the file; None where it is the file."""
        for complaint in complaints:
            if complaint.blame is not Blame.TRACK:
                return complaint
        return find_fault(self.descriptor, self.patience)

    def _begun(self, reader: FrameReader, file: Identified, block_seconds: float, max_block_bytes: int) -> BlockSource:
        """A source that has its first block."""
        try:
            _require_sane(reader.info)
            source = BlockSource(
                self.path,
                self.descriptor,
                reader,
                block_frames=frames_per_block(reader.info, block_seconds, max_block_bytes),
                tolerance_frames=_tolerance_frames(reader, file),
                end_is_missing=file.container is Container.OGG and not ogg_has_end(self.descriptor, file),
                find_fault=lambda: find_fault(self.descriptor, self.patience),
            )
            source.prime()
        except BaseException:
            reader.close()
            raise
        return source

    def _readers(self, file: Identified, declared: Declaration | None) -> Iterator[Callable[[], FrameReader]]:
        """Ways to read `file`, the likeliest first."""
        own = partial(self._own, file, declared)
        child = partial(self._ffmpeg, declared)
        if _is_for_ffmpeg(self.descriptor, file):
            yield child
            yield own
        elif file.container is Container.FLAC and declared == Declaration():
            # A stream without a length may have been joined from several. libsndfile then plays the second one at the
            # first one's rate without a word; ffmpeg converts it.
            yield lambda: ContinuedReader(child(), lambda like: _in_shape(own(), like), absolves=True)
            yield own
        elif file.container in _RESUMABLE:
            # libsndfile takes an Opus page that is a sample short for damage, and ffmpeg writes such pages where it
            # converts the rate. Every page of Ogg has a checksum, so ffmpeg's silence is proof.
            sound = file.container is Container.OGG
            yield lambda: ContinuedReader(own(), lambda like: child(like=like), absolves=sound)
            yield child
        else:
            yield own
            yield child
        if file.container is Container.UNKNOWN and self.path.lower().endswith(".flac"):
            # Frames without a head, or behind something else; their checksums tell whether it was worth asking.
            yield lambda: child(demuxer="flac")

    def _ffmpeg(
        self, declared: Declaration | None, *, like: StreamInfo | None = None, demuxer: str | None = None
    ) -> FfmpegReader:
        return FfmpegReader(
            self.descriptor,
            self.child_memory_bytes,
            self.patience,
            declared=declared,
            demuxer=demuxer,
            like=like,
        )

    def _own(self, file: Identified, declared: Declaration | None) -> FrameReader:
        """A reader in this process, on the mapping where the file is large and its file system can map."""
        is_large = self._is_large(file)
        header = parse_wave_header(self.descriptor, file) if is_large and file.container in WAVES else None
        has_end = file.container is Container.OGG and ogg_has_end(self.descriptor, file)
        data = (self._map() if is_large else None) or WindowedFile(self.descriptor)
        if header and is_plain_pcm(header):
            return self._with_layout(PcmReader(data, header, file.container, self.patience), file)
        reader = LibsndfileReader(data, declared.frames if declared else None, self.patience)
        return self._with_layout(reader.declaring_its_length() if has_end else reader, file)

    def _with_layout(self, reader: _Own, file: Identified) -> _Own:
        """`reader`, knowing which loudspeaker each of its channels belongs to."""
        layout = stated_layout(self.descriptor, file, reader.info.channels)
        reader.info = replace(reader.info, layout=layout)
        return reader

    def _is_large(self, file: Identified) -> bool:
        return file.container in MAPPABLE and self.mapping_min_bytes is not None and file.size >= self.mapping_min_bytes

    def _map(self) -> MappedFile | None:
        try:
            return MappedFile(self.descriptor) if can_be_mapped(self.descriptor) else None
        except OSError:
            return None


def _in_shape(reader: FrameReader, like: StreamInfo) -> FrameReader:
    """`reader`, if it delivers what `like` says."""
    if (reader.info.sample_rate_hz, reader.info.channels) != (like.sample_rate_hz, like.channels):
        reader.close()
        raise StreamBrokenError(FailureReason.CORRUPT, "another rate or other channels")
    return reader


def _require_sane(info: StreamInfo) -> None:
    low, high = RATES_HZ
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
    by_reason = {complaint.reason: complaint for complaint in reversed(complaints)}
    told_apart = file.container is not Container.UNKNOWN
    for reason in _OF_THE_MACHINE + (_OF_THE_FILE if told_apart else ()):
        if reason in by_reason:
            return by_reason[reason]
    if told_apart:
        return complaints[0]
    return StreamBrokenError(FailureReason.NOT_AUDIO, "no sound that libsndfile or ffmpeg knows")
