"""Lengths of the frames of MPEG audio and of AAC in ADTS, as far as one stream of them goes on.

Input: bytes and a place in them. Output: how many bytes the frame there has; 0 where none of the same stream begins.
"""

from __future__ import annotations

import re
from typing import Protocol

from playlista.decode.containers import is_adts_header
from playlista.decode.mpeg_header import MpegHeader, parse_mpeg_header

_ADTS_HEAD_BYTES = 7
_ADTS_BLOCK_SAMPLES = 1024
#: ISO/IEC 14496-3, table 1.18.
_ADTS_RATES_HZ = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)


class FrameHeaders(Protocol):
    """The headers of one stream: the first frame that is asked for says what the others must be like."""

    @property
    def name(self) -> str:
        """What people call such frames."""

    @property
    def sync(self) -> re.Pattern[bytes]:
        """Where a header may begin."""

    def length(self, window: bytes, offset: int) -> int:
        """Bytes of the frame at `offset`; 0 where there is none of this stream, or its length is not stated."""

    def seconds(self, frames: int) -> float:
        """How long so many frames last."""


class MpegHeaders:
    """Layer 1 to 3 of MPEG-1, 2 and 2.5; a stream keeps version, layer and rate (ISO/IEC 11172-3, 2.4.2.3)."""

    name = "MPEG"
    sync = re.compile(rb"\xff(?=[\xe2-\xff])")

    def __init__(self) -> None:
        self._first: MpegHeader | None = None
        #: At most 8,192 headers differ in what their length depends on.
        self._lengths: dict[bytes, int] = {}

    def length(self, window: bytes, offset: int) -> int:
        """See ``FrameHeaders``."""
        head = window[offset : offset + 3]
        length = self._lengths.get(head)
        return self._parse(window[offset : offset + 4]) if length is None else length

    def seconds(self, frames: int) -> float:
        """See ``FrameHeaders``."""
        return frames * self._first.samples_per_frame / self._first.sample_rate_hz if self._first else 0.0

    def _parse(self, head: bytes) -> int:
        header = parse_mpeg_header(head)
        if header is None or not header.frame_bytes:
            return 0
        self._first = self._first or header
        length = header.frame_bytes if header.continues(self._first) else 0
        self._lengths[head[:3]] = length
        return length


class AdtsHeaders:
    """AAC in ADTS; all frames have the same fixed header (ISO/IEC 14496-3, 1.A.2.2.1)."""

    name = "ADTS"
    sync = re.compile(rb"\xff(?=[\xf0\xf1\xf8\xf9])")

    def __init__(self) -> None:
        self._fixed = b""
        self._samples = 0
        self._rate_hz = 1

    def length(self, window: bytes, offset: int) -> int:
        """See ``FrameHeaders``."""
        head = window[offset : offset + _ADTS_HEAD_BYTES]
        if not is_adts_header(head):
            return 0
        # Bits that may change from frame to frame: private, original, home and the copyright's.
        fixed = bytes((head[1], head[2] & 0xFD, head[3] & 0xC0))
        if not self._fixed:
            self._fixed, self._rate_hz = fixed, _ADTS_RATES_HZ[head[2] >> 2 & 0xF]
            self._samples = _ADTS_BLOCK_SAMPLES * ((head[6] & 3) + 1)
        length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        return length if fixed == self._fixed and length > _ADTS_HEAD_BYTES else 0

    def seconds(self, frames: int) -> float:
        """See ``FrameHeaders``."""
        return frames * self._samples / self._rate_hz
