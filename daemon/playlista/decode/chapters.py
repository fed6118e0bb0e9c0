"""The chapters of a track: in its tags, in a cue sheet inside it, or in one of the same name. Nothing is cut by them.

Input: the path of a track that was decoded. Output: a list of bounded length. Known are ID3 (CHAP), Vorbis comments
(CHAPTERxxx, CUESHEET), the CUESHEET block of FLAC, APEv2 (CUESHEET), MP4 (chpl), and "name.cue" or "name.flac.cue" in
the same folder. What ffmpeg finds in MP4, Matroska and others comes from the reader (see ``StreamInfo.chapters``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from mutagen.apev2 import APEv2

from playlista.decode.cue_sheet import parse_cue_sheet
from playlista.decode.regular_file import open_regular_file
from playlista.decode.source import StreamBrokenError
from playlista.decode.tag_reading import read_tags
from playlista.system.descriptors import close_read
from playlista.tracks import MAX_CHAPTERS, Chapter

_CUE_BYTES = 256 * 1024
_VORBIS_TIME = re.compile(r"^(\d{1,3}):([0-5]\d):([0-5]\d(?:\.\d+)?)$")
_VORBIS_NAME = "chapter{:03d}"
#: Numbers above that of the last track of a CD are lead-outs.
_LAST_TRACK = 99


def read_chapters(path: str, known: Sequence[Chapter], duration_seconds: float) -> tuple[Chapter, ...]:
    """The chapters of the track at `path`.

    Parameters
    ----------
    known : what the decoder found; taken where there is any.
    duration_seconds : length of the track: chapters behind it are left out, and the last one ends there.
    """
    found = list(known) or _tagged(path) or _from_sheet_file(path)
    found = sorted((one for one in found if one.start_seconds < duration_seconds), key=lambda one: one.start_seconds)
    ends = [after.start_seconds for _, after in pairwise(found)] + [round(duration_seconds, 3)]
    return tuple(
        one if one.end_seconds is not None else replace(one, end_seconds=end)
        for one, end in zip(found[:MAX_CHAPTERS], ends, strict=False)
    )


def _tagged(path: str) -> list[Chapter]:
    """Chapters out of the tags of the file; none where it cannot be read any more."""
    try:
        descriptor = open_regular_file(path)
    except (OSError, StreamBrokenError):
        return []
    try:
        found = read_tags(descriptor)
    finally:
        close_read(descriptor)
    if found is None:
        return []
    ways = (_of_id3, _of_vorbis_comments, _of_sheet_in_tags, _of_flac_block, _of_mp4)
    return next((chapters for way in ways if (chapters := list(way(found)))), [])


def _from_sheet_file(path: str) -> list[Chapter]:
    """Chapters out of a cue sheet of the same name in the folder; one chapter alone would say nothing."""
    track = Path(path)
    for sheet in (track.with_suffix(".cue"), track.with_name(f"{track.name}.cue")):
        try:
            descriptor = open_regular_file(str(sheet))
        except (OSError, StreamBrokenError):
            continue
        try:
            content = os.pread(descriptor, _CUE_BYTES, 0)
        except OSError:
            continue
        finally:
            close_read(descriptor)
        chapters = parse_cue_sheet(_text(content), track.name)
        if len(chapters) > 1:
            return list(chapters)
    return []


def _text(content: bytes) -> str:
    """A text of which nothing says how it is coded: UTF-8 cannot be mistaken, and most others are of Windows."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _of_id3(found: Any) -> Iterable[Chapter]:
    """CHAP frames (ID3v2 Chapter Frame Addendum): milliseconds, with a title inside."""
    frames = found.tags.getall("CHAP")[:MAX_CHAPTERS] if hasattr(found.tags, "getall") else []
    for frame in frames:
        title = frame.sub_frames.get("TIT2")
        yield Chapter.of(frame.start_time / 1000, frame.end_time / 1000, str(title) if title else "")


def _of_vorbis_comments(found: Any) -> Iterable[Chapter]:
    """CHAPTER001=00:03:12.000 and CHAPTER001NAME=title, from 000 or 001 on."""
    for number in range(MAX_CHAPTERS):
        match = _VORBIS_TIME.match(_comment(found, _VORBIS_NAME.format(number)))
        if match:
            start = 3600 * int(match[1]) + 60 * int(match[2]) + float(match[3])
            yield Chapter.of(start, None, _comment(found, _VORBIS_NAME.format(number) + "name"))
        elif number:
            return


def _of_sheet_in_tags(found: Any) -> Iterable[Chapter]:
    return parse_cue_sheet(_comment(found, "cuesheet"))


def _comment(found: Any, name: str) -> str:
    """The first value of a Vorbis comment or an APEv2 item; empty where there is none."""
    is_readable = hasattr(found.tags, "vendor") or isinstance(found.tags, APEv2)
    if not is_readable:
        return ""
    value = found.tags.get(name)
    return str(value[0]) if isinstance(value, list) and value else str(value or "")


def _of_flac_block(found: Any) -> Iterable[Chapter]:
    """The CUESHEET block (RFC 9639, 8.7): offsets in samples, without titles."""
    sheet, rate_hz = getattr(found, "cuesheet", None), getattr(found.info, "sample_rate", 0)
    for track in sheet.tracks[:MAX_CHAPTERS] if sheet and rate_hz else ():
        begins = [index.index_offset for index in track.indexes if index.index_number == 1]
        if track.track_number <= _LAST_TRACK and begins:
            yield Chapter.of((track.start_offset + begins[0]) / rate_hz, None, f"Track {track.track_number}")


def _of_mp4(found: Any) -> Iterable[Chapter]:
    """Nero's chapter list."""
    for one in list(getattr(found, "chapters", None) or ())[:MAX_CHAPTERS]:
        yield Chapter.of(float(one.start), None, str(one.title))
