"""The table "rhythm": tempo and beats of recordings whose beats are known, compared with essentia's methods.

Input: the rows of ``quality_rhythm_heard``, as plain types. Output: Markdown, and what misses its bar.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from benchmarks.tables import markdown_table

Row = dict[str, Any]

METHODS = ("ours", "degara", "multifeature", "Percival")
HEADER = ("method", "set", "files", "exact", "with octave or triple", "beats, mean F")
CONFIDENCE_HEADER = ("confidence", "files", "exact")
SAME_TEMPO = 0.04
OCTAVES = (1.0, 2.0, 0.5, 3.0, 1 / 3)
CONFIDENCES = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 1.0)
#: Bars on the 73 recordings: exact, with octave or triple, mean F of the beats; and exact where confidence is 0.8.
LEAST_EXACT, LEAST_WITHIN_OCTAVE, LEAST_F, LEAST_TRUSTED_EXACT = 55, 68, 0.80, 0.92
FILES = 73


def table(rows: Sequence[Row]) -> str:
    """Counts by method and set, then how often the tempo is right at each confidence."""
    if not rows:
        return "No recordings of known beats."
    return "\n\n".join(
        (markdown_table(HEADER, list(_counts(rows))), markdown_table(CONFIDENCE_HEADER, list(_confidences(rows))))
    )


def failures(rows: Sequence[Row]) -> list[str]:
    """What misses its bar; on other recordings than those of the bars nothing can."""
    if len(rows) != FILES:
        return []
    exact, within, f_measure = _scores(rows, "ours")
    trusted = [is_exact(row["ours"]["bpm"], row["truth"]) for row in rows if row["confidence"] >= CONFIDENCES[-2]]
    missed = [f"{exact} tempi exact"] if exact < LEAST_EXACT else []
    missed += [f"{within} tempi with octave"] if within < LEAST_WITHIN_OCTAVE else []
    missed += [f"beats F {f_measure:.3f}"] if f_measure is None or f_measure < LEAST_F else []
    return missed + ["confidence 0.8"] * (sum(trusted) < LEAST_TRUSTED_EXACT * len(trusted))


def is_exact(bpm: float | None, truth: float) -> bool:
    """Whether it is the true tempo within 4 %."""
    return bpm is not None and abs(bpm / truth - 1) <= SAME_TEMPO


def _scores(rows: Sequence[Row], method: str) -> tuple[int, int, float | None]:
    """How many are exact, how many with octave or triple, and the beats' mean F where the method gives beats."""
    bpms = [(row[method]["bpm"], row["truth"]) for row in rows]
    within = sum(any(is_exact(bpm, truth * octave) for octave in OCTAVES) for bpm, truth in bpms)
    f_measures = [row[method]["f"] for row in rows if row[method]["f"] is not None]
    f_measure = sum(f_measures) / len(f_measures) if f_measures else None
    return sum(is_exact(*each) for each in bpms), within, f_measure


def _counts(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    for method in METHODS:
        for name in ("all", *dict.fromkeys(row["set"] for row in rows)):
            chosen = [row for row in rows if name in ("all", row["set"])]
            exact, within, f_measure = _scores(chosen, method)
            yield (
                method,
                name,
                str(len(chosen)),
                str(exact),
                str(within),
                "-" if f_measure is None else f"{f_measure:.2f}",
            )


def _confidences(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    for low, high in pairwise(CONFIDENCES):
        chosen = [row for row in rows if low <= row["confidence"] < high or row["confidence"] == high == 1.0]
        if chosen:
            exact = sum(is_exact(row["ours"]["bpm"], row["truth"]) for row in chosen)
            yield f"{low:.1f} to {high:.1f}", str(len(chosen)), f"{100 * exact / len(chosen):.0f} %"
