"""Results of two machines for the same files, as a Markdown table: ``python -m deploy.arm64.compare HERE THERE``.

Input: two files of result objects, one JSON object a line, matched by file name. Output: a row a track with tempo, key
and loudness of both machines, and how far apart all their numbers are at most. Exit code 1 when a track is missing on
one of them or when a text or a count differs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: What is measured of the music; timings, memory and origin of a result differ between any two runs.
GROUPS = ("audio", "rhythm", "tonal", "loudness", "spectral", "tags", "embedding")

Result = dict[str, Any]


def results(path: Path) -> dict[str, Result]:
    """The result objects in `path` by the name of their music file."""
    found = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return {Path(result["path"]).name: result for result in found}


def leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every number, text and null in `value` with the name of its field; all of a list, and all tags, share one."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, name if name == "tags" else f"{name}.{key}")
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part, name)
    else:
        yield name, value


def differences(here: Result, there: Result) -> tuple[list[str], float, str]:
    """What differs of texts, counts and nulls; the greatest difference of fractional numbers, and its field.

    That of a field with many numbers is relative to the greatest of them, since a number near 0 would make any
    difference of the others look large.
    """
    unequal: list[str] = []
    apart: dict[str, float] = {}
    scale: dict[str, float] = {}
    for group in GROUPS:
        for (name, one), (_, other) in zip(leaves(here[group], group), leaves(there[group], group), strict=True):
            if isinstance(one, float) and isinstance(other, float):
                apart[name] = max(apart.get(name, 0.0), abs(one - other))
                scale[name] = max(scale.get(name, 1e-9), abs(one), abs(other))
            elif one != other:
                unequal.append(f"{name} {one} / {other}")
    relative = {name: difference / scale[name] for name, difference in apart.items()}
    where = max(relative, key=lambda name: relative[name])
    return unequal, relative[where], where


def shown(value: Any) -> str:
    """`value` as people read it."""
    return f"{value:.6f}" if isinstance(value, float) else str(value)


def row(name: str, here: Result, there: Result) -> tuple[str, bool]:
    """One line of the table, and whether nothing but fractions of numbers differs."""
    unequal, greatest, where = differences(here, there)
    pairs = [
        " / ".join(shown(result[group][field]) for result in (here, there))
        for group, field in (("rhythm", "bpm"), ("tonal", "key"), ("loudness", "integrated_lufs"))
    ]
    cells = [
        name,
        *pairs,
        f"{greatest:.1e} ({where})",
        ", ".join(unequal) or "nothing",
    ]
    return f"| {' | '.join(cells)} |", not unequal


def main(here: Path, there: Path) -> int:
    """Print the table."""
    ours, theirs = results(here), results(there)
    sys.stdout.write("| track | BPM, x86-64 / arm64 | key | LUFS | greatest relative difference | else differs |\n")
    sys.stdout.write("|---|---|---|---|---|---|\n")
    are_equal = ours.keys() == theirs.keys()
    for name in sorted(ours.keys() & theirs.keys()):
        line, is_equal = row(name, ours[name], theirs[name])
        sys.stdout.write(f"{line}\n")
        are_equal &= is_equal
    for name in sorted(ours.keys() ^ theirs.keys()):
        sys.stdout.write(f"| {name} | only on one machine | | | | |\n")
    return 0 if are_equal else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
