"""Tracks whose numbers are compared, and the product's answers about them under one setting or another.

Input: a folder with music. Output: files, and result objects as ``playlista analyze --json`` prints them,
each time from a fresh process.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import product

#: A result object.
Analysis = dict[str, Any]

#: Beyond this many files, the largest are looked at.
MOST_CANDIDATES = 200
#: Shorter ones are samples and test signals more often than recordings.
LEAST_SECONDS = 4.5
#: The yardstick of the design: 44.1 kHz, float32, in chunks.
FULL = {"MEMORY_REDUCE_SAMPLE_RATE": "false", "MEMORY_USE_FLOAT16": "false"}
SUFFIXES = (".flac", ".wav", ".mp3", ".ogg", ".opus", ".aiff", ".aif", ".m4a", ".wma", ".ape", ".wv", ".mpc")


def analyses(files: Sequence[Path], models: Path, settings: Mapping[str, str]) -> list[Analysis]:
    """Result objects of `files`, in order, from a process of its own with `settings`.

    Raises
    ------
    ChildFailed : the process broke.
    """
    return product.analyze(files, {"MODELS_DIR": str(models), **settings}).analyses


def longest_tracks(folder: Path, models: Path, most: int) -> list[Path]:
    """The longest recordings of `folder` that decode whole and are not silent, no music twice; at most `most`.

    Raises
    ------
    SystemExit : there is none.
    """
    files = [path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()]
    candidates = sorted(files, key=os.path.getsize, reverse=True)[:MOST_CANDIDATES]
    known: dict[str, Analysis] = {}
    for analysis in analyses(candidates, models, {"MUSICNN_RUNTIME": "off"}) if candidates else []:
        if _is_recording(analysis):
            known.setdefault(analysis["music_hash"], analysis)
    longest = sorted(known.values(), key=lambda each: -float(each["audio"]["duration_seconds"]))[:most]
    if not longest:
        raise SystemExit(f"benchmarks: no track of {LEAST_SECONDS} s or more that decodes whole in {folder}")
    return [Path(analysis["path"]) for analysis in longest]


def _is_recording(analysis: Analysis) -> bool:
    """Whether it was analyzed whole, is long enough and sounds."""
    return (
        analysis["status"] == "analyzed"
        and analysis["audio"]["duration_seconds"] >= LEAST_SECONDS
        and analysis["loudness"]["integrated_lufs"] is not None
    )


def truth_folder(folder: Path) -> Path | None:
    """Where the TRUTH.tsv lies that speaks of the music in `folder`: there, or in one of the three folders above."""
    places = (folder, *folder.resolve().parents[:3])
    return next((place for place in places if (place / "TRUTH.tsv").is_file()), None)
