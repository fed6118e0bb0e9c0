"""Playlist files: extended M3U, as other players read it.

Input: paths below the music folder. Output: the bytes of a playlist with absolute paths.
"""

from __future__ import annotations

from collections.abc import Iterable

from playlista.system.output_files import OutputKind

_HEAD = "#EXTM3U"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

PLAYLIST = OutputKind(
    "a playlist",
    lambda head: head.removeprefix(_BYTE_ORDER_MARK).startswith(_HEAD.encode()),
    (".m3u", ".m3u8"),  # without the head in the simple form
)


def m3u(paths: Iterable[str], music_dir: str) -> bytes:
    """An extended M3U playlist (UTF-8) of absolute paths below `music_dir`; names stay the bytes that they are."""
    lines = [_HEAD, *(f"{music_dir}/{path}" for path in paths)]
    return "".join(f"{line}\n" for line in lines).encode(errors="surrogateescape")
