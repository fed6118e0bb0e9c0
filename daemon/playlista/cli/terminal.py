"""What people and programs see: JSON lines on stdout, tables and progress for a terminal.

Progress goes to stderr and only where that is a terminal, so that stdout stays clean for a pipe.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from playlista.printable import printable as escaped
from playlista.printable import printable_json
from playlista.tracks import Analysis


def write_json_line(document: Any) -> None:
    """One JSON object in one line; what is not UTF-8 or would act on a terminal is written with escapes."""
    sys.stdout.buffer.write(printable_json(document).encode() + b"\n")
    sys.stdout.buffer.flush()


def printable(text: str) -> str:
    """`text` for this terminal: nothing in a file name can move the cursor or break the encoding."""
    encoding = sys.stdout.encoding or "utf-8"
    return escaped(text).encode(encoding, "backslashreplace").decode(encoding)


def write_line(text: str = "") -> None:
    """One line on stdout, whatever names are in `text`."""
    sys.stdout.write(f"{printable(text)}\n")
    sys.stdout.flush()


def duration(seconds: float | None) -> str:
    """`seconds` as people read it: 3:07, 1:02:40, 3 d 4 h."""
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def number(value: float | None, digits: int = 1) -> str:
    """`value` rounded, or a dash where it is unknown."""
    return "-" if value is None else f"{value:.{digits}f}"


def megabytes(count: float | None) -> str:
    """Bytes as MB of 1024 * 1024."""
    return "-" if count is None else f"{count / 2**20:.0f} MB"


#: Width of a table that goes into a pipe or a file: nothing is wrapped there.
PIPE_WIDTH = 10_000


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Collection[str] = (), nothing: str) -> None:
    """A table on stdout, the columns named in `right` aligned to the right; the line `nothing` where it has no rows.

    On a terminal the first column and the last give way when it is narrow; elsewhere each row is one line.
    """
    from rich import box  # noqa: PLC0415 - costs more than most commands
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    wraps = sys.stdout.isatty()
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in columns:
        gives_way = wraps and title in (columns[0], columns[-1])
        shown.add_column(
            title,
            justify="right" if title in right else "left",
            no_wrap=not gives_way,
            overflow="fold",
            min_width=24 if gives_way and title == columns[0] else None,
        )
    for row in rows:
        shown.add_row(*(Text(printable(cell)) for cell in row))
    if not shown.row_count:
        write_line(nothing)
        return
    Console(width=None if wraps else PIPE_WIDTH).print(shown)


#: More than a screen of them is for `--json`.
_SHOWN_CHAPTERS = 20


def write_summary(analysis: Analysis) -> None:
    """A few lines on one track, for people."""
    write_line(printable(analysis.path))
    if analysis.reason:
        write_line(f"  {analysis.status}: {analysis.reason}, {printable(analysis.detail or '')}")
    for name, text in _facts(analysis):
        write_line(f"  {name:<9} {text}")


def _facts(analysis: Analysis) -> Iterator[tuple[str, str]]:
    if audio := analysis.audio:
        cut = f", cut after {duration(audio.analyzed_seconds)}" if audio.truncated else ""
        yield (
            "audio",
            f"{duration(audio.duration_seconds)}, {audio.format} {audio.sample_rate_hz} Hz x{audio.channels}{cut}",
        )
    if rhythm := analysis.rhythm:
        sure = f" (confidence {rhythm.bpm_confidence:.2f}), {rhythm.beats_count} beats"
        yield "tempo", f"{rhythm.bpm:.1f} BPM{sure}" if rhythm.bpm else "no beat"
    if tonal := analysis.tonal:
        yield (
            "key",
            f"{tonal.key} {tonal.scale} ({tonal.camelot}), A = {number(tonal.tuning_hz)} Hz" if tonal.key else "none",
        )
    if loudness := analysis.loudness:
        yield (
            "loudness",
            (
                f"{number(loudness.integrated_lufs)} LUFS, range {number(loudness.range_lu)} LU, "
                f"peak {number(loudness.true_peak_dbtp)} dBTP"
            ),
        )
    if tagging := analysis.tagging:
        top = sorted(tagging.tags.items(), key=lambda item: -item[1])[:5]
        yield "tags", ", ".join(f"{name} {activation:.2f}" for name, activation in top)
    if analysis.chapters:
        yield "chapters", str(len(analysis.chapters))
    for chapter in analysis.chapters[:_SHOWN_CHAPTERS]:
        yield "", f"{duration(chapter.start_seconds)} {printable(chapter.title)}"
    if memory := analysis.memory:
        yield "cost", f"{analysis.timings.total_seconds:.1f} s, peak {megabytes(memory.peak_rss_bytes)}"


def progress_over(paths: Sequence[str]) -> Iterator[str]:
    """Yield `paths`, with a progress bar on stderr where that is a terminal: tracks, rate, time left."""
    if not sys.stderr.isatty() or len(paths) < 2:
        yield from paths
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),  # a name may look like markup
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=len(paths))
        for path in paths:
            progress.update(task, description=printable(path)[-60:])
            yield path
            progress.advance(task)
