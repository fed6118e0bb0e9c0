"""A small music folder as people have them, with tags that mean no good: what the daemon of the visit analyzes.

Input: an empty folder. Output: twelve tracks of some seconds, one of them damaged; and what their titles are.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from mutagen.flac import FLAC, Picture

from tests.signals import song, write

SECONDS = 12.0
#: Titles that would do something if they were taken for markup, for more than text, or for a short word.
HOSTILE = (
    "<script>alert(1)</script><b>bold</b>",
    '"><img src=x onerror=alert(1)>',
    "\u202eright to left\u2067 mark",
    "x" * 2**20,
    "\u0627\u0644\u0644\u064a\u0644 {{constructor}} &lt;b&gt;",
)
HARMLESS = ("Night Road", "Blue River", "Paper Moon", "Golden Fire", "Slow Garden", "Winter Glass")


def make_music(folder: Path) -> None:
    """Write the tracks into `folder`."""
    for number, title in enumerate((*HOSTILE, *HARMLESS), start=1):
        album = folder / ("Odd Names" if title in HOSTILE else "Night Band")
        album.mkdir(parents=True, exist_ok=True)
        path = write(album / f"{number:02}.flac", song(SECONDS, bpm=70 + 9 * number, seed=number))
        _tag(path, title, number)
    (folder / "damaged.flac").write_bytes(b"fLaC" + bytes(range(256)) * 40)


def _tag(path: Path, title: str, number: int) -> None:
    file = FLAC(path)
    file["title"] = title
    file["artist"] = title[:200] if title in HOSTILE else "The Night Band"
    file["album"] = "Odd <i>Names</i>" if title in HOSTILE else "After Dark"
    file["genre"] = ["Rock", "<u>Jazz</u>"]
    file["date"] = str(1990 + number)
    if number % 2:
        file.add_picture(_cover(number))
    file.save()


def _cover(number: int) -> Picture:
    picture = Picture()
    picture.type, picture.mime = 3, "image/png"
    picture.data = _png(64, bytes((40 + 15 * number, 110, 200 - 12 * number)))
    return picture


def _png(side: int, colour: bytes) -> bytes:
    """A picture of one colour (ISO 15948)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"".join(b"\0" + colour * side for _ in range(side)))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
