"""How long a file says it is: a claim to compare with, never a size to allocate.

Input: an open file whose container is known. Output: the declared number of frames, or None where the
header is silent, holds a value that stands for "unknown" (streamed WAV, FLAC from a pipe), or is of a kind whose
decoder says it better. Each parser reads a few bytes at a few places and survives whatever it finds there.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import islice

from playlista.decode.byte_search import peek
from playlista.decode.containers import Container, Identified
from playlista.decode.mpeg_header import parse_mpeg_header
from playlista.decode.wave_header import UNKNOWN_SIZES, parse_wave_header, riff_chunks

_FLAC_UNKNOWN_TOTALS = frozenset({0, 2**36 - 1})
_MAX_CHUNKS = 1000
_OGG_TAIL_BYTES = 128 * 1024
_OGG_HEAD_BYTES = 27
_OGG_END_FLAG = 4
#: The head and the segment of a Matroska or WebM file.
_EBML_IDS = (bytes.fromhex("1a45dfa3"), bytes.fromhex("18538067"))
#: libsndfile rounds an Opus header's rate, which it takes for a signed number, up to 8, 12, 16, 24 or 48 kHz.
_OPUS_HALF_BAND_HZ = 24000
#: Codings of Sun/NeXT files that are not compressed: mu-law, 8 to 32 bits, float, double, A-law.
_AU_SAMPLE_BYTES = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}
_IMA4_FRAMES = 64
_ASF_HEAD_BYTES = 64 * 1024
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
#: Content Encryption and Extended Content Encryption (ASF specification, 3.14 and 3.15).
_ASF_ENCRYPTION = (
    bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e"),
    bytes.fromhex("14e68a292226174cb935dae07ee9289c"),
)
_ASF_VIDEO = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")
_ASF_TICKS_HZ = 10_000_000


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a header says of the length, in frames or, where it has no rate, in seconds; both None: it does not say."""

    frames: int | None = None
    seconds: float | None = None

    def frames_at(self, rate_hz: int) -> int | None:
        """The length in frames at the rate at which they are decoded."""
        return self.frames if self.seconds is None else round(self.seconds * rate_hz)


def declared_length(descriptor: int, file: Identified) -> Declaration | None:
    """What the header of `file` claims; None for a kind whose decoder has to say it.

    Raises
    ------
    OSError : the file cannot be read.
    """
    if file.container is Container.ASF:
        return Declaration(seconds=_asf_seconds(descriptor, file))
    parsers = {
        Container.WAV: _wave_frames,
        Container.RF64: _wave_frames,
        Container.W64: _wave_frames,
        Container.AIFF: _aiff_frames,
        Container.FLAC: _flac_frames,
        Container.MPEG: _mpeg_frames,
        Container.AU: _au_frames,
        Container.CAF: _caf_frames,
    }
    parse = parsers.get(file.container)
    return Declaration(parse(descriptor, file)) if parse else None


def ogg_has_end(descriptor: int, file: Identified) -> bool:
    """Whether the last page is whole and ends its stream, as RFC 3533 requires of the last page of every stream."""
    tail = peek(descriptor, _OGG_TAIL_BYTES, max(0, file.size - _OGG_TAIL_BYTES))
    page = tail[tail.rfind(b"OggS\0") :]
    if len(page) < _OGG_HEAD_BYTES or not page[5] & _OGG_END_FLAG:
        return False
    segments = page[_OGG_HEAD_BYTES : _OGG_HEAD_BYTES + page[26]]
    return len(page) >= _OGG_HEAD_BYTES + page[26] + sum(segments)


def asf_is_protected(descriptor: int, file: Identified) -> bool:
    """Whether the header of a WMA file names the key that its sound is encrypted with."""
    head = peek(descriptor, _ASF_HEAD_BYTES, file.start)
    return any(guid in head for guid in _ASF_ENCRYPTION)


def matroska_is_cut(descriptor: int, file: Identified) -> bool:
    """Whether the file ends before its one segment does (RFC 8794, section 4: sizes of variable length).

    Of a file with several streams nothing states when the sound alone ends.
    """
    position = file.start
    for _ in range(2):
        head = peek(descriptor, 12, position)
        width = 9 - head[4].bit_length() if len(head) == 12 and head[4] else 0
        if not width or head[:4] not in _EBML_IDS:
            return False
        size = int.from_bytes(head[4 : 4 + width], "big") & (1 << 7 * width) - 1
        if head[:4] == _EBML_IDS[1]:
            return size != (1 << 7 * width) - 1 and position + 4 + width + size > file.size
        position += 4 + width + size
    return False


def libsndfile_reads_ogg(descriptor: int, file: Identified) -> bool:
    """Whether the first stream of an Ogg file is one that libsndfile decodes as it should be.

    It knows no FLAC inside Ogg, and decodes Opus at the rate that the header gives for information, down to 8 kHz;
    RFC 7845, section 5.1 has it decoded at 48 kHz whatever that rate was.
    """
    head = peek(descriptor, _OGG_HEAD_BYTES + 255 + 16, file.start)
    packet = head[_OGG_HEAD_BYTES + head[26] :] if len(head) > _OGG_HEAD_BYTES else b""
    if packet.startswith(b"OpusHead"):
        return _OPUS_HALF_BAND_HZ < int.from_bytes(packet[12:16], "little") < 2**31
    return not packet.startswith((b"\x7fFLAC", b"fLaC", b"Speex   "))


