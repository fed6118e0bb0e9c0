"""Text that came from outside, such as a file name, made harmless for a terminal.

Input: any text, also with surrogate escapes for bytes that are not UTF-8. Output: the same with an escape for each
character that could move the cursor, colour what follows, reorder the line or begin a new one.
"""

from __future__ import annotations

import json
import re
from typing import Any

#: C0 and C1 controls, bidirectional marks and overrides (Unicode annex 9), separators of lines, lone surrogates.
_ACTIVE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_FIRST_BEYOND_ASCII = 0x80
#: An escape in JSON; two that are one character together (RFC 8259, 7) count as one.
_ESCAPE = re.compile(r"\\(?:(?P<code>ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|u[0-9a-f]{4})|.)")


def printable(text: str) -> str:
    """`text` with an escape, as Python writes it, for each character on which a terminal would act."""
    return _ACTIVE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def printable_json(document: Any) -> str:
    """`document` as JSON in one line, in which no name can do anything to a terminal; it reads back unchanged."""
    return _ACTIVE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(document, ensure_ascii=False))


def printable_json_text(text: str) -> str:
    """The same of an object that is JSON in ASCII already: its escapes become characters, unless these would act."""
    return _ESCAPE.sub(_shown, text) if "\\" in text else text


def _shown(escape: re.Match[str]) -> str:
    if escape["code"] is None:
        return escape[0]
    character: str = json.loads(f'"{escape[0]}"')
    return escape[0] if ord(character) < _FIRST_BEYOND_ASCII or _ACTIVE.match(character) else character
