"""Texts of files in HTML: what a title or a path says stays text, whatever it says.

Input: any value. Output: HTML text, escaped, shortened, and closed in its direction, for an element of its own (`bdi`),
so that no tag can add markup, reorder what stands next to it, or fill the page.
"""

from __future__ import annotations

import re
from html import escape

#: Characters of one text; a title can be a megabyte.
LONGEST_TEXT = 300
#: Marks that begin an isolate of text, and the one that ends it.
ISOLATE_MARKS = re.compile("[\u2066-\u2069]")
POP_ISOLATE = "\u2069"


def shown(value: object) -> str:
    """`value` as HTML text of at most `LONGEST_TEXT` characters: escaped, with U+FFFD for what is not Unicode."""
    whole = str(value)
    short = whole if len(whole) <= LONGEST_TEXT else whole[:LONGEST_TEXT] + "…"
    return escape(_closed(short.encode("utf-16", "surrogatepass").decode("utf-16", "replace")))


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