def _wave_frames(descriptor: int, file: Identified) -> int | None:
    header = parse_wave_header(descriptor, file)
    return header.declared_frames if header else None


def _aiff_frames(descriptor: int, file: Identified) -> int | None:
    for name, body, _length in islice(riff_chunks(descriptor, file.start, ">"), _MAX_CHUNKS):
        fields = peek(descriptor, 22, body) if name == b"COMM" else b""
        if len(fields) >= 6:
            frames = struct.unpack(">I", fields[2:6])[0]
            # Compressed by IMA ADPCM the field counts packets of 64 frames (QuickTime File Format, "ima4").
            frames_each = _IMA4_FRAMES if fields[18:22] == b"ima4" else 1
            return None if frames in UNKNOWN_SIZES else frames * frames_each
    return None


def _asf_seconds(descriptor: int, file: Identified) -> float | None:
    """Play duration less the time for which players fill their buffer; None for a film, whose picture may last longer.

    ffmpeg drops this figure where the file is shorter than its header says, which is where it matters.
    """
    head = peek(descriptor, _ASF_HEAD_BYTES, file.start)
    body = head.find(_ASF_FILE_PROPERTIES) + 24
    if body < 24 or len(head) < body + 64 or _ASF_VIDEO in head:
        return None
    play_ticks, _send_ticks, preroll_ms = struct.unpack_from("<QQQ", head, body + 40)
    return max(0.0, play_ticks / _ASF_TICKS_HZ - preroll_ms / 1000) or None


def _au_frames(descriptor: int, file: Identified) -> int | None:
    head = peek(descriptor, 24, file.start)
    if len(head) < 24:
        return None
    data_bytes, coding, _rate_hz, channels = struct.unpack_from(">4I", head, 8)
    frame_bytes = _AU_SAMPLE_BYTES.get(coding, 0) * channels
    return data_bytes // frame_bytes if frame_bytes and data_bytes not in UNKNOWN_SIZES else None


def _caf_frames(descriptor: int, file: Identified) -> int | None:
    """Frames by the size of the data chunk and of its packets, all of one size; None where their sizes vary.

    None as well for a size of -1: "until the end". A packet is a frame, or a block of a compressed coding.
    """
    position, packet_bytes, packet_frames = file.start + 8, 0, 0
    for _ in range(_MAX_CHUNKS):
        head = peek(descriptor, 12, position)
        if len(head) < 12:
            return None
        length = struct.unpack(">q", head[4:])[0]
        if head[:4] == b"desc":
            sizes = peek(descriptor, 8, position + 12 + 16)
            packet_bytes, packet_frames = int.from_bytes(sizes[:4], "big"), int.from_bytes(sizes[4:], "big")
        elif head[:4] == b"data":
            # Before the samples there are four bytes that count edits.
            return (length - 4) // packet_bytes * packet_frames if length > 4 and packet_bytes else None
        position += 12 + max(0, length)
    return None


def _flac_frames(descriptor: int, file: Identified) -> int | None:
    """Total samples of STREAMINFO (RFC 9639, 8.2): 36 bits, 0 for unknown."""
    head = peek(descriptor, 26, file.start)
    if len(head) < 26 or head[4] & 0x7F != 0:
        return None
    total = (head[21] & 0xF) << 32 | int.from_bytes(head[22:26], "big")
    return None if total in _FLAC_UNKNOWN_TOTALS else total


def _mpeg_frames(descriptor: int, file: Identified) -> int | None:
    """Frames by the Xing, Info or VBRI header in the first MPEG frame, less the encoder's delay and padding."""
    head = peek(descriptor, 512, file.start)
    header = parse_mpeg_header(head)
    if header is None:
        return None
    if head[36:40] == b"VBRI":
        return int.from_bytes(head[50:54], "big") * header.samples_per_frame
    side_info_bytes = (17 if header.is_mono else 32) if header.is_mpeg1 else (9 if header.is_mono else 17)
    xing = head[4 + side_info_bytes :]
    flags = int.from_bytes(xing[4:8], "big")
    if xing[:4] not in {b"Xing", b"Info"} or not flags & 1:
        return None
    total = int.from_bytes(xing[8:12], "big")
    if total in UNKNOWN_SIZES:
        return None
    lame = xing[8 + 4 * (flags & 0b1011).bit_count() + (100 if flags & 4 else 0) :]
    trimmed = int.from_bytes(lame[21:24], "big") if lame[:4] in {b"LAME", b"Lavf", b"Lavc"} else 0
    return max(0, total * header.samples_per_frame - (trimmed >> 12) - (trimmed & 0xFFF))
