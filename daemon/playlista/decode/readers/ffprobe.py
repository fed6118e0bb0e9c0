"""What ffmpeg's libraries know of a file before they decode it: codec, the sound stream's own length, chapters.

Input: an open file. Output: a ``Probe``. ffprobe answers in JSON where it lies next to that ffmpeg; a lone ffmpeg, as
imageio-ffmpeg brings it, is asked through two muxers made for programs, framecrc and ffmetadata, and the length then
comes from mutagen. Messages for people are not read: a tag can say anything, and long files push lines out.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playlista.decode.readers.ffmpeg_child import DEMUXERS, FfmpegMissingError, ffmpeg_path, start_reading
from playlista.decode.readers.ffmpeg_input import Shown
from playlista.decode.source import Deadline
from playlista.decode.tag_reading import sample_entry, tagged_seconds
from playlista.tracks import MAX_CHAPTERS, Chapter

_ANSWER_BYTES = 4 * 1024 * 1024
_WAIT_SECONDS = 0.1
_ENTRIES = (
    "stream=codec_type,codec_name,codec_tag_string,profile,start_time,duration:stream_disposition=attached_pic:"
    "stream_tags=DURATION:format=format_name,duration:chapter=start_time,end_time:chapter_tags=title"
)
#: Formats whose header says how long a stream is; of all others ffmpeg estimates it from the bit rate or the last page.
_STATING = frozenset(
    {"mov", "matroska", "asf", "wv", "ape", "tta", "mpc", "mpc8", "tak", "dsf", "iff", "aiff", "caf", "wav", "w64"}
    | {"au", "voc", "avi", "flv", "rm", "nut", "xwma", "wsd", "oma", "vqf"}
)
#: Sample entries of encrypted sound (ISO 14496-12, 8.12, Apple's FairPlay, Audible).
_PROTECTED_TAGS = frozenset({"enca", "drms", "aavd"})


@dataclass(frozen=True, slots=True)
class Probe:
    """What is known; every field may be missing.

    Attributes
    ----------
    codec : ffmpeg's name of the codec, "aac"; None where ffmpeg does not know it.
    tag : the container's own name of the codec.
    seconds : length that the header states of the sound stream alone; None where it states none.
    """

    codec: str | None = None
    tag: str = ""
    seconds: float | None = None
    chapters: tuple[Chapter, ...] = ()

    @property
    def is_protected(self) -> bool:
        """Whether the sound is encrypted."""
        return self.tag in _PROTECTED_TAGS


def probe(
    descriptor: int,
    given: tuple[str, ...] = (),
    *,
    memory_bytes: int | None,
    deadline: Deadline,
    window: tuple[int, int] | None = None,
) -> Probe:
    """Ask about the first sound stream of an open file; nothing is known where no answer comes.

    Parameters
    ----------
    given : arguments about the file (``-f``), none where its content tells.
    window : first byte and end of the part of the file that is asked about; None for all of it.

    Raises
    ------
    StreamBrokenError, Interrupted : the deadline passed first, or the program stops.
    """
    try:
        ffmpeg = ffmpeg_path()
    except FfmpegMissingError:
        return Probe()
    question = _Question(descriptor, given, memory_bytes, deadline, window)
    ffprobe = Path(ffmpeg).with_name("ffprobe")
    if os.access(ffprobe, os.X_OK):
        found = _from_json(question.ask(str(ffprobe), "-show_entries", _ENTRIES, "-of", "json"))
        if found:
            return found
    return _ask_ffmpeg(question, ffmpeg)


@dataclass(frozen=True, slots=True)
class _Question:
    """What `probe` was asked; its parameters."""

    descriptor: int
    given: tuple[str, ...]
    memory_bytes: int | None
    deadline: Deadline
    window: tuple[int, int] | None

    def ask(self, program: str, *arguments: str) -> str:
        """What `program` prints, "" where it cannot be started."""
        try:
            process = start_reading(
                lambda source: _command(source, program, self.given, arguments),
                self.descriptor,
                memory_bytes=self.memory_bytes,
                timeout_seconds=self.deadline.timeout_seconds,
                window=self.window,
            )
        except OSError:
            return ""
        return _output(process, self.deadline).decode("utf-8", "replace")


def _ask_ffmpeg(question: _Question, ffmpeg: str) -> Probe:
    """What ffmpeg says where there is no ffprobe: codec and chapters, the rest from the file itself."""
    stream = ("-map", "0:a:0", "-c", "copy", "-frames:a", "1")
    packets = question.ask(ffmpeg, *stream, "-f", "framecrc", "pipe:1")
    metadata = question.ask(ffmpeg, *stream, "-map_metadata:g", "-1", "-f", "ffmetadata", "pipe:1")
    entry, seconds = "", None
    if question.window is None:
        entry, seconds = sample_entry(question.descriptor), tagged_seconds(question.descriptor)
    return Probe(_codec_of(packets), entry, seconds, tuple(_chapters_of(metadata)))


def _command(source: Shown, program: str, given: tuple[str, ...], arguments: tuple[str, ...]) -> list[str]:
    quiet = ("-v", "quiet", "-protocol_whitelist", source.protocols, "-format_whitelist", DEMUXERS)
    if program.endswith("ffprobe"):
        return [program, *quiet, *given, *arguments, "-i", source.url]
    return [program, "-nostdin", *quiet, *given, "-i", source.url, *arguments]


def _output(process: subprocess.Popen[bytes], deadline: Deadline) -> bytes:
    """What the process prints, up to 4 MiB; it is ended at the latest then."""
    assert process.stdout is not None
    assert process.stderr is not None
    pieces, total = [], 0
    try:
        while total < _ANSWER_BYTES:
            deadline.check()
            if not select.select([process.stdout], [], [], _WAIT_SECONDS)[0]:
                continue
            piece = os.read(process.stdout.fileno(), 64 * 1024)
            if not piece:
                break
            pieces.append(piece)
            total += len(piece)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
    return b"".join(pieces)


def _from_json(answer: str) -> Probe | None:
    try:
        document = json.loads(answer)
        streams = document.get("streams", [])
        sound = next(stream for stream in streams if stream.get("codec_type") == "audio")
    except (ValueError, AttributeError, StopIteration):
        return None
    others = [stream for stream in streams if stream is not sound and _lasts(stream)]
    name = sound.get("codec_name")
    return Probe(
        codec=None if name == "unknown" else name,
        tag=str(sound.get("codec_tag_string", "")),
        seconds=_stated_seconds(sound, document.get("format", {}), is_alone=not others),
        chapters=tuple(_json_chapters(document.get("chapters", []))),
    )


def _lasts(stream: Mapping[str, Any]) -> bool:
    is_picture = bool(stream.get("disposition", {}).get("attached_pic"))
    return not is_picture and stream.get("codec_type") != "attachment"


def _stated_seconds(sound: Mapping[str, Any], container: Mapping[str, Any], *, is_alone: bool) -> float | None:
    """The length of the sound by the header.

    ASF states the length of the file alone. Matroska counts from the start of the file, whenever the sound begins; it
    states the length of a stream in a tag, and that of the file, which is the sound's only where there is nothing else.
    """
    kind = str(container.get("format_name", "")).split(",")[0]
    if kind not in _STATING or (kind == "asf" and not is_alone):
        return None
    start = max(0.0, _number(sound.get("start_time")) or 0.0)
    own, tagged = _number(sound.get("duration")), _clock_seconds(str(sound.get("tags", {}).get("DURATION", "")))
    whole = _number(container.get("duration")) if is_alone else None
    if own is not None:
        return own
    seconds = whole if tagged is None else tagged
    return None if seconds is None else max(0.0, seconds - start)


def _json_chapters(chapters: list[Mapping[str, Any]]) -> Iterator[Chapter]:
    for chapter in chapters[:MAX_CHAPTERS]:
        start, end = _number(chapter.get("start_time")), _number(chapter.get("end_time"))
        if start is not None:
            yield Chapter.of(start, end, str(chapter.get("tags", {}).get("title", "")))


def _number(text: object) -> float | None:
    try:
        return float(str(text))
    except ValueError:
        return None


def _clock_seconds(text: str) -> float | None:
    """Seconds of "00:03:12.345000000"."""
    parts = [_number(part) for part in text.split(":")]
    if len(parts) != 3 or None in parts:
        return None
    hours, minutes, seconds = (part or 0.0 for part in parts)
    return 3600 * hours + 60 * minutes + seconds


def _codec_of(packets: str) -> str | None:
    """The codec by the head of the framecrc muxer: "#codec_id 0: aac"."""
    prefix = "#codec_id 0: "
    name = next((line.removeprefix(prefix) for line in packets.splitlines() if line.startswith(prefix)), "none")
    return None if name == "none" else name


def _chapters_of(metadata: str) -> Iterator[Chapter]:
    """The [CHAPTER] sections of an ffmetadata document; "\\" takes the meaning from the character behind it."""
    for section in metadata.split("\n[CHAPTER]\n")[1 : MAX_CHAPTERS + 1]:
        values = dict(line.split("=", 1) for line in section.splitlines() if "=" in line)
        numerator, _, denominator = values.get("TIMEBASE", "1/1000000000").partition("/")
        base = (_number(numerator) or 0.0) / (_number(denominator) or 1.0)
        start, end = _number(values.get("START")), _number(values.get("END"))
        if start is not None:
            title = values.get("title", "").replace("\\\\", "\0").replace("\\", "").replace("\0", "\\")
            yield Chapter.of(start * base, None if end is None else end * base, title)
