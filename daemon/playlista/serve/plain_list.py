"""The library as one plain HTML table, for browsers without JavaScript and for reading aloud.

Input: result objects of one page, and the cursor of the next. Output: HTML in pieces. Every text of a file is escaped,
shortened, and kept in an element of its own direction (`bdi`), so that no tag can reorder or fill the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any
from urllib.parse import urlencode

#: Characters of one text; a title can be a megabyte.
LONGEST_TEXT = 300
#: Marks that begin an isolate of text, and the one that ends it.
ISOLATE_MARKS = re.compile("[\u2066-\u2069]")
POP_ISOLATE = "\u2069"
UNKNOWN = "\N{EN DASH}"
COLUMNS = ("Track", "Length", "Tempo", "Key", "Loudness", "Status")

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Library · Playlista</title>
<link rel="stylesheet" href="page.css">
<link rel="icon" href="icon.svg" type="image/svg+xml">
</head>
<body class="plain">
<main>
<h1>Library</h1>
<p>A plain list. <a href="./">The whole page</a> needs JavaScript.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Tracks"><table>
"""


def plain_list(tracks: Iterable[dict[str, Any]], cursor: str | None, *, status: str | None) -> Iterator[bytes]:
    """The page of `tracks`; `cursor` leads to the next one (None: there is none), `status` stays in its address."""
    yield _HEAD.encode()
    names = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    yield f"<thead><tr>{names}</tr></thead><tbody>\n".encode()
    count = 0
    for track in tracks:
        count += 1
        yield _row(track).encode()
    yield b"</tbody></table></div>\n"
    if not count:
        yield b"<p>No tracks here. Put music into the folder, or go back to the first page.</p>\n"
    if cursor is not None:
        query = urlencode({"after": cursor, **({"status": status} if status else {})})
        yield f'<p><a rel="next" href="?{escape(query)}">Next page</a></p>\n'.encode()
    yield b"</main></body></html>\n"


def text(value: object) -> str:
    """`value` as HTML text of at most `LONGEST_TEXT` characters: escaped, with U+FFFD for what is not Unicode."""
    whole = str(value)
    shown = whole if len(whole) <= LONGEST_TEXT else whole[:LONGEST_TEXT] + "…"
    return escape(_closed(shown.encode("utf-16", "surrogatepass").decode("utf-16", "replace")))


def _closed(shown: str) -> str:
    """`shown` with an end for each mark that begins an isolate (Unicode annex 9), and no end without one.

    An end too few or too many would leave the isolate of the `bdi` around it open, or end it early; a name could then
    turn around what stands next to it.
    """
    depth = 0

    def kept(mark: re.Match[str]) -> str:
        nonlocal depth
        if mark[0] != POP_ISOLATE:
            depth += 1
        elif depth == 0:
            return ""
        else:
            depth -= 1
        return mark[0]

    return ISOLATE_MARKS.sub(kept, shown) + POP_ISOLATE * depth


def _row(track: dict[str, Any]) -> str:
    audio, rhythm, tonal, loudness = (track.get(name) or {} for name in ("audio", "rhythm", "tonal", "loudness"))
    cells = (
        _length(audio.get("duration_seconds")),
        _number(rhythm.get("bpm"), "BPM"),
        f"{text(tonal['key'])} {text(tonal['scale'])} ({text(tonal['camelot'])})" if tonal.get("key") else UNKNOWN,
        _number(loudness.get("integrated_lufs"), "LUFS"),
        text(": ".join(filter(None, (track["status"], track.get("reason"))))),
    )
    name = f'<th scope="row"><bdi>{text(track["path"])}</bdi></th>'
    return f"<tr>{name}{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n"


def _number(value: float | None, unit: str) -> str:
    return UNKNOWN if value is None else f"{value:.1f} {unit}"


def _length(seconds: float | None) -> str:
    if seconds is None:
        return UNKNOWN
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
