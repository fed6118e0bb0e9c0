"""What a soak found: each figure and the bar that it has to reach, as a table for the terminal and for the page.

Input: figures. Output: rows, and the section of docs/appendix/reliability.md that they belong to. The prose of that
page is written by hand and never touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import describe
from benchmarks.tables import markdown_table, write_section

PAGE = Path(__file__).parents[2] / "docs" / "appendix" / "reliability.md"


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure; ``reached`` is None where there is no bar and the figure is only told, ``timed`` if it is a time."""

    what: str
    figure: str
    bar: str = ""
    reached: bool | None = None
    timed: bool = False

    @property
    def missed(self) -> bool:
        """Whether there is a bar and it was not reached."""
        return self.reached is False


def exactly(what: str, figure: int, wanted: int) -> Finding:
    """A count that has one right value."""
    return Finding(what, f"{figure:,}", f"{wanted:,}", figure == wanted)


def at_most(what: str, figure: float, bar: float, unit: str = "", *, digits: int = 2) -> Finding:
    """A measure with an upper bound."""
    return Finding(what, f"{figure:.{digits}f}{unit}", f"<= {bar:g}{unit}", figure <= bar, timed=unit == " s")


def at_least(what: str, figure: float, bar: float, unit: str = "") -> Finding:
    """A count that shows that the proof proves something."""
    return Finding(what, f"{figure:,g}{unit}", f">= {bar:,g}{unit}", figure >= bar)


def holds(what: str, figure: str, *, reached: bool) -> Finding:
    """A fact in words that has to be so."""
    return Finding(what, figure, "so", reached)


def told(what: str, figure: object) -> Finding:
    """A figure without a bar."""
    return Finding(what, f"{figure:,}" if isinstance(figure, int) else str(figure))


def table(findings: Sequence[Finding]) -> str:
    """All findings as Markdown."""
    verdicts = {True: "yes", False: "NO", None: ""}
    rows = [(one.what, one.figure, one.bar, verdicts[one.reached]) for one in findings]
    return markdown_table(("what", "figure", "bar", "reached"), rows)


def publish(name: str, command: str, findings: Sequence[Finding], minutes: float) -> None:
    """Put the table into the section `name` of the page."""
    how = f"`{command}`, {minutes:.0f} minutes. {describe()}"
    write_section(PAGE, name, f"{how}\n\n{table(findings)}")
