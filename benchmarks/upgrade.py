"""What an upgrade computes anew: ``python -m benchmarks.upgrade``.

A library of tracks is analyzed, then set back to an older version: rhythm of a lower version, no moods, no columns of
them. The daemon goes over it once more. Output: a table in docs/upgrading.md of what was computed, derived and kept,
from the results before and after, and what it cost.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from benchmarks.children import Run, python, run
from benchmarks.tables import markdown_table, write_section

PAGE = Path("docs/upgrading.md")
RATE_HZ = 44_100
#: Groups whose values must be the same after the upgrade.
KEPT = ("tonal", "loudness", "spectral", "tags", "audio", "health")
#: Groups that are computed from the music, of which only the first is of an older version.
GROUPS = ("rhythm", "tonal", "loudness", "spectral", "tags", "health", "fingerprint")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a track")
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--work", type=Path, default=Path("build/bench/upgrade"))
    asked = parser.parse_args()
    shutil.rmtree(asked.work, ignore_errors=True)
    make_music(asked.work / "music", asked.tracks, asked.seconds)
    first = daemon_run(asked)
    database = next((asked.work / "data").glob("*.db"))
    before = results(database)
    set_back(database)
    second = daemon_run(asked)
    changes = compared(before, results(database), moods_due(database))
    text = table(changes, first, second)
    print(text)
    write_section(PAGE, "upgrade", text)
    if changes != whole(asked.tracks):
        sys.exit(f"benchmarks: the upgrade of {asked.tracks} tracks changed something else: {changes}")


def make_music(folder: Path, count: int, seconds: float) -> None:
    """Tracks that differ: clicks at a tempo of their own over a chord of their own."""
    folder.mkdir(parents=True)
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    for number in range(count):
        chance = np.random.default_rng(number)
        beat = 60 / (90 + number % 80)
        clicks = np.exp(-60 * (times % beat)) * chance.normal(0, 0.2, len(times))
        tones = sum(0.05 * np.sin(2 * np.pi * hz * times) for hz in 110 * 2 ** (chance.integers(0, 36, 3) / 12))
        soundfile.write(folder / f"{number:04}.flac", (clicks + tones).astype(np.float32), RATE_HZ)


def daemon_run(asked: argparse.Namespace) -> Run:
    """One pass of the daemon over the folder, until nothing is due."""
    command = python(
        "-m", "playlista", "run", "--once", "--music", str(asked.work / "music"), "--data", str(asked.work / "data")
    )
    settings = {"MODELS_DIR": str(asked.models.resolve()), "LISTEN_ADDRESS": "127.0.0.1:0", "LOG_LEVEL": "WARNING"}
    return run(command, environment=settings).checked()


def results(database: Path) -> dict[str, dict[str, Any]]:
    """The stored results by path."""
    with sqlite3.connect(database) as connection:
        rows = connection.execute(
            "SELECT path, result FROM files JOIN analyses ON analyses.file_id = files.id"
        ).fetchall()
    connection.close()
    return {path.decode(): json.loads(result) for path, result in rows}


def set_back(database: Path) -> None:
    """As an older version left it: rhythm one version lower, and nothing known of moods."""
    with sqlite3.connect(database) as connection:
        connection.execute(
            "UPDATE version_sets SET versions = json_set(versions, '$.rhythm', json_extract(versions, '$.rhythm') - 1)"
        )
        connection.execute("UPDATE tracks SET energy = NULL, voice = NULL, moods = '[]', mood_version = 0")
    connection.close()


def moods_due(database: Path) -> tuple[int, int]:
    """Tracks with an energy, and tracks whose mood is still due."""
    with sqlite3.connect(database) as connection:
        row = connection.execute("SELECT count(energy), total(mood_version = 0) FROM tracks").fetchone()
    connection.close()
    return int(row[0]), int(row[1])


def compared(
    before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]], moods: tuple[int, int]
) -> dict[str, int]:
    """How many results were computed, group by group, and how many kept their values."""
    timings = [one["timings"] for one in after.values()]
    computed = {group: sum(timing.get(f"{group}_seconds", 0) > 0 for timing in timings) for group in GROUPS}
    kept = sum(all(before[path].get(group) == one.get(group) for group in KEPT) for path, one in after.items())
    return {**computed, "kept": kept, "derived": moods[0], "due": moods[1]}


def whole(tracks: int) -> dict[str, int]:
    """What an upgrade that computes rhythm alone leaves."""
    others = dict.fromkeys(GROUPS[1:], 0)
    return {"rhythm": tracks, **others, "kept": tracks, "derived": tracks, "due": 0}


def table(changes: dict[str, int], first: Run, second: Run) -> str:
    """Counts, then the cost."""

    def rows() -> Iterator[tuple[str, str]]:
        for group in GROUPS:
            yield f"{group} computed anew", str(changes[group])
        yield "moods derived, without reading music", str(changes["derived"])
        yield "results whose other values are the same as before", str(changes["kept"])
        yield "CPU seconds of the first analysis", f"{first.cpu_seconds:.0f}"
        yield "CPU seconds of the upgrade", f"{second.cpu_seconds:.0f}"

    return markdown_table(("after an upgrade", "tracks"), list(rows()))


if __name__ == "__main__":
    main()
