"""The library as one plain HTML table, for browsers without JavaScript and for reading aloud.

Input: summaries of one page of tracks, and the cursor of the next. Output: HTML in pieces. Every text of a file is
escaped, shortened, and kept in an element of its own direction (`bdi`), so that no tag can reorder or fill the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any
from urllib.parse import urlencode

from playlista.system.html_text import shown

UNKNOWN = "\N{EN DASH}"
COLUMNS = ("Title", "Artist", "Album", "Length", "Tempo", "Key", "Loudness", "Status")

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
"""
_FORM = """<form role="search"><label for="q">Contains</label>
<input id="q" name="q" type="search" maxlength="200" value="VALUE"><button type="submit">Search</button></form>"""
_TABLE = '<div class="scroll" tabindex="0" role="region" aria-label="Tracks"><table>'


def plain_list(
    tracks: Iterable[dict[str, Any]], cursor: str | None, *, text: str | None, status: str | None
) -> Iterator[bytes]:
    """The page of the summaries `tracks`.

    `cursor` leads to the next page (None: there is none); the words `text` and the `status` that were asked for stay in
    its address.
    """
    yield _HEAD.encode()
    yield f"{_FORM}\n".replace("VALUE", shown(text or "")).encode()
    names = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    yield f"{_TABLE}<thead><tr>{names}</tr></thead><tbody>\n".encode()
    count = 0
    for track in tracks:
        count += 1
        yield _row(track).encode()
    yield b"</tbody></table></div>\n"
    if not count:
        yield b"<p>No tracks here. Put music into the folder, or search for something else.</p>\n"
    if cursor is not None:
        kept = {name: value for name, value in (("q", text), ("status", status)) if value}
        query = urlencode({"after": cursor, **kept}, errors="replace")
        yield f'<p><a rel="next" href="?{escape(query)}">Next page</a></p>\n'.encode()
    yield b"</main></body></html>\n"


def _row(track: dict[str, Any]) -> str:
    key, name = track["camelot"], track["title"] or track["path"]
    cells = (
        _name(track["artist"]),
        _name(track["album"]),
        _length(track["duration_seconds"]),
        _number(track["bpm"], "BPM"),
        f"{shown(track['key'])} {shown(track['scale'])} ({shown(key)})" if key else UNKNOWN,
        _number(track["integrated_lufs"], "LUFS"),
        shown(": ".join(filter(None, (track["status"], track["reason"])))),
    )
    return f'<tr><th scope="row">{_name(name)}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>\n'


def _name(value: str | None) -> str:
    return f"<bdi>{shown(value)}</bdi>" if value else UNKNOWN


def _number(value: float | None, unit: str) -> str:
    return UNKNOWN if value is None else f"{value:.1f} {unit}"


def _length(seconds: float | None) -> str:
    if seconds is None:
        return UNKNOWN
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
