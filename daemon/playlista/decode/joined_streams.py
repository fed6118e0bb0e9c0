"""Where the next of several streams in one file begins, and who reads each: chained Ogg, FLAC files joined.

Input: an open file, and the byte at which a reader stopped. Output: readers of the parts, for a ``JoinedReader``.
"""

from __future__ import annotations

from typing import Protocol

from playlista.decode.byte_search import SEARCH_BYTES, find_flac_stream, find_ogg_link
from playlista.decode.containers import Identified, identify_part
from playlista.decode.flac_frames import has_flac_frame_behind
from playlista.decode.headers import libsndfile_reads_ogg
from playlista.decode.readers.continued import ContinuedReader, Stop, Successor
from playlista.decode.readers.joined import JoinedReader
from playlista.decode.source import FrameReader, StreamInfo

#: More than this, of which no frame can be recognized, behind the place where reading ended is worth a child.
_UNREAD_SOUND_BYTES = 32 * 1024
#: libsndfile may have read this much of what follows a stream before it notices the end: an Ogg page, a FLAC buffer.
_READ_AHEAD_BYTES = 128 * 1024


class Opener(Protocol):
    """Makes readers of one open file."""

    @property
    def descriptor(self) -> int:
        """The open file."""

    def own(self, file: Identified) -> FrameReader:
        """A reader in this process."""

    def child(self, file: Identified, *, like: StreamInfo | None = None) -> FrameReader:
        """An ffmpeg, at the rate and channels of `like` where that is given."""


class OggLinks:
    """The links of an Ogg file (RFC 3533, section 4: a chained stream), each of which may hold anything."""

    def __init__(self, readers: Opener, file: Identified) -> None:
        self._readers = readers
        self._file = file
        self._link = file

    def reader(self) -> FrameReader:
        """All links, one behind the other."""
        return JoinedReader(self._open(self._file), self.next)

    def next(self, position: int | None) -> FrameReader | None:
        """The link behind the one at work; None where there is none."""
        start = self._end_of_link(position)
        if start == self._file.size:
            return None
        self._link = identify_part(self._readers.descriptor, start, self._file.size)
        return self._open(self._link)

    def _open(self, link: Identified) -> FrameReader:
        """A reader of the first link of `link`."""
        descriptor = self._readers.descriptor
        if libsndfile_reads_ogg(descriptor, link):
            return ContinuedReader(self._readers.own(link), self._successor)
        # A child goes on into the next link, and not every ffmpeg gets through, so it is shown this one alone.
        end = find_ogg_link(descriptor, link.start, link.size, limit=None)
        if end is not None:
            self._link = identify_part(descriptor, link.start, end)
        return self._readers.child(self._link)

    def _successor(self, stop: Stop) -> Successor | None:
        """ffmpeg, where the pages of this link go on behind a damage.

        libsndfile takes an Opus page that is a sample short for damage, and ffmpeg writes such pages where it converts
        the rate. Every page of Ogg has a checksum, so ffmpeg's silence is proof.
        """
        end = self._end_of_link(stop.position)
        unread = end - (stop.position or 0)
        if unread < (1 if stop.is_broken else _UNREAD_SOUND_BYTES):
            return None
        link = self._link
        if end != link.size:
            link = identify_part(self._readers.descriptor, link.start, end)
        return Successor(lambda like: self._readers.child(link, like=like), decides=True)

    def _end_of_link(self, position: int | None) -> int:
        """Where the link at work ends, of which `position` was reached; the end of the file for the last one."""
        if position is None:
            return self._link.size
        begin = max(self._link.start, position - _READ_AHEAD_BYTES)
        return find_ogg_link(self._readers.descriptor, begin, self._file.size) or self._file.size


class FlacStreams:
    """FLAC files that were joined without more ado."""

    def __init__(self, readers: Opener, file: Identified) -> None:
        self._readers = readers
        self._file = file
        self._start = file.start

    def next(self, position: int | None) -> FrameReader | None:
        """The stream behind the one at work; None where there is none."""
        seam = self._seam(position)
        if seam is None:
            return None
        self._start = seam
        stream = identify_part(self._readers.descriptor, seam, self._file.size)
        return ContinuedReader(self._readers.own(stream), self.successor)

    def successor(self, stop: Stop) -> Successor | None:
        """Who goes on where libsndfile stopped."""
        seam = self._seam(stop.position)
        if seam is not None:
            return self._until(seam) if stop.is_broken else None
        if not stop.is_broken and not self._goes_on(stop):
            return None
        whole = self._file if self._start == self._file.start else self._part(self._file.size)
        return Successor(lambda like: self._readers.child(whole, like=like))

    def _goes_on(self, stop: Stop) -> bool:
        """Whether there is sound behind the total that the header states."""
        position, end = stop.position or 0, self._file.size
        if end - position >= _UNREAD_SOUND_BYTES:
            return True
        span = max(self._start, position - _UNREAD_SOUND_BYTES), end
        return has_flac_frame_behind(self._readers.descriptor, self._start, span, stop.frames)

    def _until(self, seam: int) -> Successor:
        """The stream at work once more, by itself: its decoder lost the last frames to what it found behind them."""
        stream = self._part(seam)

        def reader(_like: StreamInfo) -> FrameReader:
            return ContinuedReader(
                self._readers.own(stream), lambda _stop: Successor(lambda like: self._readers.child(stream, like=like))
            )

        return Successor(reader, decides=True)

    def _part(self, end: int) -> Identified:
        return identify_part(self._readers.descriptor, self._start, end)

    def _seam(self, position: int | None) -> int | None:
        if position is None:
            return None
        begin = max(self._start + 4, position - _READ_AHEAD_BYTES)
        return find_flac_stream(self._readers.descriptor, begin, min(self._file.size, position + SEARCH_BYTES))
