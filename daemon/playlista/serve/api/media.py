"""The picture in a track's file, and the file itself where the operator lets it be played.

These are the only requests for which a file is opened: by the id of its row, read-only, a regular file below the music
folder. They have threads of their own, since a share may not answer.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

from playlista.decode.pictures import Picture, read_picture
from playlista.decode.regular_file import open_regular_file
from playlista.decode.source import StreamBrokenError
from playlista.serve.answers import Answer
from playlista.serve.requests import Request
from playlista.serve.routes import Context
from playlista.system.descriptors import close_read

PIECE_BYTES = 65536
#: A part of a file in one answer: a player asks for the next, and no thread is busy for the length of a track.
LONGEST_PART_BYTES = 2 * 2**20
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
#: Types by the ends of names, as browsers know them.
AUDIO_KINDS = {
    ".aac": "audio/aac",
    ".aif": "audio/aiff",
    ".aiff": "audio/aiff",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".webm": "audio/webm",
}


def cover(context: Context, request: Request, _given: dict[str, Any], value: str) -> Answer:
    """The embedded picture."""
    found = _opened(context, value)
    if isinstance(found, Answer):
        return found
    _, descriptor = found
    try:
        tag = _etag(descriptor)
        if request.header("If-None-Match") == tag:
            return Answer("304 Not Modified", "image/jpeg", b"").with_headers(*_kept(tag))
        picture = read_picture(descriptor)
    finally:
        close_read(descriptor)
    return Answer.not_found("the file has no picture") if picture is None else _answer_of(picture, tag)


def audio(context: Context, request: Request, _given: dict[str, Any], value: str) -> Answer:
    """The file, or the part of it that a ``Range`` header names."""
    if not context.serve_audio:
        return Answer.not_found("files are not served; SERVE_AUDIO=true allows it")
    found = _opened(context, value)
    if isinstance(found, Answer):
        return found
    path, descriptor = found
    kind = AUDIO_KINDS.get(os.path.splitext(path)[1].lower(), "application/octet-stream")
    return _part_of(descriptor, kind, request)


def _opened(context: Context, track_id: str) -> tuple[str, int] | Answer:
    """The path of a track and its open file, or why there is none."""
    path = context.views.file(int(track_id))
    if path is None:
        return Answer.not_found("no such track")
    try:
        return path, open_regular_file(path)
    except (OSError, StreamBrokenError):
        return Answer.not_found("the file cannot be opened")


def _part_of(descriptor: int, kind: str, request: Request) -> Answer:
    size, tag = os.fstat(descriptor).st_size, _etag(descriptor)
    headers = (("Accept-Ranges", "bytes"), *_kept(tag))
    wanted = _RANGE.fullmatch(request.header("Range"))
    if wanted is None or request.header("If-Range") not in ("", tag):
        return Answer("200 OK", kind, _Pieces(descriptor, 0, size)).with_headers(
            ("Content-Length", str(size)), *headers
        )
    first, last = _bounds(wanted, size)
    if first > last:
        close_read(descriptor)
        refused = Answer("416 Range Not Satisfiable", "text/plain; charset=utf-8", b"there is no such part\n")
        return refused.with_headers(("Content-Range", f"bytes */{size}"))
    last = min(last, first + LONGEST_PART_BYTES - 1)
    part = Answer("206 Partial Content", kind, _Pieces(descriptor, first, last + 1))
    lengths = (("Content-Length", str(last + 1 - first)), ("Content-Range", f"bytes {first}-{last}/{size}"))
    return part.with_headers(*lengths, *headers)


def _bounds(wanted: re.Match[str], size: int) -> tuple[int, int]:
    """First and last byte of a range, as RFC 9110, 14.1.2 has them; the first is above the last where there is none."""
    first, last = wanted[1], wanted[2]
    if first:
        return int(first), min(int(last), size - 1) if last else size - 1
    if last and int(last) > 0:
        return max(0, size - int(last)), size - 1
    return 1, 0


class _Pieces:
    """The bytes of an open file from `start` up to `end`, which closes the file when it is over or given up."""

    def __init__(self, descriptor: int, start: int, end: int) -> None:
        self._descriptor: int | None = descriptor
        self._position = start
        self._end = end

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        wanted = min(PIECE_BYTES, self._end - self._position)
        piece = os.pread(self._descriptor, wanted, self._position) if self._descriptor is not None else b""
        if not piece:
            self.close()
            raise StopIteration
        self._position += len(piece)
        return piece

    def close(self) -> None:
        """The server calls it when the client is gone, or has all."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            close_read(descriptor)


def _answer_of(picture: Picture, tag: str) -> Answer:
    return Answer("200 OK", picture.kind, picture.content).with_headers(*_kept(tag))


def _etag(descriptor: int) -> str:
    found = os.fstat(descriptor)
    return f'"{found.st_ino:x}-{found.st_size:x}-{found.st_mtime_ns:x}"'


def _kept(tag: str) -> tuple[tuple[str, str], ...]:
    """Headers of what a browser may keep, if it asks whether it still holds."""
    return ("ETag", tag), ("Cache-Control", "private, no-cache")
