"""Who is right, and why, where the product and ffmpeg differ about a file.

Input: a row of ``quality_files``. Output: one sentence, or None where a difference has no known reason and is a fault.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

#: Pattern of the file's name, the fields that may differ for the reason, and the reason.
REASONS: tuple[tuple[str, frozenset[str], str], ...] = ()


def reason_of(row: dict[str, Any]) -> str | None:
    """Why the fields of `row` that differ may do so; None where they may not."""
    differing = frozenset(row["differs"])
    for pattern, fields, reason in REASONS:
        if fnmatchcase(row["name"], pattern) and differing <= fields:
            return reason
    return None
