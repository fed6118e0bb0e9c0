"""The table "files": the product against ffmpeg, file by file: length, loudness, rate, channels, layout, status.

Input: folders with music, and a folder for the files that are made (``quality_files_making``). Output: rows as plain
types, and Markdown of them: counts by kind, and every disagreement with who is right and why. By itself:
``python -m benchmarks.quality_files [FOLDER…]`` prints the table; ``--all`` prints a line for every file.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import product
from benchmarks.quality_files_judge import GATED_LUFS, Heard, hear_all
from benchmarks.quality_files_reasons import reason_of
from benchmarks.tables import markdown_table
from playlista.decode.layouts import named_layout

#: Fields of the issue, as people read them.
SECONDS_APART, LU_APART = 0.1, 0.1
HEADER = ("kind", "files", "agree", "differ")
DIFFERENCE_HEADER = ("file", "differs", "ours", "ffmpeg", "who is right and why")
LINE_HEADER = ("file", "status", "seconds", "LUFS", "Hz", "layout", "differs")
#: ffmpeg's words for one or two channels of which the file says nothing; there is only one way to take them.
_UNSTATED = {"1 channels": "mono", "2 channels": "stereo"}
NOT_SOUND = {".sh", ".txt", ".md", ".tsv", ".json", ".py"}

Row = dict[str, Any]


def measure(folders: Iterable[Path], made: Path) -> list[Row]:
    """A row for every file of `folders`, and for every file that is made in `made`."""
    from benchmarks.quality_files_making import make_all  # numpy must not come in before the environment

    found = [path for folder in folders if folder.is_dir() for path in sorted(folder.rglob("*"))]
    files = [path for path in found if path.is_file() and path.suffix not in NOT_SOUND] + make_all(made)
    print(f"benchmarks: {len(files)} files against ffmpeg", flush=True)
    analyses = product.analyze(files, {"MUSICNN_RUNTIME": "off"}).analyses
    pairs = zip(files, analyses, hear_all(files), strict=True)
    return [_row(path, made, analysis, heard) for path, analysis, heard in pairs]


def _row(path: Path, made: Path, analysis: dict[str, Any], heard: Heard) -> Row:
    audio, loudness = analysis["audio"] or {}, analysis["loudness"] or {}
    row: Row = {
        "name": path.name,
        "kind": _kind(path, made),
        "status": analysis["status"],
        "reason": analysis["reason"],
        "detail": analysis["detail"],
        "seconds": audio.get("duration_seconds"),
        "lufs": loudness.get("integrated_lufs"),
        "rate_hz": audio.get("sample_rate_hz"),
        "layout": audio.get("channel_layout"),
        "ffmpeg_seconds": heard.seconds,
        "ffmpeg_lufs": heard.integrated_lufs,
        "ffmpeg_rate_hz": heard.sample_rate_hz,
        "ffmpeg_layout": heard.layout,
    }
    return row | {"differs": differences(row)}


def _kind(path: Path, made: Path) -> str:
    """What a line of counts is about: the family of a made file, the top folder of another."""
    if path.is_relative_to(made):
        return f"made: {path.name.split('--')[0]}"
    return path.parent.name


def differences(row: Row) -> list[str]:
    """Which of the fields are further apart than the table allows."""
    if row["seconds"] is None or row["ffmpeg_seconds"] is None:
        return [] if row["seconds"] is row["ffmpeg_seconds"] else ["status"]
    apart = {
        "seconds": abs(row["seconds"] - row["ffmpeg_seconds"]) > SECONDS_APART,
        "LUFS": abs(_gated(row["lufs"]) - _gated(row["ffmpeg_lufs"])) > LU_APART + 1e-9,
        "Hz": row["rate_hz"] != row["ffmpeg_rate_hz"],
        "layout": _channels(row["layout"]) != _channels(row["ffmpeg_layout"]),
        "status": row["status"] != "analyzed",
    }
    return [name for name, differs in apart.items() if differs]


def _gated(lufs: float | None) -> float:
    """As ffmpeg prints it, rounded to a tenth, with what its gate stops."""
    return GATED_LUFS if lufs is None else max(GATED_LUFS, lufs)


def _channels(layout: str | None) -> frozenset[str]:
    """The channels of a layout, since an order can have several names; none where they have no meaning."""
    return frozenset(named_layout(_UNSTATED.get(layout or "", layout or "")))


def table(rows: Sequence[Row]) -> str:
    """Counts by kind, and every disagreement."""
    files, differing = Counter(row["kind"] for row in rows), Counter(row["kind"] for row in rows if row["differs"])
    counts = [(kind, count, count - differing[kind], differing[kind]) for kind, count in sorted(files.items())]
    counts.append(("**all**", len(rows), len(rows) - differing.total(), differing.total()))
    lines = [_difference(row) for row in rows if row["differs"]]
    parts = [markdown_table(HEADER, counts), f"{len(lines)} files differ:", markdown_table(DIFFERENCE_HEADER, lines)]
    return "\n\n".join(parts)


def unexplained(rows: Iterable[Row]) -> list[str]:
    """Names of the files that differ and should not."""
    return [row["name"] for row in rows if row["differs"] and reason_of(row) is None]


def _difference(row: Row) -> tuple[str, ...]:
    ours = f"{row['status']}{': ' + row['reason'] if row['reason'] else ''}, {_shown(row, '')}"
    why = reason_of(row) or "**to be looked at**"
    return row["name"], ", ".join(row["differs"]), ours, _shown(row, "ffmpeg_"), why


def _shown(row: Row, prefix: str) -> str:
    if row[f"{prefix}seconds"] is None:
        return "nothing"
    lufs = row[f"{prefix}lufs"]
    loud = "gated" if lufs is None else f"{lufs:.1f} LUFS"
    return f"{row[f'{prefix}seconds']:.2f} s, {loud}, {row[f'{prefix}rate_hz']} Hz, {row[f'{prefix}layout']}"


def _line(row: Row) -> tuple[str, ...]:
    lufs = "" if row["lufs"] is None else f"{row['lufs']:.2f}"
    seconds = "" if row["seconds"] is None else f"{row['seconds']:.2f}"
    differs = ", ".join(row["differs"]) or "-"
    return row["name"], row["status"], seconds, lufs, str(row["rate_hz"]), str(row["layout"]), differs


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "folders", type=Path, nargs="*", default=[Path("../shared/audio"), Path("../shared/field/files")]
    )
    parser.add_argument("--made", type=Path, default=Path("build/bench/files"))
    parser.add_argument("--all", action="store_true", help="a line for every file")
    asked = parser.parse_args()
    rows = measure(asked.folders, asked.made.resolve())
    if asked.all:
        print(markdown_table(LINE_HEADER, map(_line, rows)))
    print(table(rows))
    if open_questions := unexplained(rows):
        raise SystemExit(f"benchmarks: {len(open_questions)} files differ without a reason{os.linesep}")


if __name__ == "__main__":
    main()
