"""What each MusiCNN runtime costs: CPU a patch, resident memory, and the smallest memory limit that holds it.

``python -m benchmarks.runtimes --models build/models`` prints the table of docs/adr/0004-musicnn-runtimes.md. Every figure
comes from a process of its own that has the daemon's environment and libraries, decodes a FLAC with 10 minutes of
synthetic music in blocks, and tags it whole. With ``--published WHEEL`` the published graph, frozen as it is, is measured
in the same way for comparison. The smallest limit is searched in real cgroups, for which one must be root.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MIB = 1024**2
DAEMON_LIBRARIES = ("soundfile", "soxr", "sqlite3", "prometheus_client", "structlog", "watchdog.observers", "pyebur128")
SEARCH_STEP_MIB = 8


def probe(name: str, models_dir: Path, published: Path | None, music: Path, batch_size: int, threads: int) -> None:
    """In a process of its own: tag `music` with one runtime and print the figures as JSON."""
    from playlista.config import Settings
    from playlista.environment import prepare_environment

    prepare_environment(Settings().native_environment(), threads=threads)
    import dataclasses
    import importlib
    import resource

    for library in DAEMON_LIBRARIES:
        importlib.import_module(library)
    from playlista.essentia_algorithms import essentia_standard
    from playlista.features.tags import TagsAccumulator
    from playlista.models.files import ModelFiles
    from playlista.models.runtime import load_runtime

    essentia_standard()
    files = ModelFiles.find(models_dir)
    assert files is not None
    base = _status()
    if published is not None:
        folder = Path(tempfile.mkdtemp())
        (folder / "msd-musicnn.pb").symlink_to(published.resolve())
        files = dataclasses.replace(files, folder=folder)
    started = time.process_time()
    runtime = load_runtime(name, files, threads)
    start_seconds = time.process_time() - started
    timed = _Timed(runtime)
    accumulator = TagsAccumulator(timed, files.labels, batch_size=batch_size)
    for block in _mono_16k(music):
        accumulator.update(block)
    result = accumulator.result()
    assert result is not None
    figures = {
        "patches": result.patches,
        "patch_ms": 1e3 * timed.cpu_seconds / timed.patches,
        "wall_ms": 1e3 * timed.wall_seconds / timed.patches,
        "start_seconds": start_seconds,
        "base_mib": base["VmRSS"],
        "rss_mib": _status()["VmRSS"],
        "anonymous_mib": _status()["RssAnon"],
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(figures))


class _Timed:
    """A runtime with a watch: seconds of all threads' CPU and of the wall, without the first call, which warms it up."""

    def __init__(self, runtime: Any) -> None:
        self._runtime, self._warm = runtime, False
        self.name, self.cpu_seconds, self.wall_seconds, self.patches = runtime.name, 0.0, 0.0, 0

    def activations(self, patches: Any) -> Any:
        cpu, wall = time.process_time(), time.perf_counter()
        answer = self._runtime.activations(patches)
        if self._warm:
            self.cpu_seconds += time.process_time() - cpu
            self.wall_seconds += time.perf_counter() - wall
            self.patches += len(patches)
        self._warm = True
        return answer


def _mono_16k(music: Path) -> Iterator[Any]:
    import soundfile
    import soxr

    with soundfile.SoundFile(music) as file:
        stream = soxr.ResampleStream(file.samplerate, 16_000, 1, dtype="float32")
        for block in file.blocks(blocksize=3 * file.samplerate, dtype="float32", always_2d=True):
            yield stream.resample_chunk(block.mean(axis=1))
        yield stream.resample_chunk(block[:0, 0], last=True)


def _status() -> dict[str, int]:
    """Sizes from the kernel in MiB."""
    lines = (line.partition(":") for line in Path("/proc/self/status").read_text().splitlines())
    return {key: int(value.split()[0]) // 1024 for key, _, value in lines if value.strip().endswith("kB")}


@contextmanager
def cgroup(limit_mib: int) -> Iterator[Path]:
    """A memory cgroup with a hard limit and without swap, of version 1 or 2, whichever has the memory controller."""
    root = Path("/sys/fs/cgroup")
    first = (root / "memory").is_dir()
    folder = (root / "memory" if first else root) / f"playlista-bench-{os.getpid()}"
    folder.mkdir()
    try:
        (folder / ("memory.limit_in_bytes" if first else "memory.max")).write_text(str(limit_mib * MIB))
        yield folder
    finally:
        time.sleep(0.05)  # the kernel takes a moment to see the last process leave
        folder.rmdir()


def run_probe(arguments: list[str], limit_mib: int | None) -> dict[str, float] | None:
    """The figures, or None if the limit killed it."""
    command = [sys.executable, "-m", "benchmarks.runtimes", *arguments]
    if limit_mib is None:
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(ended.stdout)
    with cgroup(limit_mib) as folder:
        enter = f'echo $$ > {folder}/cgroup.procs && exec "$@"'
        ended = subprocess.run(["sh", "-c", enter, "sh", *command], capture_output=True, text=True, check=False)
    if ended.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL):
        return None
    ended.check_returncode()
    return json.loads(ended.stdout)


