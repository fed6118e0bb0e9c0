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


def printable(text: str) -> str:
    """`text` with an escape, as Python writes it, for each character on which a terminal would act."""
    return _ACTIVE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def printable_json(document: Any) -> str:
    """`document` as JSON in one line, in which no name can do anything to a terminal; it reads back unchanged."""
    return _ACTIVE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(document, ensure_ascii=False))
