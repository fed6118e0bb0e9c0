"""Which fields of a file are written: what it lacks, what is ours, or all. A pure function over texts.

Input: what we would write, what stands in the file, what of that we wrote ourselves. Output: the fields to write, and
those that are left as another program wrote them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from playlista.outputs.file_tags.fields import GROUPS, Fields
from playlista.outputs.file_tags.reading import Present

#: TAG_OVERWRITE: only what is missing; also what we wrote ourselves, unchanged since; whatever stands there.
Overwrite = Literal["missing", "ours", "all"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What is done with the fields that are not as we would write them.

    write : names of fields to be written.
    kept : names of fields that are left to the program which wrote them.
    """

    write: frozenset[str]
    kept: frozenset[str]


def choose(wanted: Fields, present: Present, ours: Mapping[str, frozenset[str]], overwrite: Overwrite) -> Choice:
    """Choose by groups, of which no half is written: a gain belongs to its peak.

    Parameters
    ----------
    wanted : by field the text that `reading.as_written` gives.
    ours : by field the texts that we wrote into this file before.
    """
    write: set[str] = set()
    kept: set[str] = set()
    for group in GROUPS:
        stale = {field for field in group if field in wanted and present.get(field) != frozenset({wanted[field]})}
        if not stale:
            continue
        is_free = overwrite == "all" or not any(field in present for field in group)
        if is_free or (overwrite == "ours" and _is_ours(group, present, ours)):
            write |= stale
        else:
            kept |= stale
    return Choice(frozenset(write), frozenset(kept))


def _is_ours(group: tuple[str, ...], present: Present, ours: Mapping[str, frozenset[str]]) -> bool:
    return all(texts <= ours.get(field, frozenset()) for field, texts in present.items() if field in group)