def smallest_limit(arguments: list[str], low_mib: int, high_mib: int) -> int:
    """Smallest limit in MiB in which the probe ends well, by bisection."""
    while high_mib - low_mib > SEARCH_STEP_MIB:
        middle = (low_mib + high_mib) // 2 // SEARCH_STEP_MIB * SEARCH_STEP_MIB
        if run_probe(arguments, middle) is None:
            low_mib = middle
        else:
            high_mib = middle
    return high_mib


def synthetic_music(path: Path, seconds: int) -> None:
    """A FLAC of chords, noise and silences, the same every time."""
    import numpy as np
    import soundfile

    rng = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", 44100, 2) as file:
        clock = np.arange(44100) / 44100
        for _ in range(seconds):
            notes = rng.uniform(80, 2000, (4, 1))
            second = np.sin(2 * np.pi * notes * clock).sum(axis=0) * 0.1 + rng.normal(0, 0.02, 44100)
            file.write(np.stack([second, 0.8 * second], axis=1) * rng.uniform(0, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--published", type=Path, help="the musicnn wheel: measure its graph, too")
    parser.add_argument("--runtimes", nargs="+", default=["numpy", "onnx", "essentia", "tensorflow"])
    parser.add_argument("--batches", nargs="+", type=int, default=[1])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--limits", action="store_true", help="search the smallest cgroup (root)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        music = Path(folder) / "music.flac"
        synthetic_music(music, 60 * asked.minutes)
        print("graph      runtime     oneDNN batch threads | CPU ms wall ms start s  RSS MiB anon MiB peak MiB | smallest limit")
        for name in asked.runtimes:
            for batch in asked.batches:
                for one_dnn in ("0", "1") if name == "tensorflow" else ("0",):
                    os.environ["TF_ENABLE_ONEDNN_OPTS"] = one_dnn
                    _row("folded", name, asked.models, None, music, batch, asked.threads, asked.limits)
        if asked.published:
            _published_rows(asked, music, Path(folder))


def _published_rows(asked: argparse.Namespace, music: Path, folder: Path) -> None:
    graph = folder / "published.pb"
    command = [sys.executable, "-m", "playlista.models.freeze", str(asked.published), str(graph)]
    subprocess.run(command, check=True, capture_output=True)
    for name in {"essentia", "tensorflow"} & set(asked.runtimes):
        for one_dnn in ("0", "1") if name == "tensorflow" else ("0",):
            os.environ["TF_ENABLE_ONEDNN_OPTS"] = one_dnn
            _row("published", name, asked.models, graph, music, 1, asked.threads, asked.limits)


def _row(
    graph: str, name: str, models: Path, published: Path | None, music: Path, batch: int, threads: int, limits: bool
) -> None:
    arguments = ["probe", name, str(models), str(published or ""), str(music), str(batch), str(threads)]
    figures = run_probe(arguments, None)
    assert figures is not None
    limit = f"{smallest_limit(arguments, 40, 1024):>6} MiB" if limits else "-"
    one_dnn = os.environ["TF_ENABLE_ONEDNN_OPTS"] if name == "tensorflow" else "-"
    print(
        f"{graph:10} {name:11} {one_dnn:>6} {batch:>5} {threads:>7} | {figures['patch_ms']:>6.2f} "
        f"{figures['wall_ms']:>7.2f} {figures['start_seconds']:>7.2f} {figures['rss_mib']:>8} {figures['anonymous_mib']:>8} "
        f"{figures['peak_mib']:>8} | {limit}",
        flush=True,
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["probe"]:
        _, _, runtime_name, models, published, music, batch, threads = sys.argv
        graph = Path(published) if published else None
        probe(runtime_name, Path(models), graph, Path(music), int(batch), int(threads))
    else:
        main()
