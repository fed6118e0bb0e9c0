"""The four bytes in front of every MPEG audio frame: layer, rate, bit rate, and so the place of the next one.

Input: bytes. Output: a parsed header, or None where there is none.
"""

from __future__ import annotations

from dataclasses import dataclass

_MPEG1_KBPS = {
    1: (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    2: (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    3: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
}
_MPEG2_KBPS = {
    1: (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    3: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MPEG1_RATES_HZ = (44100, 48000, 32000)


@dataclass(frozen=True, slots=True)
class MpegHeader:
    """One MPEG audio frame header (ISO/IEC 11172-3, 2.4.1.3 and 13818-3); `frame_bytes` is None in free format."""

    is_mpeg1: bool
    layer: int
    sample_rate_hz: int
    is_mono: bool
    frame_bytes: int | None

    @property
    def samples_per_frame(self) -> int:
        """Samples a channel in each frame."""
        if self.layer == 1:
            return 384
        return 1152 if self.layer == 2 or self.is_mpeg1 else 576

    def continues(self, other: MpegHeader) -> bool:
        """Whether a frame with this header can follow one with `other` in one stream."""
        return (self.is_mpeg1, self.layer, self.sample_rate_hz) == (other.is_mpeg1, other.layer, other.sample_rate_hz)


def parse_mpeg_header(head: bytes) -> MpegHeader | None:
    """The MPEG audio header at the start of `head`; None where there is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = (head[1] >> 3) & 3, 4 - ((head[1] >> 1) & 3)
    bitrate_index, rate_index = head[2] >> 4, (head[2] >> 2) & 3
    if version == 1 or layer == 4 or bitrate_index == 15 or rate_index == 3:
        return None
    is_mpeg1 = version == 3
    rate_hz = _MPEG1_RATES_HZ[rate_index] // {3: 1, 2: 2, 0: 4}[version]
    header = MpegHeader(is_mpeg1, layer, rate_hz, head[3] >> 6 == 3, None)
    if bitrate_index == 0:
        return header
    kbps = (_MPEG1_KBPS if is_mpeg1 else _MPEG2_KBPS)[layer][bitrate_index - 1]
    padding = (head[2] >> 1) & 1
    slot_bytes = 4 if layer == 1 else 1
    slots = header.samples_per_frame // 8 // slot_bytes * kbps * 1000 // rate_hz + padding
    return MpegHeader(is_mpeg1, layer, rate_hz, header.is_mono, slots * slot_bytes)


def mpeg_frame_length(head: bytes) -> int | None:
    """Bytes of the MPEG frame at the start of `head`, 4 for one of free format; None where there is no header."""
    header = parse_mpeg_header(head)
    if header is None:
        return None
    return header.frame_bytes or 4
