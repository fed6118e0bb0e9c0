"""Follows the pages of an Ogg file: does each have its checksum, and is none missing?

Input: an open file and how far it was decoded. Output: how many pages are damaged or missing, and where first. Every
byte of an Ogg file stands on a page with a CRC-32, and the pages of a stream are numbered (RFC 3533, section 6). The
file is read in windows of 256 KiB.
"""

from __future__ import annotations

from playlista.decode.byte_search import peek
from playlista.decode.encoded.ogg import is_intact_page

_WINDOW_BYTES = 256 * 1024
_PAGE_HEAD_BYTES = 27
_LONGEST_PAGE_BYTES = _PAGE_HEAD_BYTES + 255 + 255 * 255
_CAPTURE = b"OggS\0"
_FIRST_PAGE_FLAG = 0x02
_UNKNOWN_POSITION = 2**64 - 1
#: Streams that are remembered at a time; a file holds a handful.
_MAX_STREAMS = 64
#: Damaged pages that are looked at.
_MAX_FAULTS = 1000


class OggWalk:
    """Follows the pages, as far as ``advance`` lets it.

    Parameters
    ----------
    span : where the first page begins, and the end of what is not a tag or zeros.
    size : the end of the file; the last page may end with zeros.

    Attributes
    ----------
    pages : pages whose checksum fits.
    damaged : places where no page with a fitting checksum stands.
    gaps : places where page numbers are missing.
    first_fault : (position in samples of the stream before it, byte) of the first fault; None where there is none.
    gave_up : whether there were so many that the rest was not looked at.
    """

    def __init__(self, descriptor: int, span: tuple[int, int], size: int) -> None:
        self._descriptor = descriptor
        self._position, self._end = span
        self._size = size
        self._numbers: dict[bytes, int] = {}
        self._samples = 0
        self._misses = 0
        self._is_in_damage = False
        self.pages = self.damaged = self.gaps = 0
        self.first_fault: tuple[int, int] | None = None
        self.gave_up = False

    def advance(self, limit: int) -> None:
        """Follow the pages that begin before the byte `limit`, as soon as it is a window ahead or at the end.

        Raises
        ------
        OSError : the file cannot be read.
        """
        if limit < self._end and limit - self._position < _WINDOW_BYTES:
            return
        limit = min(limit, self._end)
        while self._position < limit:
            window = peek(self._descriptor, min(_WINDOW_BYTES, self._size - self._position), self._position)
            self._position += self._follow(memoryview(window), limit - self._position)

    def _follow(self, window: memoryview, limit: int) -> int:
        """Go over the pages at the start of `window`; how many bytes that were, 1 at least."""
        offset, is_last = 0, self._position + len(window) >= self._size
        while offset < min(limit, len(window)):
            if not is_last and len(window) - offset < _LONGEST_PAGE_BYTES:
                break
            page = _page_at(window, offset)
            if page is not None and is_intact_page(bytes(page)):
                self._note_page(page, self._position + offset)
                offset += len(page)
                continue
            self._note_damage(self._position + offset)
            if self.gave_up:
                return self._end - self._position
            offset = self._next_page(window, offset + 1, is_last=is_last)
        return max(1, offset)

    def _next_page(self, window: memoryview, start: int, *, is_last: bool) -> int:
        """Where the next intact page of `window` begins, or else what of it need not be looked at again."""
        place = start
        raw = bytes(window)
        while (place := raw.find(_CAPTURE, place)) >= 0:
            page = _page_at(window, place)
            if page is not None and is_intact_page(bytes(page)):
                return place
            self._misses += 1
            if self._misses > _MAX_FAULTS:
                self.gave_up = True
                break
            place += 1
        return len(window) if is_last else max(start, len(window) - _LONGEST_PAGE_BYTES)

    def _note_page(self, page: memoryview, position: int) -> None:
        self.pages += 1
        self._is_in_damage = False
        serial, number = bytes(page[14:18]), int.from_bytes(page[18:22], "little")
        expected = self._numbers.get(serial)
        if expected is not None and number != expected and not page[5] & _FIRST_PAGE_FLAG:
            self.gaps += 1
            self._note_fault(position)
        if len(self._numbers) >= _MAX_STREAMS:
            self._numbers.clear()
        self._numbers[serial] = (number + 1) % 2**32
        samples = int.from_bytes(page[6:14], "little")
        if samples != _UNKNOWN_POSITION:
            self._samples = samples

    def _note_damage(self, position: int) -> None:
        """Bytes that are no intact page; as many of them as follow each other are one damage."""
        if not self._is_in_damage:
            self.damaged += 1
            self._note_fault(position)
        self._is_in_damage = True
        self._numbers.clear()  # the pages that were lost here are not missing besides

    def _note_fault(self, position: int) -> None:
        if self.first_fault is None:
            self.first_fault = self._samples, position
        if self.damaged + self.gaps > _MAX_FAULTS:
            self.gave_up = True


def _page_at(window: memoryview, offset: int) -> memoryview | None:
    """The whole page at `offset`; None where none is."""
    head = window[offset : offset + _PAGE_HEAD_BYTES]
    if len(head) < _PAGE_HEAD_BYTES or head[:5] != _CAPTURE:
        return None
    lacing = window[offset + _PAGE_HEAD_BYTES : offset + _PAGE_HEAD_BYTES + head[26]]
    length = _PAGE_HEAD_BYTES + head[26] + sum(lacing)
    page = window[offset : offset + length]
    return page if len(page) == length else None
