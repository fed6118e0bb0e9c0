"""Results as Markdown, printed and put between the markers of docs/appendix/benchmarks.md.

Input: rows. Output: tables. The prose of that page is written by hand and never touched.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

MIB = 1024**2


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; columns after the first are set flush right."""
    lines = [header, ["---", *("---:" for _ in header[1:])], *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def write_section(page: Path, name: str, text: str) -> None:
    """Put `text` between ``<!-- name:begin -->`` and ``<!-- name:end -->``.

    Raises
    ------
    ValueError : the page has no such markers.
    """
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{page} has no section {name}")
    page.write_text(f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}", encoding="utf-8")


def save(path: Path, results: object) -> None:
    """Keep raw results, so that tables and plots can be made again without measuring again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1), encoding="utf-8")


def load(path: Path) -> Any:
    """What `save` kept."""
    return json.loads(path.read_text(encoding="utf-8"))


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median and range: ``0.21 (0.20-0.23)``."""
    middle, low, high = (f"{value:.{digits}f}" for value in (statistics.median(values), min(values), max(values)))
    return middle if low == high else f"{middle} ({low}-{high})"


def mib(count: float) -> str:
    """Bytes as MiB."""
    return f"{count / MIB:.0f}"


def length(seconds: float) -> str:
    """A duration as people say it."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s" if seconds < 60 else f"{seconds / 60:.1f} min"
