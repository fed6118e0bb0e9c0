"""Which readers may read a file, the likeliest first, and how one goes on where another stops.

Input: an open file whose container is known. Output: ways to make a ``FrameReader``. Three readers do the work:
libsndfile on the file, libsndfile or numpy on its mapping (large WAV, AIFF, FLAC), and ffmpeg in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from playlista.decode.bitstreams import Bitstream, find_bitstream
from playlista.decode.byte_search import (
    ends_with_mpeg_frames,
    find_mpeg_frames,
    starts_with_mpeg_frame,
)
from playlista.decode.containers import MAPPABLE, WAVES, Container, Identified, identify_part
from playlista.decode.headers import Declaration, asf_is_protected, declared_length, libsndfile_reads_ogg, ogg_has_end
from playlista.decode.joined_streams import FlacStreams, OggLinks
from playlista.decode.layout_headers import stated_layout, states_apple_layout
from playlista.decode.readers.continued import ContinuedReader, Stop, Successor
from playlista.decode.readers.ffmpeg import FfmpegReader, ReadFailedError
from playlista.decode.readers.joined import JoinedReader
from playlista.decode.readers.libsndfile import LibsndfileReader
from playlista.decode.readers.mapped import MappedFile, can_be_mapped
from playlista.decode.readers.pcm import PcmReader, is_plain_pcm
from playlista.decode.readers.windowed import WindowedFile
from playlista.decode.source import Deadline, FrameReader, StreamBrokenError, StreamInfo, UnsupportedCodecError
from playlista.decode.trailing_tags import sound_end
from playlista.decode.wave_header import parse_wave_header
from playlista.errors import FailureReason

#: Formats of which libsndfile knows nothing.
_FOR_FFMPEG = frozenset({Container.ADTS, Container.ASF, Container.OTHER})
#: The last frames of an MP3 that states its length are padding and need not be read; without a length every frame is
#: music, and a row of three cannot be chance, nor can one just where the last one ended.
_MPEG_PADDING_FRAMES, _MPEG_ROW_FRAMES = 5, 3

Way = Callable[[], FrameReader]
_Own = TypeVar("_Own", PcmReader, LibsndfileReader)


def is_for_ffmpeg(descriptor: int, file: Identified) -> bool:
    """Whether a child is the first to read `file`.

    Raises
    ------
    OSError : the file cannot be read.
    """
    if file.container is Container.OGG:
        return not libsndfile_reads_ogg(descriptor, file)
    return file.container in _FOR_FFMPEG or states_apple_layout(descriptor, file)


@dataclass(frozen=True, slots=True)
class Readers:
    """Makes readers of one open file.

    Attributes
    ----------
    descriptor : the open file.
    deadline : asked while reading.
    mapping_min_bytes : map WAV, AIFF and FLAC files of at least this size; None to map none.
    child_memory_bytes : memory that an ffmpeg child may allocate, None for no limit; asked where one is started.
    """

    descriptor: int
    deadline: Deadline
    mapping_min_bytes: int | None
    child_memory_bytes: Callable[[], int | None]

    def ways(self, file: Identified, *, is_named_flac: bool) -> Iterator[Way]:
        """Ways to read `file`, the likeliest first.

        Parameters
        ----------
        is_named_flac : whether the name says FLAC, which tells where the content does not.
        """
        if file.container is not Container.OGG and is_for_ffmpeg(self.descriptor, file):
            yield lambda: self._child_that_reads(file)
            yield lambda: self.own(file)
            return
        if file.container is Container.OGG:
            yield lambda: OggLinks(self, file).reader()
        elif file.container is Container.FLAC:
            yield lambda: self._flac(file)
            yield lambda: self.own(file)
        elif file.container is Container.MPEG:
            yield lambda: ContinuedReader(self.own(file), lambda stop: self._more_mpeg(file, stop))
        else:
            bitstream = self._bitstream(file)
            if bitstream:
                yield lambda: self._compressed(file, bitstream)
            if bitstream and bitstream.is_certain:
                return
            yield lambda: self.own(file)
        yield lambda: self._child_that_reads(file)
        if file.container is Container.UNKNOWN and is_named_flac:
            # Frames without a head, or behind something else; their checksums tell whether it was worth asking.
            yield lambda: self.child(file, demuxer="flac")

    def child(self, file: Identified, *, like: StreamInfo | None = None, demuxer: str | None = None) -> FfmpegReader:
        """An ffmpeg that reads `file`, at the rate and channels of `like` where that is given."""
        if file.container is Container.ASF and asf_is_protected(self.descriptor, file):
            raise UnsupportedCodecError("WMA", "is protected by DRM and cannot be decoded")
        return FfmpegReader(
            self.descriptor,
            self.child_memory_bytes(),
            self.deadline,
            declared=declared_length(self.descriptor, file),
            demuxer=demuxer,
            like=like,
            window=(file.start, file.size) if file.is_part else None,
        )

    def _child_that_reads(self, file: Identified) -> FfmpegReader:
        """A child, started twice where the first one could not read: the storage may have failed for that moment."""
        try:
            return self.child(file)
        except ReadFailedError:
            return self.child(file)

    def own(self, file: Identified) -> FrameReader:
        """A reader in this process, on the mapping where the file is large and its file system can map."""
        declared = declared_length(self.descriptor, file)
        is_large = not file.is_part and self._is_large(file)
        header = parse_wave_header(self.descriptor, file) if is_large and file.container in WAVES else None
        has_end = file.container is Container.OGG and ogg_has_end(self.descriptor, file)
        data = (self._map() if is_large else None) or self._windowed(file)
        if header and is_plain_pcm(header):
            return self._with_layout(PcmReader(data, header, file.container, self.deadline), file)
        reader = LibsndfileReader(data, declared.frames if declared else None, self.deadline)
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

    def _windowed(self, file: Identified) -> WindowedFile:
        return WindowedFile(self.descriptor, *((file.start, file.size) if file.is_part else ()))

    def _bitstream(self, file: Identified) -> Bitstream | None:
        header = parse_wave_header(self.descriptor, file) if file.container in WAVES else None
        return find_bitstream(self.descriptor, header) if header else None

    def _compressed(self, file: Identified, bitstream: Bitstream) -> FrameReader:
        """An ffmpeg that sees the same in a WAV file as we do."""
        reader = self.child(file)
        if reader.info.format.startswith("PCM_"):
            reader.close()
            raise UnsupportedCodecError(bitstream.name, "inside WAV is not recognized by this ffmpeg")
        return reader

    def _flac(self, file: Identified) -> FrameReader:
        """The first stream, and those that were joined to it."""
        if declared_length(self.descriptor, file) == Declaration():
            # A stream without a length may have been joined from several. libsndfile then plays the second one at the
            # first one's rate without a word; ffmpeg converts it.
            return ContinuedReader(
                self.child(file), lambda _stop: Successor(lambda like: _in_shape(self.own(file), like), decides=True)
            )
        streams = FlacStreams(self, file)
        return JoinedReader(ContinuedReader(self.own(file), streams.successor), streams.next)

    def _more_mpeg(self, file: Identified, stop: Stop) -> Successor | None:
        """Who goes on where libsndfile stopped: ffmpeg, where whole frames follow.

        Without a Xing header libsndfile estimates the length by the first frame's bit rate, and ends there; with one,
        it ends where the first of several joined files does.
        """
        declared = declared_length(self.descriptor, file)
        is_undeclared = declared == Declaration()
        row = _MPEG_ROW_FRAMES if stop.is_broken or is_undeclared else _MPEG_PADDING_FRAMES
        position = file.size if stop.position is None else stop.position
        goes_on = is_undeclared and starts_with_mpeg_frame(self.descriptor, position, file.size)
        if goes_on or find_mpeg_frames(self.descriptor, position, file.size, row) is not None:
            return Successor(lambda like: self.child(file, like=like))
        # Taken by surprise by tags, mpg123 looks for another frame in them and calls that a damage.
        end = sound_end(self.descriptor, file.start, file.size)
        if not stop.is_broken or position < end or not ends_with_mpeg_frames(self.descriptor, file.start, end):
            return None
        music = identify_part(self.descriptor, file.start, end)
        if music == file:
            return None
        # The length of this part is estimated as well, and may be too small.
        return Successor(
            lambda _like: ContinuedReader(self.own(music), lambda stop: self._more_mpeg(music, stop)), decides=True
        )


def _in_shape(reader: FrameReader, like: StreamInfo) -> FrameReader:
    """`reader`, if it delivers what `like` says."""
    if (reader.info.sample_rate_hz, reader.info.channels) != (like.sample_rate_hz, like.channels):
        reader.close()
        raise StreamBrokenError(FailureReason.CORRUPT, "another rate or other channels")
    return reader
