"""Who is right, and why, where the product and ffmpeg differ about a file.

Input: a row of ``quality_files``. Output: one sentence, or None where a difference has no known reason and is a fault.
The judge is the bundled ffmpeg; the product may decode with an older one of the system, which the reasons then say.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

_SIZE, _LOUD, _LAYOUT, _STATUS = "seconds", "LUFS", "layout", "status"

#: Pattern of the file's name, the fields that may differ for the reason, and the reason.
REASONS: tuple[tuple[str, frozenset[str], str], ...] = tuple(
    (pattern, frozenset(fields.split()), reason)
    for pattern, fields, reason in (
        (
            "emptylist.mp3",
            f"{_LOUD} {_STATUS}",
            "both: the file states 3:37 and ends after 1.1 s, so we say partial; of that 0.2 s sound, and ffmpeg also "
            "plays the last frame of 26 ms, which is cut",
        ),
        ("cut.mp3", _STATUS, "we: the file is cut off, and its Xing header says so"),
        ("id3-then-zeros.mp3", _STATUS, "we: the file is cut off, and its Info header says so"),
        ("01 - wrong max blocksize.flac", f"{_SIZE} {_LOUD}", "we: ffmpeg stops at the first block that is too long"),
        ("03 - wrong bit depth.flac", _STATUS, "we: the frames are sound and state their own depth"),
        ("07 - other metadata blocks*.flac", _STATUS, "we: the order of the blocks is wrong, the frames are sound"),
        ("09 - blocksize 1.flac", _STATUS, "we: blocks of one sample are forbidden, but can be decoded"),
        ("04 - changing bitdepth.flac", f"{_SIZE} {_LOUD}", "we: ffmpeg stops where the depth changes, 8 s early"),
        ("dtscd.wav", _STATUS, "we: the file is cut off, so we say partial"),
        (
            "*--7.1(wide-side).*",
            f"{_LOUD} {_LAYOUT}",
            "ffmpeg: its version 5 takes the order of Apple's layout for its own; a newer one on PATH is right",
        ),
        (
            "*--hexadecagonal.*",
            f"{_LOUD} {_LAYOUT}",
            "neither: no mask can hold this layout, and 16 channels without one are 9.1.6 to ffmpeg 7 and later",
        ),
        ("tta--tta--5.0.tta", _STATUS, "ffmpeg: its version 5 cannot decode TTA of five channels, a newer one can"),
        ("mka--tta--5.0.mka", _STATUS, "ffmpeg: its version 5 cannot decode TTA of five channels, a newer one can"),
        ("thd--truehd--*.thd", _STATUS, "we, by an older ffmpeg: the bundled one refuses what that one wrote"),
        ("voc--u8--*.voc", _LOUD, "we: ffmpeg's filter resamples 47.6 kHz to 48 kHz and loses the highest band"),
        ("joined--vorbis--*.ogg", f"{_SIZE} {_LOUD}", "we: the bundled ffmpeg stops where rate or channels change"),
        (
            "joined--opus--*.opus",
            f"{_SIZE} {_LOUD}",
            "we: our second part is what it is when decoded alone; ffmpeg carries the first one's state over the seam, "
            "which sounds as a click, or stops where the channels change",
        ),
        ("wrapped--tta--id3 and zeros.tta", _STATUS, "we: ffmpeg does not look for TTA behind zeros"),
        ("wrapped--wav--*.wav", _STATUS, "we: ffmpeg does not look for WAV behind a second tag"),
        ("wrapped--aiff--*.aiff", _STATUS, "we: ffmpeg does not look for AIFF behind a second tag"),
        ("wrapped--wavpack--*.wv", _STATUS, "we: the bundled ffmpeg does not look for WavPack behind ID3v2"),
    )
)


def reason_of(row: dict[str, Any]) -> str | None:
    """Why the fields of `row` that differ may do so; None where they may not."""
    differing = frozenset(row["differs"])
    for pattern, fields, reason in REASONS:
        if fnmatchcase(row["name"], pattern) and differing <= fields:
            return reason
    return None
