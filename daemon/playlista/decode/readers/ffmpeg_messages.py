"""What the messages of ffmpeg mean: damage, a missing decoder, too little memory, a read that failed.

Input: the lines that it wrote to its standard error, in English. Output: answers to questions about them. Who is to
blame, and what becomes of the track, is for ``ffmpeg`` to say.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable

from playlista.decode.layouts import UNKNOWN, ChannelLayout, default_layout, named_layout

_SHORTAGES = ("Cannot allocate memory", "Resource temporarily unavailable", "bad_alloc")
#: How demuxers say that the file ends before what its header announces. Some versions of ffmpeg then end as if memory
#: had been short; but what could not be read had been given its memory.
_MISSING_DATA = "Failed to read "
#: Of one or two MPEG frame headers somewhere in what may be anything; a row of frames scores 25.
_GUESSED = "with low score of 1,"
#: Said by a demuxer that gave up; the exit status may be 0 all the same.
_DEMUXING_ENDED = "Error during demuxing"
_DAMAGE = ("CRC mismatch", "CRC error", "Error", "Invalid")
_ERRORS = ("Error", "Invalid", _MISSING_DATA)
#: Said of a picture or another tag that is broken, whatever the sound is like.
_OF_TAGS = re.compile(r"picture|cover art|lyrics|Error reading frame \w+, skipped")
#: How it says that a read failed, with whatever exit status. Demuxers say so of files that are cut short, too.
_STORAGE_ERRORS = (
    *(errno.EIO, errno.ENOTCONN, errno.ETIMEDOUT, errno.ESTALE, errno.EHOSTDOWN, errno.EHOSTUNREACH),
    *(errno.ENETDOWN, errno.ENXIO, errno.EREMOTEIO),
)
_FAILED_READS = tuple(map(os.strerror, _STORAGE_ERRORS))
#: Said of a codec that it knows by name and cannot decode.
_UNSUPPORTED = re.compile(r"ecoder .*not found|no decoder found|not (yet )?implemented|patches welcome")
#: ISO/IEC 14496-3 has a number for each kind of AAC; ffmpeg calls them all so.
_OBJECT_TYPE = re.compile(r"Audio object type (\d+)")
_USAC = "42"
#: "  Stream #0:0: Audio: pcm_f32le ([3][0][0][0] / 0x0003), 44100 Hz, 5.1(side), flt, 8467 kb/s", as we asked for it.
_OUTPUT_LAYOUT = re.compile(r": Audio: pcm_f32le.*? Hz, ([^,]+), flt")
#: What stands before the error itself: the module, and the input, which is a number of ours and tells people nothing.
_SPEAKER = re.compile(r"^(\[[^\]]*\] *)*(\S*/fd/\d+\S*: *)?")
_STEREO = 2


def complaints(lines: Iterable[str]) -> list[str]:
    """What modules said about damage, without their names."""
    told = (line for line in lines if line.startswith("["))  # by a module, not in a tag
    return [_without_speaker(line) for line in told if _tells_of(line, _DAMAGE)]


def first_complaint(said: str) -> str:
    """The first line that tells of an error, without the module and the input that said it; empty where none does."""
    return _without_speaker(next((line for line in said.splitlines() if _tells_of(line, _ERRORS)), ""))


def tells_of_failed_read(lines: Iterable[str]) -> bool:
    """Whether it could not read on, which the file may be to blame for or what it lies on."""
    told = (line for line in lines if not line.startswith(" "))  # tags are indented
    return any(line.endswith(_FAILED_READS) for line in told)


def tells_of_early_end(said: str) -> bool:
    """Whether a demuxer gave up."""
    return _DEMUXING_ENDED in said


def is_short_of_memory(said: str) -> bool:
    """Whether memory was short; not where the file ends too early."""
    return _MISSING_DATA not in said and any(shortage in said for shortage in _SHORTAGES)


def is_guess(said: str) -> bool:
    """Whether the file was taken for sound by a mark or two that anything may have."""
    return _GUESSED in said


def lacks_decoder(said: str) -> bool:
    """Whether it knows the codec and cannot decode it."""
    return _UNSUPPORTED.search(said) is not None


def kind_of_aac(said: str) -> str | None:
    """The kind of AAC that it names by number; None where it names none."""
    kind = _OBJECT_TYPE.search(said)
    if kind is None:
        return None
    return "xHE-AAC" if kind[1] == _USAC else f"AAC of object type {kind[1]}"


def told_layout(line: str, channels: int) -> ChannelLayout:
    """The layout of the stream that ffmpeg writes, by its own words: one that no channel mask can hold (22.2)."""
    match = _OUTPUT_LAYOUT.search(line)
    layout = named_layout(match[1]) if match else UNKNOWN
    if len(layout) == channels:
        return layout
    return default_layout(channels) if channels <= _STEREO else UNKNOWN


def _tells_of(line: str, signs: tuple[str, ...]) -> bool:
    return any(sign in line for sign in signs) and not _OF_TAGS.search(line)


def _without_speaker(line: str) -> str:
    return _SPEAKER.sub("", line).strip()
