"""One runtime on one file, in a process of its own: started by ``benchmarks.runtimes``, prints its figures as JSON.

The caller sets the daemon's environment; the daemon's libraries are imported here, so that sizes are those of a daemon.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from playlista.features.tags.accumulator import TagsAccumulator
from playlista.musicnn.files import GRAPH, ModelFiles
from playlista.musicnn.runtimes.runtime import TaggerRuntime, load_runtime
from playlista.system.essentia_algorithms import essentia_standard

DAEMON_LIBRARIES = ("sqlite3", "prometheus_client", "structlog", "watchdog.observers", "pyebur128", "waitress")

Array = NDArray[np.float32]


class Timed:
    """A runtime with a watch: CPU and wall seconds of all calls but the first, which warms it up."""

    def __init__(self, runtime: TaggerRuntime) -> None:
        self._runtime, self._warm = runtime, False
        self.name = runtime.name
        self.cpu_seconds, self.wall_seconds, self.patches = 0.0, 0.0, 0

    def activations(self, patches: Array) -> tuple[Array, Array]:
        cpu, wall = time.process_time(), time.perf_counter()
        answer = self._runtime.activations(patches)
        if self._warm:
            self.cpu_seconds += time.process_time() - cpu
            self.wall_seconds += time.perf_counter() - wall
            self.patches += len(patches)
        self._warm = True
        return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runtime")
    parser.add_argument("models", type=Path)
    parser.add_argument("music", type=Path)
    parser.add_argument("--published", type=Path, help="a frozen graph to take in the place of ours")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    for library in DAEMON_LIBRARIES:
        importlib.import_module(library)
    essentia_standard()
    files = _files(asked.models, asked.published)
    started = time.process_time()
    timed = Timed(load_runtime(asked.runtime, files, asked.threads))
    start_seconds = time.process_time() - started
    accumulator = TagsAccumulator(timed, files.labels, batch_size=asked.batch)
    for block in mono_16k(asked.music):
        accumulator.update(block)
    accumulator.result()
    figures = {
        "cpu_ms": 1e3 * timed.cpu_seconds / timed.patches,
        "wall_ms": 1e3 * timed.wall_seconds / timed.patches,
        "start_seconds": start_seconds,
        "resident_mib": _status_mib("VmRSS"),
        "anonymous_mib": _status_mib("RssAnon"),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(figures))


def _files(models_dir: Path, published: Path | None) -> ModelFiles:
    files = ModelFiles.find(models_dir)
    assert files is not None, f"no model in {models_dir}"
    if published is None:
        return files
    folder = Path(tempfile.mkdtemp())
    (folder / GRAPH).symlink_to(published.resolve())
    return dataclasses.replace(files, folder=folder)


def mono_16k(music: Path) -> Iterator[Array]:
    """The file as the daemon hands it to the model: blocks of 3 s, mixed, resampled."""
    with soundfile.SoundFile(music) as file:
        stream = soxr.ResampleStream(file.samplerate, 16_000, 1, dtype="float32")
        for block in file.blocks(blocksize=3 * file.samplerate, dtype="float32", always_2d=True):
            yield stream.resample_chunk(block.mean(axis=1))
        yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def _status_mib(key: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1024
    raise KeyError(key)


if __name__ == "__main__":
    main()
