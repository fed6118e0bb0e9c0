"""Compressed sound that poses as the samples of a WAV file, as it is written to CDs for surround decoders.

Input: a WAV file of 16-bit stereo. Output: the name of what it holds, or None where it holds samples. Played as samples
it is noise at full level. The sync words are those of ETSI TS 102 114 (DTS), ETSI TS 102 366 (AC-3) and IEC 61937.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from playlista.decode.byte_search import peek
from playlista.decode.wave_header import WAVE_PCM, WaveHeader

#: Silence may come first: this much is searched, six seconds of a CD.
_SEARCH_BYTES = 1024 * 1024
_FRAME_BYTES = (96, 65536)
_BITS = 16
#: For DTS the bits behind the sync word are included that a normal frame always has: a saw-tooth at full level jumps
#: as the sync word does.
_SYNC_WORDS: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("DTS", re.compile(rb"\x7f\xfe\x80\x01[\xfc-\xff]")),
    ("DTS", re.compile(rb"\xfe\x7f\x01\x80.[\xfc-\xff]", re.DOTALL)),
    ("DTS", re.compile(rb"\x1f\xff\xe8\x00\x07[\xf0-\xff]")),
    ("DTS", re.compile(rb"\xff\x1f\x00\xe8[\xf0-\xff]\x07")),
    ("IEC 61937", re.compile(rb"\x72\xf8\x1f\x4e|\xf8\x72\x4e\x1f")),
)
#: Two bytes, which samples may well be: whether ffmpeg finds frames there decides.
_AC3 = re.compile(rb"\x0b\x77|\x77\x0b")


@dataclass(frozen=True, slots=True)
class Bitstream:
    """What a WAV file seems to hold, and whether that is certain whatever ffmpeg makes of it."""

    name: str
    is_certain: bool


def find_bitstream(descriptor: int, header: WaveHeader) -> Bitstream | None:
    """What the samples of a WAV file hold instead of samples.

    Raises
    ------
    OSError : the file cannot be read.
    """
    if header.coding != WAVE_PCM or header.bits != _BITS or header.channels != 2:
        return None
    content = peek(descriptor, _SEARCH_BYTES, header.data_start)
    for name, pattern in _SYNC_WORDS:
        places = [match.start() for match in pattern.finditer(content)]
        if places and any(after - place in range(*_FRAME_BYTES) for place, after in itertools.pairwise(places)):
            return Bitstream(name, is_certain=_is_regular(places))
    begins = len(content) - len(content.lstrip(b"\0"))
    return Bitstream("AC-3", is_certain=False) if _AC3.match(content, begins - begins % 2) else None


def _is_regular(places: list[int]) -> bool:
    """Whether three sync words in a row have the same distance."""
    distances = [after - place for place, after in itertools.pairwise(places)]
    return any(one == next_one and one in range(*_FRAME_BYTES) for one, next_one in itertools.pairwise(distances))
