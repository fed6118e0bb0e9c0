"""What people and programs see: JSON lines on stdout, tables and progress for a terminal.

Progress goes to stderr and only where that is a terminal, so that stdout stays clean for a pipe.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import chain, islice
from typing import Any

from playlista.printable import printable as escaped
from playlista.printable import printable_json, printable_json_text
from playlista.tracks import Analysis, Audio, Chapter, Rhythm, Tonal
from playlista.tracks.findings import findings
from playlista.tracks.metadata import Metadata
from playlista.tracks.mood import USUAL_MOOD, Mood


def write_json_line(document: Any) -> None:
    """One JSON object in one line; what is not UTF-8 or would act on a terminal is written with escapes."""
    sys.stdout.buffer.write(printable_json(document).encode() + b"\n")
    sys.stdout.buffer.flush()


def write_json_text(text: str) -> None:
    """The same of an object that is given as JSON in ASCII."""
    sys.stdout.buffer.write(printable_json_text(text).encode() + b"\n")
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


def counted(count: int, what: str) -> str:
    """`count` of `what`: "1 track", "2 tracks"."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def megabytes(count: float | None) -> str:
    """Bytes as MB of 1024 * 1024, below 10 MB to a tenth."""
    return "-" if count is None else f"{count / 2**20:.{0 if count >= 9.95 * 2**20 else 1}f} MB"


#: Rows by which the widths of a table's columns are chosen; those after them are written as they come.
TABLE_SAMPLE_ROWS = 500
#: Widest column, so that one absurd title does not spread all other rows over several lines.
_WIDEST_COLUMN = 80


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Collection[str] = (), nothing: str) -> None:
    """A table on stdout, the columns named in `right` aligned to the right; the line `nothing` where it has no rows.

    Each row is one line, written as it comes, so that a library of any size costs the memory of `TABLE_SAMPLE_ROWS`
    rows. A cell that is longer than its column moves the rest of its line to the right.
    """
    remaining = iter(rows)
    sample = [[printable(cell) for cell in row] for row in islice(remaining, TABLE_SAMPLE_ROWS)]
    if not sample:
        write_line(nothing)
        return
    widths = [min(_WIDEST_COLUMN, max(map(_width, column))) for column in zip(columns, *sample, strict=True)]
    sample.insert(0, ["-" * width for width in widths])
    for row in chain((columns, *sample), ([printable(cell) for cell in row] for row in remaining)):
        cells = (
            " " * (width - _width(cell)) + cell if title in right else cell + " " * (width - _width(cell))
            for title, cell, width in zip(columns, row, widths, strict=True)
        )
        sys.stdout.write(f"{'  '.join(cells).rstrip()}\n")
    sys.stdout.flush()


def _width(text: str) -> int:
    """Columns of the terminal that `text` takes; East Asian characters take two each."""
    if text.isascii():
        return len(text)
    return sum(1 + (unicodedata.east_asian_width(char) in "WF") - bool(unicodedata.combining(char)) for char in text)


#: More than a screen of them is for `--json`.
_SHOWN_CHAPTERS = 20


def write_summary(analysis: Analysis, found: Mapping[str, str] | None = None) -> None:
    """A few lines on one track, for people; `found` is what the library knows to be wrong with it, if it is in one."""
    if found is None:
        found = {str(finding): evidence for finding, evidence in findings(analysis).items()}
    write_line(printable(analysis.path))
    if analysis.reason:
        write_line(f"  {analysis.status}: {analysis.reason}, {printable(analysis.detail or '')}")
    names = _names(analysis.metadata) if analysis.metadata else ()
    for name, text in (*names, *_facts(analysis), *_rest(analysis, found)):
        write_line(f"  {name:<9} {text}")


def _made_with(analysis: Analysis) -> str:
    """The settings that the values depend on, those of several groups once."""
    texts = (
        ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in made.items())
        for made in analysis.settings.values()
    )
    return "; ".join(dict.fromkeys(filter(None, texts)))


def _or_octave(rhythm: Rhythm) -> str:
    """ ", or 60.0" where the octave is open."""
    others = "/".join(f"{bpm:.1f}" for bpm, _ in rhythm.bpm_candidates[1:])
    return f", or {others}" if others else ""


