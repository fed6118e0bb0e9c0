"""The checksum that LAME, and ffmpeg like it, write into the first frame of an MP3 over all the others.

Input: an open file and where its first frame stands. Output: which bytes the checksum covers, and its value. Field
positions are those of "Mp3 Info Tag rev 1" (http://gabriel.mp3-tech.org/mp3infotag.html).
"""

from __future__ import annotations

from dataclasses import dataclass

from playlista.decode.byte_search import peek
from playlista.decode.integrity.crc16 import Crc16
from playlista.decode.mpeg_header import parse_mpeg_header

_INFO_FRAME_BYTES = 2048
#: Where a Xing or Info header stands, by MPEG version and channels.
_XING_OFFSETS = {(True, False): 36, (True, True): 21, (False, False): 21, (False, True): 13}
_ALL_FIELDS = 0x0F
_LAME_OFFSET, _LAME_BYTES = 120, 36
_LENGTH, _MUSIC_CRC = slice(28, 32), slice(32, 34)
_WRITERS = (b"LAME", b"Lavf", b"Lavc")


@dataclass(frozen=True, slots=True)
class LameTag:
    """What was written: first byte and end of the frames that are covered, and their CRC-16."""

    start: int
    end: int
    checksum: int


def read_lame_tag(descriptor: int, position: int) -> LameTag | None:
    """The tag in the first frame, at `position`; None where there is none.

    Raises
    ------
    OSError : the file cannot be read.
    """
    frame = peek(descriptor, _INFO_FRAME_BYTES, position)
    header = parse_mpeg_header(frame)
    if header is None or not header.frame_bytes:
        return None
    xing = _XING_OFFSETS[header.is_mpeg1, header.is_mono]
    tag = frame[xing + _LAME_OFFSET : xing + _LAME_OFFSET + _LAME_BYTES]
    is_info = frame[xing : xing + 4] in {b"Xing", b"Info"} and frame[xing + 7 : xing + 8] == bytes([_ALL_FIELDS])
    if not is_info or len(tag) < _LAME_BYTES or not tag.startswith(_WRITERS):
        return None
    end = position + int.from_bytes(tag[_LENGTH], "big")
    return LameTag(position + header.frame_bytes, end, int.from_bytes(tag[_MUSIC_CRC], "big"))


class LameChecksum:
    """Compares the frames that pass by with a tag."""

    def __init__(self, tag: LameTag, position: int) -> None:
        self._tag = tag
        self._position = position
        self._crc = Crc16()

    def update(self, frames: memoryview) -> None:
        """Take in the next bytes of the file from the first frame on."""
        start, end = (min(len(frames), max(0, edge - self._position)) for edge in (self._tag.start, self._tag.end))
        self._crc.update(frames[start:end])
        self._position += len(frames)

    @property
    def is_whole(self) -> bool:
        """Whether all bytes that the checksum covers have passed."""
        return self._position >= self._tag.end

    @property
    def fits(self) -> bool:
        """Whether they are those that the encoder wrote."""
        return self.is_whole and self._crc.value == self._tag.checksum
