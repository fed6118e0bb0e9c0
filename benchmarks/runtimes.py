"""What each MusiCNN runtime costs: CPU a patch, resident memory, and the smallest memory limit that holds an analysis.

``python -m benchmarks.runtimes --models build/models`` prints the table of docs/adr/0004-musicnn-runtimes.md. Time and
memory come from a process for each row that tags synthetic music as the daemon does. With ``--published WHEEL`` the
published graph, frozen as it is, is measured in the same way. With ``--limits`` (as root) ``playlista analyze`` is run
on the same music in real cgroups, and the smallest is searched in which the kernel does not kill it.
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
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from playlista.config import Settings
from playlista.system.environment import prepare_environment

MIB = 1024**2
SEARCH_STEP_MIB = 8
LEAST_MIB, MOST_MIB = 48, 1024

HEADER = "graph     runtime    oneDNN batch threads | CPU ms wall ms start s RSS MiB anon MiB peak MiB | smallest limit"


@dataclass(frozen=True)
class Case:
    """A row of the table."""

    runtime: str
    one_dnn: str = "0"
    batch: int = 1
    threads: int = 1
    published: Path | None = None

    def environment(self) -> dict[str, str]:
        """The daemon's native environment for this case."""
        environment: dict[str, str] = {}
        values = {**Settings().native_environment(), "TF_ENABLE_ONEDNN_OPTS": self.one_dnn}
        prepare_environment(values, threads=self.threads, environ=environment, imported=())
        return {**os.environ, **environment}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--published", type=Path, help="the musicnn wheel: measure its graph, too")
    parser.add_argument("--runtimes", nargs="+", default=["numpy", "onnx", "essentia", "tensorflow"])
    parser.add_argument("--batches", nargs="+", type=int, default=[1])
    parser.add_argument("--threads", nargs="+", type=int, default=[1])
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--limits", action="store_true", help="search the smallest cgroup (root)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        music = Path(folder) / "music.flac"
        synthetic_music(music, 60 * asked.minutes)
        print(HEADER)
        for case in cases(asked, Path(folder)):
            limit = smallest_limit(case, asked.models, music) if asked.limits and not case.published else None
            print(row(case, measured(case, asked.models, music), limit), flush=True)


def cases(asked: argparse.Namespace, folder: Path) -> Iterator[Case]:
    """All rows that were asked for."""
    for name in asked.runtimes:
        for one_dnn in ("0", "1") if name == "tensorflow" else ("0",):
            for threads in asked.threads:
                yield from (Case(name, one_dnn, batch, threads) for batch in asked.batches)
    if asked.published:
        graph = folder / "published.pb"
        freeze = [sys.executable, "-m", "benchmarks.freeze", str(asked.published), str(graph)]
        subprocess.run(freeze, check=True, capture_output=True)
        yield from (Case("tensorflow", one_dnn, published=graph) for one_dnn in ("0", "1"))
        yield Case("essentia", published=graph)


def measured(case: Case, models: Path, music: Path) -> dict[str, float]:
    """The figures of `benchmarks.runtime_probe`."""
    command = [sys.executable, "-m", "benchmarks.runtime_probe", case.runtime, str(models), str(music)]
    command += ["--batch", str(case.batch), "--threads", str(case.threads)]
    command += ["--published", str(case.published)] if case.published else []
    ended = subprocess.run(command, env=case.environment(), stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(ended.stdout)
    return figures


def smallest_limit(case: Case, models: Path, music: Path) -> int:
    """Smallest limit in MiB in which `music` is analyzed whole with tags, by bisection."""
    low, high = LEAST_MIB, MOST_MIB
    while high - low > SEARCH_STEP_MIB:
        middle = (low + high) // 2 // SEARCH_STEP_MIB * SEARCH_STEP_MIB
        if passes(case, models, music, middle):
            high = middle
        else:
            low = middle
    return high


def passes(case: Case, models: Path, music: Path, limit_mib: int) -> bool:
    """Whether ``playlista analyze`` ends well in a cgroup of `limit_mib`; False if the kernel killed it."""
    settings = {"MUSICNN_RUNTIME": case.runtime, "MODELS_DIR": str(models.resolve()), "MUSICNN_BATCH_SIZE": "1"}
    environment = {**os.environ, **settings, "TF_ENABLE_ONEDNN_OPTS": case.one_dnn}
    command = [sys.executable, "-m", "playlista", "analyze", "--json", str(music)]
    with cgroup(limit_mib) as folder:
        enter = f'echo $$ > {folder}/cgroup.procs && exec "$@"'
        ended = subprocess.run(
            ["sh", "-c", enter, "sh", *command], env=environment, capture_output=True, text=True, check=False
        )
    if ended.returncode == -signal.SIGKILL:
        return False
    assert ended.stdout, ended.stderr
    result = json.loads(ended.stdout)
    return result["status"] == "analyzed" and result["tags"] is not None and not result["audio"]["truncated"]


@contextmanager
def cgroup(limit_mib: int) -> Iterator[Path]:
    """A memory cgroup with a hard limit, of version 1 or 2, whichever has the memory controller here."""
    root = Path("/sys/fs/cgroup")
    first = (root / "memory").is_dir()
    folder = (root / "memory" if first else root) / f"playlista-bench-{os.getpid()}"
    folder.mkdir()
    try:
        (folder / ("memory.limit_in_bytes" if first else "memory.max")).write_text(str(limit_mib * MIB))
        yield folder
    finally:
        time.sleep(0.1)  # the kernel takes a moment to see the last process leave
        folder.rmdir()


def synthetic_music(path: Path, seconds: int) -> None:
    """A FLAC of chords and noise, louder and softer, the same every time."""
    rng = np.random.default_rng(0)
    clock = np.arange(44_100) / 44_100
    with soundfile.SoundFile(path, "w", 44_100, 2) as file:
        for _ in range(seconds):
            notes = rng.uniform(80, 2000, (4, 1))
            second = np.sin(2 * np.pi * notes * clock).sum(axis=0) * 0.1 + rng.normal(0, 0.02, 44_100)
            file.write(np.stack([second, 0.8 * second], axis=1) * rng.uniform(0, 1))


def row(case: Case, figures: dict[str, float], limit_mib: int | None) -> str:
    """A line of the table."""
    graph = "published" if case.published else "folded"
    one_dnn = case.one_dnn if case.runtime == "tensorflow" else "-"
    limit = "-" if limit_mib is None else f"{limit_mib} MiB"
    return (
        f"{graph:9} {case.runtime:10} {one_dnn:>6} {case.batch:>5} {case.threads:>7} | {figures['cpu_ms']:>6.2f} "
        f"{figures['wall_ms']:>7.2f} {figures['start_seconds']:>7.2f} {figures['resident_mib']:>7.0f} "
        f"{figures['anonymous_mib']:>8.0f} {figures['peak_mib']:>8.0f} | {limit:>14}"
    )


if __name__ == "__main__":
    main()
