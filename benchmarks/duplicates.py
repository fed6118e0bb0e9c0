"""How well duplicates are told, and what they cost in a large library.

Input: recordings in a folder, and pieces made here. Output: docs/duplicates.md with tables of both.

    python -m benchmarks.duplicates measure [--music ../shared] [--recordings 16] [--pieces 8] [--keep FILE]
    python -m benchmarks.duplicates scale [--tracks 100000] [--keep FILE]

``measure`` puts every recording with its copies, other masters and other playings into a library and lets it find the
duplicates as the daemon does. Limits were chosen by looking at the development half alone; halves are by recording.
``scale`` does the same with invented fingerprints besides those real ones, in a cgroup of 256 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import combinations, islice
from pathlib import Path
from typing import Any
from zlib import crc32

import soundfile

from benchmarks.cgroups import MIB, memory_cgroup
from benchmarks.duplicates_invented import invented
from benchmarks.duplicates_music import (
    COPIES,
    OTHER_MASTERS,
    OTHER_PLAYINGS,
    RATE_HZ,
    Playing,
    convert,
    other_playing,
    piece,
)
from benchmarks.tables import markdown_table, mib, write_section

PAGE = Path(__file__).resolve().parent.parent / "docs" / "duplicates.md"
KEPT = Path("build/bench/duplicates.jsonl")
LIMIT_MB = 256
LEAST_SECONDS = 20.0
BATCH_ROWS = 500
_FILE = """INSERT INTO files (id, path, device, inode, size_bytes, mtime_ns, status)
           VALUES (?, ?, 1, ?, 1, 1, 'analyzed')"""
_ANALYSIS = """INSERT INTO analyses (file_id, version_set, finished_at, attempts, duration_seconds, result)
               VALUES (?, 1, 0, 1, ?, '{}')"""


@dataclass(frozen=True, slots=True)
class Made:
    """A file: of which recording (and of which playing or master of it), what kind of copy it is, what was heard."""

    recording: str
    playing: str
    kind: str
    seconds: float
    chromaprint: str
    band_levels: str

    @property
    def half(self) -> str:
        return "development" if crc32(self.recording.encode()) % 2 else "held out"


def make(folder: Path, music: Path, recordings: int, pieces: int) -> Iterator[Made]:
    """Every file of the measurement; one at a time is on disk."""
    for source in _recordings(music, recordings):
        yield from _family(folder, source.name, source)
    for number in range(pieces):
        name, original = f"piece {number}", folder / "original.wav"
        soundfile.write(original, piece(number, Playing(seed=number)), RATE_HZ)
        yield from _family(folder, name, original)
        for kind in OTHER_PLAYINGS:
            other = folder / "other.wav"
            soundfile.write(other, other_playing(number, kind), RATE_HZ)
            yield _heard(other, name, kind, kind)


def _recordings(music: Path, most: int) -> list[Path]:
    """Some recordings of enough length, spread over the folder."""
    found = sorted(path for path in music.rglob("*") if path.suffix in {".ogg", ".opus", ".flac", ".mp3", ".wav"})
    names: dict[str, Path] = {}
    for path in found:
        try:
            if soundfile.info(path).duration >= LEAST_SECONDS and "flac-test-files" not in str(path):
                names.setdefault(path.name, path)
        except soundfile.LibsndfileError:
            continue
    return sorted(names.values(), key=lambda path: crc32(path.name.encode()))[:most]


def _family(folder: Path, name: str, source: Path) -> Iterator[Made]:
    """A recording, its copies and its other masters."""
    yield _heard(source, name, "original", "original")
    for kinds, is_copy in ((COPIES, True), (OTHER_MASTERS, False)):
        for kind, (options, suffix) in kinds.items():
            target = folder / f"made.{suffix}"
            convert(source, target, options)
            yield _heard(target, name, "original" if is_copy else kind, kind)


def _heard(path: Path, recording: str, playing: str, kind: str) -> Made:
    from playlista.analysis.audio_analyzer import AudioAnalyzer, Pass
    from playlista.config import Settings

    found = AudioAnalyzer(Settings(musicnn_runtime="off")).analyze(str(path), how=Pass(groups=("fingerprint",)))
    assert found.fingerprint is not None
    assert found.audio is not None
    print(f"{recording}: {kind}", file=sys.stderr)
    seconds, heard = found.audio.duration_seconds, found.fingerprint
    return Made(recording, playing, kind, seconds, heard.chromaprint, heard.band_levels)


def fill(database: Any, files: Iterable[tuple[str, str, float]]) -> int:
    """Put files, each as chromaprint, band levels and seconds, into a library; how many there are."""
    from playlista.library.fingerprints import put_fingerprint
    from playlista.tracks import Fingerprint

    with database.transaction() as connection:
        connection.execute("INSERT INTO version_sets VALUES (1, '{}')")
    numbered, count = enumerate(files, start=1), 0
    while batch := list(islice(numbered, BATCH_ROWS)):
        with database.transaction() as connection:
            for number, (chromaprint, levels, seconds) in batch:
                connection.execute(_FILE, (number, f"{number}".encode(), number))
                connection.execute(_ANALYSIS, (number, seconds))
                put_fingerprint(connection, number, Fingerprint(chromaprint, levels))
        count = batch[-1][0]
    return count


def found_in(folder: Path, files: Iterable[tuple[str, str, float]]) -> tuple[list[int | None], dict[str, float]]:
    """The recording that each file was found to hold, and what that cost."""
    from playlista.daemon.copy_finder import CopyFinder
    from playlista.library.database import FILE_NAME, open_database

    with open_database(os.fspath(folder / FILE_NAME)) as database:
        count = fill(database, files)
        started, cpu = time.monotonic(), time.process_time()
        CopyFinder(database, stop=lambda: False).find(float("inf"))
        cost = {"seconds": time.monotonic() - started, "cpu_seconds": time.process_time() - cpu}
        with database.read() as connection:
            rows = dict(map(tuple, connection.execute("SELECT file_id, recording FROM copies")))
    cost["bytes"] = os.path.getsize(folder / FILE_NAME)
    return [rows[number] for number in range(1, count + 1)], cost


def score(made: list[Made], found: list[int | None]) -> dict[str, tuple[int, int, int]]:
    """By half, pairs that are told to be copies rightly, wrongly, and those that are missed."""
    counts: Counter[tuple[str, str]] = Counter()
    for first, second in combinations(range(len(made)), 2):
        one, other = made[first], made[second]
        is_copy = (one.recording, one.playing) == (other.recording, other.playing)
        is_told = found[first] is not None and found[first] == found[second]
        if is_copy or is_told:
            counts[one.half, "right" if is_copy and is_told else "wrong" if is_told else "missed"] += 1
    return {
        half: (counts[half, "right"], counts[half, "wrong"], counts[half, "missed"])
        for half in ("development", "held out")
    }


def kinds(made: list[Made], found: list[int | None]) -> Iterator[tuple[str, str, int, int]]:
    """For each kind of file, whether it is a copy, how many there are, and how many were found with their original."""
    originals = {one.recording: found[at] for at, one in enumerate(made) if one.kind == "original"}
    for kind in dict.fromkeys(one.kind for one in made if one.kind != "original"):
        of_kind = [(one, found[at]) for at, one in enumerate(made) if one.kind == kind]
        told = sum(number is not None and number == originals[one.recording] for one, number in of_kind)
        is_copy = of_kind[0][0].playing == "original"
        yield kind, "yes" if is_copy else "no", len(of_kind), told


def report(made: list[Made]) -> str:
    """Tables of a measurement."""
    with tempfile.TemporaryDirectory() as folder:
        found, _cost = found_in(Path(folder), [(one.chromaprint, one.band_levels, one.seconds) for one in made])
    rows = []
    for half, (right, wrong, missed) in score(made, found).items():
        recordings = len({one.recording for one in made if one.half == half})
        files = sum(one.half == half for one in made)
        precision, recall = right / max(1, right + wrong), right / max(1, right + missed)
        rows.append((half, recordings, files, right, wrong, missed, f"{precision:.4f}", f"{recall:.4f}"))
    header = ("half", "recordings", "files", "pairs right", "wrong", "missed", "precision", "recall")
    by_kind = markdown_table(("kind", "a copy", "files", "found with the original"), kinds(made, found))
    return f"{markdown_table(header, rows)}\n\n{by_kind}"


def scaled(kept: Path, tracks: int) -> dict[str, Any]:
    """What finding the copies among real and invented tracks gives and costs, in this process."""
    made, truth = kept_files(kept), []

    def files() -> Iterator[tuple[str, str, float]]:
        for one in made:
            yield one.chromaprint, one.band_levels, one.seconds
        for chromaprint, levels, seconds, recording in invented(tracks):
            truth.append(recording)
            yield chromaprint, levels, seconds

    with tempfile.TemporaryDirectory() as folder:
        found, cost = found_in(Path(folder), files())
    real, others = found[: len(made)], found[len(made) :]
    right, wrong, missed = (sum(counts) for counts in zip(*score(made, real).values(), strict=True))
    groups: dict[int, set[int]] = {}
    for number, recording in zip(others, truth, strict=True):
        if number is not None:
            groups.setdefault(number, set()).add(recording)
    told = Counter(number for number in others if number is not None)
    copies = sum(recording != number for number, recording in enumerate(truth))
    wrong_groups = sum(len(recordings) > 1 for recordings in groups.values()) + len(groups.keys() & {*real} - {None})
    right_groups = sum(len(groups[number]) == 1 and count == 2 for number, count in told.items())
    return {
        "tracks": len(found), "real": len(made), "copies": copies, "right_copies": right_groups,
        "wrong_groups": wrong_groups, "right": right, "wrong": wrong, "missed": missed, **cost,
    }  # fmt: skip


def scale(kept: Path, tracks: int) -> str:
    """The table of `scaled` in a cgroup of `LIMIT_MB`."""
    with memory_cgroup(LIMIT_MB * MIB) as cgroup:
        inside = [sys.executable, "-m", "benchmarks.duplicates", "inside", "--keep", str(kept), "--tracks", str(tracks)]
        done = subprocess.run(cgroup.entered_by(inside), capture_output=True, text=True, check=True, timeout=7200)
        peak, kills = cgroup.peak_bytes(), cgroup.oom_kills()
    one = json.loads(done.stdout)
    rows = [
        ("tracks, of which real", f"{one['tracks']:,}, {one['real']}"),
        ("memory limit", f"{LIMIT_MB} MiB"),
        ("most charged, pages of files included", f"{mib(peak or 0)} MiB"),
        ("OOM kills", kills),
        ("most resident", f"{one['peak_rss'] / MIB:.0f} MiB"),
        ("CPU time to compare all", f"{one['cpu_seconds']:.0f} s"),
        ("for one track", f"{1000 * one['cpu_seconds'] / one['tracks']:.1f} ms"),
        ("database, for one track", f"{one['bytes'] / MIB:.0f} MiB, {one['bytes'] / one['tracks'] / 1000:.1f} kB"),
        ("invented copies, found", f"{one['copies']:,}, {one['right_copies']:,}"),
        ("groups with an invented track that is no copy", one["wrong_groups"]),
        ("pairs among the real: right, wrong, missed", f"{one['right']}, {one['wrong']}, {one['missed']}"),
        ("precision among the real", f"{one['right'] / max(1, one['right'] + one['wrong']):.4f}"),
        ("recall among the real", f"{one['right'] / max(1, one['right'] + one['missed']):.4f}"),
    ]  # fmt: skip
    return markdown_table(("what", "value"), rows)


def kept_files(kept: Path) -> list[Made]:
    """What `measure` heard."""
    return [Made(**json.loads(line)) for line in kept.read_text("utf-8").splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("measure", "table", "scale", "inside"))
    parser.add_argument("--music", type=Path, default=Path("../shared"))
    parser.add_argument("--recordings", type=int, default=16)
    parser.add_argument("--pieces", type=int, default=8)
    parser.add_argument("--tracks", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, default=KEPT)
    given = parser.parse_args()
    if given.what == "inside":
        result = scaled(given.keep, given.tracks)
        print(json.dumps(result | {"peak_rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
        return
    if given.what == "measure":
        given.keep.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder, given.keep.open("w") as file:
            for one in make(Path(folder), given.music, given.recordings, given.pieces):
                file.write(json.dumps(asdict(one)) + "\n")
                file.flush()
    section = "scale" if given.what == "scale" else "found"
    text = scale(given.keep, given.tracks) if section == "scale" else report(kept_files(given.keep))
    print(text)
    write_section(PAGE, section, text)


if __name__ == "__main__":
    main()
