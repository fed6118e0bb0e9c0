"""Whether the same file gives the same numbers: in another process, in other company, with other chunks or threads.

Input: tracks. Output: lines of the conformance table. Every comparison is between two processes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.children import ONE_THREAD
from benchmarks.quality_tracks import Analysis, analyses
from tests.conformance.rows import Row

#: Relative, of the design. Vectors are taken as wholes: next to their greatest number a small one has no digits.
TOLERANCE = 1e-5
CHUNK_SECONDS = (0.1, 1, 7.3, 30)
THREADS = (2, 4)
#: What differs from run to run by nature.
NOT_VALUES = {"timings", "memory", "path"}


def rows(tracks: Sequence[Path], models: Path) -> Iterator[Row]:
    """A line for every circumstance."""
    usual = analyses(tracks, models, ONE_THREAD)
    again = list(reversed(analyses(list(reversed(tracks)), models, ONE_THREAD)))
    equal = [values(one) == values(other) for one, other in zip(usual, again, strict=True)]
    name = "another process, after other tracks"
    yield Row(f"determinism: {name}", f"{sum(equal)} of {len(equal)} bit-equal", "all", "design", "exact", all(equal))
    for seconds in CHUNK_SECONDS:
        settings = {"MEMORY_OPTIMIZED_CHUNK_DURATION_SECONDS": str(seconds)}
        yield _row(f"chunks of {seconds:g} s", usual, analyses(tracks, models, {**ONE_THREAD, **settings}))
    for threads in THREADS:
        yield _row(f"{threads} threads", usual, analyses(tracks, models, dict.fromkeys(ONE_THREAD, str(threads))))


def values(analysis: Analysis) -> Analysis:
    """All that must not depend on when and where."""
    return {key: value for key, value in analysis.items() if key not in NOT_VALUES}


def _row(name: str, usual: Sequence[Analysis], other: Sequence[Analysis]) -> Row:
    apart = max(distance(values(one), values(two)) for one, two in zip(usual, other, strict=True))
    same = all(_named(one) == _named(two) for one, two in zip(usual, other, strict=True))
    measured = f"{apart:.1g} relative apart at most, BPM and key {'the same' if same else 'NOT the same'}"
    tolerance = f"<= {TOLERANCE:g} relative"
    return Row(f"determinism: {name}", measured, "the same", "design", tolerance, apart <= TOLERANCE and same)


def _named(analysis: Analysis) -> tuple[Any, ...]:
    return analysis["rhythm"]["bpm"], analysis["tonal"]["key"], analysis["tonal"]["scale"]


def distance(one: Any, other: Any) -> float:
    """Greatest relative distance between the numbers of two values; infinity where they are not of one form."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        if one and all(isinstance(value, float) for value in (*one.values(), *other.values())) and len(one) > 20:
            return vector_distance(list(one.values()), list(other.values()))
        return max((distance(one[key], other[key]) for key in one), default=0.0)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return vector_distance(one, other)
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) / max(abs(one), abs(other), 1e-30)
    return 0.0 if one == other else math.inf


def vector_distance(one: Sequence[float], other: Sequence[float]) -> float:
    """Greatest distance between two numbers of two vectors, relative to the greatest number."""
    greatest = max(map(abs, (*one, *other)), default=0.0)
    return max((abs(left - right) for left, right in zip(one, other, strict=True)), default=0.0) / max(greatest, 1e-30)