def _channels(audio: Audio) -> str:
    """ "x2"; of more channels also their layout: "x6 (5.1)"."""
    layout = f" ({audio.channel_layout})" if audio.channels > 2 and audio.channel_layout else ""
    return f"x{audio.channels}{layout}"


def _names(names: Metadata) -> Iterator[tuple[str, str]]:
    """What the track is called; names that the tags do not give say so."""

    def told(field: str, text: str) -> str:
        return f"{printable(text)} (from the path)" if field in names.from_path else printable(text)

    if names.title:
        yield "title", told("title", names.title)
    if names.artist or names.album_artist:
        yield "artist", told("artist", names.artist or names.album_artist or "")
    if names.album:
        year = f" ({names.year})" if names.year else ""
        disc = f"disc {names.disc}, " if names.disc else ""
        yield "album", told("album", names.album + year) + (f", {disc}track {names.track}" if names.track else "")
    if names.genres:
        yield "genres", printable(", ".join(names.genres))


def _tempo(rhythm: Rhythm) -> Iterator[tuple[str, str]]:
    sure = f" (confidence {rhythm.bpm_confidence:.2f}), {rhythm.beats_count} beats"
    yield "tempo", f"{rhythm.bpm:.1f} BPM{sure}{_or_octave(rhythm)}" if rhythm.bpm else "no beat"
    if len(rhythm.tempo_changes) > 1:
        shown = rhythm.tempo_changes[:_SHOWN_CHAPTERS]
        yield "", ", ".join(f"{bpm:.0f} from {duration(seconds)}" for seconds, bpm in shown)


def _key(tonal: Tonal) -> Iterator[tuple[str, str]]:
    name = f"{tonal.key} {tonal.scale} ({tonal.camelot}), A = {number(tonal.tuning_hz)} Hz"
    yield "key", name if tonal.key else "none"
    if len(tonal.key_changes) > 1:
        shown = tonal.key_changes[:_SHOWN_CHAPTERS]
        yield "", ", ".join(f"{tonic} {scale} from {duration(seconds)}" for seconds, tonic, scale in shown)


def _mood(mood: Mood) -> str:
    """ "energy 0.41, voice 0.12, calm 0.93": the moods that the track has, the strongest first."""
    values = {"energy": mood.energy, "voice": mood.voice}
    moods = sorted((mood.moods or {}).items(), key=lambda one: -one[1])
    values |= {name: value for name, value in moods if value >= USUAL_MOOD}
    return ", ".join(f"{name} {number(value, 2)}" for name, value in values.items())


def _chapters(chapters: Sequence[Chapter]) -> Iterator[tuple[str, str]]:
    if chapters:
        yield "chapters", str(len(chapters))
    for chapter in chapters[:_SHOWN_CHAPTERS]:
        yield "", f"{duration(chapter.start_seconds)} {printable(chapter.title)}"


def _facts(analysis: Analysis) -> Iterator[tuple[str, str]]:
    if audio := analysis.audio:
        cut = f", cut after {duration(audio.analyzed_seconds)}" if audio.truncated else ""
        yield (
            "audio",
            f"{duration(audio.duration_seconds)}, {audio.format} {audio.sample_rate_hz} Hz {_channels(audio)}{cut}",
        )
    if analysis.rhythm:
        yield from _tempo(analysis.rhythm)
    if analysis.tonal:
        yield from _key(analysis.tonal)
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


def _rest(analysis: Analysis, found: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Its mood, what is wrong with the track, its chapters, how it was analyzed."""
    if mood := analysis.mood:
        yield "mood", _mood(mood)
    if heard := analysis.vibenet:
        yield "heard", ", ".join(f"{field.name} {number(getattr(heard, field.name), 2)}" for field in fields(heard))
    if analysis.health or found:
        yield "health", "; ".join(f"{name}: {evidence}" for name, evidence in found.items()) or "nothing found"
    yield from _chapters(analysis.chapters)
    if made := _made_with(analysis):
        yield "made with", made
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
