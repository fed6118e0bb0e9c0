"""Lines of the conformance table: a value, what it should be and by whose word, and whether it is.

The ``*_rows`` modules of this folder measure them. The tests ask that every line holds; ``benchmarks.quality`` prints
the lines and puts them into docs/appendix/quality.md.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the conformance table.

    name : the value, and of what it is.
    measured, truth : as they are to be printed; numbers are rounded there.
    source : a clause of a standard, a publication, another implementation, or "by construction".
    tolerance : as the source writes it, or ours with its reason.
    """

    name: str
    measured: object
    truth: object
    source: str
    tolerance: str
    passed: bool


def greatest(name: str, apart: float, bound: float, *, truth: str, source: str, unit: str = "") -> Row:
    """A line about the greatest deviation among many values, which must be at most `bound`."""
    unit = f" {unit}" if unit else ""
    return Row(name, f"{apart:.2g}{unit} apart at most", truth, source, f"<= {bound:g}{unit}", apart <= bound)
