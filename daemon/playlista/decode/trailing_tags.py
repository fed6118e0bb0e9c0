"""Where the sound of a file ends in front of the tags and the padding that other programs put behind it.

Input: an open file. Output: a position. The tags are ID3v1 and its extension, Lyrics3 (https://id3.org/Lyrics3v2),
APEv2, and ID3v2 with a footer (ID3v2.4, section 3.4); several may follow each other, with zeros between them.
"""

from __future__ import annotations

from playlista.decode.byte_search import peek

_MAX_STEPS = 16
_ID3V1_BYTES, _ID3V1_EXTENSION_BYTES = 128, 227
_FOOTER_BYTES = 32
_ID3V2_HEAD_BYTES = 10
_LYRICS3_V1_BYTES = 5100
_LYRICS3_END_BYTES = 15
_WINDOW_BYTES = 64 * 1024


def sound_end(descriptor: int, start: int, end: int) -> int:
    """The byte behind the last one between `start` and `end` that is neither zero nor part of a tag.

    Raises
    ------
    OSError : the file cannot be read.
    """
    for _ in range(_MAX_STEPS):
        # Zeros come second, since the last of them may be a tag's own: an empty comment of ID3v1 ends with them.
        length = _tag_bytes(descriptor, start, end)
        before = max(start, end - length) if length else _before_zeros(descriptor, start, end)
        if before == end:
            break
        end = before
    return end


def _before_zeros(descriptor: int, start: int, end: int) -> int:
    while end > start:
        window = peek(descriptor, min(_WINDOW_BYTES, end - start), max(start, end - _WINDOW_BYTES))
        kept = window.rstrip(b"\0")
        if kept or not window:
            return end - len(window) + len(kept)
        end -= len(window)
    return start


def _tag_bytes(descriptor: int, start: int, end: int) -> int:
    """Bytes of the tag that ends at `end`; 0 where none does."""
    tail = peek(descriptor, min(_ID3V1_BYTES + _ID3V1_EXTENSION_BYTES, end - start), max(start, end - 355))
    if tail[-_ID3V1_BYTES:][:3] == b"TAG":
        extended = tail[:-_ID3V1_BYTES][-_ID3V1_EXTENSION_BYTES:][:4] == b"TAG+"
        return _ID3V1_BYTES + (_ID3V1_EXTENSION_BYTES if extended else 0)
    return _footer_tag_bytes(tail) or _lyrics_bytes(descriptor, start, end, tail)


def _footer_tag_bytes(tail: bytes) -> int:
    """Bytes of an APEv2 or ID3v2 tag by the footer at the end of `tail`."""
    footer = tail[-_FOOTER_BYTES:]
    if footer[:8] == b"APETAGEX" and len(footer) == _FOOTER_BYTES:
        has_header = footer[23] & 0x80
        return int.from_bytes(footer[12:16], "little") + (_FOOTER_BYTES if has_header else 0)
    footer = tail[-_ID3V2_HEAD_BYTES:]
    if footer[:3] == b"3DI":
        body = (footer[6] & 0x7F) << 21 | (footer[7] & 0x7F) << 14 | (footer[8] & 0x7F) << 7 | footer[9] & 0x7F
        return body + 2 * _ID3V2_HEAD_BYTES
    return 0


def _lyrics_bytes(descriptor: int, start: int, end: int, tail: bytes) -> int:
    if tail.endswith(b"LYRICS200") and tail[-_LYRICS3_END_BYTES:-9].isdigit():
        return int(tail[-_LYRICS3_END_BYTES:-9]) + _LYRICS3_END_BYTES
    if tail.endswith(b"LYRICSEND"):
        begin = max(start, end - _LYRICS3_V1_BYTES - 20)
        place = peek(descriptor, end - begin, begin).find(b"LYRICSBEGIN")
        return end - begin - place if place >= 0 else 0
    return 0
