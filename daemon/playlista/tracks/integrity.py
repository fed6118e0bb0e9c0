"""Whether a file still holds what its encoder wrote, as far as the file itself can tell.

Input: what the checks in ``decode.integrity`` found. Output: an ``IntegrityFinding``, which is part of the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Integrity(StrEnum):
    """The verdict of a file's own checksums and structure."""

    #: Every checksum fits, and the file was read to its end.
    VERIFIED = "verified"
    #: A checksum does not fit, or frames do not follow each other.
    MISMATCH = "mismatch"
    #: The format has no checksum, the encoder wrote none, or the file was not read to its end.
    NO_CHECKSUM = "no checksum"


@dataclass(frozen=True, slots=True)
class IntegrityFinding:
    """The verdict, and in words what it rests on: which checksum, how many faults, where the first one is."""

    verdict: Integrity
    detail: str | None = None
