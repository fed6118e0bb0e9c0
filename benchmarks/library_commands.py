"""What the commands that read a library cost when it is large: CPU seconds, rows a second, memory beyond a start's.

Input: the data folder of a library, as ``benchmarks.synthetic_library`` makes it, perhaps that of a smaller one.
Output: a table, with the bars of the commands that have one; of the smaller library only the memory. Each command is a
process of its own, and its output goes to /dev/null. The memory of a start is that of ``playlista status``.

    python -m benchmarks.synthetic_library DATA --tracks 500000
    python -m benchmarks.library_commands DATA answers|streams|objects [--smaller DATA] [--write]
"""

from __future__ import annotations

import argparse
import os
import shlex
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.children import Run, python, run
from benchmarks.tables import MIB, markdown_table, write_section
from playlista.library.database import FILE_NAME, open_read_only
from playlista.outputs import similarity

PAGE = Path(__file__).resolve().parent.parent / "docs/appendix/benchmarks.md"
#: Rounds of commands that answer at once; the others run once.
ROUNDS = 5
#: Seconds of CPU up to which a command answers at once.
AT_ONCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Command:
    """A command, and what is asked of it: CPU seconds at most, or rows a second at least."""

    arguments: tuple[str, ...]
    most_seconds: float | None = None
    least_rows: float | None = None
    what: str = ""
    once: bool = False
    module: str = "playlista"

    @property
    def name(self) -> str:
        return self.what or f"`{shlex.join(self.arguments)}`"


@dataclass(frozen=True, slots=True)
class Library:
    """The library, how many results it has, and a track of it."""

    data: Path
    tracks: int
    track: str


def library_in(data: Path) -> Library:
    """The library in the folder `data`; the track is that in the middle."""
    with open_read_only(os.fspath(data / FILE_NAME)) as database, database.read() as connection:
        tracks = connection.execute("SELECT count(*) FROM analyses").fetchone()[0]
        (path,) = connection.execute("SELECT path FROM files WHERE id = ?", (tracks // 2 + 1,)).fetchone()
    return Library(data, tracks, os.fsdecode(path))


def answers(library: Library) -> Iterator[Command]:
    """Commands that answer a question, in a time that hardly depends on how large the library is."""
    yield Command(("similar", library.track), what="`similar TRACK`, the first time", once=True)
    yield Command(("similar", library.track), most_seconds=0.5, what="`similar TRACK`")
    yield Command(("playlist", "-", "--bpm", "90-110", "--tag", "jazz>=0.3"), most_seconds=0.3)
    yield Command(("playlist", "-", "--mood", "calm", "--energy", "..0.4"), most_seconds=0.3)
    yield Command(("playlist", "-", "--key", "8A", "--bpm", "90-110"), most_seconds=0.3)
    yield Command(("list", "--status", "failed"))
    yield Command(("search", "moon river"))
    yield Command(("duplicates",))


def streams(_library: Library) -> Iterator[Command]:
    """Commands that write every track, in the memory of a few."""
    for arguments in (("list",), ("list", "--json"), ("health",)):
        yield Command(arguments)
    for kind in ("csv", "jsonl"):
        yield Command(("export", "--format", kind), least_rows=20_000)
        yield Command((kind,), what=f"for {kind}, only a `SELECT` and a write", module="benchmarks.library_floor")


def objects(_library: Library) -> Iterator[Command]:
    """Commands that make an object of every result, in the memory of a few."""
    for kind in ("acousticbrainz", "rekordbox"):
        yield Command(("export", "--format", kind))


KINDS = {"answers": answers, "streams": streams, "objects": objects}


def measured(command: Command, data: Path) -> list[Run]:
    """Runs of one command: several, where it answers at once."""
    line = shlex.join([*python("-m", command.module), *command.arguments, "--data", os.fspath(data)])
    runs = [run(("sh", "-c", f"exec {line} >/dev/null")).checked()]
    if not command.once and runs[0].cpu_seconds < AT_ONCE_SECONDS:
        runs += [run(("sh", "-c", f"exec {line} >/dev/null")).checked() for _ in range(ROUNDS - 1)]
    return runs


def report(library: Library, kind: str, smaller: Library | None) -> str:
    """The table of one of `KINDS`."""
    start_bytes = _peak(measured(Command(("status",)), library.data))
    if kind == "answers":
        (library.data / similarity.FILE_NAME).unlink(missing_ok=True)  # what the first `similar` makes
    rows = []
    for command in KINDS[kind](library):
        row = _row(command, measured(command, library.data), library.tracks, start_bytes)
        if smaller is not None:
            row += (f"{(_peak(measured(command, smaller.data)) - start_bytes) / MIB:.0f}",)
        rows.append(row)
        print("  " + " | ".join(row), flush=True)
    header = ("command", "bar", "CPU s", "tracks a CPU second", "reached", "MiB beyond a start")
    other = () if smaller is None else (f"the same of {smaller.tracks:,} tracks",)
    text = markdown_table((*header, *other), rows)
    return f"{library.tracks:,} tracks, medians of {ROUNDS} rounds of what answers at once.\n\n{text}"


def _peak(runs: list[Run]) -> int:
    return max(one.peak_rss_bytes for one in runs)


def _row(command: Command, runs: list[Run], tracks: int, start_bytes: int) -> tuple[str, ...]:
    seconds = statistics.median(one.cpu_seconds for one in runs)
    memory = _peak(runs) - start_bytes
    rate, bar, reached = tracks / seconds, "", ""
    if command.most_seconds is not None:
        bar, reached = f"<= {command.most_seconds:g} s", "yes" if seconds <= command.most_seconds else "no"
    elif command.least_rows is not None:
        bar, reached = f">= {command.least_rows:,.0f} a second", "yes" if rate >= command.least_rows else "no"
    return command.name, bar, f"{seconds:.2f}", f"{rate:,.0f}", reached, f"{memory / MIB:.0f}"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("kind", choices=tuple(KINDS))
    parser.add_argument("--smaller", type=Path, help="the data folder of a smaller library")
    parser.add_argument("--write", action="store_true", help="put the table into the docs")
    wanted = parser.parse_args()
    text = report(library_in(wanted.data), wanted.kind, wanted.smaller and library_in(wanted.smaller))
    print(text)
    if wanted.write:
        write_section(PAGE, f"library-{wanted.kind}", text)


if __name__ == "__main__":
    main()
