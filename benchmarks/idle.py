"""What the program costs apart from analysis: starting, waiting, scanning a large folder, reading a large library.

Input: the model and a working folder. Output: rows of what was asked for, its bar and its figure. Seconds
are CPU seconds: how long they take on the wall depends on the machine's other work.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.children import python, run
from benchmarks.large_library import files_on_disk, fill, invented_files
from benchmarks.tables import MIB

RESCANNED_FILES = 100_000
LIBRARY_FILES = 1_000_000
IDLE_SECONDS = 60.0
START_TIMEOUT_SECONDS = 120.0
REPEATS = 5
MILLISECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was asked for; `figure` is to stay under `most`."""

    what: str
    figure: float
    most: float
    unit: str
    digits: int = 2

    def __str__(self) -> str:
        return f"{self.what}: {self.figure:.{self.digits}f} {self.unit}"

    def as_dict(self) -> dict[str, Any]:
        """For the results file."""
        return {**asdict(self), "bar": f"< {self.most:g} {self.unit}", "reached": self.figure < self.most}


def measure(models: Path, work: Path) -> list[dict[str, Any]]:
    """All rows; needs half a gigabyte in `work` meanwhile."""
    work.mkdir(parents=True, exist_ok=True)
    rows = []
    with tempfile.TemporaryDirectory(dir=work) as place:
        for row in _rows(models.resolve(), Path(place)):
            print(f"  {row}", flush=True)
            rows.append(row.as_dict())
    return rows


def _rows(models: Path, place: Path) -> Iterator[Row]:
    result = _one_result(models, place)
    yield Row("`playlista --help`", help_seconds(), 0.3, "CPU s")
    yield from _ready(models, place / "ready")
    yield from _rescan(models, place / "rescan", result)
    yield from _library(place / "library", result)


def help_seconds() -> float:
    """CPU seconds of ``playlista --help``."""
    return statistics.median(run(python("-m", "playlista", "--help")).checked().cpu_seconds for _ in range(REPEATS))


def _one_result(models: Path, place: Path) -> dict[str, Any]:
    """The result object of a real analysis, without the model."""
    import numpy
    import soundfile

    song = place / "song.wav"
    soundfile.write(song, numpy.random.default_rng(0).normal(0, 0.1, (8 * 44100, 2)), 44100)
    environment = {"MUSICNN_RUNTIME": "off", "MODELS_DIR": str(models)}
    ended = run(python("-m", "playlista", "analyze", "--json", str(song)), environment=environment).checked()
    analysis: dict[str, Any] = json.loads(ended.output)
    return analysis


def _ready(models: Path, place: Path) -> Iterator[Row]:
    """Start the daemon over a folder with nothing to do."""
    music = place / "music"
    music.mkdir(parents=True)
    with _running(music, place / "data", {"MUSICNN_RUNTIME": "essentia", "MODELS_DIR": str(models)}) as process:
        yield Row("ready to analyze, with essentia's runtime", _cpu_seconds(process.pid), 1.5, "CPU s")


def _idle_percent(music: Path, data: Path, settings: dict[str, str]) -> float:
    """Share of a core that the daemon takes once its first scan is over."""
    with _running(music, data, settings) as process:
        spent, before = _cpu_seconds(process.pid), -1.0
        while spent - before > 0.02:
            time.sleep(1.0)
            spent, before = _cpu_seconds(process.pid), spent
        started = time.monotonic()
        time.sleep(IDLE_SECONDS)
        return 100 * (_cpu_seconds(process.pid) - spent) / (time.monotonic() - started)


@contextmanager
def _running(music: Path, data: Path, settings: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The daemon, from the moment when ``/readyz`` answers with 200."""
    environment = {**os.environ, **settings, "LISTEN_ADDRESS": "127.0.0.1:0", "LOG_FORMAT": "json", "LOG_LEVEL": "info"}
    command = python("-m", "playlista", "run", "--music", str(music), "--data", str(data))
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            _wait_until_ready(process)
            yield process
        finally:
            process.terminate()
            process.communicate()


def _wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("event") == "daemon.started":
            break
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{event['port']}/readyz"):
                return
        except urllib.error.HTTPError:
            time.sleep(0.02)
    raise TimeoutError("the daemon does not get ready")


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, from ``/proc/PID/stat``, in steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rescan(models: Path, place: Path, result: dict[str, Any]) -> Iterator[Row]:
    """A whole ``run --once`` over files that are all known and unchanged; then the daemon over them."""
    music, data = place / "music", place / "data"
    music.mkdir(parents=True)
    data.mkdir()
    fill(data, files_on_disk(music, RESCANNED_FILES), result)
    settings = {"MUSICNN_RUNTIME": "off", "MODELS_DIR": str(models)}
    command = python("-m", "playlista", "run", "--once", "--music", str(music), "--data", str(data))
    ended = run(command, environment={**settings, "LOG_LEVEL": "error"}).checked()
    what = f"`run --once` over {RESCANNED_FILES:,} unchanged files"
    yield Row(what, ended.cpu_seconds, 10.0, "CPU s")
    yield Row(f"{what}, peak RSS", ended.peak_rss_bytes / MIB, 150.0, "MiB", 0)
    idle = _idle_percent(music, data, settings)
    yield Row(f"the daemon idle over these files, for {IDLE_SECONDS:g} s", idle, 0.5, "% of a core")


def _library(place: Path, result: dict[str, Any]) -> Iterator[Row]:
    """Calls on a library of a million."""
    place.mkdir()
    fill(place, invented_files(LIBRARY_FILES), result)
    figures = json.loads(run(python("-m", "benchmarks.probes.library", str(place))).checked().output)
    for call, milliseconds in figures.items():
        yield Row(f"{LIBRARY_FILES:,} tracks: {call}", milliseconds, MILLISECONDS, "CPU ms")
