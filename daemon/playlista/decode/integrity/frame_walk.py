"""Follows the frames of an MP3 or of AAC in ADTS through a file: does each begin where the one before it ends?

Input: an open file and how far it was decoded. Output: how often frames do not follow, and where first. Tags between
frames are skipped, as is the seam to a joined file of another kind. The file is read in windows of 256 KiB, and a
search for the next frame behind a damage has an end, so that a hostile file costs some seconds at most.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playlista.decode.byte_search import peek
from playlista.decode.containers import tag_length
from playlista.decode.integrity.frame_headers import FrameHeaders

_WINDOW_BYTES = 256 * 1024
_HEAD_BYTES = 7
_LONGEST_FRAME_BYTES = 8191
#: One header may be chance, as many in a row are not.
_ROW_FRAMES = 4
_ROW_BYTES = _ROW_FRAMES * _LONGEST_FRAME_BYTES
#: All searches of one file together go no further: what is behind more noise than this is not followed.
_SEARCH_BYTES = 2 * 1024 * 1024
_ID3V1_BYTES = 128
#: Places that are no frame of the stream, of which so many are looked at: tags, seams, breaks.
_MAX_LOOKS = 2000
#: Fewer bytes at the end are the beginning of a frame that was cut.
_REST_BYTES = 2048


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where no frame follows: seconds of music in front of it, and its byte in the file."""

    seconds: float
    byte: int


class FrameWalk:
    """Follows the frames from `start` to `end`, as far as ``advance`` lets it.

    Parameters
    ----------
    span : where the first frame begins, and the end of what is not a tag or zeros.
    size : the end of the file; the last frame may end with zeros.
    headers : makes the headers of a new stream.
    passed : told the bytes of whole frames, in order, up to the first break; None where nobody asks.

    Attributes
    ----------
    breaks : places where the next frame is not where the last one ends.
    cut_bytes : bytes of a frame that goes on behind the end.
    gave_up : whether so much noise stands between frames that the rest was not followed.
    """

    def __init__(
        self,
        descriptor: int,
        span: tuple[int, int],
        size: int,
        headers: Callable[[], FrameHeaders],
        passed: Callable[[memoryview], object] | None = None,
    ) -> None:
        self._descriptor = descriptor
        self._position, self._end = span
        self._size = size
        self._make_headers = headers
        self._headers = headers()
        self._passed = passed
        self._frames = 0
        self._seconds_before = 0.0
        self._searched = self._looks = 0
        self.breaks = self.cut_bytes = 0
        self.first_break: Break | None = None
        self.gave_up = False

    @property
    def name(self) -> str:
        """What people call these frames."""
        return self._headers.name

    def advance(self, limit: int) -> None:
        """Follow the frames that begin before the byte `limit`, as soon as it is a window ahead or at the end.

        Raises
        ------
        OSError : the file cannot be read.
        """
        if limit < self._end and limit - self._position < _WINDOW_BYTES:
            return
        limit = min(limit, self._end)
        while self._position < limit:
            window = peek(self._descriptor, min(_WINDOW_BYTES, self._size - self._position), self._position)
            taken = self._follow(window, limit - self._position)
            if taken == 0:
                self._look_around(window)

    def _follow(self, window: bytes, limit: int) -> int:
        """Go over the whole frames at the start of `window`; how many bytes that were."""
        length, offset, frames, last = self._headers.length, 0, self._frames, min(limit - 1, len(window) - _HEAD_BYTES)
        while offset <= last:
            step = length(window, offset)
            if step == 0 or offset + step > len(window):
                break
            offset += step
            frames += 1
        self._frames = frames
        self._position += offset
        if offset and self._passed and not self.breaks:
            self._passed(memoryview(window)[:offset])
        return offset

    def _look_around(self, window: bytes) -> None:
        """No whole frame of this stream is here: a tag, the seam to another stream, the end, or a damage."""
        self._looks += 1
        if self._looks > _MAX_LOOKS:
            self.gave_up, self._position = True, self._end
            return
        left = self._end - self._position
        if self._headers.length(window, 0) > len(window) >= left:
            self.cut_bytes, self._position = left, self._end
            return
        skipped = tag_length(window) or (_ID3V1_BYTES if window.startswith(b"TAG") else 0)
        if skipped:
            self._position += skipped
            return
        if self._row_at(window, 0):
            self._begin_stream()
            return
        if left < _REST_BYTES:
            self.cut_bytes, self._position = left, self._end
            return
        self._search()

    def _begin_stream(self) -> None:
        self._seconds_before += self._headers.seconds(self._frames)
        self._frames = 0
        self._headers = self._make_headers()

    def _search(self) -> None:
        """Count a break, and go to the next row of frames."""
        self.breaks += 1
        if self.first_break is None:
            self.first_break = Break(self._seconds_before + self._headers.seconds(self._frames), self._position)
        found = self._next_row(self._position + 1)
        if found is not None:
            self._begin_stream()
        self._position = self._end if found is None else found

    def _next_row(self, start: int) -> int | None:
        """Where the next row of frames begins from `start` on; None where none does, or the search was too long."""
        while start < self._end:
            if self._searched >= _SEARCH_BYTES:
                self.gave_up = True
                return None
            window = peek(self._descriptor, min(_WINDOW_BYTES, self._size - start), start)
            is_last = len(window) < _WINDOW_BYTES
            found = self._find_row(window, is_last=is_last)
            self._searched += len(window) if found is None else found
            if found is not None:
                return start + found
            if is_last:
                return None
            start += len(window) - _ROW_BYTES
        return None

    def _find_row(self, window: bytes, *, is_last: bool) -> int | None:
        end = len(window) if is_last else len(window) - _ROW_BYTES
        for match in self._headers.sync.finditer(window, 0, end + 1):
            if self._row_at(window, match.start()):
                return match.start()
        return None

    def _row_at(self, window: bytes, offset: int) -> bool:
        """Whether so many whole frames of one kind stand at `offset` that it is no chance."""
        headers = self._make_headers()
        for _ in range(_ROW_FRAMES):
            step = headers.length(window, offset)
            if step == 0 or offset + step > len(window):
                return False
            offset += step
        return True
