"""Which check a file gets, and the verdict in words.

Input: an identified file, its reader, and the blocks as they are decoded. Output: an ``Integrity``. The bytes
are followed right behind the decoder, where they are still in the page cache:

- FLAC: the MD5 of the samples in STREAMINFO.
- Ogg: the CRC-32 of every page, and page numbers without a gap.
- MP3, MP2, AAC in ADTS: frames that follow each other; where LAME or ffmpeg wrote one, the CRC-16 over them. It cannot
  accuse: mp3gain and programs that cut change frames without renewing it.
- WavPack, Monkey's Audio, TTA, TAK: the checksums of their blocks, which ffmpeg compares.
- What else there is has no checksum.
"""

from __future__ import annotations

from playlista.decode.byte_search import peek
from playlista.decode.containers import Container, Identified
from playlista.decode.integrity.flac_md5 import read_stated_md5
from playlista.decode.integrity.frame_headers import AdtsHeaders, MpegHeaders
from playlista.decode.integrity.frame_walk import FrameWalk
from playlista.decode.integrity.lame_tag import LameChecksum, read_lame_tag
from playlista.decode.integrity.ogg_walk import OggWalk
from playlista.decode.integrity.verdicts import (
    DecoderCheck,
    FlacCheck,
    FrameCheck,
    IntegrityCheck,
    NoCheck,
    OggCheck,
)
from playlista.decode.mpeg_header import parse_mpeg_header
from playlista.decode.readers.ffmpeg import FfmpegReader
from playlista.decode.source import FrameReader
from playlista.decode.trailing_tags import sound_end
from playlista.native.kernels import Kernels

#: What the reader must have found in such a container; frames of FLAC without a head begin like those of ADTS.
_FRAMED = {Container.MPEG: frozenset({"MP1", "MP2", "MP3"}), Container.ADTS: frozenset({"AAC"})}


def made_check(
    descriptor: int, file: Identified, reader: FrameReader, kernels: Kernels | None = None
) -> IntegrityCheck:
    """The check for `file`, computed by `kernels` where there are any.

    Raises
    ------
    OSError : the file cannot be read.
    """
    if file.container is Container.FLAC and (stated := read_stated_md5(descriptor, file)):
        return NoCheck(stated.why_not) if stated.why_not else FlacCheck(stated, reader.info.sample_rate_hz, kernels)
    if file.container is Container.OGG:
        span = file.start, sound_end(descriptor, file.start, file.size)
        return OggCheck(OggWalk(descriptor, span, file.size), reader.info.sample_rate_hz)
    if reader.info.format in _FRAMED.get(file.container, ()):
        return _frame_check(descriptor, file)
    return DecoderCheck(reader) if isinstance(reader, FfmpegReader) else NoCheck(None)


def _frame_check(descriptor: int, file: Identified) -> IntegrityCheck:
    span = file.start, sound_end(descriptor, file.start, file.size)
    if file.container is Container.ADTS:
        return FrameCheck(FrameWalk(descriptor, span, file.size, AdtsHeaders), None)
    header = parse_mpeg_header(peek(descriptor, 4, file.start))
    if header and not header.frame_bytes:
        return NoCheck("frames of free format do not say how long they are")
    tag = read_lame_tag(descriptor, file.start)
    if tag is None:
        return FrameCheck(FrameWalk(descriptor, span, file.size, MpegHeaders), None)
    lame = LameChecksum(tag, file.start)
    return FrameCheck(FrameWalk(descriptor, span, file.size, MpegHeaders, lame.update), lame)
